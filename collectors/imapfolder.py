"""An opened folder of an IMAP server: which mails are new, their bytes, and waiting until others come.

Nothing is changed there unless mails are to be moved: else the folder is only examined, and no mail becomes seen.
"""

import logging
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, NamedTuple

from imapclient import DELETED, IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from collectors.documents import LARGEST
from schemas.inputs.imap import ImapInput

LOG = logging.getLogger("relaywarden.collect")
_CONNECT_SECONDS = 15.0
_ANSWER_SECONDS = 30.0
_GOODBYE_SECONDS = 3.0
_RENEW_SECONDS = 9 * 60.0  # RFC 2177 lets an IDLE last 29 minutes; what froze is noticed by its renewal
_POLL_SECONDS = 60.0
_STOP_SECONDS = 1.0
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 15), (socket.TCP_KEEPCNT, 4))
_WINDOW = 20_000  # UIDs that are asked for at a time: a reply of more than 1 MB is refused by imaplib
_HIGHEST = 2**32 - 1
_ABOUT_MAILS = 500
_AT_ONCE_MAILS = 50
_AT_ONCE_BYTES = 4 * 1024 * 1024
_LATER = (b"[UNAVAILABLE]", b"[INUSE]", b"[LIMIT]", b"[SERVERBUG]")  # RFC 5530: not the password's fault


class LoginRefusedError(Exception):
    """The server does not let this user in with this password."""


class Fetched(NamedTuple):
    """A mail: its UID, when it came (None: not told), and its bytes, of one that is too large only the beginning."""

    uid: int
    came: datetime | None
    mail: bytes


@contextmanager
def opened(settings: ImapInput, password: str, context: ssl.SSLContext) -> Iterator["Folder"]:
    """Log in and open the folder.

    LoginRefusedError; IMAPClientError or OSError where the server is away, not to be trusted, or lacks the folder.
    """
    client = IMAPClient(
        settings.host,
        settings.server_port,
        ssl=settings.tls == "implicit",
        ssl_context=context,
        timeout=SocketTimeout(_CONNECT_SECONDS, _ANSWER_SECONDS),
    )
    try:
        if settings.tls == "starttls":
            client.starttls(context)
        client.socket().setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            client.socket().setsockopt(socket.IPPROTO_TCP, option, value)
        _log_in(client, settings, password)
        client.normalise_times = False
        yield Folder(client, settings.folder, settings.done)
    finally:
        with suppress(IMAPClientError, OSError):
            client.socket().settimeout(_GOODBYE_SECONDS)
            client.logout()
        with suppress(OSError):
            client.shutdown()


def _log_in(client: IMAPClient, settings: ImapInput, password: str) -> None:
    """Log in. LoginRefusedError where the server says no; an IMAPClientError where it says nothing of use."""
    try:
        client.login(settings.user, password)
    except LoginError as error:
        cause = error.__context__  # the library makes one error of all; of a refusal it has the server's bytes
        said = cause.args[0] if cause is not None and cause.args else ""
        if isinstance(said, bytes) and not any(code in said.upper() for code in _LATER):
            raise LoginRefusedError(f"the login is refused: {said.decode('utf-8', 'replace')}") from error
        raise


class Folder:
    """The folder; `validity` tells whether its UIDs are still those of before (RFC 3501, 2.3.1.1)."""

    def __init__(self, client: IMAPClient, name: str, done: str) -> None:
        self._client, self._done = client, done
        if done and not client.folder_exists(done):
            client.create_folder(done)
        self.validity = int(client.select_folder(name, readonly=not done)[b"UIDVALIDITY"])
        self._idles = client.has_capability("IDLE")

    def highest(self) -> int:
        """Return the highest UID, 0 where there is no mail."""
        return max(self._client.search(f"UID {_HIGHEST}:*"), default=0)

    def after(self, uid: int) -> Iterator[list[int]]:
        """Yield the UIDs behind this one, some at a time, in order."""
        highest = self.highest()
        at = max(uid + 1, min(self._client.search("1"), default=0)) if highest > uid else highest + 1
        while at <= highest:
            last = min(at + _WINDOW - 1, highest)
            found = sorted(uid for uid in self._client.search(f"UID {at}:{last}") if at <= uid <= last)
            for begin in range(0, len(found), _ABOUT_MAILS):
                yield found[begin : begin + _ABOUT_MAILS]
            at = last + 1

    def mails(self, uids: Sequence[int]) -> Iterator[list[Fetched]]:
        """Yield the mails of these UIDs in order, as many at a time as may be held; those gone are left out."""
        about = self._client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
        group: list[int] = []
        size = 0
        for uid in uids:
            length = min(int(about.get(uid, {}).get(b"RFC822.SIZE", 0)), LARGEST)
            if group and (size + length > _AT_ONCE_BYTES or len(group) == _AT_ONCE_MAILS):
                yield self._fetched(group, about)
                group, size = [], 0
            group.append(uid)
            size += length
        if group:
            yield self._fetched(group, about)

    def _fetched(self, uids: list[int], about: dict[int, dict[bytes, Any]]) -> list[Fetched]:
        found = self._client.fetch(uids, [f"BODY.PEEK[]<0.{LARGEST + 1}>"])
        mails = []
        for uid in uids:
            fields = found.get(uid, {})
            body = next((value for name, value in fields.items() if name.startswith(b"BODY[]")), None)
            if isinstance(body, bytes):
                mail = body[: LARGEST + 1] if len(body) > LARGEST else body.replace(b"\r\n", b"\n")
                came = about.get(uid, {}).get(b"INTERNALDATE")
                mails.append(Fetched(uid, came if isinstance(came, datetime) else None, mail))
        return mails

    def move(self, uids: Sequence[int]) -> None:
        """Move mails into the folder for those that are done, where there is one."""
        if not (self._done and uids):
            return
        if self._client.has_capability("MOVE"):
            self._client.move(uids, self._done)
            return
        self._client.copy(uids, self._done)
        self._client.add_flags(uids, [DELETED], silent=True)
        if self._client.has_capability("UIDPLUS"):  # else EXPUNGE would also remove what others have marked
            self._client.uid_expunge(uids)

    def wait(self, stop: threading.Event, longest: float = _RENEW_SECONDS) -> None:
        """Return when the server told something, when it has to be asked anew, after so long, or soon after `stop`."""
        if not self._idles:
            stop.wait(min(_POLL_SECONDS, longest))
            self._client.noop()
            return
        self._client.idle()
        renew = time.monotonic() + min(_RENEW_SECONDS, longest)
        if not self._read_already():
            poll = select.poll()
            poll.register(self._client.socket(), select.POLLIN)
            while not stop.is_set() and time.monotonic() < renew and not poll.poll(_STOP_SECONDS * 1000):
                pass
        self._client.idle_done()

    def _read_already(self) -> bool:
        """Tell whether more than the reply to IDLE was read with it: no poll would tell of that."""
        connection = self._client.socket()
        connection.setblocking(False)
        try:
            return bool(self._client._imap.file.peek(1))  # noqa: SLF001 the library has no way to ask for it
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        finally:
            connection.settimeout(_ANSWER_SECONDS)
