"""What the Mailboxes page asks the warehouse: scores, and one mailbox's doings.

A mailbox's mails and logins are read from where they lie together (schemas/clickhouse/059_mail_by_domain.sql); there a
row that is stored twice stands twice, and each id is taken once.
"""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards import newest
from dashboards.queries import frame
from dashboards.span import Span

OF_MAILBOX = """substringIndex(if(empty(mailbox), sender, mailbox), '@', -1) = substringIndex({mailbox:String}, '@', -1)
          AND if(empty(mailbox), sender, mailbox) = {mailbox:String}"""
_FEW = 1000
_HIGHEST = f"""
WITH {newest.HIGHEST},
(
    SELECT groupArray((mailbox, score_now, step_now, seen)) FROM
    (SELECT * FROM ({newest.states("highest.1")}) ORDER BY score_now DESC, mailbox LIMIT {{limit:UInt32}})
) AS shown
SELECT mailbox, one.2 AS score, if(decided.step != '', decided.step, one.3) AS step, decided.type AS decision,
       decided.mode AS mode, if(decided.at = 0, NULL, fromUnixTimestamp64Micro(decided.at, 'UTC')) AS decided,
       fromUnixTimestamp64Micro(one.4, 'UTC') AS updated, {newest.AMONG} AND count() OVER () = {{limit:UInt32}} AS sure
FROM (SELECT arrayJoin(shown) AS one, one.1 AS mailbox) AS scored
LEFT JOIN ({newest.decisions("mailbox IN (SELECT arrayJoin(shown.1))")}) AS decided USING mailbox
ORDER BY score DESC, mailbox LIMIT {{limit:UInt32}}
"""  # noqa: S608 our own text, with nothing of anybody's

# A decision counts before the step of the newest score.
_SCORES = f"""
WITH decided AS
(
    {newest.decisions("positionCaseInsensitiveUTF8(mailbox, {search:String}) > 0")}
)
SELECT mailbox, if(max(seen) = 0, NULL, max(score_now)) AS score, argMax(step_now, weight) AS step,
       max(kind) AS decision, max(how) AS mode,
       if(max(changed) = 0, NULL, fromUnixTimestamp64Micro(max(changed), 'UTC')) AS decided,
       if(max(seen) = 0, NULL, fromUnixTimestamp64Micro(max(seen), 'UTC')) AS updated
FROM
(
    SELECT mailbox, score AS score_now, step AS step_now, '' AS kind, '' AS how, toInt64(0) AS changed, at AS seen,
           if(step = '', 0, 1) AS weight
    FROM mailbox_state FINAL
    WHERE at <= {{until:Int64}} AND positionCaseInsensitiveUTF8(mailbox, {{search:String}}) > 0
          AND ({{step:String}} = '' OR step = {{step:String}} OR mailbox IN (SELECT mailbox FROM decided))
    UNION ALL
    SELECT mailbox, 0., step, type, mode, at, toInt64(0), if(type = 'mailbox_released', 0, 2) FROM decided
)
GROUP BY mailbox HAVING {{step:String}} = '' OR step = {{step:String}}
ORDER BY score DESC, mailbox LIMIT {{limit:UInt32}}
"""  # noqa: S608 likewise

_EVIDENCE = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, id, type, score, step, mode, operator,
       e.rule AS rule, e.text AS text, e.value AS value, e.usual AS usual, e.points AS points
FROM mailbox_events FINAL LEFT ARRAY JOIN evidence AS e
WHERE mailbox = {mailbox:String} AND at <= {until:Int64}
ORDER BY at DESC, id, e.points DESC LIMIT {limit:UInt32}
"""

_ACTIVITY = f"""
SELECT intDiv(intDiv(at, 1000000), {{width:Int64}}) * {{width:Int64}} AS bucket,
       toInt64(countIf(type = 'message_submitted')) AS messages,
       toInt64(sumIf(recipients, type = 'message_submitted')) AS recipients,
       toInt64(countIf(type = 'delivery_attempted' AND outcome = 'bounced')) AS bounced,
       toInt64(countIf(type = 'delivery_attempted' AND outcome = 'bounced'
                       AND enhanced_status IN ('5.1.1', '5.1.10'))) AS unknown_users
FROM
(
    SELECT type, at, outcome, enhanced_status, recipients FROM mail_events
    WHERE {OF_MAILBOX} AND type IN ('message_submitted', 'delivery_attempted')
          AND at > {{since:Int64}} AND at <= {{until:Int64}}
    LIMIT 1 BY at, id
)
GROUP BY bucket ORDER BY bucket
"""  # noqa: S608 likewise

_LOGINS = f"""
SELECT intDiv(intDiv(at, 1000000), {{width:Int64}}) * {{width:Int64}} AS bucket, network,
       toInt64(sum(times)) AS logins,
       toInt64(sumIf(times, outcome = 'succeeded')) AS succeeded, toInt64(sumIf(times, outcome = 'failed')) AS failed
