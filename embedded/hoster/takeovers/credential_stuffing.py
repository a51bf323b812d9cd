"""Credential stuffing: failed logins from many networks, then one succeeds; hours later the mailbox sends."""

from collections.abc import Iterator

from embedded.hoster.activity import SECOND, Activity, Login, Service
from embedded.hoster.rhythm import log_uniform
from embedded.hoster.takeovers import Theft
from embedded.hoster.takeovers._loot import Crew, SpamList, aftermath, moments, some

HOURS = (0.5, 30.0)
MAILS = (100, 3000)
VICTIMS = ()


def _guesses(theft: Theft, crew: Crew) -> Iterator[Activity]:
    """Yield the failures and the success, hours or days before the mails."""
    rng = theft.rng
    found = max(theft.earliest, theft.start - int(log_uniform(rng, 60, 2 * 86_400) * SECOND))
    over = log_uniform(rng, 120, 4 * 86_400) * SECOND
    begun = max(theft.earliest, found - int(over))
    service: Service = rng.choice(("smtp", "smtp", "imap", "pop3"))
    times = sorted(rng.uniform(begun, found) for _ in range(int(log_uniform(rng, 12, 600))))
    for at in times:
        yield Login(int(at), theft.resident.mailbox, crew.any(), service, succeeded=False, kind=theft.kind)
    yield Login(found + 1, theft.resident.mailbox, crew.any(), "imap", kind=theft.kind)


def activity(theft: Theft) -> Iterator[Activity]:
    """Yield the guesses and the mails; guesser and sender are seldom the same machines."""
    rng = theft.rng
    guessers = Crew(theft, int(log_uniform(rng, 10, 400)), "world", "world", "hosting", "country")
    yield from _guesses(theft, guessers)
    senders = Crew(theft, rng.choice((1, 3, 20, 200)), "hosting", "world", "hosting_near", "country", "neighbours")
    spam, each, last = SpamList(theft), some(rng, (1, 1), (1, 5), (10, 40)), theft.start
    for at in moments(theft):
        yield spam.mail(at, senders.any(), rng.randint(*each))
        last = at
    yield from aftermath(theft, guessers, last)
