"""What ClickHouse takes to answer the pages: `python -m bench.dashboard [--rows N] [--days N] [--folder DIR] …`.

A week of a large hoster (`bench.dashboard_fill`) is made in an embedded ClickHouse, and every question of every page is
asked for each range. Told are the medians and the 95th of a hundred of the runs in ms, once with ClickHouse's own
caches emptied before each run ("cold") and once not, its CPU, and the rows that it has to read; at the end the 95th of
a hundred of all runs of all questions. One that reaches the pages' time limit took for ever ("inf"). A folder that was
filled before is used as it is.
"""

import argparse
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from bench import dashboard_asked
from bench.dashboard_fill import fill, settle
from bench.given import positive
from dashboards.span import HOURS, Span
from embedded.clickhouse import ClickHouseServer
from streams.migrate import migrate

GOAL_MS = 200.0
_UNTIL = "until"
_CACHES = ("MARK CACHE", "UNCOMPRESSED CACHE", "INDEX MARK CACHE", "PRIMARY INDEX CACHE", "QUERY CONDITION CACHE")


@dataclass
class Asked:
    """A question of a page: its times in seconds, cold and warm, its CPU seconds, and the rows that it read."""

    name: str
    hours: int
    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    rows: int = 0
    found: int = 0

    def line(self) -> str:
        """Return it as a line of the table."""
        told = (statistics.median(self.cold), high(self.cold), statistics.median(self.warm), high(self.warm))
        times = " ".join(f"{seconds * 1000:8.0f}" for seconds in (*told, statistics.median(self.cpu)))
        mark = "  above the goal" if high(self.warm) * 1000 > GOAL_MS else ""
        return f"{self.name:44} {self.hours:4} {times} {self.rows:12,} {self.found:6}{mark}"


