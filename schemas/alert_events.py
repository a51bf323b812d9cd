"""Events about alerts: what was raised, how often it was told by which channel, who acknowledged it, how it ended.

An alert is one cause (a rule and what it is about) from when it was raised until it was quiet for long enough; `alert`
is its number in every event. The same rules hold as in `schemas.events`.
"""

from typing import Literal

from schemas.facts import Evidence, Fact

Severity = Literal["critical", "warning", "notice"]
AlertPage = Literal["", "pool", "delisting", "mailboxes", "sunset"]
"""The page of the dashboard that shows more; "" is the overview."""
Telling = Literal["raised", "repeated", "escalated", "resolved"]
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


AlertEvent = AlertRaised | AlertResolved | AlertAcknowledged | AlertDelivered
