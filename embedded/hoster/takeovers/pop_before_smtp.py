"""POP before SMTP: the thief logs in by POP3 or IMAP, then sends without a login from the same address."""

from collections.abc import Iterator

from embedded.hoster.activity import MINUTE, SECOND, Activity, Login, Service
from embedded.hoster.takeovers import Theft
from embedded.hoster.takeovers._loot import Crew, SpamList, moments, some

HOURS = (0.3, 24.0)
MAILS = (80, 3000)
VICTIMS = ()


def activity(theft: Theft) -> Iterator[Activity]:
    """Yield logins that open the relay for some minutes, and the mails behind each."""
    rng = theft.rng
    crew = Crew(theft, rng.choice((1, 1, 3, 10, 60)), "hosting", "country", "neighbours", "world")
    spam, each = SpamList(theft), some(rng, (1, 1), (1, 5), (5, 20))
    service: Service = rng.choice(("pop3", "pop3", "imap"))
    late = 0
    window, opened, machine = rng.choice((10, 20, 30)) * MINUTE, 0, ""
    for at in moments(theft):
        if not machine or at - opened > window - MINUTE:
            machine, opened = crew.in_turn(), at
            yield Login(at + late, theft.resident.mailbox, machine, service, kind=theft.kind)
            late += SECOND // 4
        yield spam.mail(at + late, machine, rng.randint(*each), "relay")
