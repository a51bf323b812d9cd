"""What the Domains page asks the warehouse: by the newest look at each customer's domain what it publishes.

Rows stored twice are alike, and the newest look is picked before anything is counted: there is no need of FINAL. A
domain whose newest row says that it was removed is in no answer.
"""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.span import Span

_NEWEST = """
SELECT domain, customer, outcome, mx, spf, dkim, dmarc, at AS moment
FROM domain_checks
WHERE type = 'customer_domain_checked' AND (domain, at) IN
(
    SELECT domain, max(at) FROM domain_checks WHERE at > {until:Int64} - {back:Int64} AND at <= {until:Int64}
    GROUP BY domain
)
LIMIT 1 BY domain
"""

_COUNTS = f"""
SELECT sort, outcome, toInt64(count()) AS domains
FROM (SELECT [newest.outcome, mx, spf, dkim, dmarc] AS outcomes FROM ({_NEWEST}) AS newest)
ARRAY JOIN ['all', 'mx', 'spf', 'dkim', 'dmarc'] AS sort, outcomes AS outcome
GROUP BY sort, outcome ORDER BY sort, outcome LIMIT 100
"""  # noqa: S608 our own text, with nothing of anybody's

_PICKED = f"""
SELECT domain, customer, outcome, mx, spf, dkim, dmarc, moment, toInt64(count() OVER ()) AS total
FROM ({_NEWEST})
WHERE (empty({{outcomes:Array(String)}}) OR has({{outcomes:Array(String)}}, outcome))
  AND (positionCaseInsensitiveUTF8(domain, {{search:String}}) > 0
       OR positionCaseInsensitiveUTF8(customer, {{search:String}}) > 0)
ORDER BY indexOf(['fail', 'absent', 'unknown', 'advice'], outcome) = 0,
         indexOf(['fail', 'absent', 'unknown', 'advice'], outcome), domain
LIMIT {{limit:UInt32}}
"""  # noqa: S608 likewise

_FINDINGS = """
SELECT domain, arrayStringConcat(arrayFilter((text, outcome) -> outcome != 'pass', checks.text, checks.outcome), ' ')
           AS wrong,
       arrayStringConcat(arrayDistinct(arrayFilter(lines -> lines != '', checks.publish)), ' | ') AS publish,
       fromUnixTimestamp64Micro(at, 'UTC') AS time
FROM domain_checks
WHERE type = 'customer_domain_checked' AND domain IN {domains:Array(String)}
  AND (domain, at) IN (SELECT arrayJoin(arrayZip({domains:Array(String)}, {moments:Array(Int64)})))
LIMIT 1 BY domain
"""

_SEEN = f"SELECT arraySort(groupArray(domain)) AS domains FROM ({_NEWEST})"  # noqa: S608 likewise

_ONE = """
SELECT each.name AS sort, each.outcome AS result, each.text AS found, each.record AS record, each.publish AS publish
FROM (SELECT checks FROM domain_checks
      WHERE type IN ('customer_domain_checked', 'customer_domain_removed') AND domain = {domain:String}
      AND at > {until:Int64} - {back:Int64} AND at <= {until:Int64} ORDER BY at DESC, id DESC LIMIT 1)
ARRAY JOIN checks AS each
"""


def counts(client: Client, span: Span, back: int) -> pd.DataFrame:
    """Return how many domains come to each outcome, of all checks ("all") and of each sort, by looks of `back` µs."""
    return frame(client, _COUNTS, ("sort", "outcome", "domains"), until=span.until, back=back)


def listed(  # noqa: PLR0913, PLR0917 as many as the page's filters
    client: Client, span: Span, back: int, search: str, outcomes: tuple[str, ...], limit: int = 1000
) -> pd.DataFrame:
    """Return the domains that come to one of the outcomes (all, where none is named), the worst first."""
    columns = ("domain", "customer", "outcome", "mx", "spf", "dkim", "dmarc", "moment", "total")
    values = {"until": span.until, "back": back, "search": search, "outcomes": list(outcomes), "limit": limit}
    picked = frame(client, _PICKED, columns, **values)
    places = {"domains": list(picked["domain"]), "moments": [int(moment) for moment in picked["moment"]]}
    found = frame(client, _FINDINGS, ("domain", "wrong", "publish", "time"), **places)
    return picked.drop(columns="moment").merge(found, on="domain")


def seen(client: Client, span: Span, back: int) -> pd.DataFrame:
    """Return, in one row, the names of all domains that were looked at."""
    return frame(client, _SEEN, ("domains",), until=span.until, back=back)


def one(client: Client, span: Span, back: int, domain: str) -> pd.DataFrame:
    """Return the findings of a domain's newest look, in their order."""
    return frame(
        client, _ONE, ("sort", "result", "found", "record", "publish"), until=span.until, back=back, domain=domain
    )
