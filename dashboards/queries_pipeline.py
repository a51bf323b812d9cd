"""What the Pipeline page asks the warehouse: rates, sources, what was stored twice, and what the hooks told.

What Kafka itself tells (lag) is not here: `dashboards.behind`. The SQL is made of our own names of topics and tables.
"""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.span import Span
from schemas.topics import TOPICS

_KEPT = tuple(topic for topic in TOPICS if topic.events)
_DAY = 86_400_000_000
_WEEK = 7 * _DAY

_TOPICS = " UNION ALL ".join(
    f"""
SELECT '{topic.name}' AS topic, toInt64(countIf(at > {{since:Int64}})) AS events,
       toInt64(countIf(at <= {{until:Int64}} - {_WEEK})) AS before,
       maxOrNull(if(at > {{since:Int64}}, at, NULL)) AS newest
FROM {topic.table} FINAL
WHERE (at > {{since:Int64}} AND at <= {{until:Int64}})
   OR (at > {{since:Int64}} - {_WEEK} AND at <= {{until:Int64}} - {_WEEK})"""  # noqa: S608 our own names
    for topic in _KEPT
)
_RATES = f"""
SELECT topic, events, before, if(newest IS NULL, NULL, fromUnixTimestamp64Micro(assumeNotNull(newest), 'UTC')) AS last
FROM ({_TOPICS}) ORDER BY events DESC, topic LIMIT 100
"""  # noqa: S608 likewise

_SERIES = """
SELECT intDiv(intDiv(if(at <= {{until:Int64}} - {week}, at + {week}, at), 1000000), {{width:Int64}}) * {{width:Int64}}
           AS bucket,
       toInt64(countIf(at > {{since:Int64}})) AS events, toInt64(countIf(at <= {{until:Int64}} - {week})) AS before
FROM {table} FINAL
WHERE (at > {{since:Int64}} AND at <= {{until:Int64}})
   OR (at > {{since:Int64}} - {week} AND at <= {{until:Int64}} - {week})
GROUP BY bucket ORDER BY bucket LIMIT 2000
"""
_OF_TOPIC = {topic.name: _SERIES.format(table=topic.table, week=_WEEK) for topic in _KEPT}

_SOURCES = f"""
WITH opened AS
(
    SELECT source, argMax(name, at) AS name, argMax(host, at) AS host, argMax(path, at) AS path,
           argMax(inode, at) AS inode, max(at) AS since
    FROM mail_events FINAL WHERE type = 'source_opened' AND at <= {{until:Int64}} GROUP BY source
),
seen AS
(
    SELECT substring(id, 1, 16) AS source, max(at) AS last, toInt64(countIf(at > {{since:Int64}})) AS events,
           toInt64(countIf(at <= {{until:Int64}} - {_WEEK})) AS before,
           maxIf(substring(id, 18, 12), length(id) > 29) AS place
    FROM mail_events FINAL
    WHERE type != 'source_opened'
      AND ((at > {{since:Int64}} AND at <= {{until:Int64}})
        OR (at > {{since:Int64}} - {_WEEK} AND at <= {{until:Int64}} - {_WEEK}))
    GROUP BY source
)
SELECT opened.name AS name, opened.host AS host, opened.path AS path, toString(opened.inode) AS inode,
       opened.source AS source, fromUnixTimestamp64Micro(opened.since, 'UTC') AS opened,
       if(seen.last <= {{since:Int64}}, NULL, fromUnixTimestamp64Micro(seen.last, 'UTC')) AS last,
       seen.events AS events, seen.before AS before,
       if(seen.place = '', NULL, toInt64(reinterpretAsUInt64(reverse(unhex(leftPad(seen.place, 16, '0')))))) AS offset
FROM opened LEFT JOIN seen USING source
ORDER BY name, host, opened DESC, source LIMIT 5 BY name, host LIMIT 500
"""  # noqa: S608 likewise

_TWICE = " UNION ALL ".join(
    f"""
SELECT '{topic.table}' AS table, toInt64(count()) AS rows, toInt64(uniqExact(type, at, id)) AS facts
FROM {topic.table} WHERE at > {{since:Int64}} AND at <= {{until:Int64}}"""  # noqa: S608 likewise
    for topic in _KEPT
)
_DOUBLES = f"SELECT table, rows, facts FROM ({_TWICE}) WHERE rows > 0 ORDER BY rows - facts DESC, table LIMIT 100"  # noqa: S608 likewise

