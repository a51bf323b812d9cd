"""What the pages ask the warehouse about an order that was given: which decision answered it, and who has taken it."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.span import Span

# A decision names the order that made it in its evidence. It may be dated by a clock that is behind the page's.
_ANSWER_OF_POOL = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, type, ip AS subject, operator, mode, until, relapse, share, reason,
       arrayMap(e -> e.text, evidence) AS reasons, provider AS step
FROM pool_events FINAL
WHERE ip = {ip:String} AND provider = {provider:String}
      AND at >= {ordered:Int64} - 60000000 AND at <= {horizon:Int64} AND type IN {types:Array(String)}
      AND arrayExists(e -> e.rule = 'operator' AND startsWith(e.text, {said:String}), evidence)
ORDER BY at DESC, id LIMIT 1
"""

_TAKEN = """
SELECT JSONExtractString(newest, 'folded', 'ips', {ip:String}, 'order', 'id') = {id:String} AS taken
FROM (SELECT argMax(state, (at, kafka_offset)) AS newest FROM pool_state
      WHERE pool = {pool:String} AND at <= {horizon:Int64} GROUP BY pool)
"""

_TAKEN_THERE = """
SELECT JSONExtractString(newest, 'folded', 'ips', {ip:String}, 'providers', {provider:String}, 'order', 'id')
           = {id:String} AS taken
FROM (SELECT argMax(state, (at, kafka_offset)) AS newest FROM pool_state
      WHERE pool = {pool:String} AND at <= {horizon:Int64} GROUP BY pool)
"""

_ANSWER_OF_MAILBOX = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, type, mailbox AS subject, operator, mode, score, step,
       arrayMap(e -> e.text, evidence) AS reasons
FROM mailbox_events FINAL PREWHERE mailbox = {mailbox:String}
WHERE at >= {ordered:Int64} - 60000000 AND at <= {horizon:Int64} AND type IN {types:Array(String)}
      AND arrayExists(e -> e.rule = 'operator' AND startsWith(e.text, {said:String}), evidence)
ORDER BY at DESC, id LIMIT 1
"""
_TYPES = {
    "withdraw": ["ip_withdrawn", "withdrawal_refused"],
    "restore": ["ip_restored"],
    "watch": ["mailbox_flagged"],
    "throttle": ["mailbox_throttled"],
    "suspend": ["mailbox_suspended"],
    "release": ["mailbox_released"],
}
_TYPES_THERE = {"withdraw": ["provider_withdrawn", "provider_refused"], "restore": ["provider_restored"]}
_OF_POOL = ("time", "type", "subject", "operator", "mode", "until", "relapse", "share", "reason", "reasons", "step")


def of_pool(  # noqa: PLR0913, PLR0917 what the order said
    client: Client, span: Span, action: str, ip: str, said: str, ordered: int
) -> pd.DataFrame:
    """Return the decision that answers an order, no row where there is none (yet); `said` begins its evidence."""
    values = {"ip": ip, "provider": "", "said": said, "ordered": ordered, "types": _TYPES.get(action, [])}
    return frame(client, _ANSWER_OF_POOL, _OF_POOL, horizon=span.horizon, **values)


def of_provider(  # noqa: PLR0913, PLR0917 an order has that many parts
    client: Client, span: Span, action: str, ip: str, provider: str, said: str, ordered: int
) -> pd.DataFrame:
    """Return the decision that answers an order about what an IP sends to one provider; no row where there is none."""
    values = {"ip": ip, "provider": provider, "said": said, "ordered": ordered, "types": _TYPES_THERE[action]}
    return frame(client, _ANSWER_OF_POOL, _OF_POOL, horizon=span.horizon, **values)


def taken(client: Client, span: Span, pool: str, ip: str, identity: str) -> pd.DataFrame:
    """Return whether the order is the one that the pool holds for the IP; no row where nothing is known of the pool."""
    return frame(client, _TAKEN, ("taken",), pool=pool, ip=ip, id=identity, horizon=span.horizon)


def taken_there(  # noqa: PLR0913, PLR0917 likewise
    client: Client, span: Span, pool: str, ip: str, provider: str, identity: str
) -> pd.DataFrame:
    """Return whether the order is the one that the pool holds for the IP at this provider."""
    return frame(
        client, _TAKEN_THERE, ("taken",), pool=pool, ip=ip, provider=provider, id=identity, horizon=span.horizon
    )


def of_mailbox(  # noqa: PLR0913, PLR0917 likewise
    client: Client, span: Span, action: str, mailbox: str, said: str, ordered: int
) -> pd.DataFrame:
    """Return the decision that answers an order about a mailbox, no row where there is none (yet)."""
    columns = ("time", "type", "subject", "operator", "mode", "score", "step", "reasons")
    values = {
        "mailbox": mailbox,
        "said": said,
        "ordered": ordered,
        "types": _TYPES.get(action, []),
        "horizon": span.horizon,
    }
    return frame(client, _ANSWER_OF_MAILBOX, columns, **values)
