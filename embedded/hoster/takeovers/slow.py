"""Slow: a few mails an hour for days, from one to five addresses, below every limit."""

from collections.abc import Iterator

from embedded.hoster.activity import Activity
from embedded.hoster.takeovers import Theft
from embedded.hoster.takeovers._loot import Crew, SpamList, run, some

HOURS = (20.0, 140.0)
MAILS = (60, 900)
VICTIMS = ()


def activity(theft: Theft) -> Iterator[Activity]:
    """Yield the trickle."""
    crew = Crew(theft, theft.rng.randint(1, 5), "hosting", "hosting_near", "country", "neighbours", "webmail")
    yield from run(theft, crew, SpamList(theft), some(theft.rng, (1, 1), (1, 3), (1, 10)), theft.rng.randint(5, 60))
