"""What thieves bring along: lists of addresses, machines to send from, and their ways in and out."""

from collections.abc import Iterator
from random import Random
from typing import Literal

from embedded.hoster.activity import DAY, HOUR, MINUTE, SECOND, Login, Mail, Recipient, Session, Way
from embedded.hoster.blocks import BOT_COUNTRIES, RANGES
from embedded.hoster.places import WEBMAIL, address
from embedded.hoster.population import HOME, SPAMMED, WORLD, Circle, Market, dead, living, trap
from embedded.hoster.rhythm import log_uniform, noise
from embedded.hoster.takeovers import Theft

_BLATANT = (0.15, 0.3)
Crewed = Literal["world", "country", "neighbours", "hosting", "hosting_near", "webmail"]


class SpamList:
    """A bought or stolen list: its share of addresses that nobody has, how its text is received, who complains.

    With the chance `contacts` the victim's own acquaintances are among the addressees.
    """

    def __init__(
        self, theft: Theft, *, unknown: tuple[float, float] = (0.02, 0.35), wanted: Market = (), contacts: float = 0.15
    ) -> None:
        rng = self._rng = theft.rng
        self._theft = theft
        self.unknown = log_uniform(rng, *(unknown if theft.patient else _BLATANT))
        self._traps = theft.traps
        one = rng.choice(SPAMMED)
        self._market: Market = wanted or rng.choice((WORLD, WORLD, HOME, (one,), (*(one,) * 30, *WORLD)))
        self.refused = log_uniform(rng, 0.003, 0.5)
        self._throttled = rng.choice((0.0, 0.0, 0.02, 0.15))
        self._learning = rng.random() < 0.5
        self._done = 0
        resident = theft.resident
        self._contacts = Circle(resident.mailbox, resident.market, rng.randint(10, 200))
        self._known = rng.uniform(0.1, 0.6) if theft.patient and rng.random() < contacts else 0.0
        self.complaints = log_uniform(rng, 0.0002, 0.01)
        self.size = int(log_uniform(rng, 900, 60_000))
        own = rng.random() < 0.75
        self._forged = "" if own else f"{rng.choice(('info', 'service', 'no-reply', 'admin'))}@{rng.choice(SPAMMED)}"

    def next(self) -> Recipient:
        """Return the next victim; filters that learn refuse more of the later ones."""
        rng = self._rng
        self._done += 1
        if rng.random() < self._known:
            return self._contacts[int(rng.random() * self._contacts.size(0))]
        draw, luck = int(rng.random() * 0x7FFFFFFF), rng.random()
        if luck < self.unknown:
            return dead(draw, self._market)
        if luck > 1 - self._traps:
            return trap(draw, self._market)
        found = living(draw, self._market)
        refused = self.refused * (min(1.0, self._done / 400) if self._learning else 1.0)
        luck = rng.random()
        if luck < refused:
            return Recipient(found.address, "refused")
        return Recipient(found.address, "throttled") if luck < refused + self._throttled else found

    def mail(self, at: int, address: str, count: int, way: Way = "submission", session: Session = "alone") -> Mail:
        """Return the next mail of the run, to `count` recipients."""
        to: dict[str, Recipient] = {}
        for _ in range(3 * count):
            if len(to) == count:
                break
            found = self.next()
            to[found.address] = found
        return Mail(
            at,
            self._theft.resident.mailbox,
            address,
            tuple(to.values()),
            self._theft.kind,
            int(self.size * (0.9 + 0.2 * self._rng.random())),
            way,
            self._forged,
            session=session,
            complaints=self.complaints,
        )


class Crew:
    """The machines of a thief: in the world, in one country, among the victim's neighbours, rented, or our webmail."""

    def __init__(self, theft: Theft, count: int, *sorts: Crewed) -> None:
        rng = self._rng = theft.rng
        self.count = count
        self.sort = rng.choice(sorts)
        self._key = rng.getrandbits(31)
        self._country = rng.choice(BOT_COUNTRIES)
        self._near = theft.resident.country
        self._next = 0

    def __getitem__(self, number: int) -> str:
        if self.sort == "webmail":
            return WEBMAIL
        number %= self.count
        draw, region = noise(self._key, number), noise(self._key, number, 1)
        if self.sort == "world":
            return address("home", BOT_COUNTRIES[region % len(BOT_COUNTRIES)], draw, region >> 8)
        if self.sort in {"country", "neighbours"}:
            return address("home", self._country if self.sort == "country" else self._near, draw, region)
        if self.sort == "hosting_near":
            return address("hosting", self._near, draw, region)
        rented = sorted(RANGES["hosting"])
        return address("hosting", rented[region % len(rented)], draw, region >> 8)

    def any(self) -> str:
        """Return the address of any of the machines."""
        return self[int(self._rng.random() * self.count)]

    def in_turn(self) -> str:
        """Return the machines' addresses one after the other."""
        self._next += 1
        return self[self._next]


