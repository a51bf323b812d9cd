"""What the Overview asks the warehouse, and the caps that every question has.

All SQL of the pages stands here and in the modules `queries_*`. Values are bound, never pasted. A frame
without rows means "no data"; a count of 0 is only said where rows were counted. Columns of times are aware, UTC.
A row may be stored twice until ClickHouse merges its parts (docs/adr/0005): what counts rows or lists them says FINAL.
"""

import re
from collections.abc import Mapping, Sequence

import pandas as pd
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ProgrammingError

from dashboards.slots import beside, slots_of, whole, within
from dashboards.span import Span

CAPS: Mapping[str, int | str] = {
    "max_execution_time": 8,
    "timeout_before_checking_execution_speed": 0,
    "max_result_rows": 20_000,
    "result_overflow_mode": "throw",
}
_PATIENT: Mapping[str, int | str] = {"max_execution_time": 14}
PROVIDERS = 12
CHANGES = "type IN ('ip_withdrawn', 'ip_probation_started', 'probation_set_back', 'ip_restored')"
"""The condition that an event of a pool changes the state of an IP."""
CUT = "cut"  # the key of a frame's `attrs` under which stands how many rows it can have at most

# Lines of a log that are no mail are counted with it, and taken off.
_OF_HOUR = ("{until:Int64} - 3600000000", "{horizon:Int64}")
_SOURCES = f"""
WITH {slots_of(*_OF_HOUR, short=True)} AS new,
opened AS
(
    SELECT source, argMax(name, at) AS name, argMax(host, at) AS host, max(at) AS since
    FROM mail_events FINAL WHERE type = 'source_opened' AND at <= {{until:Int64}} GROUP BY source
),
seen AS
(
    SELECT source, max(last_) AS last, sum(number) AS events FROM
    (
        SELECT toString(name) AS source, toInt64(0) AS last_, events AS number
        FROM mail_slots FINAL WHERE what = 'log' AND {within("new")}
        UNION ALL
        SELECT substring(id, 1, 16) AS source, 0, -toInt64(count()) FROM mail_events FINAL
        WHERE type IN ('source_opened', 'message_scored') AND {within("new")} GROUP BY source
        UNION ALL
        SELECT substring(id, 1, 16) AS source, max(at), toInt64(count()) FROM mail_events FINAL
        WHERE type NOT IN ('source_opened', 'message_scored') AND {beside("new", *_OF_HOUR)} GROUP BY source
        UNION ALL
        SELECT substring(id, 1, 16) AS source, max(at), 0 FROM mail_events
        WHERE NOT (type = 'source_opened') AND NOT (type = 'message_scored') AND {whole(*_OF_HOUR)} GROUP BY source
    )
    GROUP BY source
)
SELECT opened.name AS name, opened.host AS host, fromUnixTimestamp64Micro(max(opened.since), 'UTC') AS opened,
       if(max(seen.last) = 0, NULL, fromUnixTimestamp64Micro(max(seen.last), 'UTC')) AS last,
       toInt64(sum(seen.events)) AS events, toInt64(count() OVER ()) AS total
FROM opened LEFT JOIN seen USING source GROUP BY name, host ORDER BY name, host LIMIT 500
"""  # noqa: S608 our own text, with nothing of anybody's

_FEEDS = """
SELECT feed, fromUnixTimestamp64Micro(assumeNotNull(newest), 'UTC') AS last FROM
(
    SELECT 'lists' AS feed, maxOrNull(at) AS newest FROM pool_observations
    WHERE type = 'listing_observed' AND at > {until:Int64} - 172800000000 AND at <= {horizon:Int64}
    UNION ALL
    SELECT 'complaints', maxOrNull(at) FROM complaints
    WHERE at > {until:Int64} - 604800000000 AND at <= {horizon:Int64}
    UNION ALL SELECT 'worker', maxOrNull(at) FROM pool_observations
    WHERE type IN ('traffic_counted', 'clock_ticked') AND at > {until:Int64} - 172800000000
          AND at <= {horizon:Int64}
)
WHERE newest IS NOT NULL ORDER BY feed
"""

# `steps` has the newest step of each mailbox that a pool's decision of the span names.
_LISTED = """
WITH (
    SELECT mapFromArrays(groupArray(mailbox), groupArray(newest)) FROM
    (
        SELECT mailbox, argMax(transform(type, ['mailbox_suspended', 'mailbox_throttled', 'mailbox_released'],
                                         ['suspend', 'throttle', ''], step),
                               (at, indexOf(['mailbox_throttled', 'mailbox_suspended'], type), id)) AS newest
        FROM mailbox_events FINAL
        WHERE at <= {until:Int64} AND mailbox IN
        (
            SELECT arrayJoin(culprits.sender) FROM pool_events WHERE at > {since:Int64} AND at <= {until:Int64}
        )
        GROUP BY mailbox HAVING newest != ''
    )
) AS steps
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, * EXCEPT at FROM
(
    SELECT at, id, type, pool, if(ip = '', list, ip) AS subject, until, relapse, share, 0. AS score,
           provider AS step, mode, operator, reason, arrayMap(e -> e.text, evidence) AS reasons,
           arrayMap(c -> (steps[c.sender], c.sender, c.messages, c.recipients, c.unknown_users, c.refusals,
                          c.complaints, c.networks, c.share, c.minutes), culprits) AS culprits
    FROM pool_events FINAL WHERE {in_time} AND {chosen}
    UNION ALL
    {others}
)
WHERE {subject:String} = '' OR subject = {subject:String}
ORDER BY at DESC, id LIMIT {limit:UInt32}
"""
IN_TIME = "at > {since:Int64} AND at <= {until:Int64}"
LISTED = (
    *("time", "id", "type", "pool", "subject", "until", "relapse", "share", "score", "step", "mode", "operator"),
    *("reason", "reasons", "culprits"),
)
"""The columns of what `listed` asks for."""


