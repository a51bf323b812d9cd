"""Whether the worker, the lists and the logs are heard now: what a silent one told is neither calm news nor a zero."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from dashboards import elements, moment, pools, queries, queries_pool, words
from dashboards.connection import Warehouse
from dashboards.elements import Page
from dashboards.pools import Standing
from schemas.pool_settings import Pool
from schemas.settings import Settings

LATE_SECONDS = {"log": 300, "worker": pools.LATE_SECONDS, "lists": 3600, "list": 6 * 3600, "sink": 300}
_NEVER = {
    "worker": ("no data of the worker", "No data: no worker told anything yet."),
    "lists": ("no data of the lists", "No data: no list was asked within two days."),
    "complaints": ("no complaint came", "No data: no complaint came within seven days."),
    "logs": ("no data of a log", "No data: no log was heard yet."),
}
UNREAD = "not read"


@dataclass(frozen=True)
class Told:
    """How the IPs stand: `last` as was decided, `now` what is known of the moment; `silent` says why that is not all.

    Where the worker is silent, what was wrong by its last word stays in `now`; of the others nobody knows.
    """

    last: list[Standing]
    now: list[Standing]
    silent: str = ""

    @property
    def weighed(self) -> list[Standing]:
        """Return by what an order is weighed: the last word where there was one; the pool looks again as it reads it.

        Of a worker that nobody heard within two days, or of whom that is not read, it is only what is known.
        """
        return self.now if self.silent in {UNREAD, _NEVER["worker"][0]} else self.last

    @property
    def notice(self) -> str:
        """Return that it is not known of all which send, and of when the rest is; "" where the worker is heard."""
        if not self.silent:
            return ""
        known = any(ip.state != "unknown" for ip in self.now)
        rest = " What was wrong by its last word stays, and is not of now." if known else ""
        return f"? Not known which IPs send ({self.silent}).{rest}"


def told(
    configured: Mapping[str, Pool], states: pd.DataFrame | None, feeds: pd.DataFrame | None, now: pd.Timestamp
) -> Told:
    """Return how the pools stand at a moment, by the decisions and by who spoke when (None: not read)."""
    last, why = pools.standings(configured, states), _spoke("worker", feeds, now)
    return Told(last, pools.doubted(last) if why else last, why)


def standings(shown: Page, at: int | None = None) -> Told:
    """Return how the pools stand at the page's moment, or as of another (µs, 0: now)."""
    now = shown.now if at is None else pd.Timestamp(at or moment.clock(), unit="us", tz="UTC")
    states, feeds = (shown.read(query, hours=1, at=at) for query in (queries_pool.states, queries.feeds))
    return told(shown.settings.pool, states, feeds, now)


def at_once(settings: Settings, warehouse: Warehouse) -> Told:
    """Return how the pools stand just now, for an order that is given; what had an error counts as not read."""
    states, feeds = (warehouse.read(query, 1) for query in (queries_pool.states, queries.feeds))
    decided, spoke = (None if reading.error else reading.frame for reading in (states, feeds))
    return told(settings.pool, decided, spoke, pd.Timestamp(moment.clock(), unit="us", tz="UTC"))


def late(kind: str, seconds: float) -> bool:
    """Return whether the newest word of a source is too old to be of now, or its clock is ahead."""
    return kind in LATE_SECONDS and pools.late(seconds, LATE_SECONDS[kind])


def newest(feeds: pd.DataFrame) -> dict[str, pd.Timestamp]:
    """Return when each of `queries.feeds` spoke last."""
    return dict(zip(feeds["feed"], feeds["last"], strict=True))


def silent(shown: Page, *kinds: str) -> str:
    """Return why it is not known what these tell, of the first that is silent; "" where all of them are heard."""
    return next((why for kind in kinds if (why := _why(shown, kind))), "")


def until(shown: Page, kind: str) -> pd.Timestamp | None:
    """Return up to when is known what a source tells: now where it is heard, else its last word, None without one."""
    feeds = shown.read(queries.feeds, hours=1)
    last = None if feeds is None else newest(feeds).get(kind)
    if last is None:
        return None
    if not _spoke(kind, feeds, shown.now):
        return shown.now
    return last if last < shown.now else None  # of a clock that is ahead nobody knows when it spoke


def missing(shown: Page, frame: pd.DataFrame | None, text: str, *kinds: str) -> bool:
    """Do as `elements.missing`: where there is nothing, say the text only if these were heard who would tell it."""
    if frame is not None and frame.empty:
        text = next((_nobody(kind, why) for kind in kinds if (why := _why(shown, kind))), text)
    return elements.missing(frame, text)


def _nobody(kind: str, why: str) -> str:
    return _NEVER[kind][1] if why == _NEVER[kind][0] else f"Not known: {why}."


def _why(shown: Page, kind: str) -> str:
    if kind == "logs":
        return _logs(shown)
    return _spoke(kind, shown.read(queries.feeds, hours=1), shown.now)


def _spoke(kind: str, feeds: pd.DataFrame | None, now: pd.Timestamp) -> str:
    if feeds is None:
        return UNREAD
    last = newest(feeds).get(kind)
    if last is None:
        return _NEVER[kind][0]
    seconds = (now - last).total_seconds()
    return words.silent(f"the {kind}", seconds) if late(kind, seconds) else ""


def _logs(shown: Page) -> str:
    logs = shown.read(queries.sources, hours=1, every=shown.every)
    if logs is None:
        return UNREAD
    if logs.empty:
        return _NEVER["logs"][0]
    return "no log was heard for over 1 h" if pd.isna(logs["last"]).all() else ""
