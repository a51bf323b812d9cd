"""The town: mailboxes with habits, settled by a seed, and their days merged into one stream."""

import heapq
from bisect import bisect_left
from collections.abc import Iterator
from random import Random

from embedded.hoster import habits
from embedded.hoster.activity import DAY, HOUR, MINUTE, Activity
from embedded.hoster.names import FIRST, LAST
from embedded.hoster.places import address
from embedded.hoster.resident import Horizon, Resident, midnight_of
from embedded.hoster.rhythm import Day, noise

_COUNTRIES = ("de",) * 11 + ("ch",) * 6 + ("at",) * 2 + ("it", "fr")
_BY_NAME = frozenset({"newsletter", "shop", "mailing_list", "monitor", "forwarder", "office"})
_BEFORE = 15 * MINUTE  # what belongs to a day may begin so long before it: a login before a mail
_NAMED = {"mailing_list": "list", "office": "info"}


class Town:
    """The residents, settled by a seed."""

    def __init__(self, seed: int, mailboxes: int = 200) -> None:
        self.seed = seed
        rng = Random(f"town {seed}")
        moving_in = _moving_in(mailboxes)
        rng.shuffle(moving_in)
        self.residents = tuple(_settle(number, habit, rng) for number, habit in enumerate(moving_in))

    @property
    def networks(self) -> dict[str, str]:
        """Return the networks that may relay without a login, each with its customer's name."""
        return {each.network: each.mailbox for each in self.residents if each.network}

    def persons(self) -> tuple[Resident, ...]:
        """Return the residents with a person's habit."""
        return tuple(resident for resident in self.residents if resident.habit == "person")

    def activity(self, start: int, end: int, horizon: Horizon | None = None) -> Iterator[Activity]:
        """Yield what the residents do from `start` to `end`, in time order; a day is the same however it is cut."""
        whole = horizon or Horizon(start, end)
        streams = [self._life(resident, start, end, whole) for resident in self.residents]
        yield from heapq.merge(*streams, key=lambda item: item.at)

    def _life(self, resident: Resident, start: int, end: int, horizon: Horizon) -> Iterator[Activity]:
        name = f"{self.seed} {resident.mailbox}"
        day_of = habits.load(resident.habit)(resident, Random(name), horizon)
        waiting: list[Activity] = []
        local = resident.zone * HOUR
        for number in range((start + local) // DAY - 2, (end - 1 + local) // DAY + 1):
            waiting.extend(day_of(Day(number, midnight_of(resident, number), Random(f"{name} {number}"))))
            waiting.sort(key=lambda item: item.at)
            known = midnight_of(resident, number + 1) - _BEFORE
            ready = bisect_left(waiting, known, key=lambda item: item.at)
            yield from (item for item in waiting[:ready] if start <= item.at < end)
            del waiting[:ready]
        yield from (item for item in waiting if start <= item.at < end)


def _moving_in(mailboxes: int) -> list[str]:
    """Return a habit for each mailbox, by the habits' shares; where a town is small, the rare ones stay away."""
    shares = habits.shares()
    total = sum(shares.values())
    exact = {name: share / total * mailboxes for name, share in shares.items()}
    counts = {name: int(value) for name, value in exact.items()}
    by_rest = sorted(exact, key=lambda name: (counts[name] - exact[name], name))
    for name in by_rest[: mailboxes - sum(counts.values())]:
        counts[name] += 1
    return [name for name, count in counts.items() for _ in range(count)]


def _settle(number: int, habit: str, rng: Random) -> Resident:
    country = _COUNTRIES[noise(number // 4) % len(_COUNTRIES)]
    zone = 1 if rng.random() < 0.9 else rng.choice((0, 2, -5, 3))
    if habit == "relay_network":
        inside = address("office", country, rng.getrandbits(30), rng.getrandbits(8))
        head, _, last = inside.rpartition(".")
        return Resident(f"customer-{1000 + number}", habit, number, country, zone, f"{head}.{int(last) & 240}/28")
    domain = f"customer{number // 4}.example"
    name = f"{_NAMED.get(habit, habit)}{number}"
    if habit not in _BY_NAME:
        name = f"{rng.choice(FIRST[:20])}.{rng.choice(LAST[:20])}{number}"
    return Resident(f"{name}@{domain}", habit, number, country, zone)
