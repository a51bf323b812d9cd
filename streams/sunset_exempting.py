"""Who is left out of a sunset by an operator's order: a mailbox, a domain or a customer, till a day or till it ends."""

from collections.abc import Iterator
from typing import NamedTuple

from schemas.names import canonical_mailbox
from schemas.settings import Settings
from schemas.sunset_events import UserExempted
from schemas.sunset_orders import exemption, last_day
from streams.directory.found import Directory
from streams.directory.reading import address
from streams.sunset.decide import Accounts, exempt, owner
from streams.sunset.ledger import Ledger
from streams.sunset.weeks import day_of
from streams.sunset_status import Row, directory
from streams.switched import coverage


class Order(NamedTuple):
    """What an operator says about a subject, and at what time; `until` "" is till the sunset ends."""

    sunset: str
    subject: str
    reason: str
    operator: str
    at: int
    until: str = ""


def exempted(settings: Settings, order: Order) -> UserExempted:
    """Return the event that exempts. ValueError where its subject is none, the day is past, or no reason is given."""
    today = day_of(settings.sunset[order.sunset], order.at)
    subject = subject_of(order.subject)
    known = None if "@" in subject else directory(settings)
    if known is not None and known.account(subject) is None:
        subject = canonical_mailbox(subject)  # a login without a domain
    if known is not None and known.account(subject) is None and not known.knows(subject):
        raise ValueError(f"{order.subject!r} is no mailbox, no @domain, and no customer of the directory")
    return exemption(
        order.sunset,
        subject,
        order.reason,
        until=last_day(order.until, today) if order.until else "",
        operator=order.operator,
        at=order.at,
    )


def ended(order: Order, ledger: Ledger) -> UserExempted:
    """Return the event that ends an exemption. ValueError where the subject is not exempt."""
    given = order.subject.strip()
    subject = given if given in ledger.exemptions else subject_of(given)
    if subject not in ledger.exemptions:
        known = ", ".join(sorted(ledger.exemptions)) or "nothing"
        raise ValueError(f"{order.subject!r} is not exempt from {order.sunset}; exempt is {known}")
    return exemption(order.sunset, subject, order.reason, ended=True, operator=order.operator, at=order.at)


def subject_of(text: str) -> str:
    """Return a subject as it is kept: an address or domain in its one spelling. ValueError where it can be none."""
    given = text.strip()
    if not given.isprintable():
        raise ValueError(f"{text!r} holds a sign that is no text")
    return address(given) if "@" in given else given


def covered(ledger: Ledger, accounts: Accounts | None, subject: str) -> int | None:
    """Return how many mailboxes found so far an exemption of this subject covers, by the directory of today.

    None where that could not be read: whose they are is not known, nor their other names.
    """
    if accounts is None:
        return None
    alone = Ledger(exemptions={subject: ""})
    return sum(exempt(alone, accounts, mailbox, owner(accounts, mailbox).customer, "") for mailbox in ledger.boxes)


def addresses(ledger: Ledger, accounts: Directory | None, subject: str) -> tuple[str, ...]:
    """Return the addresses and domains that an exemption of this subject is at the switches, as far as is known."""
    return coverage(Ledger(boxes=ledger.boxes, exemptions={subject: ""}), accounts, {})[subject]


def accounts_of(settings: Settings) -> Directory | None:
    """Return the directory, None where it cannot be read: whom an order covers is not known then, but it is obeyed."""
    try:
        return directory(settings)
    except OSError:
        return None


def exemptions(ledger: Ledger, accounts: Accounts | None) -> Iterator[Row]:
    """Yield what is exempt, until when, and how many mailboxes found so far that covers."""
    for subject, until in sorted(ledger.exemptions.items()):
        covers = covered(ledger, accounts, subject)
        told_of = "unknown" if covers is None else covers or "nobody found so far"
        yield {"subject": subject, "until": until or "it ends", "covers": told_of}


def told(event: UserExempted, covers: int | None) -> str:
    """Return an exemption in words; how many it `covers` is None where nobody knows."""
    if event.ended:
        return f"{event.subject} is exempt from {event.sunset} no longer, by {event.operator}: {event.reason}"
    end = f"until {event.until}" if event.until else "until it ends"
    found = f"covers {covers or 'no'} {'mailboxes' if covers else 'mailbox'} found so far"
    if covers is None:
        found = "whom it covers is not known: the directory cannot be read"
    return f"{event.subject} is exempt from {event.sunset} {end}, by {event.operator}: {event.reason}; {found}"
