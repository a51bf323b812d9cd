"""What the Pool page asks the warehouse: states, listings, list health, complaints, hooks, traffic of the relay IPs."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import CHANGES, EDGES, ROLLED, SLOTS, frame
from dashboards.span import Span
from schemas.attribution import BLAMING

# `refused` is an IP's newest refusal but those of operators' orders, `named` the lists for which it should have left.
_DECIDED = f"""
    SELECT pool, ip, at, id, type, until, share, mode, relapse, evidence, reason,
           {CHANGES} AS changes,
           type = 'withdrawal_refused' AND NOT arrayExists(e -> e.rule = 'operator', evidence) AS stays,
           arrayMap(e -> substring(toString(e.rule), 7),
                    arrayFilter(e -> startsWith(e.rule, 'dnsbl/'), evidence)) AS lists
    FROM pool_events FINAL WHERE ip != '' AND at <= {{until:Int64}}
"""  # noqa: S608 our own text, with nothing of anybody's
# `open` are the refusals since which no state changed. Of their IPs the lists' answers of two days are read, and those
# since a refusal only where a list of it was not heard within these: then they may be many, but that is rare.
_STATES = f"""
WITH
    (
        SELECT groupArray((ip, refused, named)) FROM
        (
            SELECT toString(ip) AS ip, maxIf(at, stays) AS refused, argMaxIf(lists, (at, id), stays) AS named
            FROM ({_DECIDED}) GROUP BY pool, ip HAVING refused > maxIf(at, changes)
        )
    ) AS open,
    arrayMap(one -> one.1, open) AS staying,
    {{until:Int64}} - 172800000000 AS lately,
    (
        SELECT groupArray(concat(ip, ' ', list)) FROM
        (
            SELECT ip, list FROM pool_observations
            WHERE type = 'listing_observed' AND at > if(empty(open), {{until:Int64}}, lately) AND at <= {{until:Int64}}
                  AND answer != 'unknown' AND ip IN (SELECT arrayJoin(staying))
            GROUP BY ip, list
        )
    ) AS heard,
    arrayMin(arrayMap(one -> if(hasAll(heard, arrayMap(list -> concat(one.1, ' ', list), one.3)),
                                greatest(one.2, lately), one.2), open)) AS begin,
    (
        SELECT mapFromArrays(groupArray(concat(ip, ' ', list)), groupArray((last, ended))) FROM
        (
            SELECT ip, list, max(at) AS last, argMax(answer = 'not_listed', at) AS ended FROM pool_observations
            WHERE type = 'listing_observed' AND at > if(empty(open), {{until:Int64}}, begin) AND at <= {{until:Int64}}
                  AND answer != 'unknown' AND ip IN (SELECT arrayJoin(staying))
            GROUP BY ip, list
        )
    ) AS answers
SELECT pool, ip, kind AS type, fromUnixTimestamp64Micro(changed, 'UTC') AS since,
       if(due = 0, NULL, fromUnixTimestamp64Micro(due, 'UTC')) AS until, part AS share, relapses AS relapse, reasons,
       mode,
       if(refused > changed AND (empty(named) OR arrayExists(list -> NOT answers[concat(ip, ' ', list)].2
                                                                     OR answers[concat(ip, ' ', list)].1 <= refused,
                                                             named)), refusal, '') AS refusal,
       verified > changed AS confirmed,
       drifted > greatest(changed, verified) AS drifting
FROM
(
    SELECT pool, ip,
           argMaxIf(type, (at, id), changes) AS kind, maxIf(at, changes) AS changed,
           argMaxIf(until, (at, id), changes) AS due, argMaxIf(share, (at, id), changes) AS part,
           argMaxIf(mode, (at, id), changes) AS mode,
           maxIf(relapse, type = 'ip_withdrawn') AS relapses,
           arrayMap(e -> e.text, argMaxIf(evidence, (at, id), changes)) AS reasons,
           maxIf(at, stays) AS refused, argMaxIf(lists, (at, id), stays) AS named,
           argMaxIf(reason, (at, id), stays) AS refusal,
           maxIf(at, type = 'withdrawal_verified') AS verified, maxIf(at, type = 'withdrawal_drifted') AS drifted
    FROM ({_DECIDED})
    GROUP BY pool, ip
)
ORDER BY pool, ip LIMIT 5000
"""  # noqa: S608 our own text, with nothing of anybody's

_BARRED = """
SELECT pool, ip, groupArray(provider) AS providers FROM
(
    SELECT pool, ip, provider, argMax(type, (at, id)) AS newest
    FROM pool_events FINAL
    WHERE type IN ('provider_withdrawn', 'provider_restored') AND mode = '' AND at <= {until:Int64}
    GROUP BY pool, ip, provider HAVING newest = 'provider_withdrawn' ORDER BY provider
)
GROUP BY pool, ip ORDER BY pool, ip LIMIT 5000
"""

_MATRIX = """
SELECT ip, list, newest.1 AS answer, newest.2 AS codes, newest.3 AS reason, newest.4 AS scope, newest.5 AS weight,
       fromUnixTimestamp64Micro(last, 'UTC') AS asked
FROM
(
    SELECT ip, list, argMax((answer, codes, reason, scope, weight), at) AS newest, max(at) AS last
    FROM (SELECT * FROM pool_observations
          WHERE type = 'listing_observed' AND at > {until:Int64} - 172800000000 AND at <= {until:Int64})
    GROUP BY ip, list
)
ORDER BY ip, list LIMIT 20000
"""

_HEALTH = """
SELECT list, argMax(healthy, at) AS healthy, argMax(reason, at) AS reason,
       fromUnixTimestamp64Micro(max(at), 'UTC') AS asked
