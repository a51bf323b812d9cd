"""What the Mailboxes page asks about one mailbox's logins, programs and places, and its score over time.

Rows are read from where the mailbox's lie together, and each id is taken once, as in `queries_mailbox`.
"""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.queries_mailbox import OF_MAILBOX
from dashboards.span import Span

BY = ("network", "AS", "country", "protocol", "method")
"""By what logins are told apart."""

_NETWORK = """multiIf(isIPv4String(client_ip), concat(replaceRegexpOne(client_ip, '[.][0-9]+$', ''), '.0/24'),
        isIPv6String(client_ip), concat(toString(tupleElement(IPv6CIDRToRange(toIPv6(client_ip), 48), 1)), '/48'),
        '')"""


def _events(types: str) -> str:
    return f"""(
        SELECT type, at, outcome, attempts, client_ip, client_country, client_asn, client_latitude, client_longitude,
               service, method, helo, mailer, recipients
        FROM mail_events
        WHERE {OF_MAILBOX} AND type IN ({types}) AND at > {{since:Int64}} AND at <= {{until:Int64}} LIMIT 1 BY at, id
    )"""  # noqa: S608 our own text, with nothing of anybody's


_LOGINS = _events("'mailbox_authenticated'")

_BY = """
SELECT value, toInt64(sumIf(times, outcome = 'succeeded')) AS succeeded,
       toInt64(sumIf(times, outcome = 'failed')) AS failed,
       toInt64(sumIf(times, outcome = 'unavailable')) AS unavailable,
       toInt64(uniqExactIf(network, network != '')) AS networks,
       arraySort(arrayFilter(x -> x != '', groupUniqArray(8)(client_country))) AS countries,
       fromUnixTimestamp64Micro(min(at), 'UTC') AS first, fromUnixTimestamp64Micro(max(at), 'UTC') AS last,
       toInt64(count() OVER ()) AS total
FROM
(
    SELECT at, outcome, greatest(attempts, 1) AS times, client_country, $NETWORK AS network,
           multiIf({by:String} = 'network', network,
                   {by:String} = 'AS', if(client_asn = 0, '', concat('AS', toString(client_asn))),
                   {by:String} = 'country', client_country, {by:String} = 'protocol', service, method) AS value
    FROM $LOGINS
)
GROUP BY value ORDER BY failed + succeeded + unavailable DESC, value LIMIT {limit:UInt32}
""".replace("$NETWORK", _NETWORK).replace("$LOGINS", _LOGINS)

_OVER_TIME = """
SELECT intDiv(intDiv(at, 1000000), {width:Int64}) * {width:Int64} AS bucket,
       toInt64(sumIf(greatest(attempts, 1), outcome = 'succeeded')) AS succeeded,
       toInt64(sumIf(greatest(attempts, 1), outcome = 'failed')) AS failed,
       toInt64(sumIf(greatest(attempts, 1), outcome = 'unavailable')) AS unavailable
FROM $LOGINS GROUP BY bucket ORDER BY bucket
""".replace("$LOGINS", _LOGINS)

_PROGRAMS = """
SELECT mailer AS program, helo, toInt64(count()) AS messages, toInt64(sum(recipients)) AS recipients,
       toInt64(uniqExactIf($NETWORK, client_ip != '')) AS networks,
       fromUnixTimestamp64Micro(min(at), 'UTC') AS first, fromUnixTimestamp64Micro(max(at), 'UTC') AS last,
       toInt64(count() OVER ()) AS total
FROM $SUBMITTED
GROUP BY program, helo ORDER BY messages DESC, program, helo LIMIT {limit:UInt32}
""".replace("$NETWORK", _NETWORK).replace("$SUBMITTED", _events("'message_submitted'"))

