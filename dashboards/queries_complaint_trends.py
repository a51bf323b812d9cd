"""What the Complaints page asks about many complaints at once: over time, by who told us, and by IP."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.span import Span
from schemas.attribution import BLAMING

_OVER_TIME = """
SELECT intDiv(intDiv(at, 1000000), {width:Int64}) * {width:Int64} AS bucket,
       toInt64(countIf(attribution != '' AND (confidence = 0 OR confidence >= {likely:Float64}))) AS sure,
       toInt64(countIf(attribution != '' AND confidence > 0 AND confidence < {likely:Float64})) AS doubtful,
       toInt64(countIf(attribution = '')) AS unattributed
FROM complaints FINAL
WHERE has({blaming:Array(String)}, feedback_type) AND at > {since:Int64} AND at <= {until:Int64}
GROUP BY bucket ORDER BY bucket
"""

# The span before this one, as long, tells what is usual; `begun`: nothing is known of what came before.
_BY = """
WITH (SELECT minOrNull(at) FROM complaints WHERE at <= {until:Int64}) AS begun
SELECT value, toInt64(countIf(at > {since:Int64})) AS complaints, toInt64(countIf(at <= {since:Int64})) AS before,
       toInt64(countIf(attribution = '' AND at > {since:Int64})) AS unattributed,
       toInt64(uniqExactIf(sender, sender != '' AND at > {since:Int64})) AS senders,
       if(complaints = 0, NULL, fromUnixTimestamp64Micro(maxIf(at, at > {since:Int64}), 'UTC')) AS last,
       ifNull(begun <= {since:Int64} - ({until:Int64} - {since:Int64}), false) AS known_before
FROM
(
    SELECT at, attribution, sender,
           if({by:String} = 'ip', toString(outbound_ip), lower(substringIndex(reporter, '@', -1))) AS value
    FROM complaints FINAL
    WHERE has({blaming:Array(String)}, feedback_type)
      AND at > {since:Int64} - ({until:Int64} - {since:Int64}) AND at <= {until:Int64}
)
GROUP BY value ORDER BY complaints DESC, before DESC, value LIMIT {limit:UInt32}
"""


def over_time(client: Client, span: Span, likely: float) -> pd.DataFrame:
    """Return the complaints per bucket (epoch seconds): with a sender, a less sure one than `likely`, and with none.

    Reports that speak against nobody (not-spam, opt-out, auth-failure) are none.
    """
    columns = ("bucket", "sure", "doubtful", "unattributed")
    values = {"since": span.since, "until": span.until, "likely": likely, "blaming": sorted(BLAMING)}
    return frame(client, _OVER_TIME, columns, width=span.bucket_seconds, **values)


def by(client: Client, span: Span, what: str, limit: int = 200) -> pd.DataFrame:
    """Return the complaints by the `ip` that they name or by the `reporter`'s domain, most first; "" is not told.

    `before` are those of the span before, as long; it says nothing where none were kept then (not `known_before`).
    """
    columns = ("value", "complaints", "before", "unattributed", "senders", "last", "known_before")
    values = {"since": span.since, "until": span.until, "blaming": sorted(BLAMING), "by": what, "limit": limit}
    return frame(client, _BY, columns, **values)
