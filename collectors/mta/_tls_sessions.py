"""Which TLS version the client of each process has, where a line of its own tells it before the message's (Postfix)."""

from collections.abc import Iterable

from collectors.mta._remembered import Key, Remembered
from collectors.mta.records import Proxied, Received, Secured

_MOST = 10_000
_HOUR = 60 * 60 * 1_000_000

Session = tuple[int, str, str]
"""When it began, the client's IP, the version."""


class TlsSessions:
    """The sessions by host and process, at most `_MOST`: one that lasts longer than an hour is not believed."""

    def __init__(self, entries: Iterable[tuple[Key, Session]] = ()) -> None:
        self._sessions: Remembered[Session] = Remembered(_MOST, entries)

    def snapshot(self) -> list[tuple[Key, Session]]:
        """Return all, to be given to the next."""
        return self._sessions.snapshot()

    def note(self, told: Secured) -> None:
        """Take in that a process began TLS with its client, or that its client is gone."""
        key = (told.host, told.process)
        if told.tls_version:
            self._sessions.put(key, (told.at, told.client_ip, told.tls_version))
        else:
            self._sessions.drop(key)

    def version(self, record: Received | Proxied) -> str:
        """Return the version with which a client gives a message or its login, "" where that is not known."""
        session = self._sessions.find((record.host, record.process)) if record.process else None
        if record.tls_version or session is None:
            return record.tls_version
        began, client_ip, version = session
        return version if client_ip == record.client_ip and record.at - began <= _HOUR else ""
