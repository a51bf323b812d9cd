"""Who uses what is going away, found in events themselves: the same as ClickHouse keeps, for who has only log files."""

from collections.abc import Iterator
from operator import attrgetter

from schemas.events import Event, MailboxAuthenticated, MessageSubmitted
from schemas.sunset_events import Use
from schemas.sunset_settings import SunsetKind
from streams.sunset.told import Told, says_nothing, use_of

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR
_LONGEST = 200
_Client = tuple[str, str, str, str]
"""Address, EHLO name, host of the Message-IDs, program."""


class _Counted:
    """What one client of a mailbox did within an hour."""

    __slots__ = ("first", "hosts", "last", "messages", "surely")

    def __init__(self, at: int) -> None:
        self.first = self.last = at
        self.messages, self.surely = 0, 0.0
        self.hosts: set[str] = set()


class Finding:
    """A fold over events in any order; each is taken to come once. `old_tls` are the versions that end."""

    def __init__(self, kind: SunsetKind, old_tls: frozenset[str]) -> None:
        self._kind, self._old_tls = kind, old_tls
        self._counted: dict[str, dict[tuple[_Client, int], _Counted]] = {}
        self._switched: dict[str, int] = {}
        self._newest = 0
        self._tells: dict[str, set[str]] = {}

    def add(self, event: Event) -> None:
        """Take in an event."""
        if isinstance(event, MessageSubmitted):
            self._newest = max(self._newest, event.at)
            if self._kind == "smtp_after_pop":
                self._submitted(event)
        elif isinstance(event, MailboxAuthenticated):
            self._newest = max(self._newest, event.at)
            if event.outcome == "succeeded" and event.mailbox:
                self._tells.setdefault(event.host, set()).add(_tells(event))
                self._logged_in(event)

    def uses(self, days: int = 0) -> Iterator[Use]:
        """Yield the use of each mailbox, by name: within so many days before the newest event, or (0) ever."""
        since = self._newest // _HOUR - days * _DAY // _HOUR if days else 0
        for mailbox, counted in sorted(self._counted.items()):
            told = self._told(mailbox, {key: each for key, each in counted.items() if key[1] >= since})
            if told:
                yield use_of(sorted(told, key=attrgetter("last"), reverse=True))

    def untold(self) -> list[str]:
        """Return the hosts whose logs have logins, but tell of none what is looked for."""
        return sorted(host for host, tells in self._tells.items() if says_nothing(self._kind, frozenset(tells)))

    def _told(self, mailbox: str, counted: dict[tuple[_Client, int], _Counted]) -> list[Told]:
        of: dict[_Client, list[_Counted]] = {}
        for (client, _), each in counted.items():
            of.setdefault(client, []).append(each)
        return [
            Told(
                mailbox,
                *client,
                sum(each.messages for each in its),
                min(each.first for each in its),
                max(each.last for each in its),
                sum(each.surely for each in its),
                sorted(set[str]().union(*(each.hosts for each in its))),
                self._switched.get(mailbox, 0),
            )
            for client, its in of.items()
        ]

    def _submitted(self, event: MessageSubmitted) -> None:
        if event.sender_kind == "sasl":
            self._seen_switched(event.sender, event.at)
        if event.sender_kind != "pop":
            return
        host = event.message_id.lower().rpartition("@")[2] if "@" in event.message_id else ""
        client = (event.client_ip, event.helo[:_LONGEST], host[:_LONGEST], event.mailer[:_LONGEST])
        for candidate in event.candidates:
            self._count(candidate.mailbox, client, event, round(candidate.confidence, 2))

    def _logged_in(self, event: MailboxAuthenticated) -> None:
        match self._kind:
            case "smtp_after_pop":
                if event.service == "smtp":
                    self._seen_switched(event.mailbox, event.at)
            case "cleartext_login":
                if event.cleartext:
                    self._count(event.mailbox, (event.client_ip, "", "", event.service), event, 1.0)
                elif event.tls:
                    self._seen_switched(event.mailbox, event.at)
            case "old_tls":
                if event.tls_version in self._old_tls:
                    client = (event.client_ip, "", "", f"{event.service}, {event.tls_version}")
                    self._count(event.mailbox, client, event, 1.0)
                elif event.tls_version:
                    self._seen_switched(event.mailbox, event.at)

    def _seen_switched(self, mailbox: str, at: int) -> None:
        self._switched[mailbox] = max(self._switched.get(mailbox, 0), at)

    def _count(
        self, mailbox: str, client: _Client, event: MessageSubmitted | MailboxAuthenticated, surely: float
    ) -> None:
        counted = self._counted.setdefault(mailbox, {}).setdefault((client, event.at // _HOUR), _Counted(event.at))
        counted.messages += 1
        counted.surely += surely
        counted.first, counted.last = min(counted.first, event.at), max(counted.last, event.at)
        counted.hosts.add(event.host)


def _tells(event: MailboxAuthenticated) -> str:
    if event.tls_version:
        return "version"
    return "tls" if event.tls else "cleartext" if event.cleartext else "nothing"
