"""The warehouse's client: clickhouse-connect over HTTP, as all processes but the dashboards use it."""

from clickhouse_connect import get_client
from clickhouse_connect.driver.client import Client

from schemas.settings import Settings

_CONNECT_SECONDS = 5
ANSWER_SECONDS = 120
SOON_SECONDS = 5
"""So long an answer may take for which others wait: an operator's order, or who tells the desk of tickets."""


def connect(settings: Settings, database: str | None = None, *, answer_seconds: int = ANSWER_SECONDS) -> Client:
    """Return a client that threads may share, bound to the configured database; "" binds it to none.

    `ClickHouseError` of clickhouse-connect where ClickHouse is away or refuses the password. An insert returns once
    its rows are stored (`async_insert=0`), and a token stores them once (`deduplicate_insert`).
    """
    clickhouse = settings.clickhouse
    return get_client(
        host=clickhouse.host,
        port=clickhouse.port,
        secure=clickhouse.secure,
        username=clickhouse.user,
        password=clickhouse.password,
        database="default" if database == "" else database or clickhouse.database,
        autogenerate_session_id=False,
        connect_timeout=_CONNECT_SECONDS,
        send_receive_timeout=answer_seconds,
        settings={"async_insert": 0, "deduplicate_insert": "enable"},
    )


def awake(settings: Settings) -> Client:
    """Return a client of a ClickHouse that answers within some seconds, for questions that may take longer.

    For who has other work to do, and would wait for one that hangs. ClickHouseError as of `connect`.
    """
    connect(settings, answer_seconds=SOON_SECONDS).close()
    return connect(settings)
