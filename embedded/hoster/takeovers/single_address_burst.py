"""Single address burst: one rented server, VPN or infected PC sends as fast as it can; at times near the victim."""

from collections.abc import Iterator

from embedded.hoster.activity import Activity
from embedded.hoster.takeovers import Theft
from embedded.hoster.takeovers._loot import Crew, SpamList, run, some

HOURS = (0.15, 6.0)
MAILS = (200, 6000)
VICTIMS = ()


def activity(theft: Theft) -> Iterator[Activity]:
    """Yield the burst."""
    crew = Crew(theft, 1, "hosting", "hosting", "hosting_near", "country", "neighbours")
    yield from run(theft, crew, SpamList(theft), some(theft.rng, (1, 1), (1, 8), (5, 25)), 1)
