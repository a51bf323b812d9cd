"""Discussion lists: each post goes to all members, in mails with many recipients, with the list's envelope sender."""

from collections.abc import Iterator
from random import Random

from embedded.hoster.activity import SECOND, Activity, Mail
from embedded.hoster.places import anywhere
from embedded.hoster.population import HOME, WORLD, Readers
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import OWL, PRIVATE, Day, log_normal, poisson, season

SHARE = 0.015


def settle(resident: Resident, traits: Random, _horizon: Horizon) -> DayOf:
    """Return a list's days: posts come in threads."""
    members = int(log_normal(traits, 90, 2.5, 12, 1200))
    readers = Readers(traits.getrandbits(31), traits.uniform(0, 0.02), traits.choice((HOME, WORLD)))
    posts = log_normal(traits, 3, 3, 0.1, 40)
    step = traits.choice((10, 30, 50, 100))
    server = anywhere("hosting", resident.country, traits)
    hours = traits.choice((PRIVATE, PRIVATE, OWL))
    local, _, domain = resident.mailbox.partition("@")

    def day_of(day: Day) -> Iterator[Activity]:
        rng = day.rng
        for _ in range(poisson(rng, posts * season(day.number) * rng.gammavariate(1.0, 1.0))):
            at = day.midnight + hours.draw(rng)
            size = int(log_normal(rng, 5000, 2, 1500, 200_000))
            for first in range(0, members, step):
                to = tuple(readers[place] for place in range(first, min(members, first + step)))
                sender = f"{local}-bounces@{domain}"
                yield Mail(at, resident.mailbox, server, to, "honest", size, "submission", sender, complaints=0.00002)
                at += int(rng.uniform(0.3, 2.5) * SECOND)

    return day_of