def high(seconds: list[float]) -> float:
    """Return the 95th of a hundred, by the nearest rank: of fewer than twenty the greatest."""
    ordered = sorted(seconds)
    return ordered[-(-95 * len(ordered) // 100) - 1]


class _Counting:
    """Takes the place of the client for a question and adds up the rows that its statements read."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.server_settings = client.server_settings
        self.rows = 0

    def query_df(self, sql: str, parameters: dict[str, Any], settings: dict[str, Any]) -> pd.DataFrame:
        """Ask as the client does, and what of it will be read."""
        parts = self._client.query("EXPLAIN ESTIMATE " + sql, parameters=parameters)
        self.rows += sum(int(row["rows"]) for row in parts.named_results())
        return self._client.query_df(sql, parameters=parameters, settings=settings)


def forget(client: Client) -> None:
    """Empty ClickHouse's own caches; the kernel's stay."""
    for cache in _CACHES:
        client.command(f"SYSTEM DROP {cache}")


def measured(  # noqa: PLR0913, PLR0917 a measurement has this many sides
    client: Client,
    pid: int,
    until: int,
    runs: int,
    hours: tuple[int, ...] = HOURS,
    asking: Sequence[dashboard_asked.Question] = tuple(dashboard_asked.questions()),
) -> Iterator[Asked]:
    """Ask each question so many times, cold and warm, and yield what that took."""
    process = psutil.Process(pid)
    for name, query, values in asking:
        for length in hours:
            asked, span = Asked(name, length), Span.last(length, until)
            counting = _Counting(client)
            _took(lambda: query(counting, span, *values))  # noqa: B023 called at once
            asked.rows = counting.rows
            for _ in range(runs):
                forget(client)
                asked.cold.append(_took(lambda: query(client, span, *values))[0])  # noqa: B023 called at once
                before = sum(process.cpu_times()[:2])
                seconds, answer = _took(lambda: query(client, span, *values))  # noqa: B023 likewise
                asked.warm.append(seconds)
                asked.cpu.append(sum(process.cpu_times()[:2]) - before)
                asked.found = len(answer)
            yield asked


def _took(ask: Callable[[], pd.DataFrame]) -> tuple[float, pd.DataFrame]:
    begun = time.perf_counter()
    try:
        answer = ask()
    except DatabaseError as error:
        if "TIMEOUT_EXCEEDED" not in str(error):
            raise
        return math.inf, pd.DataFrame()
    return time.perf_counter() - begun, answer


def summary(asked: Sequence[Asked]) -> str:
    """Return the 95th of a hundred of all runs, warm and cold, and how many questions are above the goal."""
    above = [one for one in asked if high(one.warm) * 1000 > GOAL_MS]
    warm, cold = (high([seconds for one in asked for seconds in getattr(one, kind)]) for kind in ("warm", "cold"))
    return (
        f"{len(asked)} questions (each with each range), p95 of all runs {warm * 1000:.0f} ms,"
        f" cold {cold * 1000:.0f} ms; {len(above)} above {GOAL_MS:.0f} ms"
    )


def furnished(client: Client, folder: Path, rows: int, days: int) -> int:
    """Return the moment at which the folder's week ends; it is filled where it is new, and settled."""
    note = folder / _UNTIL
    if not note.exists():
        until = time.time_ns() // 1000  # noqa: TID251 the tables forget what is old
        begun = time.monotonic()
        events = fill(client, rows, until, days, told=lambda done: print(f"  {done} mail events", flush=True))
        print(f"{events} mail events of {days} days made in {time.monotonic() - begun:.0f} s", flush=True)
        note.write_text(str(until))
    begun = time.monotonic()
    settle(client)
    print(f"counted and merged in {time.monotonic() - begun:.0f} s", flush=True)
    return int(note.read_text())


def chosen(wanted: Sequence[str]) -> list[dashboard_asked.Question]:
    """Return the questions whose names begin with one of these words, all where there is none.

    ValueError names the words with which none begins.
    """
    every = list(dashboard_asked.questions())
    if wrong := [word for word in wanted if not any(name.startswith(word) for name, *_ in every)]:
        raise ValueError(
            f"no question begins with {', '.join(map(repr, wrong))}; they begin as queries_pool.traffic does"
        )
    return [one for one in every if one[0].startswith(tuple(wanted) or "")]


def main(rows: int, days: int, runs: int, folder: Path, asking: Sequence[dashboard_asked.Question]) -> list[Asked]:
    """Fill, ask these questions and print."""
    with ClickHouseServer(folder / "data") as server:
        migrate(server.connect(), "bench")
        client = server.connect("bench")
        until = furnished(client, folder, rows, days)
        load = ", ".join(f"{one:.1f}" for one in psutil.getloadavg())
        print(f"load of the machine {load}; {psutil.cpu_count()} cores; {runs} runs; ms; CPU of ClickHouse in ms")
        heads = " ".join(f"{each:>8}" for each in ("cold", "p95", "warm", "p95", "CPU"))
        print(f"{'question':44} {'h':>4} {heads} {'rows read':>12} {'answer':>6}")
        asked = []
        for one in measured(client, server.pid, until, runs, asking=asking):
            asked.append(one)
            print(one.line(), flush=True)
        print(summary(asked))
        return asked


def _arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.dashboard", description=__doc__)
    parser.add_argument("--rows", type=positive, default=10_000_000, help="delivery attempts")
    parser.add_argument("--days", type=positive, default=7, help="over how many days")
    parser.add_argument("--runs", type=positive, default=7, help="of each question, cold and warm")
    parser.add_argument("--folder", type=Path, help="where the data stays; else it is thrown away")
    parser.add_argument("--question", nargs="+", default=(), help="only those whose names begin so: queries_pool.")
    return parser.parse_args(given)


if __name__ == "__main__":
    wanted = _arguments(sys.argv[1:])
    try:
        asking = chosen(wanted.question)
    except ValueError as error:
        print(f"python -m bench.dashboard: {error}", file=sys.stderr)
        sys.exit(2)
    if wanted.folder:
        main(wanted.rows, wanted.days, wanted.runs, wanted.folder, asking)
    else:
        with tempfile.TemporaryDirectory() as made:
            main(wanted.rows, wanted.days, wanted.runs, Path(made), asking)
