"""A small hoster in front of its sunset: customers, mailboxes, and the looks that show who uses the old way when."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from schemas.events import Event
from schemas.mailbox_events import NoticeSent
from schemas.moments import epoch_microseconds
from schemas.sunset_events import ClientUse, LetterDue, SunsetEvent, Use
from schemas.sunset_settings import Sunset, SunsetMail
from streams.directory import Account
from streams.sunset.decide import Case, counts, users
from streams.sunset.ledger import Ledger, take
from streams.sunset.look import Look
from streams.sunset.weeks import HOUR, day_of
from streams.sunset.writing import letters

NAME = "pop"
DAY = 86_400_000_000
MAIL = SunsetMail(
    sender="care@hoster.example",
    company="Hoster",
    support="+49 89 1234",
    smtp_server="smtp.hoster.example",
    language="de",
)
SUNSET = Sunset(
    kind="smtp_after_pop",
    begins=date(2027, 2, 1),
    ends=date(2027, 3, 22),
    timezone="Europe/Berlin",
    mail=MAIL,
)
"""It begins on a Monday, and its letters go on Tuesdays from 9 to 13 o'clock: six at most, in seven weeks."""
ALL = frozenset(("mx1", "mx2"))


class People:
    """The directory: each customer's mailboxes are at his domain."""

    def __init__(self, *accounts: Account) -> None:
        self._accounts = {f"{account.customer}.example": account for account in accounts}

    def of(self, mailbox: str) -> Account | None:
        return self._accounts.get(mailbox.rpartition("@")[2])

    def account(self, customer: str) -> Account | None:
        return self._accounts.get(f"{customer}.example")

    def mailbox(self, address: str) -> str:
        """Return the mailbox of an address such as `a.alias@acme.example`."""
        local, _, domain = address.rpartition("@")
        return f"{local.removesuffix('.alias')}@{domain}" if local else address

    def aliases(self, mailbox: str) -> tuple[str, ...]:
        local, _, domain = mailbox.rpartition("@")
        return (f"{local}.alias@{domain}",)


def local(text: str, zone: str = "Europe/Berlin") -> int:
    """Return a local time such as `2027-02-02 09:00` in microseconds."""
    return epoch_microseconds(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


def use(mailbox: str, last: int, confidence: float = 1.0, switched: int = 0) -> Use:
    client = ClientUse(ip="192.0.2.7", helo="office", messages=3, first=last, last=last)
    return Use(
        mailbox=mailbox, messages=3, first=last, last=last, confidence=confidence, switched=switched, clients=(client,)
    )


def look(at: int, uses: Iterable[Use] = (), missing: Mapping[str, frozenset[str]] | None = None) -> Look:
    """Return a look at which all logs of the last sixty days were read, but for the hosts missing on some days."""
    found = {each.mailbox: each for each in uses}
    today = day_of(SUNSET, at)
    days = [(today - timedelta(days=back)).isoformat() for back in range(60)]
    heard = {day: ALL - (missing or {}).get(day, frozenset()) for day in days}
    return Look(at=at, uses=found, heard=heard, carriers=ALL)


def decided(
    ledger: Ledger, seen: Look, accounts: People, sunset: Sunset = SUNSET, *, went: bool = True
) -> list[SunsetEvent]:
    """Decide as the desk does, each step on what the one before wrote; return all, and have it in the ledger.

    Letters `went` at once, unless something else becomes of them.
    """
    case = Case(NAME, sunset, ledger, seen, accounts)
    told: list[SunsetEvent] = []
    for step in (users, letters, counts):
        fresh = list(step(case))
        for event in fresh:
            take(ledger, event)
            if went and isinstance(event, LetterDue):
                take(ledger, ended(event))
        told += fresh
    return told


def ended(
    letter: LetterDue, reply: str = "250 ok", status: Literal["intended", "sent", "refused"] = "sent"
) -> NoticeSent:
    """Return how a letter ended an hour after it was due."""
    return NoticeSent(
        id=f"{letter.id} {status}",
        at=letter.due + HOUR,
        customer=letter.customer,
        recipient=letter.recipient,
        template=letter.kind,
        language="de",
        message_id=letter.message_id,
        status=status,
        reply=reply,
        decision=letter.id,
        sunset=NAME,
    )


def letters_of(events: Iterable[Event]) -> list[LetterDue]:
    return [event for event in events if isinstance(event, LetterDue)]
