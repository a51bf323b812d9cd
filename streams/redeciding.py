"""A decision made again by the functions that decide live, from what ClickHouse holds; nothing is written.

A pool's follows from the pool's observations, in the order of the log. A mailbox's follows from the mailbox's own
events: mail, logins, complaints and signals. Each topic is read in the order of its log; between them, which ClickHouse
does not tell, that of their times holds.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from clickhouse_connect.driver.client import Client

from schemas import codec
from schemas.customers import Customers
from schemas.events import Event
from schemas.mailbox_events import MailboxDecision
from schemas.moments import rfc3339
from schemas.names import derived_id, source_of
from schemas.observations import ClockTicked
from schemas.pool_events import PoolEvent
from schemas.replay_shapes import Again
from schemas.settings import Settings
from schemas.topics import (
    COMPLAINTS,
    MAIL_EVENTS,
    MAILBOX_EVENTS,
    MAILBOX_SIGNALS,
    POOL_EVENTS,
    POOL_OBSERVATIONS,
    Topic,
)
from streams import pool as pools
from streams.partition import Partition
from streams.sameness import Counted, told

MOST = 500_000
"""So many inputs are read at most, the newest; 500,000 of a pool are half a minute's work."""
_AFTER = 10 * 60_000_000  # µs: an input may be dated later than what it decided, by a clock that is ahead
_TEN_MINUTES = 10 * 60_000_000
_ROW = "formatRowNoNewline('JSONEachRow', * EXCEPT (kafka_cluster, kafka_partition, kafka_offset))"
_FOUND = "SELECT {row} FROM {table} FINAL WHERE id = {{id:String}} LIMIT 1"
_OBSERVED = f"""
SELECT line, fold FROM
(
    SELECT {_ROW} AS line, toString(kafka_offset) AS fold, min(at) OVER (PARTITION BY kafka_cluster) AS began,
           kafka_cluster AS cluster, kafka_offset AS place, at, id
    FROM pool_observations FINAL WHERE at <= {{until:Int64}}
)
ORDER BY began DESC, cluster DESC, place DESC, at DESC, id DESC LIMIT {MOST + 1}
"""  # noqa: S608 our own constants
_OF_MAILBOX = (
    (MAIL_EVENTS, "sender = {mailbox:String} OR mailbox = {mailbox:String}"),
    (COMPLAINTS, "sender = {mailbox:String}"),
    (MAILBOX_SIGNALS, "mailbox = {mailbox:String} OR subject = {mailbox:String}"),
)
_ITS = """
SELECT {row} AS line, concat(kafka_cluster, ' ', toString(kafka_offset)) AS fold FROM {table} FINAL
WHERE ({whose}) AND at <= {{until:Int64}} ORDER BY kafka_cluster DESC, kafka_offset DESC, id DESC LIMIT {most}
"""


def redecided(client: Client, settings: Settings, identity: str, changed: int = 0) -> Again:
    """Make a decision again, and return whether it is the same. ValueError where there is none, or none of that kind.

    `changed` is when the configuration was changed last (µs), 0 where that is not known.
    """
    decision = _decision(client, identity)
    decided: Sequence[MailboxDecision | PoolEvent]
    if isinstance(decision, MailboxDecision):
        decided, seen, cut = _of_mailbox(client, settings, decision)
        kind = ["leaked identities have no place in it, and the order of logs between sources is that of their times"]
    else:
        if decision.pool not in settings.pool:
            raise ValueError(f"the configuration has no pool {decision.pool!r} any more: nothing decides about it")
        decided, seen, cut = _of_pool(client, settings, decision)
        kind = ["when the broker wrote each observation is not recorded"]
    reasons = [f"the inputs begin at {rfc3339(seen.since)}: older ones are not there"] if seen.since else []
    if cut:
        reasons = [f"of the inputs only the newest {MOST} were read, from {rfc3339(seen.since)} on"]
    if not seen.since:
        reasons = ["ClickHouse holds none of its inputs"]
    late = changed > decision.at
    when = f"was changed since, at {rfc3339(changed)}" if late else "may have been another then: it is today's"
    return told(decision, decided, seen, cut=cut, reasons=[f"the configuration {when}", *reasons, *kind])


