"""Newsletters: daily, weekly or monthly issues to hundreds or thousands, within minutes; some lists are dirty."""

from collections.abc import Iterator
from random import Random

from embedded.hoster.activity import HOUR, SECOND, Activity, Mail, Recipient
from embedded.hoster.human import Human, Manner, merge
from embedded.hoster.places import anywhere
from embedded.hoster.population import BUSINESS, HOME, SPAMMED, Readers
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import Day, log_normal, log_uniform

SHARE = 0.025


def settle(resident: Resident, traits: Random, horizon: Horizon) -> DayOf:
    """Return the days of an editor and the issues."""
    editor = Human(resident, traits, Manner(log_normal(traits, 2, 2, 0.2, 20), worker=True))
    size = int(log_normal(traits, 900, 2.3, 150, 8000) * horizon.busy)
    dirty = traits.random() < 0.4
    dead_share = traits.uniform(0.01, 0.05) if dirty else traits.uniform(0.001, 0.01)
    readers = Readers(traits.getrandbits(31), dead_share, traits.choice((HOME, HOME, BUSINESS)), 0.0003 if dirty else 0)
    growth = traits.uniform(0, 0.002)
    cadence = traits.choice(("daily", "weekly", "weekly", "weekly", "monthly"))
    weekday, of_month = traits.randrange(5), traits.randint(1, 28)
    hour = int(traits.choice((6, 8, 9, 10, 14, 18, 20)) * HOUR)
    server = anywhere("hosting", resident.country, traits)
    gap = SECOND / log_uniform(traits, 0.5, 15)
    complaints = log_uniform(traits, 0.00002, 0.0006)
    chunk = traits.choice((1, 1, 1, 1, 50, 100))

    def issued(day: Day) -> bool:
        if cadence == "daily":
            return not day.rest
        return day.weekday == weekday if cadence == "weekly" else day.date.day == of_month

    def day_of(day: Day) -> Iterator[Activity]:
        yield from editor.day(day)
        if not issued(day):
            return
        if chunk > 1:
            yield from editor.to_all(day, min(size, 1500), readers, merged=False)
            return
        start = day.midnight + hour + int(day.rng.uniform(0, 900) * SECOND)
        disliked = {name for name in SPAMMED if day.rng.random() < 0.015}
        everybody = [readers[place] for place in range(int(size * (1 + growth * (day.number % 365))))]
        first = Mail(start, resident.mailbox, server, (), size=40_000, complaints=complaints)
        yield from merge(first, [_received(reader, disliked) for reader in everybody], gap, day.rng)

    return day_of


def _received(reader: Recipient, disliked: set[str]) -> Recipient:
    """Return the reader as a provider treats him whose filter took a dislike to this issue."""
    if reader.fate == "sent" and reader.address.partition("@")[2] in disliked:
        return Recipient(reader.address, "refused")
    return reader
