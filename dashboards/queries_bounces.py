"""What the Complaints page and `relaywarden bounces list` ask about bounces that came by mail."""

from typing import NamedTuple

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.span import Span

_REASONS = """
SELECT reason, toInt64(count()) AS bounces, toInt64(countIf(permanent)) AS final,
       toInt64(countIf(action = 'delayed')) AS delays, toInt64(uniqExact(recipient)) AS recipients,
       toInt64(uniqExactIf(sender, sender != '')) AS senders
FROM bounces FINAL WHERE at > {since:Int64} AND at <= {until:Int64} AND action IN ('failed', 'delayed')
GROUP BY reason ORDER BY bounces DESC, reason
"""

_LISTED = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, sender, confidence, doubt, action, recipient, reason, permanent,
       reply, reporting_mta, outbound_ip AS ip, message_id, toInt64(count() OVER ()) AS total
FROM bounces FINAL
WHERE at > {since:Int64} AND at <= {until:Int64} AND action IN ('failed', 'delayed')
  AND ({mailbox:String} = '' OR lower(sender) = lower({mailbox:String}))
  AND ({domain:String} = '' OR endsWith(lower(recipient), concat('@', lower({domain:String}))))
  AND ({reason:String} = '' OR reason = {reason:String})
ORDER BY bounces.at DESC, id LIMIT {limit:UInt32}
"""


class Chosen(NamedTuple):
    """Which bounces: of one sender's mail, to recipients in one domain, of one reason; "" stands for all."""

    mailbox: str = ""
    domain: str = ""
    reason: str = ""


ALL = Chosen()


def reasons(client: Client, span: Span) -> pd.DataFrame:
    """Return how many bounces each reason had, how many of them for ever, of how many recipients and senders."""
    columns = ("reason", "bounces", "final", "delays", "recipients", "senders")
    return frame(client, _REASONS, columns, since=span.since, until=span.until)


def listed(client: Client, span: Span, limit: int = 200, chosen: Chosen = ALL) -> pd.DataFrame:
    """Return the newest bounces; those that tell of a delivery are left out; `total` counts all of the span."""
    columns = (
        *("time", "sender", "confidence", "doubt", "action", "recipient", "reason", "permanent", "reply"),
        *("reporting_mta", "ip", "message_id", "total"),
    )
    return frame(client, _LISTED, columns, since=span.since, until=span.until, limit=limit, **chosen._asdict())