_PLACES = """
SELECT latitude, longitude, client_country AS country, kind, toInt64(sum(times)) AS number,
       toInt64(uniqExactIf(network, network != '')) AS networks,
       arraySort(groupUniqArray(4)(network)) AS some,
       arraySort(arrayFilter(x -> x != 0, groupUniqArray(4)(client_asn))) AS systems,
       fromUnixTimestamp64Micro(min(at), 'UTC') AS first, fromUnixTimestamp64Micro(max(at), 'UTC') AS last,
       toInt64(count() OVER ()) AS total
FROM
(
    SELECT at, client_country, client_asn, $NETWORK AS network,
           round(client_latitude, 1) AS latitude, round(client_longitude, 1) AS longitude,
           if(type = 'mailbox_authenticated', greatest(attempts, 1), 1) AS times,
           multiIf(type = 'message_submitted', 'sent', outcome = 'succeeded', 'good', 'failed') AS kind
    FROM $BOTH WHERE outcome != 'unavailable'
)
GROUP BY latitude, longitude, country, kind ORDER BY number DESC, latitude, longitude, country, kind
LIMIT {limit:UInt32}
""".replace("$NETWORK", _NETWORK).replace("$BOTH", _events("'mailbox_authenticated', 'message_submitted'"))

_SCORE = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, type, score, step, mode, operator FROM
(
    SELECT at, id, toString(type) AS type, score, toString(step) AS step, toString(mode) AS mode,
           toString(operator) AS operator
    FROM mailbox_events FINAL
    WHERE mailbox = {mailbox:String} AND at > {since:Int64} AND at <= {until:Int64}
    UNION ALL
    SELECT at, '', 'now', score, toString(step), '', ''
    FROM mailbox_state FINAL WHERE mailbox = {mailbox:String} AND at > {since:Int64} AND at <= {until:Int64}
)
ORDER BY at, id LIMIT {limit:UInt32}
"""


def _of(span: Span, mailbox: str) -> dict[str, str | int]:
    return {"since": span.since, "until": span.until, "mailbox": mailbox}


def by(client: Client, span: Span, mailbox: str, what: str, limit: int = 200) -> pd.DataFrame:
    """Return the logins by one of `BY`, most first; `value` is "" where the log does not tell it, `total` counts all.

    Networks are IPv4 by /24 and IPv6 by /48; a line that tells of several attempts counts as so many.
    """
    columns = ("value", "succeeded", "failed", "unavailable", "networks", "countries", "first", "last", "total")
    return frame(client, _BY, columns, by=what, limit=limit, **_of(span, mailbox))


def over_time(client: Client, span: Span, mailbox: str) -> pd.DataFrame:
    """Return the logins by outcome per bucket (epoch seconds) that had any."""
    columns = ("bucket", "succeeded", "failed", "unavailable")
    return frame(client, _OVER_TIME, columns, width=span.bucket_seconds, **_of(span, mailbox))


def programs(client: Client, span: Span, mailbox: str, limit: int = 100) -> pd.DataFrame:
    """Return with what the mailbox sent: what the program and its EHLO say of themselves, "" where nothing is told."""
    columns = ("program", "helo", "messages", "recipients", "networks", "first", "last", "total")
    return frame(client, _PROGRAMS, columns, limit=limit, **_of(span, mailbox))


def places(client: Client, span: Span, mailbox: str, limit: int = 500) -> pd.DataFrame:
    """Return from where it logged in (`kind` good, failed) and sent, by a tenth of a degree and country, most first.

    Latitude and longitude are both 0 where only the country is known, `country` is "" where that is not known either.
    `total` counts all, `some` and `systems` name four of the networks and AS numbers at most.
    """
    columns = (
        *("latitude", "longitude", "country", "kind", "number", "networks", "some", "systems", "first", "last"),
        "total",
    )
    return frame(client, _PLACES, columns, limit=limit, **_of(span, mailbox))


def score(client: Client, span: Span, mailbox: str, limit: int = 1000) -> pd.DataFrame:
    """Return the score at each decision and, of the type "now", as it was last stored; in between it is not kept."""
    columns = ("time", "type", "score", "step", "mode", "operator")
    return frame(client, _SCORE, columns, limit=limit, **_of(span, mailbox))
