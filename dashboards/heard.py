"""Whether the worker, the lists and the logs are heard now: what a silent one told is neither calm news nor a zero."""

import pandas as pd

from dashboards import elements, pools, queries, words
from dashboards.elements import Page

LATE_SECONDS = {"log": 300, "worker": pools.LATE_SECONDS, "lists": 3600, "list": 6 * 3600, "sink": 300}
_NEVER = {
    "worker": ("no data of the worker", "No data: no worker told anything yet."),
    "lists": ("no data of the lists", "No data: no list was asked within two days."),
    "complaints": ("no complaint came", "No data: no complaint came within seven days."),
    "logs": ("no data of a log", "No data: no log was heard yet."),
}
UNREAD = "not read"


def late(kind: str, seconds: float) -> bool:
    """Return whether the newest word of a source is too old to be of now, or its clock is ahead."""
    return kind in LATE_SECONDS and pools.late(seconds, LATE_SECONDS[kind])


def newest(feeds: pd.DataFrame) -> dict[str, pd.Timestamp]:
    """Return when each of `queries.feeds` spoke last."""
    return dict(zip(feeds["feed"], feeds["last"], strict=True))


def silent(shown: Page, *kinds: str) -> str:
    """Return why it is not known what these tell, of the first that is silent; "" where all of them are heard."""
    return next((why for kind in kinds if (why := _why(shown, kind))), "")


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
    feeds = shown.read(queries.feeds, hours=1)
    if feeds is None:
        return UNREAD
    last = newest(feeds).get(kind)
    if last is None:
        return _NEVER[kind][0]
    seconds = (shown.now - last).total_seconds()
    return words.silent(f"the {kind}", seconds) if late(kind, seconds) else ""


def _logs(shown: Page) -> str:
    logs = shown.read(queries.sources, hours=1, every=shown.every)
    if logs is None:
        return UNREAD
    if logs.empty:
        return _NEVER["logs"][0]
    return "no log was heard for over 1 h" if pd.isna(logs["last"]).all() else ""
