"""A person with a mailbox: hours, devices, friends, how much is written and read. Most honest habits vary this one."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal
from zlib import crc32

from msgspec import structs

from embedded.hoster.activity import MINUTE, SECOND, Activity, Login, Mail, Recipient, Session, Way
from embedded.hoster.places import WEBMAIL, Places
from embedded.hoster.population import Circle, Readers
from embedded.hoster.resident import Resident
from embedded.hoster.rhythm import OFFICE, OWL, PRIVATE, Day, Hours, log_normal, poisson, season

Place = Literal["home", "work", "mobile", "webmail", "cloud"]


@dataclass(frozen=True)
class Device:
    """A mail program: how it reads, how often a day, where it stands, how it sends."""

    service: Literal["imap", "pop3"]
    checks: float
    place: Place
    way: Way


def _devices(traits: Random, *, worker: bool) -> tuple[Device, ...]:
    way: Way = "submission" if traits.random() < 0.7 else "smtps"
    pop = traits.random() < 0.2
    checks = log_normal(traits, 18 if pop else 7, 2.2, 1, 150)
    desk = Device("pop3" if pop else "imap", checks, "work" if worker and traits.random() < 0.7 else "home", way)
    phone = Device("imap", log_normal(traits, 10, 2.5, 1, 120), "mobile", "submission")
    tablet = Device("imap", log_normal(traits, 2, 2, 0.3, 12), "home", "smtps")
    owned = [desk]
    if traits.random() < 0.75:
        owned.append(phone)
    if traits.random() < 0.2:
        owned.append(tablet)
    if traits.random() < 0.3:
        webmail = Device("imap", log_normal(traits, 2, 3, 0.1, 30), "webmail", "submission")
        owned = [webmail] if traits.random() < 0.3 else [*owned, webmail]
    return tuple(owned)


@dataclass(frozen=True)
class Manner:
    """How much a person writes on an average day, to about how many friends, and whether at work."""

    mails: float
    friends: float = 25
    worker: bool | None = None


class Human:
    """One person."""

    def __init__(self, resident: Resident, traits: Random, manner: Manner) -> None:
        self.resident = resident
        self.mails = manner.mails
        self.worker = traits.random() < 0.4 if manner.worker is None else manner.worker
        self.places = Places(traits, resident.country, crc32(resident.domain.encode()))
        known = int(log_normal(traits, manner.friends, 2.5, 3, 900))
        self.circle = Circle(resident.mailbox, resident.market, known, traits.uniform(0, 0.4))
        hours = OFFICE if self.worker else OWL if traits.random() < 0.12 else PRIVATE
        self.hours: Hours = hours.shifted(traits.gauss(0, 0.8))
        self._weekend = traits.uniform(0.0, 0.25) if self.worker else traits.uniform(0.5, 1.6)
        self.devices = _devices(traits, worker=self.worker)
        self._several = traits.uniform(0.02, 0.25)
        self._slips = traits.choice((0.0, 0.001, 0.003, 0.01))
        self._away = traits.randrange(365)
        self._holiday = traits.choice((0, 7, 14, 21))
        self._bulk = 200 if traits.random() < 0.1 else 30
        cards = traits.random() < 0.25
        self.cards = traits.randint(20, 150) if cards else 0
        self._card_day = traits.randint(8, 22)
        self._old_friends = Readers(traits.getrandbits(31), traits.uniform(0.01, 0.08), resident.market)

    def mood(self, day: Day) -> float:
        """Return how busy the person is on a day; 1 on average, less at weekends and in the holidays."""
        if self.worker and (day.number - self._away) % 180 < self._holiday:
            return 0.1
        return day.rng.gammavariate(2.0, 0.5) * (self._weekend if day.rest else 1.0) * season(day.number)

    def where(self, device: Device, at: int, day: Day) -> str:
        """Return the address of a device at a time."""
        if device.place == "work":
            return self.places.work() if not day.rest or day.rng.random() < 0.3 else self.places.home(at)
        if device.place == "webmail":
            return WEBMAIL
        if device.place == "cloud":
            return self.places.cloud(at)
        if device.place == "mobile" and day.rng.random() < 0.6:
            return self.places.mobile(at)
        return self.places.home(at)

    def day(self, day: Day) -> Iterator[Activity]:
        """Yield what the person does on a day, in no order."""
        mood = self.mood(day)
        yield from self.reading(day, mood)
        yield from self.writing(day, mood)
        if self.cards and day.date.month == 12 and day.date.day == self._card_day:
            yield from self.to_all(day, self.cards, self._old_friends)

    def reading(self, day: Day, mood: float) -> Iterator[Activity]:
        """Yield the logins of a day."""
        rng, mailbox = day.rng, self.resident.mailbox
        for device in self.devices:
            for _ in range(poisson(rng, device.checks * (0.5 + 0.5 * mood))):
                at = day.midnight + self.hours.draw(rng)
                address = self.where(device, at, day)
                if rng.random() < self._slips:
                    yield Login(at - 9 * SECOND, mailbox, address, device.service, succeeded=False)
                yield Login(at, mailbox, address, device.service)

    def writing(self, day: Day, mood: float) -> Iterator[Activity]:
        """Yield the mails of a day: they come in sittings."""
        rng = day.rng
        left = poisson(rng, self.mails * mood)
        while left > 0:
            at = day.midnight + self.hours.draw(rng)
            device = rng.choice(self.devices)
            for _ in range(min(left, 1 + int(rng.expovariate(0.7)))):
                count = 1 if rng.random() > self._several else 2 + int(rng.expovariate(0.4))
                yield from self.send(day, at, device, self.circle.several(rng, day.number, min(count, 25)))
                at += int(rng.expovariate(1 / 4) * MINUTE) + 20 * SECOND
                left -= 1

    def send(
        self, day: Day, at: int, device: Device, to: tuple[Recipient, ...], session: Session = "alone"
    ) -> Iterator[Activity]:
        """Yield a mail, and the POP login before it where the client is known by that only."""
        rng, mailbox = day.rng, self.resident.mailbox
        address = self.where(device, at, day)
        if device.way == "relay":
            yield Login(at - int(rng.uniform(1, 8) * SECOND), mailbox, address, device.service)
        size = int(log_normal(rng, 6000 * (self._bulk / 30), 5, 700, 25_000_000))
        yield Mail(at, mailbox, address, to, size=size, way=device.way, session=session, complaints=0.00001)

    def to_all(self, day: Day, count: int, readers: Readers, *, merged: bool | None = None) -> Iterator[Activity]:
        """Yield one honest mail to many: in few mails with many recipients, or a mail for each (a mail merge)."""
        rng, device = day.rng, self.devices[0]
        at = day.midnight + self.hours.draw(rng)
        everybody = [readers[place] for place in range(count)]
        if merged if merged is not None else rng.random() < 0.5:
            gap = rng.choice((0.5, 1.0, 3.0, 8.0)) * SECOND
            like = Mail(
                at,
                self.resident.mailbox,
                self.where(device, at, day),
                (),
                size=12_000,
                way=device.way,
                complaints=0.0001,
            )
            yield from merge(like, everybody, gap, rng)
            return
        step = rng.choice((25, 50, 100, 300))
        for first in range(0, count, step):
            yield from self.send(day, at, device, tuple(everybody[first : first + step]))
            at += int(rng.uniform(20, 200) * SECOND)


def merge(first: Mail, everybody: list[Recipient], gap: float, rng: Random, a_session: int = 100) -> Iterator[Mail]:
    """Yield a mail like the first for each recipient, over connections that carry up to `a_session` of them."""
    at, count = float(first.at), len(everybody)
    for place, to in enumerate(everybody):
        opens, closes = place % a_session == 0, place % a_session == a_session - 1 or place == count - 1
        session: Session = "alone" if opens and closes else "first" if opens else "last" if closes else "more"
        yield structs.replace(first, at=int(at), recipients=(to,), session=session)
        at += gap * (0.5 + rng.random())
