"""The Kafka topics: what each carries, how it is partitioned, and how long it keeps its records."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from schemas import (
    alert_events,
    bounce_events,
    delisting_events,
    domain_events,
    events,
    mailbox_events,
    observations,
    pool_events,
    report_events,
    retry_events,
    sunset_events,
)
from schemas.facts import Fact
from schemas.names import partition_of

DAY_MS = 24 * 60 * 60 * 1000
# The broker stamps each record: no event counts as later than its record, whatever the clock of the machine that sent
# it says (streams/records.py), and none is refused for its stamp (Kafka 4 refuses what is more than an hour ahead).
_STAMPED = {"message.timestamp.type": "LogAppendTime"}


@dataclass(frozen=True)
class Topic:
    """A topic: `single` has one partition (one writer decides), else as many as the configuration says."""

    name: str
    events: tuple[type[Fact], ...]
    single: bool = False
    retention_ms: int = 14 * DAY_MS
    cleanup: Literal["delete", "compact"] = "delete"
    config: dict[str, str] = field(default_factory=lambda: dict(_STAMPED))

    @property
    def table(self) -> str:
        """Return the ClickHouse table that keeps this topic."""
        return self.name.replace(".", "_")

    def partitions(self, configured: int) -> int:
        """Return the number of partitions, given the configured number for the hot topics."""
        return 1 if self.single else configured


MAIL_EVENTS = Topic("mail.events", get_args(events.MailEvent))
COMPLAINTS = Topic("complaints", (events.ComplaintReceived,), retention_ms=400 * DAY_MS)
BOUNCES = Topic("bounces", (bounce_events.BounceReceived,), retention_ms=400 * DAY_MS)
REPORTS = Topic("reports", get_args(report_events.ReportEvent), single=True, retention_ms=400 * DAY_MS)
# A hundred thousand domains a week are one event in six seconds: one partition keeps each domain's looks in order, and
# what the pools fold stays free of them.
DOMAIN_CHECKS = Topic("domain.checks", get_args(domain_events.DomainEvent), single=True, retention_ms=400 * DAY_MS)
POOL_OBSERVATIONS = Topic("pool.observations", get_args(observations.PoolObservation), single=True)
POOL_EVENTS = Topic("pool.events", get_args(pool_events.PoolEvent), single=True, retention_ms=-1)
MAILBOX_EVENTS = Topic("mailbox.events", get_args(mailbox_events.MailboxDecision), retention_ms=-1)
MAILBOX_SIGNALS = Topic(
    "mailbox.signals", (*get_args(mailbox_events.MailboxSignal), observations.OperatorActed), retention_ms=400 * DAY_MS
)
MAILBOX_LEAKS = Topic("mailbox.leaks", (mailbox_events.IdentityLeaked,), retention_ms=-1, cleanup="compact")
CASE_OBSERVATIONS = Topic("case.observations", (mailbox_events.StepChanged,), single=True, retention_ms=400 * DAY_MS)
CASE_EVENTS = Topic("case.events", get_args(mailbox_events.CaseEvent), single=True, retention_ms=-1)
DELISTING_EVENTS = Topic("delisting.events", get_args(delisting_events.DelistingEvent), single=True, retention_ms=-1)
SUNSET_EVENTS = Topic(
    "sunset.events", (*get_args(sunset_events.SunsetEvent), mailbox_events.NoticeSent), single=True, retention_ms=-1
)
ALERT_EVENTS = Topic("alert.events", get_args(alert_events.AlertEvent), single=True, retention_ms=-1)
DEAD_LETTERS = Topic("dead.letters", (events.DeadLetter,), single=True, retention_ms=90 * DAY_MS)
DEAD_RETRIES = Topic("dead.retries", get_args(retry_events.RetryEvent), single=True, retention_ms=400 * DAY_MS)
# A worker that was cut off may write a state older than its successor's: the lag keeps the successor's readable.
_LAGGING = {**_STAMPED, "min.compaction.lag.ms": "3600000"}
MAILBOX_STATE = Topic("mailbox.state", (), retention_ms=-1, cleanup="compact", config=_LAGGING)
TRAFFIC_STATE = Topic("traffic.state", (), retention_ms=-1, cleanup="compact", config=_LAGGING)
POOL_STATE = Topic("pool.state", (), single=True, retention_ms=-1, cleanup="compact", config=_LAGGING)
CASE_STATE = Topic("case.state", (), single=True, retention_ms=-1, cleanup="compact", config=_LAGGING)
DELISTING_STATE = Topic("delisting.state", (), single=True, retention_ms=-1, cleanup="compact", config=_LAGGING)
_OF_MAILBOXES = frozenset(("watch", "throttle", "suspend", "release"))

TOPICS = (
    MAIL_EVENTS,
    COMPLAINTS,
    REPORTS,
    BOUNCES,
    DOMAIN_CHECKS,
    POOL_OBSERVATIONS,
    POOL_EVENTS,
    MAILBOX_EVENTS,
    MAILBOX_SIGNALS,
    MAILBOX_LEAKS,
    CASE_OBSERVATIONS,
    CASE_EVENTS,
    DELISTING_EVENTS,
    SUNSET_EVENTS,
    ALERT_EVENTS,
    DEAD_LETTERS,
    DEAD_RETRIES,
    MAILBOX_STATE,
    TRAFFIC_STATE,
    POOL_STATE,
    CASE_STATE,
    DELISTING_STATE,
)
_ROUTED = (observations.OperatorActed, mailbox_events.NoticeSent)
_BY_EVENT = {event: topic for topic in TOPICS for event in topic.events if event not in _ROUTED}


def topic_of(event: Fact) -> Topic:
    """Return the topic of an event: an operator's order and a mail to a customer go to what they concern."""
    if isinstance(event, observations.OperatorActed):
        return MAILBOX_SIGNALS if event.action in _OF_MAILBOXES else POOL_OBSERVATIONS
    if isinstance(event, mailbox_events.NoticeSent):
        return SUNSET_EVENTS if event.sunset else MAILBOX_SIGNALS
    return _BY_EVENT[type(event)]


def sender_of(event: Fact) -> str:
    """Return by whom an event is partitioned: the sender or mailbox, else the client, else the event's own id.

    What is told of one mail stays in its order, also of one that is about no single mailbox: desks agree by it.
    """
    if isinstance(event, observations.OperatorActed):
        return event.subject
    if isinstance(event, mailbox_events.NoticeSent):
        return event.mailbox or event.message_id
    for name in ("sender", "mailbox", "client_ip"):
        value: str = getattr(event, name, "")
        if value:
            return value
    return event.id


def place_of(event: Fact, configured: int) -> tuple[Topic, int]:
    """Return the topic and the partition of an event, given the configured number of partitions."""
    topic = topic_of(event)
    if isinstance(event, mailbox_events.IdentityLeaked):
        return topic, event.partition
    return topic, partition_of(sender_of(event), topic.partitions(configured))
