"""What the Pool page asks about the life of its IPs: what lists said, how they stood, who sent before."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import CHANGES, frame
from dashboards.span import Span
from schemas.attribution import BLAMING

BEFORE_HOURS = 6
"""So long before a listing its senders are looked for: spam traps are told of with a delay."""
_HOUR = 3_600_000_000

# `said` is a list's answers about an IP in the order of their times; a run begins where the answer changes. Most have
# no code: those are numbers until they are told, four times the time and the place of the answer among `answers`.
_RUNS = """
WITH ['listed', 'not_listed', 'unknown'] AS answers
SELECT ip, list, toInt64(length(said)) AS asked, fromUnixTimestamp64Micro(said[-1].1, 'UTC') AS newest,
       arrayMap(one -> (one.1, answers[one.2], one.3),
                arraySlice(arrayFilter((one, before) -> one.2 != before.2, said,
                                       arrayPushFront(arrayPopBack(said), (toInt64(0), toUInt8(0), ''))),
                           -{kept:Int32})) AS runs
FROM
(
    SELECT ip, list, groupUniqArrayIf(at * 4 + place, told = '') AS plain,
           groupUniqArrayIf((at, toUInt8(place), told), told != '') AS coded,
           arraySort(arrayConcat(arrayMap(one -> (intDiv(one, 4), toUInt8(one % 4), ''), plain), coded)) AS said
    FROM
    (
        SELECT ip, list, at, toInt64(indexOf(answers, toString(answer))) AS place, arrayStringConcat(codes, ' ') AS told
        FROM pool_observations
        WHERE type = 'listing_observed' AND at > {since:Int64} AND at <= {until:Int64}
          AND ({ip:String} = '' OR ip = {ip:String})
    )
    GROUP BY ip, list
)
ORDER BY ip, list LIMIT {limit:UInt32}
"""

_LISTINGS = """
SELECT list, said[place].1 AS at, fromUnixTimestamp64Micro(said[place].1, 'UTC') AS time, said[place].3 AS codes,
       said[place].4 AS reason, place > 1 AS seen_coming,
       arrayFirst(one -> one.1 > said[place].1 AND NOT one.2, said).1 AS let_go,
       if(let_go = 0, NULL, fromUnixTimestamp64Micro(let_go, 'UTC')) AS ended
FROM
(
    SELECT list, arraySort(groupUniqArray((at, answer = 'listed', arrayStringConcat(codes, ', '), reason))) AS said
    FROM pool_observations
    WHERE type = 'listing_observed' AND ip = {ip:String} AND answer != 'unknown'
      AND at > {since:Int64} AND at <= {until:Int64}
    GROUP BY list
)
ARRAY JOIN arrayEnumerate(said) AS place
WHERE said[place].2 AND (place = 1 OR NOT said[place - 1].2)
ORDER BY at DESC, list LIMIT {limit:UInt32}
"""

_CHANGES = f"""
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, at, type, share, mode, reason
FROM pool_events FINAL
WHERE pool = {{pool:String}} AND ip = {{ip:String}} AND at <= {{until:Int64}} AND {CHANGES}
ORDER BY pool_events.at DESC, id LIMIT {{limit:UInt32}}
"""  # noqa: S608 our own text, with nothing of anybody's

_MOVES = f"""
SELECT ip, fromUnixTimestamp64Micro(at, 'UTC') AS time, type, mode FROM
(
    SELECT ip, at, id, type, mode FROM pool_events FINAL
    WHERE pool = {{pool:String}} AND ip != '' AND at <= {{until:Int64}} AND {CHANGES}
    ORDER BY at DESC, id DESC LIMIT 1 BY ip, if(at > {{since:Int64}}, id, '')
)
ORDER BY at DESC, id DESC LIMIT {{limit:UInt32}}
"""  # noqa: S608 our own text, with nothing of anybody's

_SENDERS = """
WITH
    first AS
    (
        SELECT sender, count() AS attempts, countIf(outcome = 'bounced') AS bounces,
               countIf(outcome = 'bounced' AND enhanced_status IN ('5.1.1', '5.1.10')) AS nobody,
               uniqExact(recipient) AS reached, max(at) AS newest, sum(attempts) OVER () AS of, count() OVER () AS many
        FROM mail_events FINAL
        WHERE type = 'delivery_attempted' AND outbound_ip = {ip:String}
          AND at > {before:Int64} AND at <= {moment:Int64}
        GROUP BY sender ORDER BY attempts DESC, sender LIMIT {limit:UInt32}
    ),
    came AS
    (
        SELECT sender, uniqExact(client_ip) AS clients FROM mail_events
        WHERE type = 'message_submitted' AND at > {before:Int64} AND at <= {moment:Int64} AND client_ip != ''
          AND sender IN (SELECT sender FROM first) GROUP BY sender
    ),
    said AS
    (
        SELECT sender, count() AS complaints FROM complaints FINAL
        WHERE at > {before:Int64} AND at <= {until:Int64} AND has({blaming:Array(String)}, feedback_type)
          AND outbound_ip IN ('', {ip:String}) AND sender IN (SELECT sender FROM first) GROUP BY sender
    ),
    steps AS
    (
        SELECT mailbox AS sender,
               argMax(transform(type, ['mailbox_suspended', 'mailbox_throttled', 'mailbox_released'],
                                ['suspend', 'throttle', ''], toString(step)),
                      (at, indexOf(['mailbox_throttled', 'mailbox_suspended'], type), id)) AS step
        FROM mailbox_events FINAL WHERE at <= {until:Int64} AND mailbox IN (SELECT sender FROM first) GROUP BY mailbox
    )
