"""What the Providers page and `relaywarden replies unknown` ask: what providers make of our IPs, by their replies."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.span import Span
from schemas.observations import FURTHER_REPLIES

_HALF_LIFE = 6 * 3600 * 1_000_000
_DAY = 86_400_000_000

# The score is that of streams/reputation.py: a test compares them.
_PAIRS = """
WITH exp2(-({until:Int64} - at) / {half_life:Int64}) AS part, 1.96 AS z,
     kind IN ('listed', 'reputation', 'volume') AS sign
SELECT ip, provider, toInt64(sent_ + deferred_ + bounced_) AS messages, toInt64(sent_) AS sent,
       toInt64(deferred_) AS deferred, toInt64(bounced_) AS bounced, toInt64(listed_) AS listed,
       toInt64(reputation_) AS reputation, toInt64(volume_) AS volume, toInt64(greylisted_) AS greylisted,
       toInt64(unknown_) AS unknown, newest_kind AS kind, newest_named AS named, newest_text AS text,
       if(newest = 0, NULL, fromUnixTimestamp64Micro(newest, 'UTC')) AS time,
       if(tried <= 0, 1, 1 - greatest(0, (share + z * z / (2 * tried) - z * sqrt((share * (1 - share)
           + z * z / (4 * tried)) / tried)) / (1 + z * z / tried))) AS score
FROM
(
    SELECT ip, provider, sum(sent) AS sent_, sum(deferred) AS deferred_, sum(bounced) AS bounced_,
           sumIf(count, kind = 'listed') AS listed_, sumIf(count, kind = 'reputation') AS reputation_,
           sumIf(count, kind = 'volume') AS volume_, sumIf(count, kind = 'greylisted') AS greylisted_,
           sumIf(count, kind = 'unknown') AS unknown_, maxIf(last_at, sign) AS newest,
           argMaxIf(kind, (last_at, id), sign) AS newest_kind, argMaxIf(named, (last_at, id), sign) AS newest_named,
           argMaxIf(text, (last_at, id), sign) AS newest_text, sum((sent + deferred + bounced) * part) AS tried,
           least(sum(multiIf(kind = 'volume', 0.6, sign, 1.0, 0.0) * count * part),
                 sum((deferred + bounced) * part)) AS against,
           if(tried > 0, least(1, against / tried), 0) AS share
    FROM (SELECT * FROM pool_observations FINAL
          WHERE type IN ('traffic_counted', 'replies_counted') AND provider != ''
                AND at > {since:Int64} AND at <= {until:Int64})
    GROUP BY ip, provider
)
ORDER BY score, messages DESC, ip, provider LIMIT {limit:UInt32}
"""

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
       arraySort(groupUniqArray(16)(ip)) AS ips, argMax(text, (last_at, id)) AS said,
       fromUnixTimestamp64Micro(max(last_at), 'UTC') AS last
FROM (SELECT * FROM pool_observations FINAL
      WHERE type = 'replies_counted' AND reason != '' AND at > {since:Int64} AND at <= {until:Int64})
GROUP BY provider, reason ORDER BY of DESC, provider, number DESC, reason LIMIT {limit:UInt32}
"""


def pairs(client: Client, span: Span, limit: int = 2000) -> pd.DataFrame:
    """Return each IP at each provider, the worst reputation first; `text` and `time` are of the newest block."""
    columns = (
        *("ip", "provider", "score", "messages", "sent", "deferred", "bounced", "listed", "reputation", "volume"),
        *("greylisted", "unknown", "kind", "named", "text", "time"),
    )
    values = {"since": span.since, "until": span.until, "half_life": _HALF_LIFE, "limit": limit}
    return frame(client, _PAIRS, columns, **values)


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
