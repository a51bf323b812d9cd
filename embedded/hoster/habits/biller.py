"""Those who write invoices: around the end of the month hundreds of mails, one for each customer, within an hour."""

from collections.abc import Iterator
from random import Random

from embedded.hoster.activity import Activity
from embedded.hoster.human import Human, Manner
from embedded.hoster.population import BUSINESS, Readers
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import Day, date_of, log_normal

SHARE = 0.025


def settle(resident: Resident, traits: Random, _horizon: Horizon) -> DayOf:
    """Return the days of one who bills; reminders follow in the middle of the month."""
    one = Human(resident, traits, Manner(log_normal(traits, 6, 2, 0.5, 40), worker=True))
    customers = Readers(traits.getrandbits(31), traits.uniform(0.002, 0.03), BUSINESS)
    count, days_before = int(log_normal(traits, 120, 2.2, 25, 900)), traits.choice((0, 0, 1, 2))

    def day_of(day: Day) -> Iterator[Activity]:
        yield from one.day(day)
        if date_of(day.number + 1 + days_before).day == 1:
            yield from one.to_all(day, count, customers, merged=True)
        elif day.date.day == 15:
            yield from one.to_all(day, count // 8 + 1, customers, merged=True)

    return day_of
