"""Targeted phishing: a person reads along for days, then writes some thirty mails to the victim's own contacts."""

from collections.abc import Iterator

from embedded.hoster.activity import HOUR, Activity, Login
from embedded.hoster.population import BUSINESS, HOME
from embedded.hoster.rhythm import log_uniform
from embedded.hoster.takeovers import Theft
from embedded.hoster.takeovers._loot import Crew, SpamList, moments

HOURS = (0.4, 3.0)
MAILS = (15, 70)
VICTIMS = ()


def _reading(theft: Theft, crew: Crew) -> Iterator[Activity]:
    """Yield the logins of one who reads along, in the hours before or for days."""
    rng = theft.rng
    begun = max(theft.earliest, theft.start - int(log_uniform(rng, 0.3, 120) * HOUR))
    times = sorted(int(rng.uniform(begun, theft.start)) for _ in range(rng.randint(1, 12)))
    for at in times:
        yield Login(at, theft.resident.mailbox, crew.any(), "imap", kind=theft.kind)


def activity(theft: Theft) -> Iterator[Activity]:
    """Yield the reading and the letters: few unknown users, hardly a refusal."""
    rng = theft.rng
    crew = Crew(
        theft, rng.choice((1, 1, 2, 4)), "hosting", "hosting_near", "hosting_near", "neighbours", "country", "webmail"
    )
    yield from _reading(theft, crew)
    spam = SpamList(theft, unknown=(0.003, 0.08), wanted=rng.choice((BUSINESS, HOME)), contacts=0.7)
    spam.refused *= 0.2
    machine = crew.any()
    for at in moments(theft):
        if rng.random() < 0.1:
            yield Login(at, theft.resident.mailbox, machine, "imap", kind=theft.kind)
        yield spam.mail(at + 900, machine, 1)
