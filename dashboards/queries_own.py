"""What the pages ask the warehouse about our own side: how each IP presents itself, what lists say of our domains."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.span import Span

_IDENTITIES = """
SELECT pool, transport, ip, argMax(helo, (at, id)) AS helo, argMax(ptr, (at, id)) AS ptr,
       argMax(checks, (at, id)) AS checks, fromUnixTimestamp64Micro(max(at), 'UTC') AS asked
FROM (SELECT * FROM pool_observations
      WHERE type = 'ip_identity_observed' AND at > {until:Int64} - 1209600000000 AND at <= {until:Int64})
GROUP BY pool, transport, ip ORDER BY pool, ip LIMIT 5000
"""

_DOMAINS = """
SELECT domain, list, answer, codes, reason, used_by, asked
FROM
(
    SELECT domain, list, argMax(answer, (at, id)) AS answer, argMax(codes, (at, id)) AS codes,
           argMax(reason, (at, id)) AS reason, argMax(used_by, (at, id)) AS used_by,
           fromUnixTimestamp64Micro(max(at), 'UTC') AS asked
    FROM (SELECT * FROM pool_observations
          WHERE type = 'domain_listing_observed' AND at > {until:Int64} - 1209600000000 AND at <= {until:Int64})
    GROUP BY domain, list
)
WHERE answer != 'not_listed' ORDER BY answer, domain, list LIMIT {limit:UInt32}
"""

_ASKED = """
SELECT list, toInt64(uniqExact(domain)) AS domains, fromUnixTimestamp64Micro(max(at), 'UTC') AS asked
FROM pool_observations
WHERE type = 'domain_listing_observed' AND at > {until:Int64} - 1209600000000 AND at <= {until:Int64}
GROUP BY list ORDER BY list LIMIT 1000
"""


def identities(client: Client, span: Span) -> pd.DataFrame:
    """Return how each IP presented itself when it was last looked at, within fourteen days."""
    columns = ("pool", "transport", "ip", "helo", "ptr", "checks", "asked")
    return frame(client, _IDENTITIES, columns, until=span.until)


def domains(client: Client, span: Span, limit: int = 500) -> pd.DataFrame:
    """Return the newest answers of lists about our domains that are no clean ones: listed first, then unknown."""
    columns = ("domain", "list", "answer", "codes", "reason", "used_by", "asked")
    return frame(client, _DOMAINS, columns, limit=limit, until=span.until)


def asked(client: Client, span: Span) -> pd.DataFrame:
    """Return about how many domains each list was asked, and when last."""
    return frame(client, _ASKED, ("list", "domains", "asked"), until=span.until)
