"""What the Pipeline page asks the warehouse: rates, sources, what was stored twice, and what the hooks told.

What Kafka itself tells (lag) is not here: `dashboards.behind`. The SQL is made of our own names of topics and tables.
"""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.slots import SLOT, WEEK, beside, cut, slots_of, whole, within
from dashboards.span import Span
from schemas.topics import TOPICS, Topic

_KEPT = tuple(topic for topic in TOPICS if topic.events)
_DAY = 86_400_000_000
_SINCE, _UNTIL, _SINCE_THEN, _UNTIL_THEN = "{since:Int64}", "{until:Int64}", "{since_then:Int64}", "{until_then:Int64}"
# Of the topics with most events the counts of five minutes are kept.
_ROLLED = {"mail_events": ("mail_slots", "log"), "pool_observations": ("pool_slots", "all")}

_ROWS = """
SELECT '{name}' AS topic, toInt64(countIf(at > {{since:Int64}})) AS events,
       toInt64(countIf(at <= {{until_then:Int64}})) AS before, maxOrNull(if(at > {{since:Int64}}, at, NULL)) AS newest
FROM {table} FINAL
WHERE (at > {{since:Int64}} AND at <= {{until:Int64}}) OR (at > {{since_then:Int64}} AND at <= {{until_then:Int64}})"""


def _slots(table: str, *, short: bool) -> str:
    """Return from when to when the counts of a table are taken, of the span (`new`) and of that a week before."""
    kept = _ROLLED[table][0]
    new, old = slots_of(_SINCE, _UNTIL, kept, short=short), slots_of(_SINCE_THEN, _UNTIL_THEN, kept, short=short)
    return f"WITH {new} AS new, {old} AS old"


def _counted(table: str) -> str:
    """Return the counts of a topic, out of the slots and of the rows beside them, and the newest of its rows."""
    kept, what = _ROLLED[table]
    new, old = within("new"), within("old")
    new_rows, old_rows = beside("new", _SINCE, _UNTIL), beside("old", _SINCE_THEN, _UNTIL_THEN)
    last = f"(SELECT max(at) FROM {kept} WHERE what = '{what}' AND {new})"  # noqa: S608 our own names
    return f"""
SELECT toInt64(sumIf(events, {new})) AS events_, toInt64(sumIf(events, {old})) AS before_,
       CAST(NULL AS Nullable(Int64)) AS newest_
FROM {kept} FINAL WHERE what = '{what}' AND ({new} OR {old})
UNION ALL
SELECT toInt64(countIf({new_rows})), toInt64(countIf({old_rows})), maxOrNull(if({new_rows}, at, NULL))
FROM {table} FINAL WHERE {new_rows} OR {old_rows}
UNION ALL
SELECT 0, 0, maxOrNull(at) FROM {table}
WHERE at > {_SINCE} AND at <= {_UNTIL} AND at >= {last} AND at < {last} + {SLOT}"""  # noqa: S608 our own names


def _rate(topic: Topic) -> str:
    if topic.table not in _ROLLED:
        return _ROWS.format(name=topic.name, table=topic.table)
    return f"""
SELECT '{topic.name}' AS topic, toInt64(sum(events_)) AS events, toInt64(sum(before_)) AS before, max(newest_) AS newest
FROM ({_slots(topic.table, short=True)} {_counted(topic.table)})"""  # noqa: S608 likewise


_TOPICS = " UNION ALL ".join(map(_rate, _KEPT))
_RATES = f"""
SELECT topic, events, before, if(newest IS NULL, NULL, fromUnixTimestamp64Micro(assumeNotNull(newest), 'UTC')) AS last
FROM ({_TOPICS}) ORDER BY events DESC, topic LIMIT 100
"""  # noqa: S608 likewise

_SERIES = """
SELECT intDiv(intDiv(if(at <= {{until_then:Int64}}, at + {week}, at), 1000000), {{width:Int64}}) * {{width:Int64}}
           AS bucket,
       toInt64(countIf(at > {{since:Int64}})) AS events, toInt64(countIf(at <= {{until_then:Int64}})) AS before
FROM {table} FINAL
WHERE (at > {{since:Int64}} AND at <= {{until:Int64}}) OR (at > {{since_then:Int64}} AND at <= {{until_then:Int64}})
GROUP BY bucket ORDER BY bucket LIMIT 2000
"""


