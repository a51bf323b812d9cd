"""`python -m bench.dashboard` at a small size: it fills, asks, and tells what that took."""

import time

from bench.dashboard import Asked, high, measured
from bench.dashboard_asked import modules, questions
from bench.dashboard_fill import DAY, fill
from dashboards import queries
from dashboards.span import Span
from embedded.clickhouse import ClickHouseServer
from tests.migrated import migrate


def test_a_small_week_is_filled_and_asked(clickhouse: ClickHouseServer, database: str) -> None:
    migrate(clickhouse.connect(), database)
    client = clickhouse.connect(database)
    until = time.time_ns() // 1000
    events = fill(client, 4000, until, 7, mailboxes=1000)
    assert events == 7000
    found = queries.deliverability(client, Span(until - 7 * DAY - 1, until))
    assert found["attempts"].sum() == 4000, "what came again counts once"
    some = [each for each in questions() if each[0].startswith(("queries_pool.traffic", "queries_mailbox.scores user"))]
    asked = list(measured(client, clickhouse.pid, until, 1, (24,), some))
    assert [one.name for one in asked] == [name for name, *_ in some]
    busy = next(one for one in asked if one.name.startswith("queries_pool.traffic"))
    assert busy.found > 0 < busy.rows


def test_each_module_of_questions_is_among_those_asked() -> None:
    asked = {name.partition(".")[0] for name, *_ in questions()}
    assert asked == set(modules())
    assert {"queries", "queries_mailbox", "queries_pool", "queries_pipeline"} < asked


def test_the_95th_of_a_hundred_is_a_time_that_was_measured() -> None:
    assert high([float(number) for number in range(1, 101)]) == 95.0
    assert high([3.0, 1.0, 2.0]) == 3.0
    told = Asked("q", 24, cold=[0.3], warm=[0.201], cpu=[0.1]).line()
    assert told.endswith("above the goal")