def listed(others: str, chosen: str = "true") -> str:
    """Return the SQL of the decisions about pools of which a condition holds, and of others beside, newest first.

    Of others are selected, in this order, `at`, id, type, pool, subject, until, relapse, share, score, step, mode,
    operator, reason, reasons and culprits.
    """
    return _LISTED.replace("{in_time}", IN_TIME).replace("{chosen}", chosen).replace("{others}", others)


_DECISIONS = listed(
    f"""
    SELECT at, id, type, '', mailbox, 0, 0, 0., score, step, mode, operator, '', arrayMap(e -> e.text, evidence), []
    FROM mailbox_events FINAL WHERE {IN_TIME}
    UNION ALL
    SELECT at, id, type, pool, if(type = 'operator_acted', subject, host), expires_at, attempt, 0., 0.,
           if(type = 'operator_acted', action, hook), '', operator, reason, [], []
    FROM pool_observations FINAL WHERE type IN ('hook_failed', 'hook_drifted', 'operator_acted') AND {IN_TIME}
    """  # noqa: S608 our own text, with nothing of anybody's
)

# Of the slots of five minutes that lie wholly in the span the counts are kept (schemas/clickhouse/051_mail_slots.sql);
# what is newer or not yet counted, and what is cut by the span's ends, is asked of the rows.
ROLLED = """
WITH (SELECT (first, next) FROM mail_slots_of(since = {since:Int64}, until = {until:Int64})) AS rolled
"""
SLOTS = "mail_slots FINAL WHERE at >= rolled.1 AND at < rolled.2"
EDGES = "at > {since:Int64} AND at <= {until:Int64} AND (at < rolled.1 OR at >= rolled.2)"

_DELIVERABILITY = f"""
{ROLLED}
SELECT if(place <= {{providers:UInt32}}, provider, '(all others)') AS provider, toInt64(sum(attempts)) AS attempts,
       toInt64(sum(sent)) AS sent, toInt64(sum(deferred)) AS deferred, toInt64(sum(bounced)) AS bounced
FROM
(
    SELECT provider, sum(all_) AS attempts, sum(sent_) AS sent, sum(deferred_) AS deferred, sum(bounced_) AS bounced,
           row_number() OVER (ORDER BY attempts DESC, provider) AS place
    FROM
    (
        SELECT name AS provider, sum(events) AS all_, sum(sent) AS sent_, sum(deferred) AS deferred_,
               sum(bounced) AS bounced_
        FROM {SLOTS} AND what = 'provider' GROUP BY provider
        UNION ALL
        SELECT provider, toInt64(count()), toInt64(countIf(outcome = 'sent')), toInt64(countIf(outcome = 'deferred')),
               toInt64(countIf(outcome = 'bounced'))
        FROM mail_events FINAL WHERE type = 'delivery_attempted' AND {EDGES} AND NOT local GROUP BY provider
    )
    GROUP BY provider
)
GROUP BY provider, place > {{providers:UInt32}} ORDER BY place > {{providers:UInt32}}, attempts DESC, provider
"""  # noqa: S608 our own text, with nothing of anybody's

_VOLUME = f"""
{ROLLED}
SELECT bucket, toInt64(sum(events_)) AS events, toInt64(sum(sent_)) AS sent, toInt64(sum(deferred_)) AS deferred,
       toInt64(sum(bounced_)) AS bounced
FROM
(
    SELECT intDiv(intDiv(at, 1000000), {{width:Int64}}) * {{width:Int64}} AS bucket,
           sumIf(events, what = 'log') AS events_, sumIf(sent, what = 'provider') AS sent_,
           sumIf(deferred, what = 'provider') AS deferred_, sumIf(bounced, what = 'provider') AS bounced_
    FROM {SLOTS}
      AND (what = 'log' OR (what = 'provider' AND ({{provider:String}} = '' OR name = {{provider:String}})))
    GROUP BY bucket
    UNION ALL
    SELECT intDiv(intDiv(at, 1000000), {{width:Int64}}) * {{width:Int64}}, toInt64(count()),
           toInt64(countIf(counts AND outcome = 'sent')), toInt64(countIf(counts AND outcome = 'deferred')),
           toInt64(countIf(counts AND outcome = 'bounced'))
    FROM
    (
        SELECT at, outcome, type = 'delivery_attempted' AND NOT local
                            AND ({{provider:String}} = '' OR provider = {{provider:String}}) AS counts
        FROM mail_events FINAL WHERE {EDGES}
    )
    GROUP BY 1
)
GROUP BY bucket ORDER BY bucket
"""  # noqa: S608 likewise

