"""A small IMAP server for tests of what no real one does on demand: it holds mails, and answers oddly where told to."""

import re
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_CAPABILITY = "IMAP4rev1 IDLE"


class ImapServer:
    """One folder on loopback; `mails` are its messages by UID, `odd` replaces the reply to a command by these bytes.

    `refuses` gives the reply to one that is refused, "NO" and why, "BYE" to be gone, or "".
    """

    def __init__(self) -> None:
        self.mails: dict[int, bytes] = {}
        self.odd: dict[str, bytes] = {}
        self.refuses: Callable[[str], str] = lambda _command: ""
        self.told_with_idle: tuple[int, bytes] | None = None
        self.said: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,)).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError), connection, connection.makefile("rb") as lines:
            connection.sendall(b"* OK ready\r\n")
            for line in lines:
                tag, _, command = line.decode().strip().partition(" ")
                self.said.append(command)
                name = " ".join(command.split()[: 2 if command.startswith("UID") else 1]).upper()
                if name in self.odd:
                    connection.sendall(self.odd[name])
                    continue
                refused = self.refuses(command)
                if refused == "BYE":
                    break
                if refused:
                    connection.sendall(f"{tag} {refused}\r\n".encode())
                    continue
                if name == "IDLE":
                    self._idle(connection)
                    lines.readline()
                    reply = ""
                else:
                    reply = self._reply(name, command)
                    connection.sendall(reply.encode("latin-1"))
                connection.sendall(f"{tag} OK done\r\n".encode())

    def _idle(self, connection: socket.socket) -> None:
        """Reply to IDLE; what came meanwhile is told in the same piece."""
        more = b""
        if self.told_with_idle is not None:
            uid, mail = self.told_with_idle
            self.mails[uid], self.told_with_idle = mail, None
            more = f"* {len(self.mails)} EXISTS\r\n".encode()
        connection.sendall(b"+ idling\r\n" + more)

    def _reply(self, name: str, command: str) -> str:
        if name == "CAPABILITY":
            return f"* CAPABILITY {_CAPABILITY}\r\n"
        if name in {"EXAMINE", "SELECT"}:
            return f"* {len(self.mails)} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] x\r\n"
        if name == "UID SEARCH":
            return "* SEARCH" + "".join(f" {uid}" for uid in self._found(command)) + "\r\n"
        if name == "UID FETCH":
            asked = [int(uid) for uid in command.split()[2].split(",")]
            return "".join(self._fetched(uid, "BODY" in command) for uid in asked if uid in self.mails)
        return ""

    def _found(self, command: str) -> list[int]:
        found = re.search(r"UID (\d+):(\d+|\*)", command.partition("SEARCH")[2])
        uids = sorted(self.mails)
        if found is None:
            return uids[:1]
        if found[2] == "*":
            return uids[-1:]
        return [uid for uid in uids if int(found[1]) <= uid <= int(found[2])]

    def _fetched(self, uid: int, body: bool) -> str:  # noqa: FBT001
        mail = self.mails[uid].decode("latin-1")
        about = f'RFC822.SIZE {len(mail)} INTERNALDATE "01-Mar-2026 10:00:05 +0000"'
        whole = f"BODY[]<0> {{{len(mail)}}}\r\n{mail}"
        number = sorted(self.mails).index(uid) + 1
        return f"* {number} FETCH (UID {uid} {whole if body else about})\r\n"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