SELECT first.sender AS sender, steps.step AS step, toInt64(first.attempts) AS attempts, toInt64(first.of) AS of,
       toInt64(first.reached) AS recipients, toInt64(first.bounces) AS bounced, toInt64(first.nobody) AS unknown_users,
       toInt64(came.clients) AS clients, toInt64(said.complaints) AS complaints,
       fromUnixTimestamp64Micro(first.newest, 'UTC') AS last, toInt64(first.many) AS total
FROM first LEFT JOIN came USING sender LEFT JOIN said USING sender LEFT JOIN steps USING sender
ORDER BY attempts DESC, sender
"""


def runs(client: Client, span: Span, ip: str = "", kept: int = 6, limit: int = 20_000) -> pd.DataFrame:
    """Return what each list said of each IP, or of one: `runs` are the newest changes as (microseconds, answer, codes).

    `asked` is how often it answered or failed to, `newest` when it last did. What it was not asked has no row.
    """
    columns = ("ip", "list", "asked", "newest", "runs")
    values = {"since": span.since, "until": span.until, "ip": ip, "kept": kept, "limit": limit}
    return frame(client, _RUNS, columns, **values)


def listings(client: Client, span: Span, ip: str, limit: int = 50) -> pd.DataFrame:
    """Return when lists began to name an IP, newest first; `ended` is NaT while they do.

    Where it is not `seen_coming`, the list named it the first time it answered in the span. No answer ends nothing.
    """
    columns = ("list", "at", "time", "codes", "reason", "seen_coming", "ended")
    return frame(client, _LISTINGS, columns, since=span.since, until=span.until, ip=ip, limit=limit)


def changes(client: Client, span: Span, pool: str, ip: str, limit: int = 200) -> pd.DataFrame:
    """Return an IP's newest changes of state until the span's end, those before it as well, newest first."""
    columns = ("time", "at", "type", "share", "mode", "reason")
    return frame(client, _CHANGES, columns, until=span.until, pool=pool, ip=ip, limit=limit)


def moves(client: Client, span: Span, pool: str, limit: int = 10_000) -> pd.DataFrame:
    """Return the changes of state of a pool's IPs, newest first; of those before the span the newest of each IP."""
    columns = ("ip", "time", "type", "mode")
    return frame(client, _MOVES, columns, since=span.since, until=span.until, pool=pool, limit=limit)


def senders(client: Client, span: Span, ip: str, moment: int, limit: int = 20) -> pd.DataFrame:
    """Return who sent most through an IP in the hours before a moment (microseconds), with what is known of each.

    `of` are all attempts through it, `total` all who sent. Complaints are those that came since, step is the newest.
    """
    columns = (
        *("sender", "step", "attempts", "of", "recipients", "bounced", "unknown_users", "clients", "complaints"),
        *("last", "total"),
    )
    before = moment - BEFORE_HOURS * _HOUR
    values = {"ip": ip, "before": before, "moment": moment, "until": span.until, "limit": limit}
    return frame(client, _SENDERS, columns, blaming=sorted(BLAMING), **values)
