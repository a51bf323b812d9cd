"""The operator's hand on the command line: see the pools, their history, and give an order (always an event)."""

import getpass
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from kafka import KafkaProducer
from kafka.errors import KafkaError

from schemas import codec
from schemas.culprits import sentences
from schemas.events import Event
from schemas.facts import Culprit
from schemas.kafka_clients import opened
from schemas.names import canonical_ip, derived_id, provider_named
from schemas.observations import OperatorActed
from schemas.settings import Settings
from schemas.topics import place_of
from streams.pools import Pools
from streams.provider_scope import barred
from streams.standing import Pool, Standing, moment
from streams.warehouse_client import ANSWER_SECONDS, connect

Action = Literal["withdraw", "restore", "pin", "unpin"]
Order = Action | Literal["watch", "throttle", "suspend", "release"]
_MOST_ROWS = 1000
_ACK_SECONDS = 10
_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_STATES = "SELECT pool, max(at), argMax(state, (at, kafka_offset)) FROM pool_state GROUP BY pool"
_HISTORY = (
    "SELECT at AS time, pool, ip, provider, mode, type AS decision, operator,"
    " arrayStringConcat(arrayFilter(text -> text != '', arrayPushBack(arrayMap(e -> e.text, evidence), reason)), '; ')"
    " AS evidence, arrayMap(c -> (c.sender, c.messages, c.recipients, c.unknown_users, c.refusals, c.complaints,"
    " c.networks, c.share, c.minutes), culprits) AS culprits"
    " FROM pool_events FINAL WHERE %(ip)s IN ('', ip) ORDER BY at DESC, id LIMIT %(most)s"
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


def history(client: Client, ip: str) -> list[dict[str, object]]:
    """Return the decisions of all pools, or (unless "") about one IP, newest first."""
    answer = client.query(_HISTORY, parameters={"ip": ip, "most": _MOST_ROWS})
    rows = (dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows)
    return [row | {"time": moment(row["time"]), "culprits": _culprits(row["culprits"])} for row in rows]


def _culprits(found: Sequence[tuple[object, ...]]) -> str:
    names = msgspec.structs.fields(Culprit)
    each = (dict(zip((field.name for field in names), values, strict=True)) for values in found)
    return sentences(msgspec.convert(one, Culprit) for one in each)


def address(text: str) -> str:
    """Return the one spelling of an IP address. ValueError names what is none."""
    try:
        return canonical_ip(text)
    except ValueError:
        raise ValueError(f"{text!r} is no IP address") from None


def seconds(text: str) -> int:
    """Return a duration such as 90s, 30m, 2h or 7d in seconds. ValueError where it is none."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"--for {text!r}: say a number and s, m, h or d, as in 30m or 2h")
    return int(found[1]) * _UNITS[found[2]]


def order(  # noqa: PLR0913 an order has that many parts
    settings: Settings, action: Action, ip: str, reason: str, *, lasts: str = "", operator: str = "", provider: str = ""
) -> OperatorActed:
    """Publish an operator's order and return it; after `lasts` ("2h") it counts no more, "" is until revoked.

    With a `provider` it concerns only what the IP sends there. ValueError where no pool has the IP, there is no such
    provider, no reason is given or `lasts` is no duration. OSError where Kafka does not confirm it.
    """
    subject = address(ip)
    owner = next((name for name, pool in settings.pool.items() if subject in pool.ips), None)
    if owner is None:
        raise ValueError(f"{subject} is in no pool; there are {', '.join(settings.outbound_ips.values()) or 'none'}")
    given = ordered(action, subject, reason, lasts=lasts, operator=operator)
    event = msgspec.structs.replace(given, pool=owner, provider=provider_named(provider) if provider else "")
    publish(settings, event)
    return event


def ordered(action: Order, subject: str, reason: str, *, lasts: str, operator: str) -> OperatorActed:
    """Return an order that is given now. ValueError where no reason is given or `lasts` is no duration."""
    if not reason.strip():
        raise ValueError(f"--reason {reason!r}: say why; it is kept with the decision")
    at, who = now(), operator or login()
    return OperatorActed(
        id=derived_id("order", who, action, subject, at),
        at=at,
        operator=who,
        action=action,
        subject=subject,
        reason=reason,
        expires_at=at + seconds(lasts) * 1_000_000 if lasts else 0,
    )


def now() -> int:
    """Return the present time in microseconds."""
    return time.time_ns() // 1000  # noqa: TID251 the fact is that it is ordered now


def login() -> str:
    """Return who gives the order: the person behind sudo, else the login, else the number of a user without a name."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except KeyError:
        return f"uid {os.getuid()}"


def told(event: OperatorActed) -> str:
    """Return an order in words, and where its outcome is seen."""
    end = f" until {moment(event.expires_at)}" if event.expires_at else ""
    where = f" for {event.provider}" if event.provider else ""
    return (
        f"ordered: {event.action} {event.subject} of {event.pool}{where}{end} by {event.operator}: {event.reason}"
        f" (what became of it: relaywarden pool history {event.subject})"
    )


def publish(settings: Settings, event: Event) -> None:
    """Send an event to whom it concerns. OSError where Kafka does not confirm it."""
    topic, partition = place_of(event, settings.kafka.partitions)
    where = ", ".join(settings.kafka.bootstrap)
    patience = _ACK_SECONDS * 1000
    try:
        producer = opened(
            KafkaProducer, settings.kafka.bootstrap, acks="all", max_block_ms=patience, delivery_timeout_ms=patience
        )
        try:
            producer.send(topic.name, codec.encode(event), partition=partition).get(_ACK_SECONDS)
        finally:
            producer.close(_ACK_SECONDS)
    except (KafkaError, OSError) as error:
        raise OSError(f"kafka.bootstrap: Kafka at {where} did not confirm the order: {error}") from error