FROM
(
    SELECT at, outcome, greatest(attempts, 1) AS times, multiIf(
        isIPv4String(client_ip), concat(replaceRegexpOne(client_ip, '[.][0-9]+$', ''), '.0/24'),
        isIPv6String(client_ip), concat(toString(tupleElement(IPv6CIDRToRange(toIPv6(client_ip), 48), 1)), '/48'),
        'unknown') AS network
    FROM mail_events
    WHERE {OF_MAILBOX} AND type = 'mailbox_authenticated'
          AND at > {{since:Int64}} AND at <= {{until:Int64}}
    LIMIT 1 BY at, id
)
GROUP BY bucket, network ORDER BY bucket, network LIMIT 20000
"""  # noqa: S608 likewise

# What is ordered at once by its time would be read by it, from all mailboxes' rows.
_DELIVERIES = f"""
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, recipient, provider, outcome, enhanced_status, reply, outbound_ip,
       host, queue_id
FROM
(
    SELECT at, id, recipient, provider, outcome, enhanced_status, reply, outbound_ip, host, queue_id FROM mail_events
    WHERE {OF_MAILBOX} AND type = 'delivery_attempted' AND at > {{since:Int64}} AND at <= {{until:Int64}}
    LIMIT 1 BY at, id
)
ORDER BY at DESC, id LIMIT {{limit:UInt32}}
"""  # noqa: S608 likewise

_RECENT_LOGINS = f"""
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, outcome, client_ip, client_country AS country, client_asn AS asn,
       service, method, reason, tls, host
FROM
(
    SELECT at, id, outcome, client_ip, client_country, client_asn, service, method, reason, tls, host FROM mail_events
    WHERE {OF_MAILBOX} AND type = 'mailbox_authenticated' AND at > {{since:Int64}} AND at <= {{until:Int64}}
    LIMIT 1 BY at, id
)
ORDER BY at DESC, id LIMIT {{limit:UInt32}}
"""  # noqa: S608 likewise

_COMPLAINTS = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, feedback_type, reporter, attribution, outbound_ip, recipient,
       message_id
FROM complaints FINAL
WHERE at > {since:Int64} AND at <= {until:Int64} AND sender = {mailbox:String}
ORDER BY at DESC, id LIMIT {limit:UInt32}
"""


def _of(span: Span, mailbox: str) -> dict[str, str | int]:
    return {"since": span.since, "until": span.until, "mailbox": mailbox}


def scores(client: Client, span: Span, search: str = "", step: str = "", limit: int = 200) -> pd.DataFrame:
    """Return the mailboxes whose name contains `search`, the highest score first, with their newest decision.

    Of the score only the newest is kept: of a moment before it, it is not known (NaN).
    """
    columns = ("mailbox", "score", "step", "decision", "mode", "decided", "updated")
    values = {"until": span.until, "limit": limit}
    if not search and not step:
        found = frame(client, _HIGHEST, (*columns, "sure"), few=_FEW, **values)
        if len(found) and found["sure"].iloc[-1]:
            return found[list(columns)]
    return frame(client, _SCORES, columns, search=search, step=step, **values)


def evidence(client: Client, span: Span, mailbox: str, limit: int = 100) -> pd.DataFrame:
    """Return the decisions about a mailbox, a row per reason: the newest decision and weightiest reason first."""
    columns = ("time", "id", "type", "score", "step", "mode", "operator", "rule", "text", "value", "usual", "points")
    return frame(client, _EVIDENCE, columns, until=span.until, mailbox=mailbox, limit=limit)


def activity(client: Client, span: Span, mailbox: str) -> pd.DataFrame:
    """Return what a mailbox sent per bucket (epoch seconds) that had anything."""
    columns = ("bucket", "messages", "recipients", "bounced", "unknown_users")
    return frame(client, _ACTIVITY, columns, width=span.bucket_seconds, **_of(span, mailbox))


def logins(client: Client, span: Span, mailbox: str) -> pd.DataFrame:
    """Return the logins per bucket and network (IPv4 by /24, IPv6 by /48)."""
    columns = ("bucket", "network", "logins", "succeeded", "failed")
    return frame(client, _LOGINS, columns, width=span.bucket_seconds, **_of(span, mailbox))


def recent_deliveries(client: Client, span: Span, mailbox: str, limit: int = 200) -> pd.DataFrame:
    """Return the newest delivery attempts of a mailbox."""
    columns = (
        "time",
        "recipient",
        "provider",
        "outcome",
        "enhanced_status",
        "reply",
        "outbound_ip",
        "host",
        "queue_id",
    )
    return frame(client, _DELIVERIES, columns, limit=limit, **_of(span, mailbox))


def recent_logins(client: Client, span: Span, mailbox: str, limit: int = 200) -> pd.DataFrame:
    """Return the newest logins of a mailbox, good and bad."""
    columns = ("time", "outcome", "client_ip", "country", "asn", "service", "method", "reason", "tls", "host")
    return frame(client, _RECENT_LOGINS, columns, limit=limit, **_of(span, mailbox))


def complaints(client: Client, span: Span, mailbox: str, limit: int = 200) -> pd.DataFrame:
    """Return the newest complaints about a mailbox."""
    columns = ("time", "feedback_type", "reporter", "attribution", "outbound_ip", "recipient", "message_id")
    return frame(client, _COMPLAINTS, columns, limit=limit, **_of(span, mailbox))