def _series(table: str) -> str:
    if table not in _ROLLED:
        return _SERIES.format(table=table, week=WEEK)
    kept, what = _ROLLED[table]
    new, old = within("new"), within("old")
    new_rows, old_rows = beside("new", _SINCE, _UNTIL), beside("old", _SINCE_THEN, _UNTIL_THEN)
    return f"""
{_slots(table, short=False)}
SELECT intDiv(intDiv(if(moment <= {_UNTIL_THEN}, moment + {WEEK}, moment), 1000000), {{width:Int64}}) * {{width:Int64}}
           AS bucket,
       toInt64(sum(events_)) AS events, toInt64(sum(before_)) AS before
FROM
(
    SELECT at AS moment, sumIf(events, {new}) AS events_, sumIf(events, {old}) AS before_
    FROM {kept} FINAL WHERE what = '{what}' AND ({new} OR {old}) GROUP BY moment
    UNION ALL
    SELECT at AS moment, toInt64({new_rows}), toInt64({old_rows}) FROM {table} FINAL WHERE {new_rows} OR {old_rows}
)
GROUP BY bucket ORDER BY bucket LIMIT 2000
"""  # noqa: S608 likewise


_OF_TOPIC = {topic.name: _series(topic.table) for topic in _KEPT}

# How far events tell a log was read is asked of a projection (schemas/clickhouse/058_mail_by_slot.sql).
_NEW_ROWS, _OLD_ROWS = beside("new", _SINCE, _UNTIL), beside("old", _SINCE_THEN, _UNTIL_THEN)
_SOURCES = f"""
{_slots("mail_events", short=True)},
opened AS
(
    SELECT source, argMax(name, at) AS name, argMax(host, at) AS host, argMax(path, at) AS path,
           argMax(inode, at) AS inode, max(at) AS since
    FROM mail_events FINAL WHERE type = 'source_opened' AND at <= {_UNTIL} GROUP BY source
),
seen AS
(
    SELECT source, max(last_) AS last, toInt64(sum(events_)) AS events, toInt64(sum(before_)) AS before,
           max(place_) AS place
    FROM
    (
        SELECT toString(name) AS source, sumIf(events, {within("new")}) AS events_,
               sumIf(events, {within("old")}) AS before_, toInt64(0) AS last_, '' AS place_
        FROM mail_slots FINAL WHERE what = 'log' AND ({within("new")} OR {within("old")}) GROUP BY source
        UNION ALL
        SELECT substring(id, 1, 16) AS source, -toInt64(countIf({within("new")})), -toInt64(countIf({within("old")})),
               0, ''
        FROM mail_events FINAL WHERE type = 'source_opened' AND ({within("new")} OR {within("old")}) GROUP BY source
        UNION ALL
        SELECT substring(id, 1, 16) AS source, toInt64(countIf({_NEW_ROWS})), toInt64(countIf({_OLD_ROWS})), max(at),
               max(if(length(id) > 29, substring(id, 18, 12), ''))
        FROM mail_events FINAL WHERE type != 'source_opened' AND ({_NEW_ROWS} OR {_OLD_ROWS}) GROUP BY source
        UNION ALL
        SELECT substring(id, 1, 16) AS source, 0, 0, max(at), max(if(length(id) > 29, substring(id, 18, 12), ''))
        FROM mail_events
        WHERE NOT (type = 'source_opened') AND ({whole(_SINCE, _UNTIL)} OR {whole(_SINCE_THEN, _UNTIL_THEN)})
        GROUP BY source
    )
    GROUP BY source
)
SELECT opened.name AS name, opened.host AS host, opened.path AS path, toString(opened.inode) AS inode,
       opened.source AS source, fromUnixTimestamp64Micro(opened.since, 'UTC') AS opened,
       if(seen.last <= {_SINCE}, NULL, fromUnixTimestamp64Micro(seen.last, 'UTC')) AS last,
       seen.events AS events, seen.before AS before,
       if(seen.place = '', NULL, toInt64(reinterpretAsUInt64(reverse(unhex(leftPad(seen.place, 16, '0')))))) AS offset
FROM opened LEFT JOIN seen USING source
ORDER BY name, host, opened DESC, source LIMIT 5 BY name, host LIMIT 500
"""  # noqa: S608 likewise


