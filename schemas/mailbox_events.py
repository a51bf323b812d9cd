"""Events about single mailboxes: what is told of them besides their mail, what is decided, and what was done.

The same rules hold as in `schemas.events`, where they are part of the one union.
"""

from typing import Literal

from schemas.facts import Evidence, Fact, Mode


class PasswordChanged(Fact, frozen=True, kw_only=True):
    """A mailbox has a new password: what was learnt of the old one no longer speaks against it."""

    mailbox: str
    host: str = ""
    operator: str = ""
    reason: str = ""


class IdentityLeaked(Fact, frozen=True, kw_only=True):
    """An identity of ours stands in a list of stolen ones; `digest` is keyed, so that the address is not told.

    `source` names the list, `leaked_at` when it was stolen (0: not told); the mailbox is in `partition` of
    `partitions`.
    """

    digest: str
    partition: int
    partitions: int
    source: str
    leaked_at: int = 0
    passwords: bool = False


class CulpritNamed(Fact, frozen=True, kw_only=True):
    """A mailbox sent through an IP before that was withdrawn: `share` (0 to 1) of `messages` was its mail."""

    mailbox: str
    pool: str
    ip: str
    messages: int
    share: float
    decision: str = ""


class SuspensionApplied(Fact, frozen=True, kw_only=True):
    """A hook of a host brought a mailbox to a step: barred, throttled, or ("") as before."""

    mailbox: str
    step: Literal["", "throttle", "suspend"]
    hook: str
    host: str
    decision: str = ""
    took_ms: int = 0


class SuspensionFailed(Fact, frozen=True, kw_only=True):
    """A hook could not bring a mailbox to a step; it is tried again."""

    mailbox: str
    step: Literal["", "throttle", "suspend"]
    hook: str
    host: str
    reason: str
    decision: str = ""
    attempt: int


class QueueHeld(Fact, frozen=True, kw_only=True):
    """Mail of a mailbox that waited in a host's queue was put on hold, let go, or dropped (`postsuper(1)`).

    By the hook of that host after a `decision`, or by an `operator` with a `reason`.
    """

    mailbox: str
    host: str
    action: Literal["hold", "release", "drop"]
    messages: int
    decision: str = ""
    operator: str = ""
    reason: str = ""


WITHDRAWN = "withdrawn: "
"""How the `reply` about a letter begins that was decided and did not go, since it was wanted no more."""


class NoticeSent(Fact, frozen=True, kw_only=True):
    """A mail to a customer: `intended` before it is handed over, then `sent` or `refused` with the server's `reply`.

    `sunset` names the sunset whose letter it is; such a mail is about no single mailbox. What it was about to say when
    it was `intended` is its `template` (`letter` or `thanks`), the mailboxes that it asks for (`named`) and those that
    it thanks for: fewer than were decided, where some are exempt, done or back; neither, where that is not told. With
    the template `alarm` it tells the hoster's own people what its stages did by themselves.
    """

    mailbox: str = ""
    customer: str = ""
    recipient: str
    template: str
    language: str
    message_id: str
    status: Literal["intended", "sent", "refused"]
    reply: str = ""
    decision: str = ""
    sunset: str = ""
    named: tuple[str, ...] = ()
    thanked: tuple[str, ...] = ()


class MailboxFlagged(Fact, frozen=True, kw_only=True):
    """A mailbox looks compromised, or (`step="watch"`) begins to."""

    mailbox: str
    score: float
    step: Literal["watch", "flag"]
    evidence: tuple[Evidence, ...] = ()


class MailboxThrottled(Fact, frozen=True, kw_only=True):
    """A mailbox should be (`propose`) or is (`enforce`) held to so many recipients an hour."""

    mailbox: str
    score: float
    mode: Mode
    recipients_per_hour: int
    evidence: tuple[Evidence, ...] = ()
    operator: str = ""


class MailboxSuspended(Fact, frozen=True, kw_only=True):
    """A mailbox should be (`propose`) or was (`enforce`) barred from sending."""

    mailbox: str
    score: float
    mode: Mode
    evidence: tuple[Evidence, ...] = ()
    operator: str = ""


class MailboxReleased(Fact, frozen=True, kw_only=True):
    """A flagged mailbox looks right again, has a new password, or an operator released it."""

    mailbox: str
    score: float
    evidence: tuple[Evidence, ...] = ()
    operator: str = ""


class StepChanged(Fact, frozen=True, kw_only=True):
    """A mailbox of a customer came to a step ("": it was released), by these `rules`: what cases are made of."""

    mailbox: str
    customer: str
    step: Literal["", "watch", "flag", "throttle", "suspend"]
    score: float = 0.0
    decision: str = ""
    rules: tuple[str, ...] = ()


class CaseOpened(Fact, frozen=True, kw_only=True):
    """Several mailboxes of one customer look compromised within a short time: the customer is under attack."""

    case: str
    customer: str
    mailboxes: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()


class CaseGrown(Fact, frozen=True, kw_only=True):
    """Another mailbox joined an open case; `mailboxes` are all of it."""

    case: str
    customer: str
    mailboxes: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()


class CaseClosed(Fact, frozen=True, kw_only=True):
    """No mailbox of the case is flagged any more."""

    case: str
    customer: str
    mailboxes: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()


MailboxDecision = MailboxFlagged | MailboxThrottled | MailboxSuspended | MailboxReleased
MailboxSignal = PasswordChanged | CulpritNamed | SuspensionApplied | SuspensionFailed | QueueHeld | NoticeSent
CaseEvent = CaseOpened | CaseGrown | CaseClosed
