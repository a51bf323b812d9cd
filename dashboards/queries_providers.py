"""What the Providers page and `relaywarden replies unknown` ask: what providers make of our IPs, by their replies."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.slots import AGE
from dashboards.span import Span
from schemas.observations import FURTHER_REPLIES

_HALF_LIFE = 6 * 3600 * 1_000_000
_HOUR = 3_600_000_000
_DAY = 24 * _HOUR

# The score is that of streams/reputation.py: a test compares them. Days and hours that lie wholly in the span are kept
# (schemas/clickhouse/057_pool_slots.sql); all else is asked of the rows. What is summed in another order differs in its
# sixteenth digit: it is rounded, lest the same be told differently.
_PAIRS = f"""
WITH (
         SELECT (first, next, whole)
         FROM pool_slots_of(since = {{since:Int64}}, until = {{until:Int64}}, width = {_HOUR})
     ) AS rolled, 1.96 AS z
SELECT ip, provider, toInt64(sent_ + deferred_ + bounced_) AS messages, toInt64(sent_) AS sent,
       toInt64(deferred_) AS deferred, toInt64(bounced_) AS bounced, toInt64(listed_) AS listed,
       toInt64(reputation_) AS reputation, toInt64(volume_) AS volume, toInt64(greylisted_) AS greylisted,
       toInt64(unknown_) AS unknown, word.1 AS kind, word.2 AS named, word.3 AS text,
       if(newest_.1 = 0, NULL, fromUnixTimestamp64Micro(newest_.1, 'UTC')) AS time,
       round(if(tried_ <= 0, 1, 1 - greatest(0, (share + z * z / (2 * tried_) - z * sqrt((share * (1 - share)
           + z * z / (4 * tried_)) / tried_)) / (1 + z * z / tried_))), 12) AS score
FROM
(
    SELECT ip, provider, sum(sent) AS sent_, sum(deferred) AS deferred_, sum(bounced) AS bounced_,
           sum(listed) AS listed_, sum(reputation) AS reputation_, sum(volume) AS volume_,
           sum(greylisted) AS greylisted_, sum(unknown) AS unknown_, maxIf(newest, newest.1 > 0) AS newest_,
           argMaxIf((kind, named, text), newest, newest.1 > 0) AS word,
           sum(tried * part) AS tried_, least(sum(blamed * part), sum(failed * part)) AS against,
           if(tried_ > 0, least(1, against / tried_), 0) AS share
    FROM
    (
        SELECT ip, provider, sent, deferred, bounced, listed, reputation, volume, greylisted, unknown, tried, failed,
               blamed, newest, kind, named, text,
               exp2((at + if(what = 'day', {_DAY}, {_HOUR}) - {{until:Int64}}) / {_HALF_LIFE}) AS part
        FROM pool_slots FINAL
        WHERE (what = 'day' AND has(rolled.3, at) AND at >= rolled.1 AND at < rolled.2)
           OR (what = 'hour' AND at >= rolled.1 AND at < rolled.2 AND NOT has(rolled.3, intDiv(at, {_DAY}) * {_DAY}))
        UNION ALL
        SELECT ip, provider, sent, deferred, bounced, if(kind = 'listed', count, 0), if(kind = 'reputation', count, 0),
               if(kind = 'volume', count, 0), if(kind = 'greylisted', count, 0), if(kind = 'unknown', count, 0),
               toFloat64(sent + deferred + bounced), toFloat64(deferred + bounced),
               multiIf(kind = 'volume', 0.6, sign, 1.0, 0.0) * count, if(sign, (last_at, id), (0, '')),
               if(sign, kind, ''), if(sign, named, ''), if(sign, text, ''), exp2((at - {{until:Int64}}) / {_HALF_LIFE})
        FROM (SELECT *, kind IN ('listed', 'reputation', 'volume') AS sign FROM pool_observations FINAL
              WHERE type IN ('traffic_counted', 'replies_counted') AND provider != ''
                    AND at > {{since:Int64}} AND at <= {{until:Int64}} AND (at < rolled.1 OR at >= rolled.2))
    )
    GROUP BY ip, provider
)
ORDER BY score, messages DESC, ip, provider LIMIT {{limit:UInt32}}
"""  # noqa: S608 our own numbers

_UNKNOWN = """
SELECT provider, text, text = {further:String} AS further,
       toInt64(sumIf(count, at > {until:Int64} - {day:Int64})) AS today,
       toInt64(sumIf(count, at <= {until:Int64} - {day:Int64})) AS before, arraySort(groupUniqArray(16)(ip)) AS ips,
       fromUnixTimestamp64Micro(min(first_at), 'UTC') AS first, fromUnixTimestamp64Micro(max(last_at), 'UTC') AS last
FROM (SELECT * FROM pool_observations FINAL
      WHERE type = 'replies_counted' AND kind = 'unknown'
            AND at > {until:Int64} - 7 * {day:Int64} AND at <= {until:Int64})
GROUP BY provider, text ORDER BY further, today - before / 6 DESC, today DESC, provider, text LIMIT {limit:UInt32}
"""

_REASONS = """
SELECT provider, reason, toInt64(sum(count)) AS number, toInt64(sum(number) OVER (PARTITION BY provider)) AS of,
       arraySort(groupUniqArray(16)(ip)) AS ips, argMax(text, $AGE) AS said,
       fromUnixTimestamp64Micro(max(last_at), 'UTC') AS last
FROM (SELECT * FROM pool_observations FINAL
      WHERE type = 'replies_counted' AND reason != '' AND at > {since:Int64} AND at <= {until:Int64})
GROUP BY provider, reason ORDER BY of DESC, provider, number DESC, reason LIMIT {limit:UInt32}
""".replace("$AGE", AGE)


def pairs(client: Client, span: Span, limit: int = 2000) -> pd.DataFrame:
    """Return each IP at each provider, the worst reputation first; `text` and `time` are of the newest block."""
    columns = (
        *("ip", "provider", "score", "messages", "sent", "deferred", "bounced", "listed", "reputation", "volume"),
        *("greylisted", "unknown", "kind", "named", "text", "time"),
    )
    return frame(client, _PAIRS, columns, since=span.since, until=span.until, limit=limit)


def unknown(client: Client, span: Span, limit: int = 200) -> pd.DataFrame:
    """Return the replies of seven days that no row knows, those first that grew most within the last day.

    Last come the counts of those that were too many to be told apart (`further`): their words were not kept.
    """
    columns = ("provider", "text", "further", "today", "before", "ips", "first", "last")
    values = {"until": span.until, "day": _DAY, "further": FURTHER_REPLIES, "limit": limit}
    return frame(client, _UNKNOWN, columns, **values)


def reasons(client: Client, span: Span, limit: int = 500) -> pd.DataFrame:
    """Return why each provider refused, the provider with most refusals first; `said` is the newest such reply."""
    columns = ("provider", "reason", "number", "of", "ips", "said", "last")
    values = {"since": span.since, "until": span.until, "limit": limit}
    return frame(client, _REASONS, columns, **values)
