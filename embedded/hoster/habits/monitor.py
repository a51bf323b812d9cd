"""Machines that report: cron mails by the clock, and a hail of alarms when something is down."""

from collections.abc import Iterator
from random import Random

from embedded.hoster.activity import DAY, HOUR, MINUTE, SECOND, Activity, Mail
from embedded.hoster.places import anywhere
from embedded.hoster.population import dead, living
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import Day, noise

SHARE = 0.025


def settle(resident: Resident, traits: Random, _horizon: Horizon) -> DayOf:
    """Return a machine's days: the same few recipients at the same minutes, day and night; one may be gone."""
    server = anywhere("hosting" if traits.random() < 0.7 else "office", resident.country, traits)
    to = [living(traits.getrandbits(31)) for _ in range(traits.choice((1, 1, 2, 4)))]
    if traits.random() < 0.15:
        to.append(dead(traits.getrandbits(31)))
    every = int(traits.choice((0.25, 1, 1, 4, 12, 24, 24, 24)) * HOUR)
    minute = traits.randrange(60) * MINUTE
    key, outages = traits.getrandbits(31), traits.choice((5, 15, 40))
    alarms = traits.randint(10, 300)

    def day_of(day: Day) -> Iterator[Activity]:
        rng = day.rng
        for at in range(day.midnight + minute, day.midnight + DAY, every):
            late = int(rng.uniform(1, 4) * SECOND)
            yield Mail(at + late, resident.mailbox, server, tuple(to), size=int(rng.uniform(900, 9000)))
        if noise(key, day.number) % outages == 0:
            at = day.midnight + int(rng.random() * DAY)
            for _ in range(int(rng.uniform(0.2, 1) * alarms)):
                at += int(rng.expovariate(1 / 4) * SECOND) + 1000
                yield Mail(at, resident.mailbox, server, tuple(to), size=2000)

    return day_of
