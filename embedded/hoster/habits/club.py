"""The secretary of a club: a few mails a day, and once in a while one to all 40 to 300 members."""

from collections.abc import Iterator
from random import Random

from embedded.hoster.activity import Activity
from embedded.hoster.human import Human, Manner
from embedded.hoster.population import Readers
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import Day, log_normal, noise

SHARE = 0.03


def settle(resident: Resident, traits: Random, _horizon: Horizon) -> DayOf:
    """Return a secretary's days: the mail to all is one with many recipients, or one for each."""
    one = Human(resident, traits, Manner(log_normal(traits, 3, 2, 0.3, 15)))
    members = Readers(traits.getrandbits(31), traits.uniform(0.0, 0.06))
    count, every, key = int(log_normal(traits, 90, 1.8, 40, 300)), traits.choice((9, 14, 30)), traits.getrandbits(31)

    def day_of(day: Day) -> Iterator[Activity]:
        yield from one.day(day)
        if noise(key, day.number) % every == 0:
            yield from one.to_all(day, count, members)

    return day_of
