"""Bulk hijack: an account that always sends much is taken over; it sends no more than usual, but to others."""

from collections.abc import Iterator

from embedded.hoster.activity import Activity, Session
from embedded.hoster.takeovers import Theft
from embedded.hoster.takeovers._loot import Crew, SpamList, aftermath, arrival, moments

HOURS = (0.3, 24.0)
MAILS = (400, 5000)
VICTIMS = ("newsletter", "shop", "mailing_list", "biller")


def activity(theft: Theft) -> Iterator[Activity]:
    """Yield the run, over connections that carry many mails, as bulk software sends."""
    rng = theft.rng
    crew = Crew(theft, rng.choice((1, 1, 2, 10)), "hosting", "hosting_near", "hosting_near", "world")
    yield from arrival(theft, crew)
    spam, a_session, sent, last = SpamList(theft), rng.choice((1, 20, 100)), 0, theft.start
    machine = crew.in_turn()
    for at in moments(theft):
        place = sent % a_session
        if place == 0:
            machine = crew.any()
        opens, closes = place == 0, place == a_session - 1
        session: Session = "alone" if opens and closes else "first" if opens else "last" if closes else "more"
        yield spam.mail(at, machine, 1, session=session)
        sent, last = sent + 1, at
    yield from aftermath(theft, crew, last)
