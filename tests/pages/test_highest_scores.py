"""Whom the pages show first by score and decision, compared with a plain computation over all rows."""

import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client

from dashboards import counted, queries_flags, queries_mailbox
from dashboards.counted import Counted
from dashboards.span import Span
from embedded.clickhouse import ClickHouseServer
from tests.migrated import migrate

MINUTE = 60_000_000
DAY = 1440 * MINUTE
TYPES = ("mailbox_flagged", "mailbox_flagged", "mailbox_throttled", "mailbox_suspended", "mailbox_released")
STEPS = {"mailbox_throttled": "throttle", "mailbox_suspended": "suspend", "mailbox_released": ""}
RANKS = {"mailbox_throttled": 1, "mailbox_suspended": 2}
Row = dict[str, Any]


class Counting:
    """Stands where the client stands, and counts the questions."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.server_settings = client.server_settings
        self.asked = 0

    def query_df(self, sql: str, parameters: Row, settings: Row) -> pd.DataFrame:
        """Ask as the client does."""
        self.asked += 1
        return self._client.query_df(sql, parameters=parameters, settings=settings)


@dataclass(frozen=True)
class Town:
    """A database with 11,000 decisions, each stored twice, and scores of which most were replaced."""

    client: Client
    now: int
    decisions: Sequence[Row]
    states: Sequence[Row]

    def newest(self, until: int) -> dict[str, Row]:
        """Return each mailbox's newest decision."""
        found: dict[str, Row] = {}
        for row in sorted(self.decisions, key=lambda one: (one["at"], RANKS.get(one["type"], 0), one["id"])):
            if row["at"] <= until:
                found[row["mailbox"]] = row
        return found

    def scores(self, until: int) -> dict[str, Row]:
        """Return the newest score of each mailbox whose newest is not later."""
        found = {row["mailbox"]: row for row in sorted(self.states, key=lambda one: one["at"])}
        return {name: row for name, row in found.items() if row["at"] <= until}


def _decisions(dice: random.Random, now: int) -> Iterator[Row]:
    for number in range(11_000):
        kind = dice.choice(TYPES)
        yield {
            "type": kind,
            "id": f"d{number}",
            "at": now - dice.randrange(600) * 7 * MINUTE,  # some of one mailbox are of one moment
            "mailbox": f"user{dice.randrange(6000)}@example.net",
            "score": float(dice.randrange(300)),
            "step": dice.choice(("watch", "flag")) if kind == "mailbox_flagged" else "",
            "mode": dice.choice(("propose", "enforce")),
            "evidence": [{"rule": "networks", "text": f"because {number}", "value": 1, "usual": 0, "points": 1}],
        }


def _states(dice: random.Random, now: int) -> Iterator[Row]:
    for box in range(2000, 9000):  # of the first two thousand nothing but decisions are known
        newest = now - dice.randrange(3 * 1440) * MINUTE
        for older in range(dice.randrange(3), -1, -1):
            yield {
                "mailbox": f"user{box}@example.net",
                "at": newest - older * MINUTE,
                "score": float(dice.randrange(250)),
                "step": dice.choice(("", "", "watch", "flag")),
                "state": "{}",
                "kafka_offset": 9 - older,
            }


def put(client: Client, table: str, rows: Sequence[Row]) -> None:
    """Store rows as a part of their own."""
    client.raw_insert(table, insert_block="\n".join(map(json.dumps, rows)).encode(), fmt="JSONEachRow")


@pytest.fixture(scope="module")
def town(clickhouse: ClickHouseServer) -> Iterator[Town]:
    """Give the town, with nothing of it merged."""
    migrate(clickhouse.connect(), "pages_highest")
    client = clickhouse.connect("pages_highest")
    client.set_client_setting("deduplicate_insert", "disable")
    dice, now = random.Random(7), time.time_ns() // 1000
    made = Town(client, now, list(_decisions(dice, now)), list(_states(dice, now)))
    for table in ("mailbox_events", "mailbox_state"):
        client.command(f"SYSTEM STOP MERGES {table}")
    for _ in range(2):
        put(client, "mailbox_events", made.decisions)
    shuffled = sorted(made.states, key=lambda _row: dice.random())
    for part in range(3):
        put(client, "mailbox_state", shuffled[part::3])
    yield made
    clickhouse.connect().command("DROP DATABASE pages_highest")