_STORED = " UNION ALL ".join(
    f"""
SELECT '{topic.name}' AS topic, toInt64(kafka_partition) AS partition, toInt64(max(kafka_offset)) AS offset
FROM {topic.table}
WHERE at > {{until:Int64}} - {_DAY} AND at <= {{until:Int64}}
  AND kafka_cluster = (SELECT argMax(kafka_cluster, at) FROM mail_events
                       WHERE at > {{until:Int64}} - {_DAY} AND at <= {{until:Int64}})
GROUP BY kafka_partition"""  # noqa: S608 likewise
    for topic in _KEPT
)
_HELD = f"SELECT topic, partition, offset FROM ({_STORED}) ORDER BY topic, partition LIMIT 5000"  # noqa: S608 likewise

_HOOKS = """
SELECT host, hook, pool, argMax(type, (at, id)) AS state,
       fromUnixTimestamp64Micro(max(at), 'UTC') AS heard,
       if(countIf(type = 'hook_applied') = 0, NULL,
          fromUnixTimestamp64Micro(maxIf(at, type = 'hook_applied'), 'UTC')) AS applied,
       argMaxIf(decision, at, type = 'hook_applied') AS decision,
       toInt64(argMaxIf(length(active), at, type = 'hook_applied')) AS ips,
       toInt64(maxIf(took_ms, type = 'hook_applied' AND at > {since:Int64})) AS slowest,
       toInt64(countIf(type = 'hook_applied' AND at > {since:Int64})) AS runs,
       toInt64(countIf(type = 'hook_failed' AND at > {since:Int64})) AS failed,
       toInt64(countIf(type = 'hook_drifted' AND at > {since:Int64})) AS drifted,
       argMaxIf(reason, at, type IN ('hook_failed', 'hook_drifted')) AS reason
FROM pool_observations FINAL
WHERE type IN ('hook_applied', 'hook_failed', 'hook_drifted') AND at <= {until:Int64}
GROUP BY host, hook, pool ORDER BY state != 'hook_failed', host, hook, pool LIMIT 500
"""

_VERIFIED = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, id, type, pool, ip, provider
FROM pool_events FINAL
WHERE type IN ('withdrawal_verified', 'withdrawal_drifted', 'provider_verified', 'provider_drifted')
  AND at > {since:Int64} AND at <= {until:Int64}
ORDER BY pool_events.at DESC, id LIMIT {limit:UInt32}
"""


def _range(span: Span) -> dict[str, int]:
    return {"since": span.since, "until": span.until}


def topics() -> list[str]:
    """Return the names of the topics whose events are stored."""
    return [topic.name for topic in _KEPT]


def rates(client: Client, span: Span) -> pd.DataFrame:
    """Return the events of each topic within the span, those a week `before`, and the newest (NaT: none)."""
    return frame(client, _RATES, ("topic", "events", "before", "last"), **_range(span))


def series(client: Client, span: Span, topic: str) -> pd.DataFrame:
    """Return a topic's events per bucket (epoch seconds), and those of the same time a week `before`."""
    columns = ("bucket", "events", "before")
    return frame(client, _OF_TOPIC[topic], columns, width=span.bucket_seconds, **_range(span))


def sources(client: Client, span: Span) -> pd.DataFrame:
    """Return the five newest sources of each log: events, those a week before, and how far events tell it was read.

    `last` is NaT where nothing came within the span; `offset` is that of the last line that made an event, or missing.
    """
    columns = ("name", "host", "path", "inode", "source", "opened", "last", "events", "before", "offset")
    return frame(client, _SOURCES, columns, **_range(span))


def doubles(client: Client, span: Span) -> pd.DataFrame:
    """Return how many rows each table has within the span, at most its last day, and how many facts they are."""
    since = max(span.since, span.until - _DAY)
    return frame(client, _DOUBLES, ("table", "rows", "facts"), since=since, until=span.until)


def held(client: Client, span: Span) -> pd.DataFrame:
    """Return the last offset of each partition that the tables hold of the newest cluster, by events of a day."""
    return frame(client, _HELD, ("topic", "partition", "offset"), until=span.until)


def hooks(client: Client, span: Span) -> pd.DataFrame:
    """Return each hook of each host: its newest word, when it applied what, and its failures and drifts in the span."""
    columns = (
        *("host", "hook", "pool", "state", "heard", "applied", "decision", "ips", "slowest", "runs", "failed"),
        *("drifted", "reason"),
    )
    return frame(client, _HOOKS, columns, **_range(span))


def verified(client: Client, span: Span, limit: int = 100) -> pd.DataFrame:
    """Return what the logs said of withdrawals: that the IP stopped, or that it still sends; the newest first."""
    return frame(client, _VERIFIED, ("time", "id", "type", "pool", "ip", "provider"), limit=limit, **_range(span))
