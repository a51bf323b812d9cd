"""The decisions that the API tells, as ClickHouse keeps them: a page, and what a client of an older log missed."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, get_args

from clickhouse_connect.driver.client import Client

from schemas import codec
from schemas.events import Event
from schemas.mailbox_events import CaseEvent, MailboxDecision
from schemas.pool_events import PoolEvent
from schemas.sunset_events import StageStepped
from schemas.topics import CASE_EVENTS, MAILBOX_EVENTS, POOL_EVENTS, SUNSET_EVENTS

KINDS: tuple[type[Event], ...] = (*get_args(PoolEvent), *get_args(MailboxDecision), *get_args(CaseEvent), StageStepped)
TYPES = tuple(str(kind.__struct_config__.tag) for kind in KINDS)
"""What counts as a decision here; of sunsets the steps of their stages."""
TOPICS = (POOL_EVENTS, MAILBOX_EVENTS, CASE_EVENTS, SUNSET_EVENTS)
Offsets = Mapping[tuple[str, int], int]
"""Of each topic and partition the next offset."""
PAGE = 500
_LINE = "formatRowNoNewline('JSONEachRow', * EXCEPT (kafka_cluster, kafka_partition, kafka_offset)) AS line"
_NEWER = "type IN {types:Array(String)} AND (at, id) > ({at:Int64}, {id:String})"
_OLDER = "at < {before:Int64}"
_PAGE = " UNION ALL ".join(
    f"SELECT at, id, {_LINE} FROM {topic.table} FINAL WHERE {_NEWER} AND {_OLDER}"  # noqa: S608 our own names
    for topic in TOPICS
)
_MISSED = " UNION ALL ".join(
    f"SELECT at, id, {_LINE} FROM {topic.table} FINAL WHERE {_NEWER} AND kafka_cluster != {{present:String}}"  # noqa: S608 our own names
    " AND (kafka_cluster > {old:String} OR kafka_cluster = {old:String} AND kafka_offset >="
    f" transform(kafka_partition, {{parts{number}:Array(UInt32)}}, {{starts{number}:Array(UInt64)}}, 0))"
    for number, topic in enumerate(TOPICS)
)
_NO_PARTITION = 2**32 - 1
_FOR_EVER = 2**63 - 1


class Place(NamedTuple):
    """Where one is among decisions in the order of their times."""

    at: int = 0
    id: str = ""


BEGINNING = Place()


def page(client: Client, after: Place, types: Sequence[str], most: int, *, before: int | None = None) -> list[Event]:
    """Return the next decisions of these types, oldest first; unless None, those `before` a moment (microseconds)."""
    parameters = {"types": list(types), "at": after.at, "id": after.id, "most": most}
    parameters["before"] = _FOR_EVER if before is None else before
    return _events(client, _PAGE, parameters)


def missed(client: Client, old: str, offsets: Offsets, present: str, after: Place) -> list[Event]:
    """Return the next `PAGE` decisions that a client has not had of logs before the `present` one, which it reads.

    They are those of its log `old` from these offsets on, and those of later logs, whose names sort behind.
    """
    parameters: dict[str, object] = {"types": list(TYPES), "at": after.at, "id": after.id, "most": PAGE}
    parameters |= {"old": old, "present": present}
    for number, topic in enumerate(TOPICS):
        known = {partition: offset for (name, partition), offset in offsets.items() if name == topic.name}
        parameters[f"parts{number}"] = list(known) or [_NO_PARTITION]
        parameters[f"starts{number}"] = list(known.values()) or [0]
    return _events(client, _MISSED, parameters)


def _events(client: Client, query: str, parameters: dict[str, object]) -> list[Event]:
    ordered = f"SELECT line FROM ({query}) ORDER BY at, id LIMIT {{most:UInt32}}"  # noqa: S608 our own query
    return [codec.decode(line.encode()) for (line,) in client.query(ordered, parameters=parameters).result_rows]
