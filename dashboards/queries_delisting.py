"""What the pages ask the warehouse about delistings: what lists name now, and how long each list takes."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards import counted
from dashboards.queries import frame
from dashboards.span import Span

_DELISTINGS = """
WITH (at, type = 'delisting_closed', id) AS place, type IN ('delisting_opened', 'delisting_closed') AS turning
SELECT `case`, list, subject, pool, if(requested >= opened_at AND state = 'open', 'requested', state) AS state,
       since, relapse, toInt64(requests) AS requests, changed, removal, seconds,
       toInt64(countIf(state IN ('open', 'requested')) OVER ()) AS counted, toInt64(count() OVER ()) AS total,
       sumMap(map(state, toInt64(1))) OVER () AS states
FROM
(
    SELECT `case`, any(list) AS list, any(subject) AS subject, any(pool) AS pool,
           if(argMaxIf(type, place, turning) = 'delisting_closed', argMaxIf(outcome, place, turning), 'open') AS state,
           fromUnixTimestamp64Micro(maxIf(since, type = 'delisting_opened'), 'UTC') AS since,
           argMaxIf(relapse, place, type = 'delisting_opened') AS relapse,
           countIf(type = 'delisting_requested') AS requests, maxIf(at, type = 'delisting_requested') AS requested,
           maxIf(at, type = 'delisting_opened') AS opened_at, fromUnixTimestamp64Micro(max(at), 'UTC') AS changed,
           argMaxIf(removal, place, type = 'delisting_opened') AS removal,
           argMaxIf(took_seconds, place, turning) AS seconds
    FROM delisting_counted(until = {until:Int64})
    GROUP BY `case`
)
WHERE state IN ('open', 'requested') OR changed > fromUnixTimestamp64Micro({since:Int64}, 'UTC')
ORDER BY state NOT IN ('open', 'requested'), since DESC, `case` LIMIT {limit:UInt32}
"""

_TIMES = """
SELECT list, toInt64(countIf(type = 'delisting_opened')) AS opened,
       toInt64(countIf(type = 'delisting_opened' AND relapse > 0)) AS relapses,
       toInt64(countIf(outcome = 'delisted')) AS delisted, toInt64(countIf(outcome = 'expired')) AS expired,
       toInt64(countIf(outcome = 'given_up')) AS given_up,
       quantileExactInclusiveIf(0.5)(took_seconds, outcome IN ('delisted', 'expired')) AS took,
       quantileExactInclusiveIf(0.5)(waited_seconds, outcome = 'delisted' AND requests > 0) AS waited,
       toInt64(countIf(outcome = 'delisted' AND requests > 0)) AS asked,
       quantileExactInclusiveIf(0.5)(took_seconds, outcome IN ('delisted', 'expired') AND relapse > 0) AS longer,
       toInt64(countIf(outcome IN ('delisted', 'expired') AND relapse > 0)) AS again,
       argMaxIf(lasts_hours, at, type = 'delisting_opened') AS hours
FROM delisting_counted(until = {until:Int64})
GROUP BY list ORDER BY opened DESC, list LIMIT {limit:UInt32}
"""

_HAPPENED = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, type, list, subject, kind, outcome, operator, how, reference, note,
       relapse, took_seconds AS seconds, removal, arrayMap(e -> e.text, evidence) AS reasons, id, what,
       id IN (SELECT takes_back FROM delisting_events
              WHERE type = 'delisting_taken_back' AND at <= {until:Int64}) AS void
FROM delisting_events FINAL WHERE `case` = {case:String} AND at <= {until:Int64}
ORDER BY delisting_events.at DESC, type = 'delisting_opened', id LIMIT {limit:UInt32}
"""


def delistings(client: Client, span: Span, limit: int = 500) -> pd.DataFrame:
    """Return the open delistings, and those that changed in the span; the closed ones last.

    `counted.of` it are all that are open; `total` counts all, `states` how many are in each state.
    """
    columns = (
        "case",
        "list",
        "subject",
        "pool",
        "state",
        "states",
        "total",
        "since",
        "relapse",
        "requests",
        "changed",
        "removal",
        "seconds",
        "counted",
    )
    return counted.noted(frame(client, _DELISTINGS, columns, since=span.since, until=span.until, limit=limit))


def times(client: Client, span: Span, limit: int = 200) -> pd.DataFrame:
    """Return for each list how its listings ended, and in seconds the medians of how long that took."""
    columns = (
        "list",
        "opened",
        "relapses",
        "delisted",
        "expired",
        "given_up",
        "took",
        "waited",
        "asked",
        "longer",
        "again",
        "hours",
    )
    return frame(client, _TIMES, columns, until=span.until, limit=limit)


def happened(client: Client, span: Span, case: str, limit: int = 100) -> pd.DataFrame:
    """Return what happened in a delisting, the newest first, each with its evidence; `void` is what was taken back."""
    columns = (
        "time",
        "type",
        "list",
        "subject",
        "kind",
        "outcome",
        "operator",
        "how",
        "reference",
        "note",
        "relapse",
        "seconds",
        "removal",
        "reasons",
        "id",
        "what",
        "void",
    )
    return frame(client, _HAPPENED, columns, case=case, until=span.until, limit=limit)
