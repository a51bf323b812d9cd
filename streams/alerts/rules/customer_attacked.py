"""Several mailboxes of one customer look compromised within a short time; over when the case is closed."""

from schemas.alert_events import Severity
from schemas.events import Event
from schemas.mailbox_events import CaseClosed, CaseEvent, CaseOpened
from streams.alerts.facts import Look, Watched
from streams.alerts.rules import Sign

SEVERITY: Severity = "warning"
DELAY_MINUTES = 0.0
MEANS = "several mailboxes of one customer look compromised"


def signs(_before: None, fact: Event | Look, _watched: Watched) -> tuple[None, tuple[Sign, ...]]:
    """Return what a case tells; one that grows goes on, and is worse each time that it has doubled."""
    if not isinstance(fact, CaseEvent):
        return None, ()
    on = not isinstance(fact, CaseClosed)
    number = len(fact.mailboxes)
    verb = "look" if isinstance(fact, CaseOpened) else "look by now"
    text = (
        f"{number} mailboxes of {fact.customer} {verb} compromised" if on else f"the case of {fact.customer} is closed"
    )
    shown = fact.mailboxes[0] if fact.mailboxes else ""
    sign = Sign(
        subject=fact.customer, at=fact.at, on=on, text=text, evidence=fact.evidence, page="mailboxes", shown=shown,
        grade=number.bit_length(),
    )  # fmt: skip
    return None, (sign,)
