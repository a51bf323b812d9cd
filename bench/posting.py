"""How many requests and lines a second the input `http` takes, each answered when it is on disk.

`python -m bench.posting [CONNECTIONS [LINES]]`: so many connections, each with one request of so many lines under way.
"""

import asyncio
import multiprocessing
import sys
import tempfile
import threading
import time
from pathlib import Path

from collectors.inputs import Outlet, http
from collectors.losses import Losses
from collectors.spool import Spool
from embedded.broker import free_port
from schemas.inputs.http import HttpInput

_SECONDS = 5.0
_TOKEN = "a token of the bench".replace(" ", "-")
_LINE = (
    b"2026-11-21T14:02:04.723742+00:00 mx1 postfix/smtp[915]: E2AE29B5D11: to=<buyer@example.com>,"
    b" relay=mx.example.com[192.0.2.209]:25, delay=0.22, delays=0.03/0.01/0.09/0.11, dsn=2.0.0, status=sent (250 OK)\n"
)


def _serve(folder: str, port: int) -> None:
    token = Path(folder) / "token"
    token.touch(0o600)
    token.write_text(_TOKEN)
    given = HttpInput(kind="http", listen=f"127.0.0.1:{port}", token_file=token)
    spool = Spool(Path(folder) / "spool", 4 << 30)
    outlet = Outlet("bench", spool, None, Losses("bench", "http"), Path(folder) / "state.json")
    http.run(given, outlet, threading.Event())


async def _client(port: int, request: bytes, until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    while time.monotonic() < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(head.decode())
        await reader.readuntil(b"}")
        count += 1
    writer.close()
    return count


async def _post(port: int, connections: int, lines: int) -> int:
    body = _LINE * lines
    request = (
        f"POST /v1/lines HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {_TOKEN}\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    until = time.monotonic() + _SECONDS
    return sum(await asyncio.gather(*(_client(port, request, until) for _ in range(connections))))


def main(connections: int = 64, lines: int = 1) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        server = multiprocessing.get_context("spawn").Process(target=_serve, args=(folder, port))
        server.start()
        try:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                try:
                    count = asyncio.run(_post(port, connections, lines))
                    break
                except ConnectionRefusedError:
                    time.sleep(0.1)
        finally:
            server.kill()
            server.join()
    each = f"{connections} connections, {lines} line{'s' if lines > 1 else ''} a request"
    print(f"{each}: {count / _SECONDS:,.0f} requests/s, {count * lines / _SECONDS:,.0f} lines/s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
