"""An office's mailbox: several people with several clients behind one shared address, and longer lists to write to."""

from collections.abc import Iterator
from random import Random

from embedded.hoster.activity import Activity
from embedded.hoster.human import Human, Manner
from embedded.hoster.population import BUSINESS, Readers
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import Day, log_normal

SHARE = 0.1


def settle(resident: Resident, traits: Random, _horizon: Horizon) -> DayOf:
    """Return an office's days: its people have hours of their own and share the office's line."""
    staff = [
        Human(resident, traits, Manner(log_normal(traits, 9, 2, 1, 60), friends=90, worker=True))
        for _ in range(traits.randint(1, 6))
    ]
    for one in staff[1:]:
        one.places = staff[0].places
        one.circle = staff[0].circle
    rounds = Readers(traits.getrandbits(31), traits.uniform(0.0, 0.03), BUSINESS)
    size, every = traits.randint(15, 120), traits.choice((5, 10, 20, 1000))

    def day_of(day: Day) -> Iterator[Activity]:
        for one in staff:
            yield from one.day(day)
        if not day.rest and day.rng.random() < 1 / every:
            yield from staff[0].to_all(day, day.rng.randint(5, size), rounds, merged=False)

    return day_of
