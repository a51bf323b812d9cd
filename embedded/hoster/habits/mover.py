"""Movers: from a day on all logins come from a network that was never seen before: a new office, a new provider."""

from collections.abc import Iterator
from random import Random

from embedded.hoster.activity import Activity
from embedded.hoster.human import Human, Manner
from embedded.hoster.places import Places
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import Day, log_normal

SHARE = 0.02


def settle(resident: Resident, traits: Random, horizon: Horizon) -> DayOf:
    """Return a mover's days."""
    one = Human(resident, traits, Manner(log_normal(traits, 5, 2.2, 0.2, 50)))
    before, after = one.places, Places(traits, resident.country, traits.getrandbits(31))
    moves = horizon.day_at(traits.uniform(0.2, 0.9))

    def day_of(day: Day) -> Iterator[Activity]:
        one.places = after if day.number >= moves else before
        yield from one.day(day)

    return day_of
