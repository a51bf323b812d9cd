"""A warehouse that holds the scene, an empty one, and the configuration by which the pages find them."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import streamlit as st
from clickhouse_connect.driver.client import Client

from dashboards.span import Span
from embedded.broker import free_port
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas import codec
from schemas.events import Event
from schemas.names import derived_id
from schemas.observations import ClockTicked
from tests.migrated import migrate
from tests.pages.scene import CONFIG, STATES, tables

_STEP = 300_000_000


@dataclass(frozen=True)
class Hall:
    """A database with tables, and a configuration file that names it; `now` is when its scene ended."""

    client: Client
    config: Path
    now: int

    @property
    def span(self) -> Span:
        """Return the six hours of the scene."""
        return Span.last(6, self.now)


def store(client: Client, table: str, events: Iterable[Event]) -> None:
    """Store events in a table."""
    client.raw_insert(table, insert_block=b"\n".join(map(codec.encode, events)), fmt="JSONEachRow")


def fill(client: Client, now: int) -> None:
    """Store the scene that ends at `now`."""
    for table, events in tables(now).items():
        store(client, table, events)
    rows = [{"mailbox": name, "at": now, "score": score, "step": step, "state": "{}"} for name, score, step in STATES]
    client.raw_insert("mailbox_state", insert_block="\n".join(map(json.dumps, rows)).encode(), fmt="JSONEachRow")


def spoken(hall: Hall, at: int = 0) -> None:
    """Have the worker say a word now: the scene ended up to five minutes ago, and after two it is silent.

    Or have it said one `at` another moment: the scene's worker speaks at its end only.
    """
    at = at or time.time_ns() // 1000
    store(hall.client, "pool_observations", [ClockTicked(id=derived_id("tick", str(at)), at=at)])


def furnish(server: ClickHouseServer, folder: Path, name: str) -> Hall:
    """Give a database of this name with empty tables, and the configuration that names it."""
    migrate(server.connect(), name)
    config = folder / f"{name}.toml"
    config.write_text(
        f'[clickhouse]\nhost = "{server.host}"\nport = {server.port}\ndatabase = "{name}"\n'
        f"[dashboard]\nport = {free_port()}\nnice = 0\n{CONFIG}"
    )
    now = time.time_ns() // 1000 // _STEP * _STEP
    return Hall(server.connect(name), config, now)


@pytest.fixture(scope="session")
def hall(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """Give the database of the scene; tests only read it."""
    made = furnish(clickhouse, tmp_path_factory.mktemp("pages"), "pages_scene")
    fill(made.client, made.now)
    return made


@pytest.fixture(scope="session")
def empty_hall(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """Give a database with empty tables."""
    return furnish(clickhouse, tmp_path_factory.mktemp("pages"), "pages_empty")


Open = Callable[[Hall], None]


@pytest.fixture
def opened(clickhouse: ClickHouseServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Give what makes the pages of this process look at a hall."""

    def look_at(what: Hall) -> None:
        monkeypatch.setenv(PASSWORD_ENV, clickhouse.password)
        monkeypatch.setenv("RELAYWARDEN_CONFIG", str(what.config))
        st.cache_resource.clear()

    yield look_at
    st.cache_resource.clear()