def _decision(client: Client, identity: str) -> MailboxDecision | PoolEvent:
    for topic in (MAILBOX_EVENTS, POOL_EVENTS):
        query = _FOUND.format(row=_ROW, table=topic.table)
        for (line,) in client.query(query, parameters={"id": identity}).result_rows:
            event = codec.decode(line.encode())
            assert isinstance(event, MailboxDecision | PoolEvent)  # noqa: S101 the tables hold nothing else
            return event
    raise ValueError(f"no decision {identity!r} about a mailbox or a pool")


def _of_pool(client: Client, settings: Settings, decision: PoolEvent) -> tuple[list[PoolEvent], Counted, bool]:
    """Fold the pool from nothing up to the decision; return what was decided, of what, and whether that was cut."""
    seen, decided = Counted(), list[PoolEvent]()
    pool = pools.initial(decision.pool, settings.pool[decision.pool])
    rows = client.query(_OBSERVED, parameters={"until": decision.at + _AFTER}).result_rows
    for line, _fold in reversed(rows[:MOST]):
        event = codec.decode(line.encode())
        assert isinstance(event, POOL_OBSERVATIONS.events)  # noqa: S101 the table holds one topic
        seen.add(event)
        pool, new = pools.step(pool, event)  # type: ignore[arg-type]  # mypy knows no class tuples
        decided += new
        if any(each.id == decision.id for each in new):
            break
    return decided, seen, len(rows) > MOST


def _of_mailbox(
    client: Client, settings: Settings, decision: MailboxDecision
) -> tuple[list[MailboxDecision], Counted, bool]:
    """Fold the mailbox from nothing up to the decision, time passing as it does among others; return the same."""
    seen, cut, read = Counted(), False, list[Iterable[tuple[Topic, Event]]]()
    for topic, whose in _OF_MAILBOX:
        query = _ITS.format(row=_ROW, table=topic.table, whose=whose, most=MOST + 1)
        found = client.query(query, parameters={"mailbox": decision.mailbox, "until": decision.at + _AFTER}).result_rows
        cut = cut or len(found) > MOST
        read.append([(topic, event) for event in _in_order([(line, record) for line, record in found[:MOST]][::-1])])
    fold = Partition(0, settings.mailboxes, "", Customers(settings.customers))
    decided: list[MailboxDecision] = []
    for topic, event in _timed(heapq.merge(*read, key=lambda each: each[1].at), decision.at):
        if not isinstance(event, ClockTicked):
            seen.add(event)
        fold.apply(topic, (event,))
        if isinstance(event, ClockTicked) or event.at >= decision.at - _AFTER:
            decided += _flushed(fold, event.at)
            if any(each.id == decision.id for each in decided):
                break
    return decided + _flushed(fold, decision.at), seen, cut


def _flushed(fold: Partition, at: int) -> list[MailboxDecision]:
    _states, after = fold.flush(at)
    events = [codec.decode(each.value) for each in after if each.topic is MAILBOX_EVENTS]
    return [each for each in events if isinstance(each, MailboxDecision)]


def _in_order(rows: Iterable[tuple[str, str]]) -> Iterator[Event]:
    """Yield the events of a topic: records in the log's order, of each record the sources side by side by time."""
    for _fold, record in groupby(rows, key=lambda row: row[1]):
        sources: dict[str, list[Event]] = {}
        for line, _ in record:
            event = codec.decode(line.encode())
            sources.setdefault(source_of(event.id), []).append(event)
        yield from heapq.merge(*sources.values(), key=lambda event: event.at)


def _timed(events: Iterable[tuple[Topic, Event]], until: int) -> Iterator[tuple[Topic, Event]]:
    """Yield events and, since other mailboxes' mail would tell the time, each full ten minutes between them."""
    due = 0
    for topic, event in events:
        due = due or event.at - event.at % _TEN_MINUTES + _TEN_MINUTES
        while due <= min(event.at, until):
            yield MAIL_EVENTS, _tick(due)
            due += _TEN_MINUTES
        yield topic, event
    while due and due <= until + _TEN_MINUTES:
        yield MAIL_EVENTS, _tick(due)
        due += _TEN_MINUTES


def _tick(at: int) -> ClockTicked:
    return ClockTicked(id=derived_id("tick", at), at=at)