FROM (SELECT * FROM pool_observations
      WHERE type = 'list_health_observed' AND at > {until:Int64} - 172800000000 AND at <= {until:Int64})
GROUP BY list ORDER BY list LIMIT 1000
"""

_HOOKS = """
SELECT pool, hook, host, argMax(type, (at, id)) AS type, fromUnixTimestamp64Micro(max(at), 'UTC') AS time,
       argMax(reason, (at, id)) AS reason, argMax(attempt, (at, id)) AS attempt, argMax(took_ms, (at, id)) AS took_ms
FROM (SELECT * FROM pool_observations FINAL
      WHERE type IN ('hook_applied', 'hook_failed') AND at > {until:Int64} - 604800000000 AND at <= {until:Int64})
GROUP BY pool, hook, host ORDER BY pool, hook, host LIMIT 1000
"""

_TRAFFIC = f"""
{ROLLED}
SELECT ip, bucket, toInt64(sum(all_)) AS attempts, toInt64(sum(sent_)) AS sent, toInt64(sum(deferred_)) AS deferred,
       toInt64(sum(bounced_)) AS bounced
FROM
(
    SELECT name AS ip, intDiv(intDiv(at, 1000000), {{width:Int64}}) * {{width:Int64}} AS bucket, sum(events) AS all_,
           sum(sent) AS sent_, sum(deferred) AS deferred_, sum(bounced) AS bounced_
    FROM {SLOTS} AND what = 'ip' GROUP BY ip, bucket
    UNION ALL
    SELECT outbound_ip, intDiv(intDiv(at, 1000000), {{width:Int64}}) * {{width:Int64}} AS moment, toInt64(count()),
           toInt64(countIf(outcome = 'sent')), toInt64(countIf(outcome = 'deferred')),
           toInt64(countIf(outcome = 'bounced'))
    FROM mail_events FINAL WHERE type = 'delivery_attempted' AND {EDGES} AND outbound_ip != ''
    GROUP BY outbound_ip, moment
)
GROUP BY ip, bucket ORDER BY ip, bucket
"""  # noqa: S608 our own text, with nothing of anybody's

_COMPLAINTS = """
SELECT outbound_ip AS ip, toInt64(count()) AS complaints, toInt64(countIf(attribution = '')) AS unattributed
FROM complaints FINAL
WHERE at > {since:Int64} AND at <= {until:Int64} AND has({blaming:Array(String)}, feedback_type)
GROUP BY ip ORDER BY ip LIMIT 5000
"""

_UNATTRIBUTED = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, feedback_type, reporter, outbound_ip AS ip, recipient, message_id
FROM complaints FINAL WHERE attribution = '' AND at > {since:Int64} AND at <= {until:Int64}
ORDER BY complaints.at DESC, id LIMIT {limit:UInt32}
"""


def states(client: Client, span: Span) -> pd.DataFrame:
    """Return the newest decision of each IP that ever had one; an IP without a row is active since it was configured.

    `refusal` says why an IP stays that should leave: as long as a list of the refusal's evidence did not take its entry
    back since, however long ago that was. No answer takes none back. Where no list was the cause (no worker of today
    refuses for that), nothing tells that it is over but the next change of its state. That an operator's order was
    refused says nothing of the IP. `confirmed` and `drifting` say what the logs say of a withdrawal.
    """
    columns = (
        "pool",
        "ip",
        "type",
        "since",
        "until",
        "share",
        "relapse",
        "reasons",
        "mode",
        "refusal",
        "confirmed",
        "drifting",
    )
    return frame(client, _STATES, columns, until=span.until)


def barred(client: Client, span: Span) -> pd.DataFrame:
    """Return the providers to which an IP sends nothing, of each IP that has such."""
    return frame(client, _BARRED, ("pool", "ip", "providers"), until=span.until)


def matrix(client: Client, span: Span) -> pd.DataFrame:
    """Return the newest answer of each list about each IP within two days; what was not answered yet has no row."""
    columns = ("ip", "list", "answer", "codes", "reason", "scope", "weight", "asked")
    return frame(client, _MATRIX, columns, until=span.until)


def health(client: Client, span: Span) -> pd.DataFrame:
    """Return whether each list passed its newest test within two days."""
    return frame(client, _HEALTH, ("list", "healthy", "reason", "asked"), until=span.until)


def hooks(client: Client, span: Span) -> pd.DataFrame:
    """Return the newest outcome of each hook on each relay host within seven days."""
    columns = ("pool", "hook", "host", "type", "time", "reason", "attempt", "took_ms")
    return frame(client, _HOOKS, columns, until=span.until)


def traffic(client: Client, span: Span) -> pd.DataFrame:
    """Return the delivery attempts of each outbound IP per bucket (epoch seconds) that had any."""
    columns = ("ip", "bucket", "attempts", "sent", "deferred", "bounced")
    return frame(client, _TRAFFIC, columns, since=span.since, until=span.until, width=span.bucket_seconds)


def complaints(client: Client, span: Span) -> pd.DataFrame:
    """Return the complaints about each IP that had any ("" where they name none), and how many name no sender.

    Reports that speak against nobody (not-spam, opt-out, auth-failure) are none.
    """
    values = {"since": span.since, "until": span.until, "blaming": sorted(BLAMING)}
    return frame(client, _COMPLAINTS, ("ip", "complaints", "unattributed"), **values)


def unattributed(client: Client, span: Span, limit: int = 200) -> pd.DataFrame:
    """Return the newest complaints whose sender is not known; the IP is what they claim."""
    columns = ("time", "feedback_type", "reporter", "ip", "recipient", "message_id")
    return frame(client, _UNATTRIBUTED, columns, limit=limit, since=span.since, until=span.until)