def flags(town: Town, until: int, limit: int) -> list[tuple[Any, ...]]:
    """Return plainly what `queries_flags.flags` should."""
    known, course = town.scores(until), defaultdict[str, list[Row]](list)
    for row in town.decisions:
        if row["at"] <= until:
            course[row["mailbox"]].append(row)
    found: list[tuple[Any, ...]] = []
    for name, row in town.newest(until).items():
        if row["type"] == "mailbox_released":
            continue
        released = max((one["at"] for one in course[name] if one["type"] == "mailbox_released"), default=0)
        since = min((one["at"] for one in course[name] if one["at"] > released), default=0)
        score, step = known.get(name, row)["score"], STEPS.get(row["type"], row["step"])
        found.append((name, score, step, row["mode"], since, row["at"], row["evidence"][0]["text"]))
    return sorted(found, key=lambda one: (one[2] == "watch", -one[1], one[0]))[:limit]


def scores(town: Town, until: int, limit: int, search: str = "", step: str = "") -> list[tuple[Any, ...]]:
    """Return plainly what `queries_mailbox.scores` should."""
    known, decided = town.scores(until), town.newest(until)
    found: list[tuple[Any, ...]] = []
    for name in {*known, *decided}:
        state, row = known.get(name), decided.get(name)
        said = STEPS.get(row["type"], row["step"]) if row else ""
        told = said or (state["step"] if state else "")
        if search in name and step in ("", told):
            score = state["score"] if state else None
            kind, mode = (row["type"], row["mode"]) if row else ("", "")
            found.append((name, score, told, kind, mode, row and row["at"], state and state["at"]))
    return sorted(found, key=lambda one: (one[1] is None, -(one[1] or 0), one[0]))[:limit]


def told(answer: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return an answer's rows with moments in µs, the first of the reasons, and None for what is not known."""
    return [tuple(map(_plain, row)) for row in answer.itertuples(index=False, name=None)]


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return value[0]
    if isinstance(value, pd.Timestamp):
        return value.value // 1000
    return None if pd.isna(value) else value  # type: ignore[call-overload]


@pytest.mark.parametrize("ago", [0, DAY // 2, 2 * DAY, 9 * DAY])
@pytest.mark.parametrize("limit", [150, 3000])
def test_flags_are_those_of_a_plain_computation(town: Town, ago: int, limit: int) -> None:
    counting, until = Counting(town.client), town.now - ago
    answer = queries_flags.flags(counting, Span.last(24, until, past=ago > 0), limit)  # type: ignore[arg-type]
    assert told(answer) == flags(town, until, limit)
    acted, known = sum(row[2] != "watch" for row in flags(town, until, 1_000_000)), counted.of(answer)
    assert known is not None
    assert known.number == acted or (known.least and limit <= known.number < acted), "never more than there are"
    if limit > 150:
        assert known == Counted(acted), "all were asked about"
    if not ago:
        assert counting.asked == (1 if limit == 150 else 2), "the highest are enough for a page, not for everything"


@pytest.mark.parametrize("ago", [0, DAY // 2, 2 * DAY, 9 * DAY])
@pytest.mark.parametrize("limit", [150, 3000, 20_000])
def test_scores_are_those_of_a_plain_computation(town: Town, ago: int, limit: int) -> None:
    counting, until = Counting(town.client), town.now - ago
    answer = queries_mailbox.scores(counting, Span.last(24, until, past=ago > 0), limit=limit)  # type: ignore[arg-type]
    assert told(answer) == scores(town, until, limit)
    if not ago:
        assert counting.asked == (1 if limit == 150 else 2)


@pytest.mark.parametrize(("search", "step"), [("USER77", ""), ("", "throttle"), ("", "watch"), ("user12", "flag")])
def test_scores_that_are_looked_for_are_those_of_a_plain_computation(town: Town, search: str, step: str) -> None:
    for until in (town.now, town.now - DAY):
        answer = queries_mailbox.scores(town.client, Span.last(24, until), search, step)
        assert told(answer) == scores(town, until, 200, search.lower(), step)
