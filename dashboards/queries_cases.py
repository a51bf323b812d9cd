"""What the pages ask the warehouse about cases: customers of whom several mailboxes are under attack."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards import counted
from dashboards.queries import frame
from dashboards.span import Span

_CASES = """
WITH (at, length(mailboxes), type = 'case_closed', id) AS place
SELECT `case`, customer, if(argMax(type, place) = 'case_closed', 'closed', 'open') AS state,
       toInt64(length(argMax(mailboxes, place))) AS count,
       fromUnixTimestamp64Micro(min(at), 'UTC') AS opened, fromUnixTimestamp64Micro(max(at), 'UTC') AS changed,
       argMax(mailboxes, place) AS members, toInt64(countIf(state = 'open') OVER ()) AS counted
FROM case_events FINAL WHERE at <= {until:Int64}
GROUP BY `case`, customer HAVING state = 'open' OR changed > fromUnixTimestamp64Micro({since:Int64}, 'UTC')
ORDER BY state = 'closed', opened DESC, `case` LIMIT {limit:UInt32}
"""

_OPEN = """
WITH (at, length(mailboxes), type = 'case_closed', id) AS place
SELECT `case`, customer, toInt64(length(argMax(mailboxes, place))) AS count, toInt64(count() OVER ()) AS total
FROM case_events FINAL WHERE at <= {until:Int64}
GROUP BY `case`, customer HAVING argMax(type, place) != 'case_closed'
ORDER BY max(at) DESC, `case` LIMIT {limit:UInt32}
"""

_HAPPENED = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, type, customer, toInt64(length(mailboxes)) AS count,
       arrayMap(e -> e.text, evidence) AS reasons
FROM case_events FINAL WHERE `case` = {case:String} AND at <= {until:Int64}
ORDER BY at DESC, length(mailboxes) DESC, id LIMIT {limit:UInt32}
"""


def cases(client: Client, span: Span, limit: int = 100) -> pd.DataFrame:
    """Return the open cases, and those that changed in the span, the newest first; the closed ones last.

    `counted.of` it are all that are open.
    """
    columns = ("case", "customer", "state", "count", "opened", "changed", "members", "counted")
    return counted.noted(frame(client, _CASES, columns, since=span.since, until=span.until, limit=limit))


def open_cases(client: Client, span: Span, limit: int = 6) -> pd.DataFrame:
    """Return the open cases that changed last, and how many mailboxes each has; `total` counts all that are open."""
    return frame(client, _OPEN, ("case", "customer", "count", "total"), until=span.until, limit=limit)


def happened(client: Client, span: Span, case: str, limit: int = 50) -> pd.DataFrame:
    """Return what happened in a case, the newest first, each with its evidence."""
    columns = ("time", "type", "customer", "count", "reasons")
    return frame(client, _HAPPENED, columns, case=case, until=span.until, limit=limit)
