"""The figures of a report: what the warehouse told of its period. What it told nothing of is None, or not there."""

import msgspec

from schemas.domain_events import CustomerDomainChecked


class Counts(msgspec.Struct, frozen=True):
    """Attempts to deliver, by how they ended."""

    sent: int = 0
    deferred: int = 0
    bounced: int = 0

    @property
    def all(self) -> int:
        """Return how many there were."""
        return self.sent + self.deferred + self.bounced

    def share(self) -> float | None:
        """Return which part of those that ended was delivered; None where none ended."""
        ended = self.sent + self.bounced
        return self.sent / ended if ended else None

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.sent + other.sent, self.deferred + other.deferred, self.bounced + other.bounced)


class Silent(msgspec.Struct, frozen=True, array_like=True):
    """A log that was not heard since a moment (µs), until it was again; 0: not to the end of the period."""

    log: str
    since: int
    until: int = 0


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """Of which bars of the period anything was read at all, and the newest event (µs).

    `silent` are the logs that were not read throughout the period; `before` tells whether all of the time before were.
    """

    newest: int = 0
    slots: frozenset[int] = frozenset()
    before: bool = False
    silent: tuple[Silent, ...] = ()

    def whole(self, until: int) -> bool:
        """Tell whether all was read of a period that ends then (µs): only so nothing seen is nothing there."""
        return bool(self.slots) and not self.silent and self.newest >= until

    def missing(self, begins: int, ends: int) -> bool:
        """Tell whether something is not known of a time (µs): of a log nothing to the end, or in all of that time."""
        return any(
            each.since <= begins and ends <= each.until if each.until else each.since < ends for each in self.silent
        )


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts by provider, in the period and in the one before, by bar, and why they failed (class of the reason)."""

    providers: dict[str, Counts] = {}
    before: dict[str, Counts] = {}
    slots: dict[int, Counts] = {}
    reasons: dict[str, Counts] = {}


class Listing(msgspec.Struct, frozen=True, array_like=True):
    """A list that named one of our IPs within the period: since when it was seen (µs), and whether it does still."""

    ip: str
    list: str
    since: int
    still: bool


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """A list that was asked within the period, and how many of its answers told nothing."""

    list: str
    answers: int
    unknown: int


class Delisted(msgspec.Struct, frozen=True, array_like=True):
    """A listing that ended within the period, how (`delisting_events.Outcome`), and after how many seconds."""

    list: str
    subject: str
    outcome: str
    took_seconds: int


class Change(msgspec.Struct, frozen=True, array_like=True):
    """A decision about an IP of the pool: it left (`ip_withdrawn`), or is used again."""

    ip: str
    at: int
    type: str


class Reputation(msgspec.Struct, frozen=True, kw_only=True):
    """What others make of the pool's IPs; the hours are those in which an IP was withdrawn."""

    ips: tuple[str, ...] = ()
    lists: tuple[Asked, ...] = ()
    listings: tuple[Listing, ...] = ()
    delisted: tuple[Delisted, ...] = ()
    hours: dict[str, float] = {}
    traffic: dict[str, Counts] = {}


class Step(msgspec.Struct, frozen=True, array_like=True):
    """A decision about a mailbox (`mailbox_suspended` …), `propose` where it was not carried out."""

    mailbox: str
    at: int
    type: str
    mode: str


class CaseSeen(msgspec.Struct, frozen=True, array_like=True):
    """A case that was open within the period: whose, how many mailboxes, since when (µs), and whether it is closed."""

    customer: str
    mailboxes: int
    opened: int
    closed: bool


class Cases(msgspec.Struct, frozen=True, kw_only=True):
    """Mailboxes that stood out, and cases; `cases` only of a report that is on all customers."""

    steps: tuple[Step, ...] = ()
    before: int = 0
    cases: tuple[CaseSeen, ...] = ()


class WeekOpen(msgspec.Struct, frozen=True, array_like=True):
    """Where a sunset stood at the end of a week (its Monday): mailboxes that were found, and that use the old way."""

    monday: str
    found: int
    open: int


class Using(msgspec.Struct, frozen=True, array_like=True):
    """A mailbox that still uses the old way, when last (µs)."""

    mailbox: str
    last: int


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """A sunset: the day it ends, its weeks and the day on which nobody is left, or a customer's own mailboxes.

    Those that are `exempt` use it still, and are asked for nothing.
    """

    name: str
    kind: str
    ends: str
    weeks: tuple[WeekOpen, ...] = ()
    nothing_left: str = ""
    using: tuple[Using, ...] = ()
    done: int = 0
    exempt: int = 0


class Checked(msgspec.Struct, frozen=True, array_like=True):
    """What the newest look at a domain came to, of all and of each sort of check."""

    domain: str
    outcome: str
    mx: str
    spf: str
    dkim: str
    dmarc: str


class Domains(msgspec.Struct, frozen=True, kw_only=True):
    """The newest look at each domain; of a customer's own with all findings. `unseen` were never looked at."""

    seen: tuple[Checked, ...] = ()
    looks: tuple[CustomerDomainChecked, ...] = ()
    unseen: tuple[str, ...] = ()


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of one report; a part that was not asked for is empty."""

    heard: Heard = Heard()
    traffic: Traffic = Traffic()
    reputation: Reputation = Reputation()
    cases: Cases = Cases()
    endings: tuple[Ending, ...] = ()
    domains: Domains | None = None


_HOUR = 3_600_000_000
_OUT = "ip_withdrawn"


def withdrawn_hours(changes: list[Change], since: int, until: int) -> dict[str, float]:
    """Return how many hours of a time each IP was withdrawn, by all decisions up to its end in their order."""
    left: dict[str, int] = {}
    spent: dict[str, int] = {}
    for change in changes:
        if change.type == _OUT:
            left.setdefault(change.ip, change.at)
        elif change.ip in left:
            spent[change.ip] = spent.get(change.ip, 0) + _within(left.pop(change.ip), change.at, since, until)
    for ip, at in left.items():
        spent[ip] = spent.get(ip, 0) + _within(at, until, since, until)
    return {ip: span / _HOUR for ip, span in spent.items() if span}


def _within(begins: int, ends: int, since: int, until: int) -> int:
    return max(0, min(ends, until) - max(begins, since))
