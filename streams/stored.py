"""What ClickHouse holds already of a Kafka cluster: where the sink goes on after any end, its own or a server's.

Kafka's commit is a hint: it says from where to read again. What lies beyond it and is stored nevertheless is told by
its ids, so that an insert which a crash left half done is completed and nothing is stored twice.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from schemas import codec
from schemas.events import Event
from schemas.topics import MAIL_EVENTS, Topic
from schemas.watermark import Watermarks

_RUNNING = """SELECT count() FROM system.processes
WHERE query_kind = 'Insert' AND startsWith(Settings['insert_deduplication_token'], {prefix:String})"""

_LAST = """SELECT kafka_partition, max(kafka_offset) FROM {table:Identifier}
WHERE kafka_cluster = {cluster:String} GROUP BY kafka_partition"""

_IDS = """SELECT kafka_partition, groupUniqArray(id) FROM {table:Identifier}
WHERE kafka_cluster = {cluster:String} AND kafka_offset >= {least:UInt64}
AND kafka_offset >= transform(kafka_partition, {partitions:Array(UInt32)}, {starts:Array(UInt64)}, {never:UInt64})
GROUP BY kafka_partition"""

# Partitions of the table that were written lately; parts may be merged while the query begins, partitions stay.
_HIGHEST = """SELECT kafka_partition, substring(id, 1, 16) AS source, max(id) FROM {table:Identifier}
WHERE _partition_id IN (
    SELECT partition_id FROM system.parts
    WHERE database = currentDatabase() AND table = {table:String} AND active
    AND modification_time >= now() - INTERVAL {days:UInt16} DAY)
AND NOT (kafka_cluster = {cluster:String}
    AND kafka_offset >= transform(kafka_partition, {partitions:Array(UInt32)}, {starts:Array(UInt64)}, {never:UInt64}))
GROUP BY kafka_partition, source"""

_PRESENT = """SELECT DISTINCT id FROM {table:Identifier}
WHERE at >= {since:Int64} AND at <= {until:Int64} AND id IN {ids:Array(String)}"""

_RECOVERED = """SELECT DISTINCT arrayJoin(ids) AS recovered FROM dead_retries
WHERE type = 'letter_tried' AND NOT preview
AND at > toUnixTimestamp64Micro(now64(6)) - {days:Int64} * 86400000000
ORDER BY recovered LIMIT 1000000"""

_NEVER = 2**64 - 1
_RECENT_DAYS = 3
_LATELY_DAYS = 30


def settle(client: Client, cluster: str, seconds: float) -> None:
    """Wait until no insert of an earlier sink runs any more, at most `seconds`."""
    deadline = time.monotonic() + seconds
    while client.command(_RUNNING, parameters={"prefix": f"{cluster}:"}) and time.monotonic() < deadline:
        time.sleep(0.1)


def last_offsets(client: Client, topic: Topic, cluster: str) -> dict[int, int]:
    """Return the last offset of each partition that the topic's table holds."""
    rows = client.query(_LAST, parameters={"table": topic.table, "cluster": cluster}).result_rows
    return {int(partition): int(offset) for partition, offset in rows}


def ids_since(client: Client, topic: Topic, cluster: str, starts: Mapping[int, int]) -> dict[int, frozenset[str]]:
    """Return the ids of the events that the topic's table holds of each partition from its start on."""
    if not starts or not topic.events:
        return {}
    parameters = _parameters(topic, cluster, starts) | {"least": min(starts.values())}
    return {int(partition): frozenset(ids) for partition, ids in client.query(_IDS, parameters=parameters).result_rows}


def watermarks(client: Client, cluster: str, starts: Mapping[int, int]) -> Watermarks:
    """Return the highest id of each source that was stored lately, from before the offsets that are read again."""
    parameters = _parameters(MAIL_EVENTS, cluster, starts) | {"days": _RECENT_DAYS}
    rows = client.query(_HIGHEST, parameters=parameters).result_rows
    return Watermarks({(int(partition), str(source)): str(highest) for partition, source, highest in rows})


def present(client: Client, topic: Topic, value: bytes) -> frozenset[str]:
    """Return which events of a record's value the topic's table holds already."""
    found = list(_events(value))
    if not found:
        return frozenset()
    times = [each.at for each in found]
    parameters = {"table": topic.table, "since": min(times), "until": max(times), "ids": [each.id for each in found]}
    return frozenset(str(row[0]) for row in client.query(_PRESENT, parameters=parameters).result_rows)


def _events(value: bytes) -> Iterator[Event]:
    """Yield the events of a record; what is none becomes a dead letter elsewhere."""
    with suppress(ValueError):
        for line in codec.lines_of(value).splitlines():
            with suppress(ValueError):
                yield codec.decode(line)


def recovered(client: Client) -> list[str]:
    """Return, sorted, the ids of mail events of dead letters that were read again lately."""
    return [str(row[0]) for row in client.query(_RECOVERED, parameters={"days": _LATELY_DAYS}).result_rows]


def said(error: DatabaseError) -> str:
    """Return ClickHouse's own sentence, without the client's frame, the file and the address."""
    text = str(error)
    return (text.partition("server response: ")[2] or text).splitlines()[0].rstrip()


def _parameters(topic: Topic, cluster: str, starts: Mapping[int, int]) -> dict[str, object]:
    return {
        "table": topic.table,
        "cluster": cluster,
        "partitions": list(starts),
        "starts": list(starts.values()),
        "never": _NEVER,
    }
