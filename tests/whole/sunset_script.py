"""Eight weeks of a hoster's customers: who sends without a login on which day, from where, and what of it is read.

Days are counted from the day the sunset begins, a Monday; week 1 has the days 0 to 6, and its letters go on day 1.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from random import Random
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Zurich")
LANGUAGES = ("de", "fr", "it", "en")
FIRST, WEEKS = -9, 8
ENDS = 7 * WEEKS
SETTLED = ENDS + 14
RELAYS, LOGINS = ("mx1", "mx2"), "imap1"
LOST, HELD = range(8, 11), (29, 33)
"""Days of `mx2` whose log was lost, and from which day on it was read only at 7 o'clock of which other."""
AGENTS = ("Microsoft Outlook 16.0", "Mozilla Thunderbird 60.9", "The Bat! (v3.99) Professional", "Apple Mail (2.3445)")
SCRIPT = "<script>alert(1)</script>"
FORGED = "Evil from victim[192.0.2.66]; from=<victim@example.net> to=<x@example.com> proto=ESMTP helo=<victim>"
IMAGE = "</td><img src=x onerror=alert(1)>"


@dataclass(frozen=True)
class Client:
    """From where a mailbox sends: address, EHLO name and program."""

    ip: str
    helo: str = "office-pc"
    agent: str = AGENTS[0]


@dataclass(frozen=True)
class Habit:
    """A mailbox (or several behind one address, whose mails name none of them), and the days on which it sends.

    `beside` logs in from the same address as well, but is named in no mail. After `switched` it logs in to send.
    """

    mailboxes: tuple[str, ...]
    days: frozenset[int]
    client: Callable[[int], Client]
    host: str = "mx1"
    beside: tuple[str, ...] = ()
    envelope: str = ""
    switched: int = 99
    tls: bool = False


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
    """A mail without a login, and of whom it may be; `read` is when its line was read (µs), None: never."""

    at: int
    host: str
    meant: tuple[str, ...]
    client: Client
    read: int | None
    habit: Habit


def every(step: int, first: int = FIRST, last: int = 59) -> frozenset[int]:
    """Return every `step`th day."""
    return frozenset(range(first, last, step))


class Script:
    """What happens, from a seed; all else follows from it."""

    def __init__(self, seed: int, begins: date) -> None:
        self.seed, self.begins = seed, begins
        self.customers = (*_firms(Random(f"firms {seed}")), *_special())

    @property
    def ends(self) -> date:
        """Return the day it ends."""
        return self.day(ENDS)

    def day(self, number: int) -> date:
        """Return a day's date."""
        return self.begins + timedelta(days=number)

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
    def sendings(self) -> tuple[Sending, ...]:
        """Return all mails that were sent the old way, in their order."""
        found = [
            self._sending(habit, day)
            for customer in self.customers
            for habit in customer.habits
            for day in habit.days
            if FIRST <= day < habit.switched
        ]
        return tuple(sorted(found, key=lambda sending: sending.at))

    def _sending(self, habit: Habit, day: int) -> Sending:
        minutes = Random(f"{self.seed} {habit.mailboxes} {day}").randrange(6 * 60, 22 * 60)
        at = self.moment(day) + (minutes * 60 + 10) * 1_000_000
        return Sending(at, habit.host, habit.mailboxes, habit.client(day), self.read(habit.host, day, at), habit)

    def noises(self) -> Iterator[tuple[str, int, int | None]]:
        """Yield what every host logs each day, whoever sends: host, when, and when it was read."""
        for day in range(FIRST, SETTLED + 4):
            for hour in (0, 12):
                at = self.moment(day, hour, 1)
                for host in (*RELAYS, LOGINS):
                    yield host, at, self.read(host, day, at)


def _firms(rng: Random) -> Iterator[Customer]:
    """Yield two dozen firms of two to five mailboxes, of which some are changed on some day."""
    for number in range(24):
        domain = f"firm{number:02}.example"
        habits = []
        for box in range(rng.randrange(2, 6)):
            client = Client(f"198.18.{number}.{box + 1}", f"PC-{number}-{box}", rng.choice(AGENTS))
            habits.append(
                Habit(
                    (f"user{box}@{domain}",),
                    every(rng.choice((1, 1, 2, 3, 10)), FIRST + rng.randrange(3)),
                    lambda _, client=client: client,  # type: ignore[misc]  # its own client, as it is now
                    rng.choice(RELAYS),
                    switched=rng.choice((99, 99, rng.randrange(0, 60))),
                    tls=rng.random() < 0.5,
                )
            )
        yield Customer(
            f"f{number:02}", f"Firma {number} & Söhne", f"it@{domain}", LANGUAGES[number % 4], (f"@{domain}",),
            tuple(habits),
        )  # fmt: skip


