"""Replay: the pool's recorded observations through the same functions, with the rules of today's configuration."""

from collections.abc import Callable, Iterator

from clickhouse_connect.driver.client import Client

from schemas import codec
from schemas.culprits import sentences
from schemas.pool_events import PoolEvent
from schemas.settings import Settings
from schemas.topics import POOL_OBSERVATIONS
from streams import pool as pools
from streams.standing import moment

_ROW = "formatRowNoNewline('JSONEachRow', * EXCEPT (kafka_cluster, kafka_partition, kafka_offset))"


def recorded(client: Client) -> int:
    """Return how many observations ClickHouse recorded."""
    return int(client.query("SELECT count() FROM pool_observations FINAL").result_rows[0][0])


def decisions(
    client: Client, settings: Settings, progress: Callable[[int], None] = lambda _count: None
) -> Iterator[dict[str, object]]:
    """Yield the decisions that follow from what ClickHouse recorded, in the order of the observations, as rows.

    The order is Kafka's: clusters one after the other as they began, offsets within. Each observation counts once, and
    `progress` is told of it.
    """
    states = {name: pools.initial(name, one) for name, one in settings.pool.items()}
    query = (
        f"SELECT {_ROW} FROM pool_observations FINAL"  # noqa: S608 our own constant
        " ORDER BY min(at) OVER (PARTITION BY kafka_cluster), kafka_cluster, kafka_offset"
    )
    with client.query_rows_stream(query) as rows:
        for (line,) in rows:
            progress(1)
            event = codec.decode(line.encode())
            for name, state in states.items():
                assert isinstance(event, POOL_OBSERVATIONS.events)  # noqa: S101 the table holds one topic
                states[name], decided = pools.step(state, event)  # type: ignore[arg-type]  # mypy knows no class tuples
                yield from (_row(decision) for decision in decided)


def _row(decision: PoolEvent) -> dict[str, object]:
    """Return a decision as `relaywarden pool history` shows it."""
    texts = (*(each.text for each in decision.evidence), getattr(decision, "reason", ""))
    return {
        "time": moment(decision.at),
        "pool": decision.pool,
        "ip": decision.ip,
        "provider": getattr(decision, "provider", ""),
        "mode": decision.mode,
        "decision": decision.__struct_config__.tag,
        "operator": getattr(decision, "operator", ""),
        "evidence": "; ".join(filter(None, texts)),
        "culprits": sentences(getattr(decision, "culprits", ())),
    }
