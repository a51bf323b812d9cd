"""What the Complaints page and `relaywarden complaints list` ask the warehouse."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.span import Span

_LISTED = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, feedback_type, sender, attribution, confidence, reason,
       outbound_ip AS ip, reporter, recipient, message_id, queue_id, report_url,
       arrayStringConcat(arrayFilter(told -> told != '', [auth_failure, delivery_result, reported_domain]), ', ')
           AS failure,
       toInt64(count() OVER ()) AS total
FROM complaints FINAL
WHERE at > {since:Int64} AND at <= {until:Int64} AND (attribution = '' OR NOT {unattributed:Bool})
ORDER BY complaints.at DESC, id LIMIT {limit:UInt32}
"""

_WAYS = """
SELECT attribution, toInt64(count()) AS complaints, min(confidence) AS least, max(confidence) AS most
FROM complaints FINAL WHERE at > {since:Int64} AND at <= {until:Int64}
GROUP BY attribution ORDER BY complaints DESC, attribution
"""


def listed(client: Client, span: Span, unattributed: bool = False, limit: int = 500) -> pd.DataFrame:  # noqa: FBT001, FBT002 queries are asked with their values in a row
    """Return the newest complaints, or only those without a sender; `total` counts all of the span.

    `failure` says of a report of the type auth-failure what failed, what became of the mail, and in whose name it was.
    """
    columns = (
        *("time", "feedback_type", "sender", "attribution", "confidence", "reason", "ip", "reporter", "recipient"),
        *("message_id", "queue_id", "report_url", "failure", "total"),
    )
    values = {"since": span.since, "until": span.until, "unattributed": unattributed, "limit": limit}
    return frame(client, _LISTED, columns, **values)


def ways(client: Client, span: Span) -> pd.DataFrame:
    """Return how many complaints each way ("" for none) gave a sender, and how sure that was at least and at most."""
    columns = ("attribution", "complaints", "least", "most")
    return frame(client, _WAYS, columns, since=span.since, until=span.until)