def _twice(table: str) -> str:
    if table not in _ROLLED:
        return f"""
SELECT '{table}' AS table, toInt64(count()) AS rows, toInt64(uniqExact(type, at, id)) AS facts
FROM {table} WHERE at > {_SINCE} AND at <= {_UNTIL}"""  # noqa: S608 likewise
    kept, what = _ROLLED[table]
    return f"""
SELECT '{table}' AS table, toInt64(sum(rows_)) AS rows, toInt64(sum(facts_)) AS facts
FROM
(
    WITH {slots_of(_SINCE, _UNTIL, kept, short=True)} AS new
    SELECT toInt64(count()) AS rows_, toInt64(0) AS facts_ FROM {table} WHERE at > {_SINCE} AND at <= {_UNTIL}
    UNION ALL
    SELECT 0, toInt64(sum(events)) FROM {kept} FINAL WHERE what = '{what}' AND {within("new")}
    UNION ALL
    SELECT 0, toInt64(uniqExact(type, at, id)) FROM {table} WHERE {beside("new", _SINCE, _UNTIL)}
)"""  # noqa: S608 likewise


_TWICE = " UNION ALL ".join(_twice(topic.table) for topic in _KEPT)
_DOUBLES = f"SELECT table, rows, facts FROM ({_TWICE}) WHERE rows > 0 ORDER BY rows - facts DESC, table LIMIT 100"  # noqa: S608 likewise


def _stored(topic: Topic) -> str:
    """Return the last offsets of a topic's rows; those of whole slots of mail are asked of a projection, too."""
    since = f"{_UNTIL} - {_DAY}"
    times = [f"at > {since} AND at <= {_UNTIL}"]
    if topic.table == "mail_events":
        times = [whole(since, _UNTIL), cut(since, _UNTIL)]
    return " UNION ALL ".join(
        f"""
SELECT '{topic.name}' AS topic, toInt64(kafka_partition) AS partition, toInt64(max(kafka_offset)) AS offset
FROM {topic.table} WHERE {time} AND kafka_cluster = (SELECT argMax(name, newest) FROM clusters)
GROUP BY kafka_partition"""  # noqa: S608 likewise
        for time in times
    )


_CLUSTERS = " UNION ALL ".join(
    f"SELECT kafka_cluster AS name, max(at) AS newest FROM mail_events WHERE {time} GROUP BY name"  # noqa: S608 likewise
    for time in (whole(f"{_UNTIL} - {_DAY}", _UNTIL), cut(f"{_UNTIL} - {_DAY}", _UNTIL))
)
_HELD = f"""
WITH clusters AS ({_CLUSTERS})
SELECT topic, partition, max(offset) AS offset FROM ({" UNION ALL ".join(map(_stored, _KEPT))})
GROUP BY topic, partition ORDER BY topic, partition LIMIT 5000
"""  # noqa: S608 likewise

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


def _both(span: Span) -> dict[str, int]:
    return {**_range(span), "since_then": span.since - WEEK, "until_then": span.until - WEEK}


def topics() -> list[str]:
    """Return the names of the topics whose events are stored."""
    return [topic.name for topic in _KEPT]


def rates(client: Client, span: Span) -> pd.DataFrame:
    """Return the events of each topic within the span, those a week `before`, and the newest (NaT: none)."""
    return frame(client, _RATES, ("topic", "events", "before", "last"), **_both(span))


def series(client: Client, span: Span, topic: str) -> pd.DataFrame:
    """Return a topic's events per bucket (epoch seconds), and those of the same time a week `before`."""
    columns = ("bucket", "events", "before")
    return frame(client, _OF_TOPIC[topic], columns, width=span.bucket_seconds, **_both(span))


def sources(client: Client, span: Span) -> pd.DataFrame:
    """Return the five newest sources of each log: events, those a week before, and how far events tell it was read.

    `last` is NaT where nothing came within the span; `offset` is that of the last line that made an event, or missing.
    """
    columns = ("name", "host", "path", "inode", "source", "opened", "last", "events", "before", "offset")
    return frame(client, _SOURCES, columns, **_both(span))


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
