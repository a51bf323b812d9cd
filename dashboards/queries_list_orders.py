"""What the pages ask about an order on a list: what rests on the list before, and what became of the order."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import CHANGES, frame
from dashboards.span import Span

_RESTS = f"""
SELECT pool, ip, arrayMap(e -> substring(e.rule, 7), arrayFilter(e -> startsWith(e.rule, 'dnsbl/'), reasons)) AS lists
FROM
(
    SELECT pool, ip, argMax(type, (at, id)) AS newest, argMax(evidence, (at, id)) AS reasons,
           argMax(operator, (at, id)) AS who
    FROM pool_events FINAL
    WHERE {CHANGES} AND at <= {{until:Int64}}
    GROUP BY pool, ip
)
WHERE newest = 'ip_withdrawn' AND who = '' AND has(lists, {{name:String}}) ORDER BY pool, ip LIMIT 5000
"""  # noqa: S608 our own text, with nothing of anybody's

_ANSWER = """
SELECT pool, type, arrayMap(e -> e.text, evidence) AS reasons FROM pool_events FINAL
WHERE type IN ('list_distrusted', 'list_trusted') AND list = {name:String} AND {pool:String} IN ('', pool)
      AND at >= {ordered:Int64} - 60000000 AND at <= {horizon:Int64}
      AND arrayExists(e -> e.rule = 'operator' AND e.text = {said:String}, evidence)
ORDER BY at DESC, pool LIMIT 100
"""

_TAKEN = """
SELECT pool, JSONExtractString(newest, 'folded', 'ordered', {name:String}, 'id') = {id:String} AS taken
FROM (SELECT pool, argMax(state, (at, kafka_offset)) AS newest FROM pool_state
      WHERE {pool:String} IN ('', pool) AND at <= {horizon:Int64} GROUP BY pool)
ORDER BY pool LIMIT 1000
"""

_IN_FORCE = """
SELECT pool, JSONExtractString(newest, 'folded', 'ordered', {name:String}, 'action') AS said,
       JSONExtractInt(newest, 'folded', 'ordered', {name:String}, 'expires_at') AS expires,
       if(said = '' OR (expires > 0 AND expires <= {until:Int64}), 'leave', said) AS action
FROM (SELECT pool, argMax(state, (at, kafka_offset)) AS newest FROM pool_state
      WHERE at <= {horizon:Int64} GROUP BY pool)
ORDER BY pool LIMIT 1000
"""


def rests(client: Client, span: Span, name: str) -> pd.DataFrame:
    """Return the IPs that lists withdrew, a list among them, with all that did."""
    return frame(client, _RESTS, ("pool", "ip", "lists"), name=name, until=span.until)


def answer(  # noqa: PLR0913, PLR0917 what the order said
    client: Client, span: Span, pool: str, name: str, said: str, ordered: int
) -> pd.DataFrame:
    """Return what each pool decided by an order; `said` is its evidence. No row where nothing changed by it (yet)."""
    values = {"pool": pool, "name": name, "said": said, "ordered": ordered, "horizon": span.horizon}
    return frame(client, _ANSWER, ("pool", "type", "reasons"), **values)


def taken(client: Client, span: Span, pool: str, name: str, identity: str) -> pd.DataFrame:
    """Return for each pool whether the order is what it holds to; no row where nothing is known of it."""
    return frame(client, _TAKEN, ("pool", "taken"), pool=pool, name=name, id=identity, horizon=span.horizon)


def in_force(client: Client, span: Span, name: str) -> pd.DataFrame:
    """Return the order about a list that each pool holds to, "leave" where none is in force."""
    return frame(client, _IN_FORCE, ("pool", "action"), name=name, until=span.until, horizon=span.horizon)
