"""Dormant mailboxes: silent for long, then someone honest uses them again, perhaps from another network."""

from collections.abc import Iterator
from random import Random

from embedded.hoster.activity import Activity
from embedded.hoster.human import Human, Manner
from embedded.hoster.population import Readers
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import Day, log_normal

SHARE = 0.03


def settle(resident: Resident, traits: Random, horizon: Horizon) -> DayOf:
    """Return the days of a mailbox that wakes on one of them, if at all."""
    one = Human(resident, traits, Manner(log_normal(traits, 3, 2.5, 0.1, 40)))
    wakes = horizon.day_at(traits.uniform(0.3, 1.4))
    greeted = traits.randint(10, 80) if traits.random() < 0.3 else 0
    friends = Readers(traits.getrandbits(31), traits.uniform(0.02, 0.12))

    def day_of(day: Day) -> Iterator[Activity]:
        if day.number < wakes:
            return
        yield from one.day(day)
        if greeted and day.number == wakes:
            yield from one.to_all(day, greeted, friends)

    return day_of