def moments(theft: Theft) -> Iterator[int]:
    """Yield the times of about `mails` mails: evenly, in runs with breaks, faster and faster, or in the daytime."""
    rng = theft.rng
    length = max(1, theft.end - theft.start)
    gap = length / max(1, theft.mails)
    shape = rng.choice(("even", "even", "runs", "faster", "daytime")) if theft.patient else "even"
    daylight = shape == "daytime" and length > DAY
    at, run = float(theft.start), 0
    while at < theft.end:
        yield int(at)
        step = gap * rng.expovariate(1.0) if gap > 10 * SECOND else gap * (0.6 + 0.8 * rng.random())
        if shape == "faster":
            step *= 1.7 - 1.4 * (at - theft.start) / length
        elif shape == "runs":
            run = run - 1 if run else rng.randint(5, 60)
            step = step * 0.5 if run else step + gap * 25
        at += max(step, 1000.0)
        if daylight and not 6 <= (at // HOUR + theft.resident.zone) % 24 < 20:
            at += 10 * HOUR


def arrival(theft: Theft, crew: Crew) -> Iterator[Login]:
    """Yield how the thief came in: at once by SMTP, or by IMAP minutes or days ahead, with guesses or without."""
    rng, mailbox = theft.rng, theft.resident.mailbox
    style = rng.choice(("straight", "straight", "tried", "looked", "guessed"))
    if style == "straight":
        return
    ahead = int(log_uniform(rng, 10, 3 * 86_400 if theft.patient else 15) * SECOND)
    at = max(theft.earliest, theft.start - ahead)
    if style == "guessed":
        for _ in range(rng.randint(3, 15)):
            if at < theft.start - 2 * SECOND:
                yield Login(at, mailbox, crew.any(), rng.choice(("imap", "smtp")), succeeded=False, kind=theft.kind)
            at += int(rng.uniform(0.3, 2 if not theft.patient else 90) * SECOND)
    for _ in range(1 if style != "looked" else rng.randint(2, 8)):
        if at < theft.start:
            yield Login(at, mailbox, crew.any(), rng.choice(("imap", "imap", "pop3")), kind=theft.kind)
        at += int(log_uniform(rng, 5, 6 * 3600) * SECOND)


def aftermath(theft: Theft, crew: Crew, last: int) -> Iterator[Login]:
    """Yield what follows where the owner was told and changed the password: the machines go on trying for hours."""
    rng = theft.rng
    if not theft.patient or rng.random() < 0.5:
        return
    at = last + int(rng.uniform(1, 60) * MINUTE)
    gap = log_uniform(rng, 3, 600) * SECOND
    for _ in range(rng.randint(10, 300)):
        yield Login(at, theft.resident.mailbox, crew.any(), "smtp", succeeded=False, kind="aftermath")
        at += int(gap * rng.expovariate(1.0)) + 1


def run(theft: Theft, crew: Crew, spam: SpamList, each: tuple[int, int], stay: int) -> Iterator[Login | Mail]:
    """Yield arrival, mails and aftermath; the address changes after `stay` mails, `each` is recipients per mail."""
    rng = theft.rng
    yield from arrival(theft, crew)
    last, sent, machine = theft.start, 0, crew.in_turn()
    way: Way = rng.choice(("submission", "submission", "smtps"))
    for at in moments(theft):
        if sent and sent % stay == 0:
            machine = crew.in_turn() if rng.random() < 0.5 else crew.any()
        yield spam.mail(at, machine, rng.randint(*each), way)
        sent, last = sent + 1, at
    yield from aftermath(theft, crew, last)


def some(rng: Random, *ranges: tuple[int, int]) -> tuple[int, int]:
    """Return one of the ranges, or narrower."""
    low, high = rng.choice(ranges)
    return low, rng.randint(low, high)