def _one(mailbox: str, days: frozenset[int], place: str, **more: object) -> Habit:
    return Habit((mailbox,), days, lambda _: Client(place), **more)  # type: ignore[arg-type]  # its own fields


def _special() -> Iterator[Customer]:
    yield Customer(
        "office", "Office AG", "office@office.example", "de", ("a@office.example", "b@office.example"),
        (Habit(("a@office.example", "b@office.example"), every(1), lambda _: Client("192.0.2.1"),
               envelope="info@elsewhere.example"),),
    )  # fmt: skip
    yield Customer(
        "boss", "Boss et fils", "boss@boss.example", "fr", ("@boss.example",),
        (Habit(("boss@boss.example",), every(2), lambda _: Client("192.0.2.2"), envelope="boss@boss.example",
               beside=("x@boss.example", "y@boss.example", "z@boss.example")),),
    )  # fmt: skip
    yield Customer("left", "Left", "left@left.example", "en", ("@left.example",), ())
    yield Customer(
        "right", "Right", "right@right.example", "it", ("@right.example",),
        (Habit(("l@left.example", "r@right.example"), every(3), lambda _: Client("192.0.2.3"),
               envelope="us@elsewhere.example"),),
    )  # fmt: skip
    yield Customer(
        "travel", "Traveller", "t@travel.example", "en", ("t@travel.example",),
        (Habit(("t@travel.example",), every(1), lambda day: Client(f"203.0.113.{day + 20}", f"hotel-{day + 20}")),),
    )  # fmt: skip
    yield Customer("mute", "Nobody", "", "de", ("@mute.example",), (_one("m@mute.example", every(1), "192.0.2.4"),))
    yield Customer(
        "wrong", "Wrong", "not an address", "de", ("@wrong.example",), (_one("w@wrong.example", every(1), "192.0.2.5"),)
    )
    yield Customer(
        "free",
        "Exempt",
        "free@free.example",
        "fr",
        ("@free.example",),
        (_one("f@free.example", every(1), "192.0.2.6"),),
    )
    yield Customer(
        "later", "Exempt until week 3", "later@later.example", "it", ("@later.example",),
        (_one("l@later.example", every(1), "192.0.2.7"),),
    )  # fmt: skip
    yield Customer(
        "fixed", "Fixed and back", "fixed@fixed.example", "de", ("@fixed.example",),
        (_one("f@fixed.example", every(1, last=15) | every(2, 28), "192.0.2.8"),),
    )  # fmt: skip
    yield Customer(
        "late", "Week six", "late@late.example", "en", ("@late.example",),
        (_one("l@late.example", every(1, 35, 42), "192.0.2.9"),),
    )  # fmt: skip
    yield Customer(
        "unheard", "Unheard", "u@unheard.example", "fr", ("@unheard.example",),
        (_one("u@unheard.example", every(1, last=8), "192.0.2.10", host="mx2"),
         _one("v@unheard.example", frozenset((-2, 30)), "192.0.2.11", host="mx2"),
         _one("lost@unheard.example", frozenset((-8, 9)), "192.0.2.12", host="mx2")),
    )  # fmt: skip
    yield Customer(
        "alias", "Alias", "alias@alias.example", "it",
        ("real@alias.example", "other@alias.example>real@alias.example"),
        (_one("real@alias.example", every(1, last=40), "192.0.2.13", envelope="other@alias.example"),
         _one("other@alias.example", every(2), "192.0.2.14")),
    )  # fmt: skip
    yield Customer(
        "idn", "Müller", "post@müller.example", "de", ("@müller.example",),
        (_one("m@xn--mller-kva.example", every(1), "2001:db8::7"),),
    )  # fmt: skip
    yield Customer(
        "evil", 'Evil <b onclick="x">& Co</b>: http://evil.example', "evil@evil.example", "en", ("@evil.example",),
        (Habit(("<img/src=x>@evil.example",), every(1), lambda _: Client("192.0.2.15", SCRIPT, IMAGE)),
         Habit(('"a b"@evil.example',), every(2), lambda _: Client("192.0.2.16", "victim", FORGED))),
    )  # fmt: skip
    yield Customer(
        "injected", "Injected\r\nBcc: victim@example.net", "i@injected.example", "en", ("@injected.example",),
        (_one("i@injected.example", every(1), "192.0.2.17"),), known=False,
    )  # fmt: skip
    yield Customer("", "", "", "", (), (_one("s@stranger.example", every(2), "192.0.2.18"),), known=False)
    for name, place in (("refused", 19), ("deferred", 20), ("bounced", 21)):
        yield Customer(
            name, name.title(), f"it@{name}.example", "en", (f"@{name}.example",),
            (_one(f"x@{name}.example", every(1, last=45), f"192.0.2.{place}"),),
        )  # fmt: skip
