"""What a page shows while ClickHouse is away, or its configuration: an error, and the last good values as such."""

import time
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboards import queries, queries_flags
from dashboards.connection import Warehouse
from embedded.broker import free_port
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas.settings import ClickHouse
from streams.migrate import migrate
from tests.pages.conftest import Hall, fill
from tests.pages.scene import CONFIG, THIEF
from tests.pages.test_dashboard_views import cells, shown, texts

PAGES = ("overview", "pool", "mailboxes")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_clickhouse_says_so(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "relaywarden.toml"
    config.write_text(f"[clickhouse]\nport = {free_port()}\n{CONFIG}")
    monkeypatch.setenv("RELAYWARDEN_CONFIG", str(config))
    test = shown(page)
    assert "ClickHouse does not answer; nothing was read yet." in texts(test)
    assert "Not read yet" in texts(test)


def test_a_configuration_that_is_not_there_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAYWARDEN_CONFIG", str(tmp_path / "none.toml"))
    test = shown("overview")
    assert "The configuration cannot be used." in texts(test)
    assert f"{tmp_path}/none.toml: No such file or directory" in texts(test)


class Clock:
    """A clock that the test moves."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_the_last_good_answer_stays_with_the_error_and_then_the_new_one_comes(
    tmp_path: Path, hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ClickHouseServer(tmp_path / "data")
    monkeypatch.setenv(PASSWORD_ENV, server.password)
    with server:
        migrate(server.connect(), "relaywarden")
        fill(server.connect("relaywarden"), hall.now)
        clock = Clock(hall.now / 1_000_000)
        warehouse = Warehouse(ClickHouse(port=server.port), clock)
        first = warehouse.read(queries_flags.flags, 1)
        assert first.frame is not None
        assert (len(first.frame), first.error, first.read_at) == (3, "", clock.now)
        assert warehouse.read(queries_flags.flags, 1) is first, "asked again too early"
        server.kill()
        clock.now += 10
        away = warehouse.read(queries_flags.flags, 1)
        assert away.frame is first.frame
        assert away.read_at == first.read_at
        assert away.error == f"127.0.0.1:{server.port}: Connection refused"
        assert warehouse.read(queries.volume, 6).frame is None, "never read: no value, no zero"
    with ClickHouseServer(tmp_path / "data", server.port, server.password):
        clock.now += 10
        again = warehouse.read(queries_flags.flags, 1)
        assert again.frame is not None
        assert (len(again.frame), again.error, again.read_at) == (3, "", clock.now)


def test_a_page_shows_the_last_good_values_when_clickhouse_goes(
    tmp_path: Path, hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ClickHouseServer(tmp_path / "data")
    config = tmp_path / "relaywarden.toml"
    config.write_text(f"[clickhouse]\nport = {server.port}\n{CONFIG}")
    monkeypatch.setenv("RELAYWARDEN_CONFIG", str(config))
    monkeypatch.setenv(PASSWORD_ENV, server.password)
    st.cache_resource.clear()
    with server:
        migrate(server.connect(), "relaywarden")
        fill(server.connect("relaywarden"), hall.now)
        test = shown("mailboxes")
        assert not test.warning
        server.kill()
        until_away(test)
    assert THIEF in cells(test)
    assert "ClickHouse does not answer. The values are from" in texts(test)


def until_away(test: AppTest) -> None:
    """Run the page until it says so: an answer is good for a second and a half, however fast the page is run."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        test.run()
        if test.warning:
            return
        time.sleep(0.1)
    pytest.fail("the page never said that ClickHouse is away")
