"""What the tests of the input `http` share: the input at work on a free port, and a client that knows its token."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from collectors.inputs import Outlet, http
from collectors.maildrop import Maildrop
from embedded.broker import free_port
from schemas.inputs.http import HttpInput
from tests.line_inputs import ROOMY, outlet
from tests.mail_inputs import running
from tests.waits import until

TOKEN = "a-token-of-some-length"
TEXT, JSON, NDJSON = ({"Content-Type": kind} for kind in ("text/plain", "application/json", "application/x-ndjson"))


class Posted:
    """A running input: its outlet, and a client that knows the token."""

    def __init__(self, to: Outlet, client: httpx.Client, port: int) -> None:
        self.outlet, self.client, self.port = to, client, port

    def lines(self, body: bytes | str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.client.post("/v1/lines", content=body, headers=headers or TEXT)

    def mail(self, body: bytes | str, kind: str = "message/rfc822", key: str = "") -> httpx.Response:
        headers = {"Content-Type": kind} | ({"Idempotency-Key": key} if key else {})
        return self.client.post("/v1/mails", content=body, headers=headers)

    def raw(self, sent: bytes) -> bytes:
        """Return all that comes back for these bytes until the server ends the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            client.sendall(sent)
            found = b""
            while piece := client.recv(65536):
                found += piece
        return found


@contextmanager
def serving(folder: Path, *, most_bytes: int = ROOMY, mails: bool = False, **more: str) -> Iterator[Posted]:
    port = free_port()
    (folder / "token").write_text(TOKEN)
    (folder / "token").chmod(0o600)
    given = {"kind": "http", "listen": f"127.0.0.1:{port}", "token_file": folder / "token", "spool_max_mb": 64, **more}
    to = outlet(folder, "http", most_bytes=most_bytes, mails=Maildrop(folder / "mails") if mails else None)
    scheme, verify = ("https", False) if more else ("http", True)
    with (
        running(http.run, HttpInput.model_validate(given), to),
        httpx.Client(
            base_url=f"{scheme}://127.0.0.1:{port}", headers={"Authorization": f"Bearer {TOKEN}"}, verify=verify
        ) as client,
    ):
        until(lambda: _listens(port), "the server")
        yield Posted(to, client, port)


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
