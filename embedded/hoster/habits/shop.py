"""Shops: a mail or two for each order, to ever new buyers, from one server; on sale days many times more."""

from collections.abc import Iterator
from random import Random

from embedded.hoster.activity import HOUR, SECOND, Activity, Mail
from embedded.hoster.human import Human, Manner
from embedded.hoster.places import anywhere
from embedded.hoster.population import living, mistyped
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import BUYERS, Day, log_normal, noise, poisson, season

SHARE = 0.025


def settle(resident: Resident, traits: Random, horizon: Horizon) -> DayOf:
    """Return a shop's days."""
    keeper = Human(resident, traits, Manner(log_normal(traits, 6, 2, 0.5, 40), worker=True))
    orders = log_normal(traits, 45, 3.2, 3, 1500) * horizon.busy
    slip = traits.uniform(0.003, 0.02)
    server = anywhere("hosting", resident.country, traits)
    hours = BUYERS.shifted(traits.gauss(0, 0.5))
    shipped = traits.random() < 0.6
    told, owner = traits.random() < 0.5, (living(traits.getrandbits(31)),)
    key, sale = traits.getrandbits(31), traits.uniform(4, 15)

    def a_sale(day: Day) -> bool:
        friday = day.date.month == 11 and day.weekday == 4 and day.date.day >= 23
        return friday or noise(key, day.number) % 45 == 0

    def day_of(day: Day) -> Iterator[Activity]:
        yield from keeper.day(day)
        rng = day.rng
        pace = orders * season(day.number) * rng.uniform(0.6, 1.4) * (sale if a_sale(day) else 1.0)
        for _ in range(poisson(rng, pace)):
            at = day.midnight + hours.draw(rng)
            draw = int(rng.random() * 0x7FFFFFFF)
            buyer = (mistyped(draw) if rng.random() < slip else living(draw),)
            yield Mail(at, resident.mailbox, server, buyer, size=int(rng.uniform(9000, 30_000)), complaints=0.00003)
            if shipped and buyer[0].fate == "sent":
                later = at + int(rng.uniform(2, 30) * HOUR)
                yield Mail(later, resident.mailbox, server, buyer, size=18_000, complaints=0.00003)
            elif told:
                yield Mail(at + int(rng.uniform(1, 60) * SECOND), resident.mailbox, server, owner, size=9000)

    return day_of
