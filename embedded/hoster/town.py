"""The town: mailboxes with habits. Each is a generator of activity in time order, with random numbers of its own."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from embedded.hoster.activity import DAY, HOUR, SECOND, Activity, Fate, Login, Mail, Recipient

_PROVIDERS = ("gmail.com", "outlook.com", "gmx.net", "web.de", "yahoo.com", "t-online.de", "bluewin.ch", "icloud.com")
_FIRST = (
    "anna",
    "bert",
    "carla",
    "dieter",
    "eva",
    "franz",
    "gina",
    "hans",
    "ida",
    "jan",
    "klara",
    "luca",
    "maja",
    "nino",
)
_LAST = (
    "muster",
    "beispiel",
    "keller",
    "rossi",
    "dubois",
    "meier",
    "baum",
    "stein",
    "bianchi",
    "weber",
    "graf",
    "roth",
)


@dataclass(frozen=True)
class Resident:
    """A mailbox with its habit, its own clients' addresses and the people it writes to."""

    mailbox: str
    habit: str
    addresses: tuple[str, ...]
    friends: tuple[str, ...]


def _weight_of_hour(at: int) -> float:
    hour = at // HOUR % 24
    return 1.0 if 7 <= hour < 19 else 0.35 if hour < 23 else 0.1


def _moments(rng: Random, start: int, end: int, a_day: float) -> Iterator[int]:
    """Yield times of a Poisson process that sleeps at night."""
    at = float(start)
    while True:
        at += rng.expovariate(a_day * 2 / DAY)
        if at >= end:
            return
        if rng.random() < _weight_of_hour(int(at)):
            yield int(at)


def _fate(rng: Random, unknown: float) -> Fate:
    draw = rng.random()
    if draw < unknown:
        return "unknown_user"
    if draw < unknown + 0.015:
        return "greylisted"
    return "mailbox_full" if draw < unknown + 0.02 else "sent"


def _person(resident: Resident, rng: Random, start: int, end: int) -> Iterator[Activity]:
    for at in _moments(rng, start, end, 14):
        address = resident.addresses[0] if rng.random() < 0.8 else rng.choice(resident.addresses)
        if rng.random() < 0.6:
            succeeded = rng.random() > 0.01
            yield Login(at, resident.mailbox, address, "imap", succeeded)
            continue
        count = 1 if rng.random() < 0.9 else rng.randint(2, 6)
        friends = rng.sample(resident.friends, min(count, len(resident.friends)))
        recipients = tuple(Recipient(friend, _fate(rng, 0.01)) for friend in friends)
        yield Mail(at, resident.mailbox, address, recipients, size=rng.randint(900, 90_000))


def _shop(resident: Resident, rng: Random, start: int, end: int) -> Iterator[Activity]:
    for at in _moments(rng, start, end, 2500):
        buyer = f"buyer{rng.randint(1, 90_000)}@{rng.choice(_PROVIDERS)}"
        yield Mail(at, resident.mailbox, resident.addresses[0], (Recipient(buyer, _fate(rng, 0.012)),), size=15_000)


def _newsletter(resident: Resident, rng: Random, start: int, end: int) -> Iterator[Activity]:
    issue = start - start % (2 * HOUR) + rng.randrange(HOUR)
    while issue < end:
        for number, reader in enumerate(resident.friends):
            at = issue + number * 2 * SECOND
            if start <= at < end:
                yield Mail(
                    at, resident.mailbox, resident.addresses[0], (Recipient(reader, _fate(rng, 0.02)),), size=30_000
                )
        issue += 2 * HOUR


def _forwarder(resident: Resident, rng: Random, start: int, end: int) -> Iterator[Activity]:
    for at in _moments(rng, start, end, 60):
        yield Mail(at, resident.mailbox, resident.addresses[0], (Recipient(resident.friends[0], _fate(rng, 0.0)),))


_HABITS: dict[str, Callable[[Resident, Random, int, int], Iterator[Activity]]] = {
    "person": _person,
    "shop": _shop,
    "newsletter": _newsletter,
    "forwarder": _forwarder,
}


class Town:
    """The residents, settled by a seed."""

    def __init__(self, seed: int, mailboxes: int = 200) -> None:
        self.seed = seed
        rng = Random(f"town {seed}")
        habits = ["newsletter"] * 2 + ["shop"] * 3 + ["forwarder"] * 5
        habits += ["person"] * max(0, mailboxes - len(habits))
        self.residents = tuple(_settle(number, habit, rng) for number, habit in enumerate(habits))

    def persons(self) -> tuple[Resident, ...]:
        """Return the residents with a person's habit: those whom thieves like best."""
        return tuple(resident for resident in self.residents if resident.habit == "person")

    def activity(self, start: int, end: int) -> Iterator[Activity]:
        """Yield what the residents do from `start` to `end`, in time order."""
        streams = [
            _HABITS[resident.habit](resident, Random(f"{self.seed} {resident.mailbox} {start}"), start, end)
            for resident in self.residents
        ]
        yield from heapq.merge(*streams, key=lambda item: item.at)


def _settle(number: int, habit: str, rng: Random) -> Resident:
    domain = f"customer{number % 40}.example"
    name = f"{rng.choice(_FIRST)}.{rng.choice(_LAST)}{number}" if habit == "person" else f"{habit}{number}"
    home = f"198.51.{100 if number % 2 else 101}.{1 + number % 250}"
    mobile = tuple(f"203.0.{rng.randint(113, 114)}.{rng.randint(1, 254)}" for _ in range(3))
    circle = 400 if habit == "newsletter" else 25
    friends = tuple(f"{rng.choice(_FIRST)}{rng.randint(1, 9999)}@{rng.choice(_PROVIDERS)}" for _ in range(circle))
    return Resident(f"{name}@{domain}", habit, (home, *mobile), friends)
