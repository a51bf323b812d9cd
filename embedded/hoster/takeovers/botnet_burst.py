"""Botnet burst: a botnet sends as fast as it can, almost each mail from another machine, for minutes to hours."""

from collections.abc import Iterator

from embedded.hoster.activity import Activity
from embedded.hoster.rhythm import log_uniform
from embedded.hoster.takeovers import Theft
from embedded.hoster.takeovers._loot import Crew, SpamList, run, some

HOURS = (0.15, 8.0)
MAILS = (300, 6000)
VICTIMS = ()


def activity(theft: Theft) -> Iterator[Activity]:
    """Yield the burst."""
    crew = Crew(theft, int(log_uniform(theft.rng, 40, 3000)), "world", "world", "country", "neighbours")
    stay = theft.rng.choice((1, 1, 1, 2, 5))
    yield from run(theft, crew, SpamList(theft), some(theft.rng, (1, 1), (1, 3), (1, 10)), stay)
