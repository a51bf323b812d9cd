"""Every fact and every decision: frozen structs in one union, told apart by `"type"`.

Fields are only ever added, with an empty default (left out of the JSON, filled in by ClickHouse): an event of an old
release must still decode. Times (`at`, `until`) are UTC epoch microseconds; an `id` is deterministic (`schemas.names`).
"""

from typing import get_args

import msgspec

from schemas.alert_events import AlertEvent
from schemas.bounce_events import BounceReceived
from schemas.delisting_events import DelistingEvent
from schemas.domain_events import DomainEvent
from schemas.facts import Fact, LoginOutcome, Outcome, SenderKind
from schemas.mailbox_events import CaseEvent, IdentityLeaked, MailboxDecision, MailboxSignal, StepChanged
from schemas.observations import PoolObservation
from schemas.pool_events import PoolEvent
from schemas.report_events import ReportEvent
from schemas.retry_events import RetryEvent
from schemas.sunset_events import SunsetEvent


class SourceOpened(Fact, frozen=True, kw_only=True):
    """A collector began a log file (or the file's next generation after a rotation)."""

    source: str
    name: str
    host: str = ""
    path: str = ""
    inode: int = 0


class PopCandidate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A mailbox that may have sent a message without a login, and how sure that is (0 to 1)."""

    mailbox: str
    confidence: float


class MessageSubmitted(Fact, frozen=True, kw_only=True):
    """A message entered the queue; `recipients` is the envelope's count (Postfix: qmgr `nrcpt=`).

    `helo` is how the client named itself, `mailer` its program as the mail's User-Agent or X-Mailer says: a stranger's
    text both, and empty where the log does not tell it. `candidates` are, of the sender kind "pop", all mailboxes that
    logged in from its address within the window, the sender first.
    """

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
    helo: str = ""
    mailer: str = ""
    candidates: tuple[PopCandidate, ...] = ()


class DeliveryAttempted(Fact, frozen=True, kw_only=True):
    """One recipient's delivery attempt; `outbound_ip` is empty where the log does not tell it.

    `enhanced_status` is RFC 3463's, `reply` a stranger's text, `reason` what `schemas.reasons` makes of both ("" where
    it was taken); `local`: it left through no relay IP (virtual, lmtp).
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
    reason: str = ""


class MessageExpired(Fact, frozen=True, kw_only=True):
    """The MTA gave up and returned the message to its sender."""

    host: str
    queue_id: str
    sender: str = ""
    sender_kind: SenderKind = ""
    envelope_from: str = ""


class MessageRejected(Fact, frozen=True, kw_only=True):
    """Our own MTA refused a command of a client; `stage` is the SMTP command (RFC 5321), `code` the reply code.

    `reason`: by `schemas.reasons`.
    """

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
    reason: str = ""


class MailboxAuthenticated(Fact, frozen=True, kw_only=True):
    """Logins, good or bad: `attempts` that one line tells of, 0 is one or untold. `unavailable`: nobody could be asked.

    `tls` and `cleartext` are both what the log tells; where it tells of neither, it is not known. `cleartext`: the
    password itself went over a network without TLS. `tls_version` is one of `schemas.sunset_settings.TlsVersion`, or
    TLSv1.3, or a version that came later; "" where the log does not tell it.
    """

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
    tls_version: str = ""
    cleartext: bool = False


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
    speaks against it. `host` is the one of ours that gave the queue id, `report_url` where the report is answered. Of a
    report of the type "auth-failure", `auth_failure` says what failed (RFC 6591: "dmarc", "dkim", "spf" …), `alignment`
    what was aligned, `reported_domain` in whose name, `delivery_result` what became of the mail.
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
    auth_failure: str = ""
    reported_domain: str = ""
    alignment: str = ""
    delivery_result: str = ""
    auth_results: str = ""


class DeadLetter(Fact, frozen=True, kw_only=True):
    """Something of ours that could not be read, kept with its place and the reason; passwords are redacted.

    `cut`: `text` is only how it begins.
    """

    name: str
    format: str
    reason: str
    text: str
    place: str = ""
    cut: bool = False


MailEvent = (
    SourceOpened
    | MessageSubmitted
    | DeliveryAttempted
    | MessageExpired
    | MessageRejected
    | MailboxAuthenticated
    | MessageScored
)
Event = (
    MailEvent
    | ComplaintReceived
    | ReportEvent
    | BounceReceived
    | DomainEvent
    | PoolObservation
    | PoolEvent
    | MailboxSignal
    | IdentityLeaked
    | MailboxDecision
    | StepChanged
    | CaseEvent
    | DelistingEvent
    | SunsetEvent
    | AlertEvent
    | DeadLetter
    | RetryEvent
)

EVENT_TYPES: tuple[type[Fact], ...] = get_args(Event)
