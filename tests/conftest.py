"""Real parts for the tests: found, or skipped with the install line (an error under RELAYWARDEN_REQUIRE_REAL=1)."""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from socketserver import BaseServer

import pytest
from playwright.sync_api import Browser

from embedded.broker import Broker
from embedded.clickhouse import ClickHouseServer
from schemas.names import derived_id
from tests.chromium import chromium
from tests.migrated import KEPT
from tests.parts import CORPUS, absent, require

__all__ = ["require"]
_SERVERS: list[ClickHouseServer] = []
_DATABASES = "SELECT name FROM system.databases WHERE name NOT IN {kept:Array(String)}"
_WIDE = ("pages_scene", "pages_empty")  # of fixtures for the whole run


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return the folder of real data beside the project; skipped where it is absent."""
    if not CORPUS.is_dir():
        absent(f"no corpus beside the project ({CORPUS})")
    return CORPUS


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Run one embedded broker for the whole run: give your topics names of their own, or take `fresh_broker`."""
    with Broker(tmp_path_factory.mktemp("broker") / "broker.log") as running:
        yield running


@pytest.fixture(autouse=True, scope="session")
def clients_may_go() -> Iterator[None]:
    """Let no test's server speak of a client that went away: what it said late stood in a later test's standard error.

    Any other error of a handler fails the test that runs, where `socketserver` would only print it.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseServer, "handle_error", _forget_who_went)
        yield


def _forget_who_went(*_: object) -> None:
    error = sys.exception()
    if error is not None and not isinstance(error, ConnectionError):
        raise error


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give one Chromium to all tests of a file; each opens contexts or pages of its own."""
    with chromium() as launched:
        yield launched


@pytest.fixture
def fresh_broker(tmp_path: Path) -> Iterator[Broker]:
    """Run an embedded broker of this test's own."""
    with Broker(tmp_path / "broker.log") as running:
        yield running


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """Run one embedded ClickHouse for the whole run: take `database` for one of your own."""
    with ClickHouseServer(tmp_path_factory.mktemp("clickhouse") / "data") as running:
        _SERVERS.append(running)
        yield running
        _SERVERS.remove(running)


@pytest.fixture(autouse=True, scope="module")
def databases_go() -> Iterator[None]:
    """Drop the databases that a file's tests made: ClickHouse looks at each of their tables again and again."""
    yield
    for client in (server.connect() for server in _SERVERS):
        for (name,) in client.query(_DATABASES, parameters={"kept": [*KEPT, *_WIDE]}).result_rows:
            client.command("DROP DATABASE {name:Identifier}", parameters={"name": name})
        client.close()


@pytest.fixture
def database(clickhouse: ClickHouseServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """Make an empty database of this test's own and return its name; it is dropped afterwards."""
    name = "t_" + derived_id(request.node.nodeid)[:12]
    client = clickhouse.connect()
    client.command(f"CREATE DATABASE {name}")
    yield name
    client.command(f"DROP DATABASE IF EXISTS {name}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of the whole begin: they take minutes each, and at the end no process shall wait for another's."""
    items.sort(key=lambda item: "tests/whole/" not in item.nodeid)


def pytest_collection_finish() -> None:
    """Leave all that was collected out of Python's collections: Streamlit asks for a full one after each drawing."""
    gc.freeze()
