"""Slow and distributed: a few mails an hour for days, each from another machine of a botnet."""

from collections.abc import Iterator

from embedded.hoster.activity import Activity
from embedded.hoster.rhythm import log_uniform
from embedded.hoster.takeovers import Theft
from embedded.hoster.takeovers._loot import Crew, SpamList, run, some

HOURS = (12.0, 120.0)
MAILS = (80, 1500)
VICTIMS = ()


def activity(theft: Theft) -> Iterator[Activity]:
    """Yield the trickle."""
    crew = Crew(theft, int(log_uniform(theft.rng, 30, 2000)), "world", "world", "country", "neighbours", "hosting")
    stay = theft.rng.choice((1, 1, 2, 3))
    yield from run(theft, crew, SpamList(theft), some(theft.rng, (1, 1), (1, 2), (1, 5)), stay)
