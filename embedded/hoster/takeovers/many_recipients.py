"""Many recipients: few mails, 30 to 100 recipients each, so that a limit on mails does not count."""

from collections.abc import Iterator

from embedded.hoster.activity import Activity
from embedded.hoster.takeovers import Theft
from embedded.hoster.takeovers._loot import Crew, SpamList, run

HOURS = (0.2, 20.0)
MAILS = (8, 120)
VICTIMS = ()


def activity(theft: Theft) -> Iterator[Activity]:
    """Yield the mails."""
    crew = Crew(
        theft,
        theft.rng.choice((1, 1, 2, 5, 30)),
        "hosting",
        "hosting_near",
        "world",
        "country",
        "neighbours",
        "webmail",
    )
    low = theft.rng.randint(30, 60)
    yield from run(theft, crew, SpamList(theft), (low, theft.rng.randint(low, 100)), theft.rng.randint(1, 20))
