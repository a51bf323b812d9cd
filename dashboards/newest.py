"""The SQL of each mailbox's newest decision and newest score, and when the highest scores alone are all that is needed.

Of a million scores a page shows the highest two hundred. Rows that were replaced count as well until ClickHouse merges
its parts, so some of the highest rows (`HIGHEST`) are taken, and of their mailboxes the newest: whoever is not among
them comes after the `last` of them. Where the page is not full of those before it (`AMONG`), all are asked about.
"""

from collections.abc import Callable

import pandas as pd

HIGHEST = """
(SELECT groupArray((mailbox, score)) FROM
 (
     SELECT mailbox, score FROM mailbox_state WHERE {few:UInt32} > 0 AND at <= {until:Int64}
     ORDER BY score DESC, mailbox LIMIT {few:UInt32}
 )) AS highest,
 length(highest) < {few:UInt32} OR {few:UInt32} = 0 AS whole, if(whole, ('', -inf), highest[-1]) AS last
"""
AMONG = "(score > last.2 OR (score = last.2 AND mailbox <= last.1))"


def decisions(where: str) -> str:
    """Return the SQL of the newest decision about each mailbox; a row that is stored twice changes nothing."""
    return f"""
        SELECT mailbox, type, mode, score, at,
               transform(type, ['mailbox_suspended', 'mailbox_throttled', 'mailbox_released'],
                         ['suspend', 'throttle', ''], step) AS step
        FROM mailbox_events WHERE mailbox_events.at <= {{until:Int64}} AND {where}
        ORDER BY mailbox DESC, mailbox_events.at DESC,
                 indexOf(['mailbox_throttled', 'mailbox_suspended'], type) DESC, id DESC
        LIMIT 1 BY mailbox
    """  # noqa: S608 our own text, with nothing of anybody's


def states(mailboxes: str) -> str:
    """Return the SQL of the newest scores of these mailboxes, of those whose newest is not after the moment."""
    return f"""
        SELECT mailbox, argMax(score, (at, kafka_offset)) AS score_now, argMax(step, (at, kafka_offset)) AS step_now,
               max(at) AS seen
        FROM mailbox_state WHERE mailbox IN (SELECT arrayJoin({mailboxes}))
        GROUP BY mailbox HAVING seen <= {{until:Int64}}
    """  # noqa: S608 likewise


def highest_first(ask: Callable[[int], pd.DataFrame], few: int) -> pd.DataFrame:
    """Return the answer by the `few` highest scores where its last row is `sure`, else the one by all of them (0)."""
    found = ask(few)
    if found.empty or not found["sure"].iloc[-1]:
        found = ask(0)
    return found.drop(columns="sure", errors="ignore")
