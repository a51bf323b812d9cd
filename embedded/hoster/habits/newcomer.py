"""New mailboxes: they appear midway, with many logins at first; some tell all their friends the new address."""

from collections.abc import Iterator
from random import Random

from embedded.hoster.activity import HOUR, SECOND, Activity, Login
from embedded.hoster.human import Human, Manner
from embedded.hoster.population import Readers
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import Day, log_normal

SHARE = 0.035


def settle(resident: Resident, traits: Random, horizon: Horizon) -> DayOf:
    """Return the days of a mailbox that is not there before one of them."""
    one = Human(resident, traits, Manner(log_normal(traits, 4, 2.5, 0.1, 60)))
    appears = horizon.day_at(traits.uniform(0.15, 0.8))
    friends = Readers(traits.getrandbits(31), traits.uniform(0.0, 0.08))
    told = traits.randint(20, 100) if traits.random() < 0.4 else 0

    def day_of(day: Day) -> Iterator[Activity]:
        if day.number < appears:
            return
        yield from one.day(day)
        if day.number == appears:
            at = day.midnight + 10 * HOUR
            for number in range(day.rng.randint(2, 12)):
                yield Login(at, resident.mailbox, one.places.home(at), "imap", succeeded=number % 3 > 0)
                at += int(day.rng.uniform(20, 400) * SECOND)
        if told and day.number == appears + 1:
            yield from one.to_all(day, told, friends)

    return day_of
