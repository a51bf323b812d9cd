"""How a list does, in words and times: its state, how fast it answers, from when to when it was of use. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from dashboards import words
from dashboards.span import Span
from schemas.observations import ANSWER_MS

HEALTHY, HALF, SICK, NO_DATA = "● healthy", "◐ over one IP version", "▲ sick", "? no data"
UNASKED = "? not asked for"
BELIEVED, LOST, NO_VOTE = "● believed", "■ distrusted", "▲ no vote while sick"
FAULTS = {
    "test_points": "fails its test points",
    "refused": "refuses",
    "outside_127": "answers outside 127.0.0.0/8",
    "lists_most": "lists everything",
    "silent": "silent",
}
_HOLDS = 2.5
_LATE = 3
_DAY = 86_400
_LEAST_US = 60_000_000


def within(times: Sequence[int], share: float) -> str:
    """Return within how many milliseconds this share of the answers came: "≤ 20 ms", "no data" without an answer."""
    whole, seen = sum(times), 0
    for limit, number in zip(ANSWER_MS, times, strict=False):
        seen += number
        if whole and seen >= share * whole:
            return f"≤ {limit:g} ms"
    return f"> {ANSWER_MS[-1]:g} ms" if whole else "no data"


def slowest(microseconds: int) -> str:
    """Return the slowest answer, "no data" where there was none."""
    return f"{microseconds / 1000:.3g} ms" if microseconds else "no data"


def of_round(votes: bool, wrong: str) -> str:  # noqa: FBT001 a column's value
    """Return what a round says of a list."""
    return SICK if not votes else HALF if wrong else HEALTHY


def state(row: Mapping[str, Any] | None, now: pd.Timestamp) -> str:
    """Return how a list does now, by its row of `queries_lists.rounds`: one that was not asked of late is not known."""
    if row is None:
        return "? never asked"
    ago = (now - row["last"]).total_seconds()
    usual = max(_LEAST_US, 0 if pd.isna(row["usual"]) else row["usual"]) / 1e6
    if not pd.isna(row["again"]) and now < row["again"]:
        ago = 0.0
    if ago > _LATE * usual and ago > _LATE * _LEAST_US / 1e6 and (row["usual"] > 0 or ago > _DAY):
        return f"{UNASKED} {words.age(ago)}"
    if not row["votes"]:
        return f"▲ {FAULTS.get(row['wrong'], 'no vote')}"
    return f"◐ IPv{row['version']}: {FAULTS.get(row['wrong'], row['wrong'])}" if row["wrong"] else HEALTHY


def trust(rows: Iterable[Mapping[str, Any]], round_: Mapping[str, Any] | None, now: pd.Timestamp) -> tuple[str, str]:
    """Return in which pools a list lost its vote and since when, and why; `round_` is its newest, if it had any."""
    lost = [row for row in rows if row["lost"]]
    if not lost:
        return (NO_DATA if round_ is None else BELIEVED if round_["votes"] else NO_VOTE), ""
    told = ", ".join(f"{row['pool']} since {words.clock(row['since'], now)}" for row in lost)
    return f"{LOST}: {told}", "; ".join(dict.fromkeys(row["why"] for row in lost))


def spells(rounds: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Return from when to when a list was healthy, sick or not asked within the span, by `queries_lists.history`.

    A round holds until the next one, but for two and a half times the usual gap at most: beyond that nobody knows.
    """
    told = rounds.sort_values("at")
    at = [int(each) for each in told["at"]]
    gaps = sorted(later - earlier for earlier, later in pairwise(at))
    most = int(_HOLDS * max(_LEAST_US, gaps[len(gaps) // 2])) if gaps else int(_HOLDS * 900_000_000)
    parts, reached = [], span.since
    for number, row in enumerate(told.to_dict("records")):
        following = at[number + 1] if number + 1 < len(at) else span.until
        end = min(following, at[number] + most, span.until)
        if end <= span.since:
            continue
        start = max(at[number], span.since)
        parts += [(reached, start, NO_DATA, "")] if start > reached else []
        parts.append((start, end, of_round(row["votes"], row["wrong"]), row["said"]))
        reached = end
    parts += [(reached, span.until, NO_DATA, "")] if reached < span.until else []
    return _joined(parts, "health")


def distrust(turns: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Return from when to when each pool did not believe a list within the span, by `queries_lists.turns`."""
    parts = []
    for pool, told in turns.sort_values("at").groupby("pool"):
        begun: tuple[int, str] | None = None
        for row in told.to_dict("records"):
            if row["lost"]:
                begun = begun or (int(row["at"]), row["why"])
            elif begun:
                parts.append((pool, *begun, int(row["at"])))
                begun = None
        if begun:
            parts.append((pool, *begun, span.until))
    cut = [
        (f"vote in {pool}", max(start, span.since), min(end, span.until), LOST, why) for pool, start, why, end in parts
    ]
    shown = [_part(lane, start, end, state, why) for lane, start, end, state, why in cut if end > start]
    return pd.DataFrame(shown, columns=["lane", "start", "end", "state", "why", "when"])


def _joined(parts: list[tuple[int, int, str, str]], lane: str) -> pd.DataFrame:
    whole: list[tuple[int, int, str, str]] = []
    for part in parts:
        if whole and whole[-1][1:] == (part[0], *part[2:]):
            whole[-1] = (whole[-1][0], *part[1:])
        else:
            whole.append(part)
    return pd.DataFrame(
        [_part(lane, *part) for part in whole], columns=["lane", "start", "end", "state", "why", "when"]
    )


def _part(lane: str, start: int, end: int, state: str, why: str) -> dict[str, Any]:
    first, last = (pd.Timestamp(each, unit="us", tz="UTC") for each in (start, end))
    when = f"{first:%d %b %H:%M} to {last:%d %b %H:%M} UTC"
    return {"lane": lane, "start": first, "end": last, "state": state, "why": why, "when": when}
