"""What the pages Pool and Time travel ask about decisions: those of one pool; one with what was observed before it.

Beside decisions stand what hooks tell and operators order: `queries.decisions` lists them, too.
"""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import IN_TIME, LISTED, frame, listed
from dashboards.span import Span

_OF_POOL = listed(
    f"""
    SELECT at, id, type, pool, subject, expires_at, attempt, 0., 0., action, '', operator, reason, [], []
    FROM pool_observations FINAL WHERE type = 'operator_acted' AND pool = {{pool:String}} AND {IN_TIME}
    UNION ALL
    SELECT * FROM
    (
        SELECT at, id, type, pool, host, expires_at, attempt, 0., 0., hook, '', operator, reason, [], []
        FROM pool_observations FINAL
        WHERE type IN ('hook_failed', 'hook_drifted') AND pool = {{pool:String}} AND {IN_TIME}
        ORDER BY at DESC, id LIMIT 1 BY type, hook, host
    )
    """,  # noqa: S608 our own text, with nothing of anybody's
    "pool = {pool:String}",
)

_ONE = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, * EXCEPT at, at AS moment FROM
(
    SELECT at, id, type, pool, ip, list, '' AS mailbox, until, relapse, share, 0. AS score, provider AS step, mode,
           operator, reason, evidence,
           arrayMap(c -> ('', c.sender, c.messages, c.recipients, c.unknown_users, c.refusals, c.complaints, c.networks,
                          c.share, c.minutes), culprits) AS culprits,
           '' AS host, provider, '' AS follows, map() :: Map(String, Float64) AS active
    FROM pool_events FINAL PREWHERE id = {identity:String} WHERE at <= {until:Int64}
    UNION ALL
    SELECT at, id, type, '', '', '', mailbox, 0, 0, 0., score, step, mode, operator, '', evidence, [], '', '', '',
           map()
    FROM mailbox_events FINAL PREWHERE id = {identity:String} WHERE at <= {until:Int64}
    UNION ALL
    SELECT at, id, type, pool, if(type = 'operator_acted', subject, ''), '', '', expires_at, attempt, 0., 0.,
           if(type = 'operator_acted', action, hook), '', operator, reason, [], [], host, provider, decision,
           active
    FROM pool_observations FINAL PREWHERE type IN ('hook_failed', 'hook_drifted', 'operator_acted')
                                          AND id = {identity:String} WHERE at <= {until:Int64}
    UNION ALL
    SELECT at, id, type, '', '', '', subject, expires_at, 0, 0., 0., action, '', operator, reason, [], [], '', '', '',
           map()
    FROM mailbox_signals FINAL PREWHERE type = 'operator_acted' AND id = {identity:String} WHERE at <= {until:Int64}
)
LIMIT 1
"""

_OBSERVED = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, type, list, answer, provider, toInt64(sent) AS sent,
       toInt64(deferred) AS deferred, toInt64(bounced) AS bounced, toInt64(complaints) AS complaints,
       if(type = 'operator_acted', concat(operator, ': ', action, ', ', reason), if(text != '', text, reason)) AS said,
       toInt64(count() OVER ()) AS total
FROM pool_observations FINAL
WHERE at > {since:Int64} AND at <= {until:Int64}
      AND ({ip:String} != '' AND (ip = {ip:String} OR subject = {ip:String})
           OR {list:String} != '' AND list = {list:String})
ORDER BY pool_observations.at DESC, id LIMIT {limit:UInt32}
"""


def of_pool(client: Client, span: Span, pool: str, subject: str = "", limit: int = 200) -> pd.DataFrame:
    """Return what was decided and ordered of a pool, newest first; of one IP or list where `subject` names it.

    What a hook fails at is told again and again: of each hook and host the newest stands here. The columns are those of
    `queries.decisions`.
    """
    values = {"since": span.since, "until": span.until, "pool": pool, "subject": subject, "limit": limit}
    return frame(client, _OF_POOL, LISTED, **values)


def one(client: Client, span: Span, identity: str) -> pd.DataFrame:
    """Return, in one row, a decision about a pool or a mailbox with its evidence; no row where there is none.

    `evidence` are tuples of rule, text, value, what is usual, and points; `moment` is its time in µs. What a hook told
    and what was ordered is found too: `step` is its hook or action, `relapse` the attempt, `follows` the decision that
    the hook should bring in force, `active` the IPs with their shares.
    """
    columns = (
        *("time", "id", "type", "pool", "ip", "list", "mailbox", "until", "relapse", "share", "score", "step", "mode"),
        *("operator", "reason", "evidence", "culprits", "moment", "host", "provider", "follows", "active"),
    )
    return frame(client, _ONE, columns, identity=identity, until=span.until)


def observed(client: Client, span: Span, ip: str, list_: str, limit: int = 500) -> pd.DataFrame:
    """Return the newest observations about an IP, or (`ip` "") about a list; `total` counts all of the span."""
    columns = (
        *("time", "type", "list", "answer", "provider", "sent", "deferred", "bounced", "complaints", "said", "total"),
    )
    values = {"since": span.since, "until": span.until, "ip": ip, "list": list_, "limit": limit}
    return frame(client, _OBSERVED, columns, **values)
