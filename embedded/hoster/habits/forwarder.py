"""Forwarders: they pass on what comes in, at all hours, and some of it is spam that the next server refuses.

Half of them are the customer's own server, which logs in here and keeps the strangers' envelope senders; the others
are aliases at the hoster, which come in from outside and go out again with a rewritten sender (SRS).
"""

from collections.abc import Iterator
from random import Random

from embedded.hoster.activity import Activity, Mail, Recipient
from embedded.hoster.human import Human, Manner
from embedded.hoster.places import anywhere
from embedded.hoster.population import HOME, WORLD, living
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import ALWAYS, OFFICE, Day, log_normal, noise, poisson

SHARE = 0.04


def settle(resident: Resident, traits: Random, horizon: Horizon) -> DayOf:
    """Return a forwarder's days."""
    owner = Human(resident, traits, Manner(log_normal(traits, 1, 3, 0.05, 15)))
    arriving = log_normal(traits, 25, 3, 1, 600) * horizon.busy
    spam, refused = traits.uniform(0.02, 0.5), traits.uniform(0.05, 0.8)
    targets = [living(traits.getrandbits(31)) for _ in range(traits.choice((1, 1, 1, 2, 3)))]
    server = anywhere("office", resident.country, traits) if traits.random() < 0.5 else ""
    kept = traits.random() < 0.6

    def passed_on(day: Day) -> Iterator[Activity]:
        rng = day.rng
        for _ in range(poisson(rng, arriving * (0.5 if day.rest else 1.0))):
            is_spam = rng.random() < spam
            at = day.midnight + (ALWAYS if is_spam else OFFICE).draw(rng)
            writer = living(int(rng.random() * 0x7FFFFFFF), WORLD if is_spam else HOME).address
            is_refused = is_spam and rng.random() < refused
            to = tuple(Recipient(target.address, "refused") if is_refused else target for target in targets)
            size = int(log_normal(rng, 9000, 4, 900, 9_000_000))
            if server:
                sender = writer if kept else resident.mailbox
                yield Mail(at, resident.mailbox, server, to, "honest", size, "submission", sender, "", "alone", 0.00005)
                continue
            client = anywhere("hosting", rng.choice(("us", "de", "fr", "nl")), rng)
            local, _, domain = writer.partition("@")
            sender = f"SRS0={noise(at) & 0xFFFF:04x}=TT={domain}={local}@{resident.domain}"
            yield Mail(
                at, resident.mailbox, client, to, "honest", size, "incoming", sender, resident.mailbox, "alone", 0.00005
            )

    def day_of(day: Day) -> Iterator[Activity]:
        yield from owner.day(day)
        yield from passed_on(day)

    return day_of
