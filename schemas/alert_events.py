"""Events about alerts: what was raised, how often it was told by which channel, who acknowledged it, how it ended.

An alert is one cause (a rule and what it is about) from when it was raised until it was quiet for long enough; `alert`
is its number in every event. The same rules hold as in `schemas.events`.
"""

from typing import Literal

from schemas.facts import Evidence, Fact

Severity = Literal["critical", "warning", "notice"]
AlertPage = Literal["", "pool", "lists", "delisting", "mailboxes", "sunset", "pipeline", "alerts"]
"""The page of the dashboard that shows more; "" is the overview."""
_ASKED = {"lists": "list", "delisting": "delisting", "mailboxes": "mailbox", "sunset": "sunset"}
Telling = Literal["raised", "repeated", "escalated", "worsened", "resolved"]
DeliveryStatus = Literal["begun", "sent", "failed", "given_up"]


class AlertRaised(Fact, frozen=True, kw_only=True):
    """Something is wrong since `since` (µs): `text` says what, in one sentence that may quote strangers."""

    alert: str
    rule: str
    subject: str
    severity: Severity
    text: str
    since: int
    evidence: tuple[Evidence, ...] = ()
    page: AlertPage = ""
    shown: str = ""
    grade: int = 0


class AlertWorsened(Fact, frozen=True, kw_only=True):
    """An open alert became worse: more severe, or of a higher `grade`. Whoever acknowledged it did not know of that."""

    alert: str
    rule: str
    subject: str
    severity: Severity
    text: str
    evidence: tuple[Evidence, ...] = ()
    grade: int = 0


class AlertResolved(Fact, frozen=True, kw_only=True):
    """It is over, and was quiet for a while since `until` (0: it is not watched any more); it began `count` times."""

    alert: str
    rule: str
    subject: str
    text: str
    count: int
    until: int = 0


class AlertAcknowledged(Fact, frozen=True, kw_only=True):
    """An operator knows of an alert: it is neither repeated nor escalated any more."""

    alert: str
    operator: str
    reason: str


class AlertUnacknowledged(Fact, frozen=True, kw_only=True):
    """An operator took an acknowledgement back: the alert is repeated and escalated as if there had been none."""

    alert: str
    operator: str
    reason: str


class AlertDelivered(Fact, frozen=True, kw_only=True):
    """How a message about one or several alerts of a rule went: `begun` before each try, then what became of it.

    `message` is its number: one that comes twice has the same. `answer` is what the server said, without our secrets;
    `desk` tells which desk tries.
    """

    message: str
    channel: str
    telling: Telling
    alerts: tuple[str, ...]
    status: DeliveryStatus
    answer: str = ""
    attempt: int = 0
    desk: str = ""


AlertEvent = AlertRaised | AlertWorsened | AlertResolved | AlertAcknowledged | AlertUnacknowledged | AlertDelivered


def asked(page: str, shown: str) -> dict[str, str]:
    """Return what the URL of an alert's page asks for; {} where it is the page as a whole.

    Of the page of the pools `shown` is an IP, or a pool: no name of one has a dot or a colon.
    """
    name = ("ip" if {".", ":"} & set(shown) else "pool") if page == "pool" else _ASKED.get(page, "")
    return {name: shown} if name and shown else {}
