"""What the tests of the input `http` share: the input at work on a free port, and a client that knows its token."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from collectors.inputs import Outlet, http
from embedded.broker import free_port
from schemas.inputs.http import HttpInput
from schemas.maildrop import Maildrop
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


def settings(folder: Path, listen: str, **more: str) -> HttpInput:
    """Return the settings of an input with the token in a file."""
    (folder / "token").write_text(TOKEN)
    (folder / "token").chmod(0o600)
    given = {"kind": "http", "listen": listen, "token_file": folder / "token", "spool_max_mb": 64, **more}
    return HttpInput.model_validate(given)


def client_of(port: int, scheme: str = "http") -> httpx.Client:
    """Return a client that knows the token and believes any certificate."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.Client(base_url=f"{scheme}://127.0.0.1:{port}", headers=headers, verify=scheme == "http")


def listens(port: int) -> bool:
    """Tell whether a connection to the port is taken."""
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def serving(folder: Path, *, most_bytes: int = ROOMY, mails: bool = False, **more: str) -> Iterator[Posted]:
    """Let the input work while the block runs; with a certificate by https."""
    port = free_port()
    to = outlet(folder, "http", most_bytes=most_bytes, mails=Maildrop(folder / "mails") if mails else None)
    with (
        running(http.run, settings(folder, f"127.0.0.1:{port}", **more), to),
        client_of(port, "https" if more else "http") as client,
    ):
        until(lambda: listens(port), "the server")
        yield Posted(to, client, port)
