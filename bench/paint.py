"""When the pages stand in Chromium: `python -m bench.paint --folder DIR [--runs N] [--page NAME …] [--phone]`.

Each page of the navigation is opened over a folder that `bench.dashboard` filled, as of the folder's end, served as
`relaywarden dashboard` serves it. Told are, in ms from the start of the navigation, the first contentful paint; the
first useful value, which is a datum and not a title (`bench.paint_eye.PLACES`: the Overview's sentence on how many
IPs send, the first number of another page, as in the line above its table); and when the page is whole: its script
has ended, nothing is a skeleton, and nothing in the DOM changes for 300 ms, of which the last change counts. Cold is
the first visit of a process just started, warm the next of another visitor, both by a browser in which nothing is
cached; again is a browser's own that was there three times and keeps Streamlit's scripts, as the NOC's does. The
browser runs before the clock does. `floor` and `floor-table` are no pages of ours: what plain Streamlit takes for a
word, and for a table and a chart (`bench.paint_floor`), in the same run. Median and 95th of a hundred are by nearest
rank. Beside them stand the CPU ms of the pages' process, of ClickHouse and of Chromium until then, and the kB that came
through the WebSocket.
"""

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from playwright.sync_api import Browser, BrowserContext

from bench.given import positive
from bench.paint_eye import ALL, FLOOR, PHONE, WIDE, Sight, regular, stranger, visit
from bench.paint_lab import Pages, opened
from schemas.access_settings import Dashboard
from tests.chromium import chromium

USEFUL_MS, WHOLE_MS = 1500.0, 2500.0
_MEDIAN, _HIGH = 50, 95
_BEFORE = 2  # visits after which a browser has kept what it fetched, and compiled
_FLOOR = Path(__file__).with_name("paint_floor.py")
_HEADS = ("paint", "p95", "useful", "p95", "whole", "p95", "pages", "CH", "Chrom.", "kB")


@dataclass
class Seen:
    """The visits to a page, cold, warm or again; `cpu` has the CPU seconds of the pages and of ClickHouse for each."""

    page: str
    way: str
    sights: list[Sight] = field(default_factory=list)
    cpu: list[tuple[float, float]] = field(default_factory=list)

    def line(self) -> str:
        """Return it as a line of the table."""
        kinds = (
            [each.painted for each in self.sights],
            [each.useful for each in self.sights],
            [each.whole for each in self.sights],
        )
        times = [ranked(kind, percent) for kind in kinds for percent in (_MEDIAN, _HIGH)]
        spent = [1000 * ranked(kind, _MEDIAN) for kind in zip(*self.cpu, strict=True)]
        drawing = 1000 * ranked([each.cpu for each in self.sights], _MEDIAN)
        sent = ranked([each.socket / 1000 for each in self.sights], _MEDIAN)
        told = " ".join(f"{_written(value):>7}" for value in (*times, *spent, drawing, sent))
        return f"{self.page or 'overview':17} {self.way:5} {told}{above(times[3], times[5])}"


def ranked(values: Sequence[float | None], percent: int) -> float:
    """Return the value of the nearest rank so many of a hundred up; what never came (None) is later than all."""
    ordered = sorted(math.inf if value is None else value for value in values)
    return ordered[-(-percent * len(ordered) // 100) - 1]


def above(useful: float, whole: float) -> str:
    """Return which of the goals these times (ms) are above, "" for none."""
    late = [name for name, time, goal in (("value", useful, USEFUL_MS), ("whole", whole, WHOLE_MS)) if time > goal]
    return f"  above the goal: {', '.join(late)}" if late else ""


def _written(value: float) -> str:
    return "never" if math.isinf(value) else f"{value:.0f}"


@dataclass(frozen=True)
class Visitors:
    """Who looks: strangers, each in a browser that keeps nothing, and one that was there before."""

    browser: Browser
    known: BrowserContext
    size: tuple[int, int]

    def come(self, way: str, home: str, name: str) -> Sight:
        """Visit a page: `cold` and `warm` as a stranger, `again` as who was there."""
        if way == "again":
            return visit(self.known, home, name)
        with stranger(self.browser, self.size) as context:
            return visit(context, home, name)


def looked(pages: Pages, clickhouse: int, visitors: Visitors, names: Sequence[str], runs: int) -> Iterator[Seen]:
    """Visit each page so many times, each time first in a new process; yield what was seen, cold, warm and again."""
    home = f"http://127.0.0.1:{pages.port}"
    for name in names:
        ways = [Seen(name, way) for way in ("cold", "warm", "again")]
        for run in range(runs):
            with pages.served(_FLOOR if name in FLOOR else None) as process:
                own = (psutil.Process(process.pid), psutil.Process(clickhouse))
                for seen in ways:
                    for _ in range(_BEFORE if seen.way == "again" and run == 0 else 0):
                        visitors.come(seen.way, home, name)
                    before = [sum(each.cpu_times()[:2]) for each in own]
                    seen.sights.append(visitors.come(seen.way, home, name))
                    after = [sum(each.cpu_times()[:2]) for each in own]
                    seen.cpu.append((after[0] - before[0], after[1] - before[1]))
        yield from ways


def main(folder: Path, names: Sequence[str], runs: int, size: tuple[int, int], nice: int) -> None:
    """Visit and print."""
    with (
        opened(folder, 10_000_000, 7, nice) as (pages, server),
        chromium() as browser,
        regular(browser, size) as known,
    ):
        print(f"{psutil.cpu_count()} cores; {runs} runs; {size[0]} x {size[1]} pixels; nice {nice}; ms, {_load()}")
        print(f"{'page':23} " + " ".join(f"{each:>7}" for each in _HEADS))
        for seen in looked(pages, server.pid, Visitors(browser, known, size), names, runs):
            print(seen.line(), flush=True)
        print(_load())


def _load() -> str:
    return "load of the machine " + ", ".join(f"{one:.1f}" for one in psutil.getloadavg())


def _arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.paint", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="what bench.dashboard filled; it is filled if new")
    parser.add_argument("--runs", type=positive, default=5, help="of each page, cold, warm and again")
    parser.add_argument("--page", nargs="+", choices=[each or "overview" for each in ALL], help="only these pages")
    parser.add_argument("--phone", action="store_true", help="on a phone's screen")
    parser.add_argument("--nice", type=int, default=Dashboard().nice, help="of the pages' process, as [dashboard] nice")
    return parser.parse_args(given)


if __name__ == "__main__":
    wanted = _arguments(sys.argv[1:])
    chosen = [each for each in ALL if not wanted.page or (each or "overview") in wanted.page]
    main(wanted.folder.resolve(), chosen, wanted.runs, PHONE if wanted.phone else WIDE, wanted.nice)
