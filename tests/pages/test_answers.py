"""What a run of a page asks: each question once, and beside the drawing without another answer."""

import threading

import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client

from dashboards import unanswered
from dashboards.answers import Answers
from dashboards.connection import Reading, Warehouse
from dashboards.span import Span
from schemas.settings import load
from tests.pages.conftest import Hall, Open


class _Asked:
    """A question that counts how often it is asked, by which threads, and waits for `go`."""

    __name__ = "asked"

    def __init__(self) -> None:
        self.threads: list[str] = []
        self.go = threading.Event()

    def __call__(self, _client: Client, span: Span, word: str) -> pd.DataFrame:
        self.threads.append(threading.current_thread().name)
        assert self.go.wait(20)
        return pd.DataFrame({"word": [word], "until": [span.until]})


def test_the_same_question_is_asked_once_a_run_and_anew_in_the_next(hall: Hall, opened: Open) -> None:
    opened(hall)
    asked, warehouse = _Asked(), Warehouse(load(hall.config).clickhouse)
    asked.go.set()
    run = Answers(warehouse)
    first, again = (run.read(asked, 1, "a", every=0.0, at=0) for _ in range(2))
    assert first is again
    assert len(asked.threads) == 1
    assert run.read(asked, 1, "b", every=0.0, at=0).frame is not first.frame
    Answers(warehouse).read(asked, 1, "a", every=0.0, at=0)
    assert len(asked.threads) == 3


def test_what_is_asked_beside_is_waited_for_and_its_answer_is_not_that_of_before(hall: Hall, opened: Open) -> None:
    opened(hall)
    asked, warehouse = _Asked(), Warehouse(load(hall.config).clickhouse)
    asked.go.set()
    old = Answers(warehouse).read(asked, 1, "a", every=0.0, at=0)
    asked.go.clear()
    run = Answers(warehouse)
    run.ahead(asked, 1, "a", every=0.0, at=0)
    threading.Timer(0.3, asked.go.set).start()
    new = run.read(asked, 1, "a", every=0.0, at=0)
    assert asked.threads[-1].startswith("ahead")
    assert new.read_at > old.read_at, "another session would be told the last answer meanwhile, this one waits"


def test_a_question_that_waits_for_its_turn_is_asked_at_once(hall: Hall, opened: Open) -> None:
    opened(hall)
    slow, asked, warehouse = _Asked(), _Asked(), Warehouse(load(hall.config).clickhouse)
    asked.go.set()
    others = Answers(warehouse)
    for word in "abcd":
        others.ahead(slow, 1, word, every=0.0, at=0)
    run = Answers(warehouse)
    run.ahead(asked, 1, "mine", every=0.0, at=0)
    answer = run.read(asked, 1, "mine", every=0.0, at=0)
    slow.go.set()
    assert answer.frame is not None
    assert asked.threads == [threading.current_thread().name]


def test_an_answer_that_failed_is_no_clickhouse_that_is_away(hall: Hall, opened: Open) -> None:
    opened(hall)
    now, fails = [1_000_000.0], [False]

    def heavy(client: Client, _span: Span) -> pd.DataFrame:
        return client.query_df(f"SELECT throwIf({int(fails[0])}, 'Memory limit exceeded') AS one")

    warehouse = Warehouse(load(hall.config).clickhouse, lambda: now[0])
    good = warehouse.read(heavy, 1)
    fails[0], now[0] = True, now[0] + 60
    failed = warehouse.read(heavy, 1)
    assert failed.frame is good.frame
    assert "Memory limit exceeded" in failed.error
    assert not failed.away
    assert unanswered.said([failed, failed], round(now[0] * 1_000_000)) == (
        "1 question was not answered; all others were. Their values are from 13:46:40 UTC, 60 s ago."
    )
    now[0] += 1
    assert warehouse.read(lambda _client, _span: pd.DataFrame({"a": [1]}), 1).error == "", "others go on being asked"


FRAME = pd.DataFrame({"a": [1]})
SLOW, FULL = Reading(None, 0.0, "too slow"), Reading(FRAME, 100.0, "memory limit")
AWAY, OLD = Reading(None, 0.0, "refused", away=True), Reading(FRAME, 100.0, "refused", away=True)


@pytest.mark.parametrize(
    ("stale", "said"),
    [
        ((SLOW,), "1 question was not answered; all others were. Of 1 nothing was read yet."),
        (
            (SLOW, FULL, FULL),
            (
                "2 questions were not answered; all others were. Of 1 nothing was read yet. "
                "Their values are from 00:01:40 UTC, 20 s ago."
            ),
        ),
        ((AWAY, SLOW), "ClickHouse does not answer; nothing was read yet."),
        ((AWAY, OLD), "ClickHouse does not answer. The values are from 00:01:40 UTC, 20 s ago."),
    ],
)
def test_the_notice_tells_what_had_no_answer(stale: tuple[Reading, ...], said: str) -> None:
    assert unanswered.said(stale, 120_000_000) == said
