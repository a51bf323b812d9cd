"""A provider of OpenID Connect for tests: it asks nobody, and tells who `claims` are (Core 1.0, the code flow)."""

import base64
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, PASSWORD = "relaywarden", "the-password-of-the-client"


class Provider:
    """A provider at `url`; `claims` are of whoever logs in next, beside those that each token has."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.claims: dict[str, object] = {}
        self.age = 0
        self._key = RSAKey.generate_key(2048, parameters={"kid": "1"})
        self._codes: dict[str, str] = {}

    def answer(self, target: str) -> tuple[str, dict[str, object]]:
        """Return where a request is sent on to ("" nowhere), and its JSON."""
        asked = urlsplit(target)
        if asked.path == "/authorize":
            return self._authorized(parse_qs(asked.query)), {}
        if asked.path == "/jwks":
            return "", {"keys": [self._key.as_dict(private=False)]}
        return "", {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _authorized(self, query: dict[str, list[str]]) -> str:
        code = secrets.token_urlsafe(16)
        self._codes[code] = query["nonce"][0]
        return f"{query['redirect_uri'][0]}?{urlencode({'code': code, 'state': query['state'][0]})}"

    def token(self, form: dict[str, list[str]], login: str) -> dict[str, object]:
        """Return the tokens of a code, which it gives once to who knows the client's password."""
        assert base64.b64decode(login.removeprefix("Basic ")).decode() == f"{CLIENT}:{PASSWORD}"
        issued = int(time.time())
        told = {"iss": self.url, "aud": CLIENT, "sub": "1", "iat": issued - self.age, "exp": issued + 600}
        claims = {**told, "nonce": self._codes.pop(form["code"][0]), **self.claims}
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self._key)
        return {"access_token": "none", "token_type": "Bearer", "expires_in": 600, "id_token": signed}


@contextmanager
def provider() -> Iterator[Provider]:
    """Run a provider on loopback."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            where, told = made.answer(self.path)
            self._send(told, where)

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._send(made.token(form, self.headers.get("Authorization", "")), "")

        def _send(self, told: dict[str, object], where: str) -> None:
            body = json.dumps(told).encode()
            self.send_response(302 if where else 200)
            if where:
                self.send_header("Location", where)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        made = Provider(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield made
        server.shutdown()
        thread.join()
