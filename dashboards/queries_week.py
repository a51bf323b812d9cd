"""What the Overview asks about now: how mail arrives against the same hour of last week, and how old each source is."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.slots import beside, slots_of, within
from dashboards.span import Span

_NOW, _THEN = (
    ("{until:Int64} - 3600000000", "{until:Int64}"),
    ("{until:Int64} - 608400000000", "{until:Int64} - 604800000000"),
)
_BESIDE = (beside("new", *_NOW), beside("old", *_THEN))
# What is no delivery to elsewhere counts in the row without a provider: lines of all logs less deliveries.
_HOUR = f"""
WITH {slots_of(*_NOW, short=True)} AS new, {slots_of(*_THEN, short=True)} AS old
SELECT if(place <= 12, provider, '(all others)') AS provider,
       toInt64(sum(attempts)) AS attempts, toInt64(sum(sent)) AS sent, toInt64(sum(deferred)) AS deferred,
       toInt64(sum(bounced)) AS bounced, toInt64(sum(attempts_then)) AS attempts_then,
       toInt64(sum(sent_then)) AS sent_then,
       toInt64(sum(deferred_then)) AS deferred_then, toInt64(sum(bounced_then)) AS bounced_then,
       toInt64(any(heard_now)) AS heard, toInt64(any(heard_before)) AS heard_then
FROM
(
    SELECT provider, mail,
           sumIf(lines, mail AND now) AS attempts, sumIf(sent_, now) AS sent, sumIf(deferred_, now) AS deferred,
           sumIf(bounced_, now) AS bounced, sumIf(lines, mail AND NOT now) AS attempts_then,
           sumIf(sent_, NOT now) AS sent_then, sumIf(deferred_, NOT now) AS deferred_then,
           sumIf(bounced_, NOT now) AS bounced_then,
           sum(sumIf(lines, now)) OVER () AS heard_now, sum(sumIf(lines, NOT now)) OVER () AS heard_before,
           row_number() OVER (ORDER BY mail DESC, attempts + attempts_then DESC, provider) AS place
    FROM
    (
        SELECT toString(name) AS provider, true AS mail, {within("new")} AS now, events AS lines, sent AS sent_,
               deferred AS deferred_, bounced AS bounced_
        FROM mail_slots FINAL WHERE what = 'provider' AND ({within("new")} OR {within("old")})
        UNION ALL
        SELECT '', false, {within("new")}, if(what = 'log', events, -events), 0, 0, 0
        FROM mail_slots FINAL WHERE what IN ('log', 'provider') AND ({within("new")} OR {within("old")})
        UNION ALL
        SELECT if(counts, provider, '') AS whose, counts, now, toInt64(count()),
               toInt64(countIf(counts AND outcome = 'sent')), toInt64(countIf(counts AND outcome = 'deferred')),
               toInt64(countIf(counts AND outcome = 'bounced'))
        FROM
        (
            SELECT toString(mail_events.provider) AS provider, outcome, {_BESIDE[0]} AS now,
                   type = 'delivery_attempted' AND NOT local AS counts
            FROM mail_events FINAL WHERE {" OR ".join(_BESIDE)}
        )
        GROUP BY whose, counts, now
    )
    GROUP BY provider, mail HAVING sum(lines) > 0
)
GROUP BY provider, place > 12 ORDER BY place > 12, attempts DESC, provider
"""  # noqa: S608 our own text, with nothing of anybody's

# A row that is stored twice is of the same message: there is no need of FINAL.
_IPS = """
SELECT outbound_ip AS ip, toInt64(uniqExact(sender, queue_id)) AS messages
FROM mail_events
WHERE type = 'delivery_attempted' AND outcome = 'sent' AND NOT local AND outbound_ip != ''
  AND at > {until:Int64} - 3600000000 AND at <= {until:Int64}
GROUP BY ip ORDER BY ip LIMIT 20000
"""

_AGES = """
SELECT kind, name, fromUnixTimestamp64Micro(assumeNotNull(newest), 'UTC') AS last,
       toInt64(count() OVER () + max(further) OVER ()) AS total
FROM
(
    SELECT 'list' AS kind, list AS name, maxOrNull(at) AS newest, toInt64(0) AS further FROM pool_observations
    WHERE type = 'listing_observed' AND at > {until:Int64} - 604800000000 AND at <= {until:Int64} GROUP BY list
    UNION ALL
    SELECT 'hook', concat(hook, ' on ', host), maxOrNull(at), 0 FROM pool_observations
    WHERE type IN ('hook_applied', 'hook_failed', 'hook_drifted') AND at > {until:Int64} - 604800000000
      AND at <= {until:Int64} GROUP BY hook, host
    UNION ALL
    SELECT * FROM
    (
        SELECT 'reporter', if(reporter = '', 'no name', reporter), maxOrNull(at) AS newest,
               greatest(toInt64(count() OVER ()) - 50, 0)
        FROM complaints
        WHERE at > {until:Int64} - 2592000000000 AND at <= {until:Int64} GROUP BY reporter
        ORDER BY newest DESC LIMIT 50
    )
    UNION ALL
    SELECT 'bounces', 'bounces', maxOrNull(at), 0 FROM bounces
    WHERE at > {until:Int64} - 2592000000000 AND at <= {until:Int64}
    UNION ALL
    SELECT 'reports', 'reports', maxOrNull(at), 0 FROM reports
    WHERE at > {until:Int64} - 2592000000000 AND at <= {until:Int64}
    UNION ALL
    SELECT 'alerts', 'alerts', maxOrNull(at), 0 FROM alert_events
    WHERE at > {until:Int64} - 2592000000000 AND at <= {until:Int64}
    UNION ALL
    SELECT 'sink', 'sink', maxOrNull(toUnixTimestamp(modification_time) * 1000000), 0 FROM system.parts
    WHERE database = currentDatabase() AND level < 2 AND NOT {past:Bool}
          AND toUnixTimestamp(modification_time) * 1000000 <= {until:Int64}
)
WHERE newest IS NOT NULL ORDER BY kind, name LIMIT 2000
"""


def hour(client: Client, span: Span) -> pd.DataFrame:
    """Return the last hour and the same hour a week before, by provider; `heard` and `heard_then` count all lines.

    The provider "" has what is no delivery: its rows are there so that an hour without deliveries is not one unheard.
    """
    columns = (
        "provider", "attempts", "sent", "deferred", "bounced", "attempts_then", "sent_then", "deferred_then",
        "bounced_then", "heard", "heard_then",
    )  # fmt: skip
    return frame(client, _HOUR, columns, until=span.until)


def sent(client: Client, span: Span) -> pd.DataFrame:
    """Return how many messages each IP delivered within the hour before the span's end."""
    return frame(client, _IPS, ("ip", "messages"), until=span.until)


def ages(client: Client, span: Span) -> pd.DataFrame:
    """Return when each source was heard last: lists and hooks within a week, what comes as mail within thirty days.

    `total` counts all, also the reporters of whom it has no more than the newest 50. Of the sink that is when
    ClickHouse got its newest block, by ClickHouse's clock, which keeps nothing of the past.
    """
    return frame(client, _AGES, ("kind", "name", "last", "total"), until=span.until, past=span.past)
