"""Every fact and every decision: frozen structs in one union, told apart by `"type"`.

Fields are only ever added, with an empty default (left out of the JSON, filled in by ClickHouse): an event of an old
release must still decode. Times (`at`, `until`) are UTC epoch microseconds; an `id` is deterministic (`schemas.names`).
"""

from typing import Literal, get_args

from schemas.facts import Answer, Culprit, Fact, LoginOutcome, Outcome, Scope, SenderKind
from schemas.mailbox_events import CaseEvent, IdentityLeaked, MailboxDecision, MailboxSignal, StepChanged
from schemas.pool_events import PoolEvent


class SourceOpened(Fact, frozen=True, kw_only=True):
    """A collector began a log file (or the file's next generation after a rotation)."""

    source: str
    name: str
    host: str = ""
    path: str = ""
    inode: int = 0


class MessageSubmitted(Fact, frozen=True, kw_only=True):
    """A message entered the queue; `recipients` is the envelope's count (Postfix: qmgr `nrcpt=`)."""

    host: str
    queue_id: str
    sender: str
    sender_kind: SenderKind = ""
    envelope_from: str = ""
    client_ip: str = ""
    client_name: str = ""
    sasl_method: str = ""
    message_id: str = ""
    size: int = 0
    recipients: int = 0
    client_country: str = ""
    client_asn: int = 0
    client_latitude: float = 0.0
    client_longitude: float = 0.0


class DeliveryAttempted(Fact, frozen=True, kw_only=True):
    """One recipient's delivery attempt; `outbound_ip` is empty where the log does not tell it.

    `enhanced_status` is RFC 3463's, `reply` a stranger's text; `local`: it left through no relay IP (virtual, lmtp).
    """

    host: str
    queue_id: str
    sender: str = ""
    sender_kind: SenderKind = ""
    envelope_from: str = ""
    recipient: str
    original_recipient: str = ""
    provider: str = ""
    outcome: Outcome
    enhanced_status: str = ""
    reply: str = ""
    transport: str = ""
    outbound_ip: str = ""
    relay_host: str = ""
    relay_ip: str = ""
    relay_port: int = 0
    delay_ms: int = 0
    queued_as: str = ""
    local: bool = False


class MessageExpired(Fact, frozen=True, kw_only=True):
    """The MTA gave up and returned the message to its sender."""

    host: str
    queue_id: str
    sender: str = ""
    sender_kind: SenderKind = ""
    envelope_from: str = ""


class MessageRejected(Fact, frozen=True, kw_only=True):
    """Our own MTA refused a command of a client; `stage` is the SMTP command (RFC 5321), `code` the reply code."""

    host: str
    sender: str = ""
    sender_kind: SenderKind = ""
    envelope_from: str = ""
    recipient: str = ""
    client_ip: str = ""
    client_name: str = ""
    helo: str = ""
    stage: str = ""
    code: int = 0
    enhanced_status: str = ""
    reply: str = ""
    queue_id: str = ""


class MailboxAuthenticated(Fact, frozen=True, kw_only=True):
    """Logins, good or bad: `attempts` of one connection, 0 is one or untold. `unavailable`: nobody could be asked."""

    host: str
    mailbox: str
    service: str
    outcome: LoginOutcome
    client_ip: str = ""
    method: str = ""
    reason: str = ""
    tls: bool = False
    attempts: int = 0
    client_country: str = ""
    client_asn: int = 0
    client_latitude: float = 0.0
    client_longitude: float = 0.0


class MessageScored(Fact, frozen=True, kw_only=True):
    """What a spam filter of ours made of a message: spam from `threshold` on, in the filter's own points."""

    host: str
    sender: str = ""
    sender_kind: SenderKind = ""
    envelope_from: str = ""
    client_ip: str = ""
    queue_id: str = ""
    message_id: str = ""
    engine: str
    score: float
    threshold: float
    action: str = ""


class ComplaintReceived(Fact, frozen=True, kw_only=True):
    """A feedback report about a mail of ours; `attribution` says by what its sender was found, "" if it was not.

    `confidence` says how sure that is, 0 to 1 (schemas/attribution.py), and `reason` why no sender was found, or what
    speaks against it. `host` is the one of ours that gave the queue id, `report_url` where the report is answered.
    """

    feedback_type: str
    sender: str = ""
    attribution: str = ""
    confidence: float = 0.0
    reason: str = ""
    outbound_ip: str = ""
    reporter: str = ""
    envelope_from: str = ""
    recipient: str = ""
    message_id: str = ""
    queue_id: str = ""
    host: str = ""
    arrived_at: int = 0
    report_url: str = ""


class ListingObserved(Fact, frozen=True, kw_only=True):
    """What a DNSBL answered about an IP (RFC 5782); `unknown` is no news about the IP."""

    ip: str
    list: str
    answer: Answer
    codes: tuple[str, ...] = ()
    reason: str = ""
    scope: Scope
    weight: float = 0.0
    ttl_seconds: int = 0


class ListHealthObserved(Fact, frozen=True, kw_only=True):
    """Whether a list answered its RFC 5782 test points as it must; an unhealthy list has no vote."""

    list: str
    healthy: bool
    reason: str = ""


class TrafficCounted(Fact, frozen=True, kw_only=True):
    """What one partition saw leave through one IP to one provider since its last count."""

    partition: int
    ip: str
    provider: str = ""
    sent: int = 0
    deferred: int = 0
    bounced: int = 0
    complaints: int = 0
    first_at: int = 0
    last_at: int = 0
    senders: tuple[Culprit, ...] = ()


class HookApplied(Fact, frozen=True, kw_only=True):
    """A hook brought a relay host to the active set `active` (IP to share of the traffic, 0 to 1)."""

    pool: str
    hook: str
    host: str
    active: dict[str, float]
    decision: str = ""
    took_ms: int = 0


class HookFailed(Fact, frozen=True, kw_only=True):
    """A hook could not bring a relay host to the active set; it is tried again."""

    pool: str
    hook: str
    host: str
    active: dict[str, float]
    reason: str
    decision: str = ""
    attempt: int


class OperatorActed(Fact, frozen=True, kw_only=True):
    """An operator's order, with the name and the reason; `expires_at` 0 means until revoked."""

    operator: str
    action: Literal["withdraw", "restore", "pin", "unpin", "watch", "throttle", "suspend", "release"]
    subject: str
    reason: str
    pool: str = ""
    expires_at: int = 0


class ClockTicked(Fact, frozen=True, kw_only=True):
    """Time passed: what waits for a time-out in the pool is looked at again."""


class DeadLetter(Fact, frozen=True, kw_only=True):
    """Something of ours that could not be read, kept with its place and the reason; passwords are redacted."""

    name: str
    format: str
    reason: str
    text: str
    place: str = ""


MailEvent = (
    SourceOpened
    | MessageSubmitted
    | DeliveryAttempted
    | MessageExpired
    | MessageRejected
    | MailboxAuthenticated
    | MessageScored
)
PoolObservation = (
    ListingObserved | ListHealthObserved | TrafficCounted | HookApplied | HookFailed | OperatorActed | ClockTicked
)
Event = (
    MailEvent
    | ComplaintReceived
    | PoolObservation
    | PoolEvent
    | MailboxSignal
    | IdentityLeaked
    | MailboxDecision
    | StepChanged
    | CaseEvent
    | DeadLetter
)

EVENT_TYPES: tuple[type[Fact], ...] = get_args(Event)
