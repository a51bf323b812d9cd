"""What the pages Providers and Pool ask about the texts of refusals: which came, about which IP, and which are new."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.slots import AGE
from dashboards.span import Span
from schemas.observations import FURTHER_REPLIES

_WEEK = 7 * 86_400_000_000

_TEXTS = """
SELECT provider, kind, named, said AS text, reason, toInt64(number) AS number, toInt64(old) AS before, ips,
       fromUnixTimestamp64Micro(opened, 'UTC') AS first, fromUnixTimestamp64Micro(newest, 'UTC') AS last
FROM
(
    SELECT provider, toString(kind) AS kind, toString(named) AS named, if(pattern = '', text, toString(pattern)) AS row,
           argMax(text, $AGE) AS said, toString(argMax(reason, $AGE)) AS reason,
           sumIf(count, at > {since:Int64}) AS number, sumIf(count, at <= {since:Int64}) AS old,
           arraySort(groupUniqArrayIf(16)(ip, at > {since:Int64})) AS ips,
           minIf(first_at, at > {since:Int64}) AS opened, max(last_at) AS newest
    FROM (SELECT * FROM pool_observations FINAL
          WHERE type = 'replies_counted' AND text != {further:String} AND ({ip:String} = '' OR ip = {ip:String})
                AND ({provider:String} = '' OR provider = {provider:String})
                AND at > {since:Int64} - {week:Int64} AND at <= {until:Int64})
    GROUP BY provider, kind, named, row
    HAVING number > 0 AND (old = 0 OR NOT {new:Bool})
)
ORDER BY kind IN ('listed', 'reputation', 'volume') DESC, old = 0 DESC, number DESC, provider, text
LIMIT {limit:UInt32}
""".replace("$AGE", AGE)

_COUNTED = """
SELECT fromUnixTimestamp64Micro(assumeNotNull(begun), 'UTC') AS since FROM
(
    SELECT minOrNull(at) AS begun FROM pool_observations
    WHERE type = 'replies_counted' AND at > {since:Int64} - {week:Int64} AND at <= {until:Int64}
)
WHERE begun IS NOT NULL
"""


def texts(client: Client, span: Span, ip: str = "", provider: str = "", new: bool = False) -> pd.DataFrame:  # noqa: FBT001, FBT002 queries are asked with their values in a row
    """Return the refusals of the span (at most 200), of one IP or provider if named, those against an IP first.

    A row is what one row of the table of replies knows, or one text that none knows; `text` is the newest. `before` is
    how many alike came within the seven days before the span; `new`: only those of which none did. See `counted`, too.
    """
    columns = ("provider", "kind", "named", "text", "reason", "number", "before", "ips", "first", "last")
    values = {"since": span.since, "until": span.until, "week": _WEEK, "further": FURTHER_REPLIES, "limit": 200}
    return frame(client, _TEXTS, columns, ip=ip, provider=provider, new=new, **values)


def counted(client: Client, span: Span) -> pd.DataFrame:
    """Return since when refusals were counted, looking back seven days before the span; no row if none ever was."""
    return frame(client, _COUNTED, ("since",), since=span.since, until=span.until, week=_WEEK)
