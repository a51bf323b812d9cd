"""What the pages ask the warehouse about alerts: which are open, whom they were told, and what became of one."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.span import Span

# Two desks may raise the same cause under two numbers: the first one is the alert, as in streams/alerts/book.py.
_ALERTS = """
WITH happened AS (SELECT * FROM alert_events FINAL WHERE at <= {until:Int64}),
told AS
(
    SELECT number,
           arrayStringConcat(arraySort(groupArray(concat(channel, ': ', replaceAll(newest, '_', ' ')))), ', ') AS told,
           arrayStringConcat(arraySort(groupArrayIf(channel, handed)), ', ') AS handed, toInt64(sum(again)) AS again
    FROM
    (
        SELECT number, channel, argMax(status, (at, attempt, status != 'begun')) AS newest,
               countIf(telling = 'escalated') > 0 AS handed,
               uniqExactIf(message, telling = 'repeated' AND status = 'sent') AS again
        FROM happened ARRAY JOIN alerts AS number WHERE type = 'alert_delivered' GROUP BY number, channel
    )
    GROUP BY number
),
folded AS
(
    WITH type IN ('alert_raised', 'alert_worsened') AS says,
         type IN ('alert_acknowledged', 'alert_unacknowledged', 'alert_worsened') AS turns
    SELECT alert, anyIf(happened.rule, type = 'alert_raised') AS rule,
           anyIf(happened.subject, type = 'alert_raised') AS subject,
           argMaxIf(happened.severity, at, says) AS severity, argMaxIf(happened.text, at, says) AS text,
           arrayMap(e -> e.text, argMaxIf(evidence, at, says)) AS reasons,
           minIf(happened.since, type = 'alert_raised') AS began, minIf(at, type = 'alert_raised') AS raised,
           anyIf(happened.page, type = 'alert_raised') AS page, anyIf(happened.shown, type = 'alert_raised') AS shown,
           minIf(at, type = 'alert_resolved') AS ended, anyIf(count, type = 'alert_resolved') AS times,
           argMinIf(happened.text, at, type = 'alert_resolved') AS ending,
           argMaxIf((type = 'alert_acknowledged', operator, happened.reason), at, turns) AS word
    FROM happened WHERE alert != ''
    GROUP BY alert HAVING countIf(type = 'alert_raised') > 0
),
spans AS (SELECT rule, subject, groupArray((raised, ended)) AS spans FROM folded GROUP BY rule, subject)
SELECT alert, rule, subject, severity, text, reasons, fromUnixTimestamp64Micro(began, 'UTC') AS since,
       if(ended = 0, NULL, fromUnixTimestamp64Micro(ended, 'UTC')) AS over, ending, times, page, shown,
       if(word.1, word.2, '') AS operator, if(word.1, word.3, '') AS reason, told, handed, again,
       toInt64(count() OVER ()) AS total
FROM folded INNER JOIN spans USING (rule, subject) LEFT JOIN told ON told.number = alert
WHERE NOT arrayExists(s -> s.1 < raised AND (s.2 = 0 OR s.2 > raised), spans)
  AND (alert = {alert:String} OR ({alert:String} = '' AND (ended = 0 OR ({every:Bool} AND ended > {since:Int64}))))
  AND ({search:String} = '' OR arrayExists(field -> positionCaseInsensitiveUTF8(field, {search:String}) > 0,
                                           [alert, rule, subject, text, operator, handed]))
ORDER BY ended > 0, indexOf(['notice', 'warning', 'critical'], severity) + if(word.1, 0, 3) DESC, began DESC, alert
LIMIT {limit:UInt32}
"""

_HAPPENED = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, type, severity, text, operator, reason, channel, telling, status,
       answer, attempt, count AS times, message
FROM alert_events FINAL
WHERE (alert = {alert:String} OR has(alerts, {alert:String})) AND status != 'begun' AND at <= {until:Int64}
ORDER BY alert_events.at DESC, id LIMIT {limit:UInt32}
"""
# A week back: who has not looked since then has not for long.
_LOOKED = """
SELECT fromUnixTimestamp64Micro(assumeNotNull(newest), 'UTC') AS last
FROM
(
    SELECT maxOrNull(at) AS newest FROM pool_observations
    WHERE type = 'alerts_looked' AND at > {until:Int64} - 604800000000 AND at <= {until:Int64}
)
WHERE newest IS NOT NULL LIMIT 1
"""
ASKS = "is `relaywarden desk` running?"
LATE_SECONDS = 300.0
"""Longer than this ago nobody looked for alerts who looks each minute."""
_COLUMNS = (
    "alert", "rule", "subject", "severity", "text", "reasons", "since", "over", "ending", "times", "page", "shown",
    "operator", "reason", "told", "handed", "again", "total",
)  # fmt: skip


def alerts(client: Client, span: Span, search: str = "", limit: int = 500, *, every: bool = False) -> pd.DataFrame:
    """Return the open alerts, the most urgent first: what nobody acknowledged, the most severe, the newest.

    With `every` those that ended in the span, too; `total` counts all that match.
    """
    values = {"since": span.since, "until": span.until, "search": search, "alert": "", "every": every}
    return frame(client, _ALERTS, _COLUMNS, **values, limit=limit)


def ended(client: Client, span: Span, search: str = "", limit: int = 500) -> pd.DataFrame:
    """Return the open alerts and those that ended in the span."""
    return alerts(client, span, search, limit, every=True)


def one(client: Client, span: Span, alert: str) -> pd.DataFrame:
    """Return one alert, open or not, by its whole number."""
    values = {"since": span.since, "until": span.until, "search": "", "alert": alert, "every": True}
    return frame(client, _ALERTS, _COLUMNS, **values, limit=1)


def happened(client: Client, span: Span, alert: str, limit: int = 200) -> pd.DataFrame:
    """Return what happened to an alert, the newest first: what was told where, who said what."""
    columns = (
        "time", "type", "severity", "text", "operator", "reason", "channel", "telling", "status", "answer", "attempt",
        "times", "message",
    )  # fmt: skip
    return frame(client, _HAPPENED, columns, alert=alert, until=span.until, limit=limit)


def looked(client: Client, span: Span) -> pd.DataFrame:
    """Return when somebody looked for alerts last, within a week before the span's end; no row where nobody did."""
    return frame(client, _LOOKED, ("last",), until=span.until)


def unwatched(last: pd.DataFrame, now: pd.Timestamp) -> str:
    """Return in a sentence that nobody looks for alerts, given what `looked` tells; "" where somebody does."""
    silence = nobody(last, now)
    return f"Not known: {silence} ({ASKS})" if silence else ""


def nobody(last: pd.DataFrame, now: pd.Timestamp) -> str:
    """Return since when nobody looks for alerts; "" where somebody does."""
    if last.empty:
        return "nobody has looked for alerts in the last 7 days"
    at = last["last"].iloc[0]
    if (now - at).total_seconds() <= LATE_SECONDS:
        return ""
    since = f"{at:%H:%M}" if now - at < pd.Timedelta(hours=20) else f"{at:%d %b %H:%M}"
    return f"nobody has looked for alerts since {since} UTC"
