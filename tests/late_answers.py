"""Clients that are still sending when their answer comes: what they get, and what ends one that never stops."""

import socket
import time

TEN_MIB = 10 * 1024 * 1024
_PIECE = b"x" * 65_536


def answer_while_sending(port: int, head: bytes, size: int = TEN_MIB) -> bytes:
    """Send a head, wait for the answer without reading it, send so many bytes of a body, and only then read to the end.

    OSError where the server resets the connection meanwhile: the answer could have been lost.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(head)
        assert client.recv(1, socket.MSG_PEEK) == b"H", "it is answered before the body came"
        for _ in range(size // len(_PIECE)):
            client.sendall(_PIECE)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := client.recv(65_536):
            answer += piece
    return answer


def sent_until_cut(port: int, head: bytes, pause: float, patience: float = 60) -> int:
    """Send a head, and a body that never ends; return how much of it went before the server cut the connection.

    AssertionError where it is not cut within the patience.
    """
    sent, deadline = 0, time.monotonic() + patience
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as client:
        client.sendall(head)
        while time.monotonic() < deadline:
            try:
                sent += client.send(_PIECE if not pause else b"x")
            except ConnectionError:
                return sent
            time.sleep(pause)
    raise AssertionError(f"a client that never stops is not cut in {patience:g} s; {sent} bytes went")
