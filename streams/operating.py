"""The operator's hand on the command line: see the pools, their history, and give an order (always an event)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from schemas.culprits import sentences
from schemas.facts import Culprit
from schemas.observations import OperatorActed
from schemas.observations import PoolAction as Action
from schemas.ordering import address, login, now, order, ordered, prepared, publish, seconds
from schemas.settings import Settings
from streams.pools import Pools
from streams.provider_scope import barred
from streams.standing import Pool, Standing, moment
from streams.warehouse_client import ANSWER_SECONDS, connect

__all__ = [
    "Action",
    "address",
    "history",
    "login",
    "newest",
    "now",
    "order",
    "ordered",
    "prepared",
    "publish",
    "rows",
    "seconds",
    "told",
    "warehouse",
]
_MOST_ROWS = 1000
_STATES = "SELECT pool, max(at), argMax(state, (at, kafka_offset)) FROM pool_state GROUP BY pool"
_HISTORY = (
    "SELECT at AS time, pool, ip, provider, mode, type AS decision, operator,"
    " arrayStringConcat(arrayFilter(text -> text != '', arrayPushBack(arrayMap(e -> e.text, evidence), reason)), '; ')"
    " AS evidence, arrayMap(c -> (c.sender, c.messages, c.recipients, c.unknown_users, c.refusals, c.complaints,"
    " c.networks, c.share, c.minutes), culprits) AS culprits"
    " FROM pool_events FINAL WHERE %(ip)s IN ('', ip) AND %(pool)s IN ('', pool) ORDER BY at DESC, id LIMIT %(most)s"
)


@contextmanager
def warehouse(
    settings: Settings, database: str | None = None, *, answer_seconds: int = ANSWER_SECONDS
) -> Iterator[Client]:
    """Open the warehouse for a command. OSError where it is away, refuses the password or cannot answer."""
    try:
        with connect(settings, database, answer_seconds=answer_seconds) as client:
            yield client
    except ClickHouseError as error:
        where = f"{settings.clickhouse.host}:{settings.clickhouse.port}"
        raise OSError(f"clickhouse: no answer from ClickHouse at {where}: {_cause(error)}") from error


def _cause(error: BaseException) -> str:
    """Return what lies at the root of an error: the operating system's word, else the first line of the server's."""
    root = error
    while root.__cause__ or root.__context__:
        root = root.__cause__ or root.__context__ or root
    if isinstance(root, OSError) and root.strerror:
        return root.strerror
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def newest(client: Client, settings: Settings) -> list[Pool]:
    """Return each configured pool as ClickHouse last heard of it; one never heard of is as at its start."""
    known = Pools(settings.pool, "", settings.kafka.partitions)
    for name, at, state in client.query(_STATES).result_rows:
        known.restore(msgspec.json.encode({"pool": name, "at": at, "state": msgspec.Raw(state.encode())}))
    return list(known.pools.values())


def rows(client: Client, settings: Settings) -> list[dict[str, object]]:
    """Return a row for each IP: its pool, place, share, since and until when, and the lists that name it.

    In the modes `shadow` and `dry_run` the state is what was decided, and no MTA follows it.
    `known_at` is how fresh all of this is: the time of the last thing that the pool learned, "" where it never did.
    """
    return [
        {
            "pool": pool.name,
            "mode": "dry_run" if pool.rules.dry_run else pool.rules.mode,
            "ip": standing.ip,
            "state": standing.place,
            "share": standing.share if standing.place != "withdrawn" else 0.0,
            "since": moment(standing.since) if standing.since else "",
            "until": moment(standing.until) if standing.until else "",
            "withdrawals": standing.withdrawals,
            "not_to": ", ".join(name for name, ips in barred(pool).items() if standing.ip in ips),
            "listed_by": ", ".join(name for name, said in standing.listings.items() if said.answer == "listed"),
            "order": _shown(standing, pool.at),
            "known_at": moment(pool.at) if pool.at else "",
        }
        for pool in newest(client, settings)
        for standing in pool.ips.values()
    ]


def _shown(standing: Standing, at: int) -> str:
    order = standing.order
    if order is None or not order.holds(at):
        return ""
    end = f" until {moment(order.expires_at)}" if order.expires_at else ""
    return f"{order.action} by {order.operator}{end}: {order.reason}"


def history(client: Client, ip: str, pool: str = "") -> list[dict[str, object]]:
    """Return the decisions of all pools, or (unless "") about one IP, or of one pool, newest first."""
    answer = client.query(_HISTORY, parameters={"ip": ip, "pool": pool, "most": _MOST_ROWS})
    rows = (dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows)
    return [row | {"time": moment(row["time"]), "culprits": _culprits(row["culprits"])} for row in rows]


def _culprits(found: Sequence[tuple[object, ...]]) -> str:
    names = msgspec.structs.fields(Culprit)
    each = (dict(zip((field.name for field in names), values, strict=True)) for values in found)
    return sentences(msgspec.convert(one, Culprit) for one in each)


def told(event: OperatorActed) -> str:
    """Return an order in words, and where its outcome is seen."""
    end = f" until {moment(event.expires_at)}" if event.expires_at else ""
    where = f" for {event.provider}" if event.provider else ""
    return (
        f"ordered: {event.action} {event.subject} of {event.pool}{where}{end} by {event.operator}: {event.reason}"
        f" (what became of it: relaywarden pool history {event.subject})"
    )