_DEAD_LETTERS = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, name, format, reason, text, place,
       toInt64(count() OVER ()) AS total
FROM dead_letters FINAL WHERE at > {since:Int64} AND at <= {until:Int64} ORDER BY at DESC, id LIMIT {limit:UInt32}
"""

_FILTERS = "additional_table_filters"
_UNDER_VIEWS = ("sunset_events", "mail_events", "bounces")  # the tables of schemas/clickhouse's views
_LIMIT = re.compile(r"\bLIMIT (?:([0-9]+)|\{limit:UInt32\})\s*\Z")


def frame(client: Client, sql: str, columns: Sequence[str], **values: object) -> pd.DataFrame:
    """Return the answer as a frame with these columns, even where it has no rows; `attrs` tells its LIMIT (`CUT`).

    Caps that the user may not set (a profile with readonly = 1 brings its own) are left out.
    """
    return _capped(client, sql, columns, CAPS, values)


def patient(client: Client, sql: str, columns: Sequence[str], **values: object) -> pd.DataFrame:
    """Return the same of a question that reads much: it has nearly all the time for which the page waits at most."""
    return _capped(client, sql, columns, {**CAPS, **_PATIENT}, values)


def as_of(client: Client, sql: str, columns: Sequence[str], span: Span, **values: object) -> pd.DataFrame:
    """Return what views say of the facts up to the span's end: ClickHouse leaves out all later rows of their tables.

    They have the time of `patient`. ProgrammingError where the user may not set this and the span is one of the past.
    """
    known = client.server_settings.get(_FILTERS)
    later = "{" + ",".join(f"'{table}': 'at <= {span.until}'" for table in _UNDER_VIEWS) + "}"
    wanted = {**CAPS, **_PATIENT, _FILTERS: later}
    if span.past and (known is None or known.readonly):
        raise ProgrammingError("ClickHouse's user has readonly = 1: with it nobody can ask as of a moment; take 2")
    return _capped(client, sql, columns, wanted, values)


def _capped(
    client: Client, sql: str, columns: Sequence[str], wanted: Mapping[str, int | str], values: dict[str, object]
) -> pd.DataFrame:
    known = client.server_settings
    caps = {name: value for name, value in wanted.items() if name in known and not known[name].readonly}
    answer = client.query_df(sql, parameters=values, settings=caps)
    if answer.empty:
        return pd.DataFrame(columns=list(columns))
    for name in answer.select_dtypes("datetime").columns:
        answer[name] = answer[name].dt.tz_localize("UTC")
    found = answer[list(columns)]
    if limit := _LIMIT.search(sql):
        found.attrs[CUT] = int(limit[1] or str(values["limit"]))
    return found


def _range(span: Span) -> dict[str, int]:
    return {"since": span.since, "until": span.until}


def sources(client: Client, span: Span) -> pd.DataFrame:
    """Return each followed log with the time of its newest event within the hour before the span's end, else NaT.

    `total` counts all of them.
    """
    columns = ("name", "host", "opened", "last", "events", "total")
    return frame(client, _SOURCES, columns, until=span.until, horizon=span.horizon)


def feeds(client: Client, span: Span) -> pd.DataFrame:
    """Return the newest time of the lists' answers, complaints and the worker's counts; what never came has no row."""
    return frame(client, _FEEDS, ("feed", "last"), until=span.until, horizon=span.horizon)


def decisions(client: Client, span: Span, subject: str = "", limit: int = 200) -> pd.DataFrame:
    """Return what was decided, failed and ordered, newest first; of one IP or mailbox where `subject` names it.

    `culprits` has for each its newest step ("" if it is not in question), then the fields of a `Culprit`. Of a pool's
    decision `step` is the provider that it concerns, "" if all.
    """
    return frame(client, _DECISIONS, LISTED, subject=subject, limit=limit, **_range(span))


def deliverability(client: Client, span: Span) -> pd.DataFrame:
    """Return the attempts per provider by outcome, the busiest first, all beyond the twelfth as one row."""
    columns = ("provider", "attempts", "sent", "deferred", "bounced")
    return frame(client, _DELIVERABILITY, columns, providers=PROVIDERS, **_range(span))


def volume(client: Client, span: Span, provider: str = "") -> pd.DataFrame:
    """Return deliveries per bucket (epoch seconds) by outcome; a bucket without a row had no event of any kind."""
    columns = ("bucket", "events", "sent", "deferred", "bounced")
    return frame(client, _VOLUME, columns, provider=provider, width=span.bucket_seconds, **_range(span))


def dead_letters(client: Client, span: Span, limit: int = 200) -> pd.DataFrame:
    """Return the newest dead letters; `total` counts all of the span."""
    columns = ("time", "name", "format", "reason", "text", "place", "total")
    return frame(client, _DEAD_LETTERS, columns, limit=limit, **_range(span))
