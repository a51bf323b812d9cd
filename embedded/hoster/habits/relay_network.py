"""Customers who relay by address: their own mail server sends for all their people, without a login."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from random import Random

from embedded.hoster.activity import Activity, Mail
from embedded.hoster.population import Circle
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import ALWAYS, OFFICE, Day, log_normal, poisson, season

SHARE = 0.012


def settle(resident: Resident, traits: Random, horizon: Horizon) -> DayOf:
    """Return the days of a firm with a mail server."""
    network = IPv4Network(resident.network)
    server = str(network[2 + traits.randrange(3)])
    staff = traits.randint(3, 60)
    mails = staff * log_normal(traits, 8, 1.8, 1, 40) * min(horizon.busy, 3)
    circle = Circle(resident.mailbox, resident.market, staff * 40, 0.1 * staff)
    night, several = traits.uniform(0.0, 0.15), traits.uniform(0.05, 0.3)
    domain = f"{resident.mailbox}.example"

    def day_of(day: Day) -> Iterator[Activity]:
        rng = day.rng
        for _ in range(poisson(rng, mails * season(day.number) * (0.06 if day.rest else 1.0))):
            at = day.midnight + (ALWAYS if rng.random() < night else OFFICE).draw(rng)
            count = 1 if rng.random() > several else 2 + int(rng.expovariate(0.3))
            to = circle.several(rng, day.number, min(count, 40))
            sender = f"person{int(rng.random() ** 2 * staff)}@{domain}"
            size = int(log_normal(rng, 20_000, 5, 900, 20_000_000))
            yield Mail(at, resident.mailbox, server, to, "honest", size, "relay", sender, complaints=0.00001)

    return day_of
