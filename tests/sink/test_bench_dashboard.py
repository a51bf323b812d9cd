"""`python -m bench.dashboard` at a small size: it fills, asks, and tells what that took."""

import math
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from bench.dashboard import Asked, chosen, high, measured, summary
from bench.dashboard_asked import modules, questions
from bench.dashboard_fill import DAY, fill, settle
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
    settle(client)
    assert client.command("SELECT countIf(counted = 0) FROM mail_slot_days") == 0
    assert client.command("SELECT sum(sent + deferred + bounced) FROM mail_slots FINAL WHERE what = 'ip'") == 4000
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


def test_of_the_questions_those_are_chosen_that_begin_with_a_word() -> None:
    assert [name for name, *_ in chosen(())] == [name for name, *_ in questions()]
    names = {name for name, *_ in chosen(("queries_pool.", "queries_week.hour"))}
    assert {name.partition(".")[0] for name in names} == {"queries_pool", "queries_week"}
    assert "queries_week.ages" not in names


def test_a_word_with_which_no_question_begins_is_told_before_anything_is_filled(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    command = ("-m", "bench.dashboard", "--folder", str(folder), "--question", "queries_pool.", "pool", "quries")
    ended = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == [
        "python -m bench.dashboard: no question begins with 'pool', 'quries'; they begin as queries_pool.traffic does"
    ]
    assert not folder.exists()


@pytest.mark.parametrize(
    ("bench", "given"), [("dashboard", "0"), ("dashboard", "-1"), ("paint", "1.5"), ("paint", "²")]
)
def test_a_number_that_is_none_is_told_before_anything_is_filled(tmp_path: Path, bench: str, given: str) -> None:
    folder = tmp_path / "new"
    command = ("-m", f"bench.{bench}", "--folder", str(folder), f"--runs={given}")
    ended = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=120, check=False)
    told = f"python -m bench.{bench}: error: argument --runs: '{given}' is no whole number of one at least"
    assert (ended.returncode, ended.stderr.splitlines()[-1]) == (2, told)
    assert not folder.exists()


def test_the_95th_of_a_hundred_is_a_time_that_was_measured() -> None:
    assert high([float(number) for number in range(1, 101)]) == 95.0
    assert high([3.0, 1.0, 2.0]) == 3.0
    told = Asked("q", 24, cold=[0.3], warm=[0.201], cpu=[0.1]).line()
    assert told.endswith("above the goal")


def test_the_summary_is_of_all_runs_of_all_questions() -> None:
    quick = [Asked(f"q{number}", 24, cold=[0.15], warm=[0.1], cpu=[0.1]) for number in range(19)]
    slow = Asked("slow", 24, cold=[0.9], warm=[math.inf], cpu=[0.1])
    assert summary([*quick, slow]) == (
        "20 questions (each with each range), p95 of all runs 100 ms, cold 150 ms; 1 above 200 ms"
    )
    assert slow.line().endswith("above the goal")


def test_a_question_that_reaches_the_time_limit_took_for_ever(clickhouse: ClickHouseServer, database: str) -> None:
    def endless(client: Client, _span: Span) -> pd.DataFrame:
        return client.query_df("SELECT sleepEachRow(0.1) AS slept FROM numbers(20)", {}, {"max_execution_time": 0.3})

    def wrong(client: Client, _span: Span) -> pd.DataFrame:
        return client.query_df("SELECT nothing", {}, {})

    client = clickhouse.connect(database)
    (asked,) = measured(client, clickhouse.pid, time.time_ns() // 1000, 1, (24,), [("endless", endless, ())])
    assert (asked.warm, asked.cold, asked.found) == ([math.inf], [math.inf], 0)
    with pytest.raises(DatabaseError, match="nothing"):
        list(measured(client, clickhouse.pid, time.time_ns() // 1000, 1, (24,), [("wrong", wrong, ())]))
