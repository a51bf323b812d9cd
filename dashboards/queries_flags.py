"""What the Overview asks the warehouse about mailboxes in question."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards import counted, newest
from dashboards.queries import frame
from dashboards.span import Span

_FEW = 4000

# Where much was decided, asked about are the mailboxes with the highest scores, now or at their decision.
_FLAGS = f"""
WITH (SELECT count() FROM mailbox_events) > 20000 AS many, {newest.HIGHEST},
(
    SELECT groupArray((mailbox, step, mode, score, at)) FROM ({newest.decisions("true")})
    WHERE type != 'mailbox_released'
      AND (NOT many OR score >= last.2 OR mailbox IN (SELECT arrayJoin(highest.1)))
) AS questioned,
(
    SELECT groupArray((mailbox, score, step, mode, decided, sure)) FROM
    (
        SELECT mailbox, if(seen > 0, score_now, one.4) AS score, one.2 AS step, one.3 AS mode, one.5 AS decided,
               NOT many OR whole
               OR (step != 'watch' AND {newest.AMONG} AND count() OVER () >= {{limit:UInt32}}) AS sure
        FROM (SELECT arrayJoin(questioned) AS one, one.1 AS mailbox) AS asked
        LEFT JOIN ({newest.states("questioned.1")}) AS states USING mailbox
        ORDER BY step = 'watch', score DESC, mailbox LIMIT {{limit:UInt32}}
    )
) AS shown
SELECT mailbox, one.2 AS score, one.3 AS step, one.4 AS mode, fromUnixTimestamp64Micro(opened, 'UTC') AS since,
       fromUnixTimestamp64Micro(one.5, 'UTC') AS decided, reasons, one.6 AS sure,
       toInt64(arrayCount(one -> one.2 != 'watch', questioned)) AS counted, NOT (NOT many OR whole) AS least
FROM (SELECT arrayJoin(shown) AS one, one.1 AS mailbox) AS flagged
JOIN
(
    WITH (at, indexOf(['mailbox_throttled', 'mailbox_suspended'], type), id) AS place
    SELECT mailbox, maxIf(at, type = 'mailbox_released') AS released,
           arrayMin(arrayFilter(x -> x > released, groupArray(at))) AS opened,
           argMax(evidence.text, place) AS reasons
    FROM mailbox_events WHERE at <= {{until:Int64}} AND mailbox IN (SELECT arrayJoin(shown.1)) GROUP BY mailbox
) AS events USING mailbox
ORDER BY step = 'watch', score DESC, mailbox LIMIT {{limit:UInt32}}
"""  # noqa: S608 our own text, with nothing of anybody's


def flags(client: Client, span: Span, limit: int = 200) -> pd.DataFrame:
    """Return the mailboxes that are watched, flagged or suspended: those in need of action first, by score.

    The score is the newest, which has no history: as of a moment it is that of the decision where it has changed since.
    `counted.of` it are all in need of action; of many, where the highest scores alone were asked of, at least those.
    """
    columns = ("mailbox", "score", "step", "mode", "since", "decided", "reasons", "sure", "counted", "least")
    return counted.noted(
        newest.highest_first(lambda few: frame(client, _FLAGS, columns, few=few, limit=limit, until=span.until), _FEW)
    )
