"""Ten weeks of a hoster: three sunsets, and what happens on which day, in logs of which some are read late or never.

Days are counted from a Monday, day 0, on which the first sunset begins.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from random import Random
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Zurich")
FIRST, LAST = -9, 73
"""The day on which the logs begin, and the last on which the desk works."""
RELAYS, LOGINS = ("mx1", "mx2"), "imap1"
LOST, HELD = range(8, 11), (29, 33)
"""Days of `mx2` whose log was lost, and from which day on it was read only at 7 o'clock of which other."""
OLD_TLS = ("TLSv1", "TLSv1.1")
_BEFORE = 120_000_000
_TUESDAY, _WEEK = 1, 7


@dataclass(frozen=True)
class Way:
    """An old way and its sunset: letters on each Tuesday from `hour` on for `spread` hours, `letters` at most.

    `last` is the day on which its last stage closes, where that is later than it ends.
    """

    name: str
    kind: str
    begins: int
    ends: int
    hour: int = 9
    spread: int = 4
    letters: int = 6
    quiet: int = 7
    last: int = 0

    @property
    def settled(self) -> int:
        """Return the day from which on nothing is decided any more."""
        return max(self.ends, self.last) + self.quiet + _WEEK

    def weeks(self, ends: int) -> int:
        """Return the last week with a letters' day before a day."""
        return next(week for week in range(20, -1, -1) if self.letter_day(week) < ends)

    def letter_day(self, week: int) -> int:
        """Return the day on which a week's letters go: the first Tuesday in it."""
        first = self.begins + _WEEK * (week - 1)
        return first + (_TUESDAY - first) % _WEEK


POP = Way("pop", "smtp_after_pop", 0, 56, letters=9, last=58)
CLEAR = Way("clear", "cleartext_login", 9, 51, hour=12, spread=2, letters=4, quiet=5)
TLS = Way("tls", "old_tls", 14, 35, letters=2)
WAYS = (POP, CLEAR, TLS)


@dataclass(frozen=True)
class Client:
    """From where a mailbox sends: address, EHLO name and program."""

    ip: str
    helo: str = "office-pc"
    agent: str = "Microsoft Outlook 16.0"


@dataclass(frozen=True)
class Habit:
    """A mailbox (or several behind one address, whose mails name none of them), and the days on which it sends.

    `beside` logs in from the same address as well, but is named in no mail. `tls` is the version with which all of them
    log in, "" for none. After `switched` it logs in to send. What never `sends` without a login only logs in, after
    `switched` with a TLS of today.
    """

    mailboxes: tuple[str, ...]
    days: frozenset[int]
    client: Callable[[int], Client]
    host: str = "mx1"
    beside: tuple[str, ...] = ()
    envelope: str = ""
    switched: int = 99
    tls: str = ""
    sends: bool = True


@dataclass(frozen=True)
class Customer:
    """A customer as the directory has it; `rows` are its addresses: mailboxes, `alias>mailbox`, `@domain`."""

    name: str
    title: str
    contact: str
    language: str
    rows: tuple[str, ...]
    habits: tuple[Habit, ...]
    known: bool = True


@dataclass(frozen=True)
class Sending:
    """A mail without a login, or a login, and of whom it may be; `read` is when its line was read (µs, None: never)."""

    at: int
    host: str
    meant: tuple[str, ...]
    client: Client
    read: int | None
    habit: Habit

    @property
    def envelope(self) -> str:
        """Return whom the envelope names as its sender."""
        return self.habit.envelope or "somebody@example.org"

    @property
    def logins(self) -> tuple[tuple[int, str], ...]:
        """Return when which mailbox logged in from the address before."""
        names = (*self.habit.beside, *self.meant)
        return tuple((self.at - _BEFORE + number * 1000, name) for number, name in enumerate(names))


def every(step: int, first: int = FIRST, last: int = LAST) -> frozenset[int]:
    """Return every `step`th day."""
    return frozenset(range(first, last, step))


class Script:
    """What happens, from a seed; all else follows from it."""

    def __init__(self, seed: int, begins: date, customers: tuple[Customer, ...]) -> None:
        self.seed, self.begins, self.customers = seed, begins, customers
        self.off: Callable[[str, int], bool] = lambda _sender, _at: False

    def day(self, number: int) -> date:
        """Return a day's date."""
        return self.begins + timedelta(days=number)

    def number(self, at: int) -> int:
        """Return the number of a moment's day."""
        local: date = datetime.fromtimestamp(at / 1_000_000, UTC).astimezone(ZONE).date()
        return (local - self.begins).days

    def moment(self, day: int, hour: int = 0, minute: int = 0) -> int:
        """Return a local time of a day (µs)."""
        local = datetime.combine(self.day(day), time(hour, minute), ZONE)
        return int(local.astimezone(UTC).timestamp()) * 1_000_000

    def read(self, host: str, day: int, at: int) -> int | None:
        """Return when a line of a host's log was read, None where it never was."""
        if host == "mx2" and day in LOST:
            return None
        begin, end = self.held
        return end if host == "mx2" and begin <= at < end else at

    @property
    def held(self) -> tuple[int, int]:
        """Return from when until when the log of `mx2` is not read on."""
        return self.moment(HELD[0]), self.moment(HELD[1], 7)

    @cached_property
    def tries(self) -> tuple[Sending, ...]:
        """Return all that was done the old way, or tried while it was off, in its order: mails, and logins alone."""
        found = [
            self._sending(habit, day)
            for customer in self.customers
            for habit in customer.habits
            for day in habit.days
            if day < habit.switched
        ]
        return tuple(sorted(found, key=lambda sending: sending.at))

    def _sending(self, habit: Habit, day: int) -> Sending:
        minutes = Random(f"{self.seed} {habit.mailboxes} {day}").randrange(6 * 60, 22 * 60)
        at = self.moment(day) + (minutes * 60 + 10) * 1_000_000
        return Sending(at, habit.host, habit.mailboxes, habit.client(day), self.read(habit.host, day, at), habit)

    def refuses(self, sending: Sending) -> bool:
        """Tell whether a mail was refused, since its sender was `off` then."""
        return self.off(sending.envelope, sending.at)

    def of(self, way: Way) -> tuple[Sending, ...]:
        """Return the uses of an old way, in their order: of logins one for each mailbox, and all of them read."""
        if way is POP:
            return tuple(each for each in self.tries if each.habit.sends and not self.refuses(each))
        found = [
            Sending(at, LOGINS, (mailbox,), each.client, at, each.habit)
            for each in self.tries
            for at, mailbox in each.logins
            if (each.habit.tls in OLD_TLS if way is TLS else not each.habit.tls)
        ]
        return tuple(sorted(found, key=lambda sending: sending.at))

    def noises(self) -> Iterator[tuple[str, int, int | None]]:
        """Yield what every host logs each day, whoever sends: host, when, and when it was read."""
        for day in range(FIRST, LAST + 1):
            for hour in (0, 12):
                at = self.moment(day, hour, 1)
                for host in (*RELAYS, LOGINS):
                    yield host, at, self.read(host, day, at)
