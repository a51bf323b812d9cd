"""Sentences and figures for people: ages, times and decisions in words.

What these return holds strangers' text (mailbox names, replies): show it with `st.text` or in a table, which take it
literally, or through `inert` where Markdown is spoken.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pandas as pd

from dashboards.palette import ANSWERS, STATES, STEPS
from dashboards.span import Span
from schemas.culprits import sentence
from schemas.facts import Culprit

_GRAVITY = ("", "watch", "flag", "throttle", "suspend")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|$:~&@/=^\"'])")


def inert(text: str) -> str:
    """Return text that Markdown shows literally, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def age(seconds: float) -> str:
    """Return an age as a person says it, "in the future" included (a clock that is ahead)."""
    if seconds < -_MINUTE:
        return f"{age(-seconds)} ahead"
    seconds = max(0, seconds)
    for limit, unit, name in ((90, 1, "s"), (90 * _MINUTE, _MINUTE, "min"), (36 * _HOUR, _HOUR, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / _DAY:.0f} days"


def silent(who: str, seconds: float) -> str:
    """Return that somebody's newest word is of so many seconds ago, or of a clock that is ahead."""
    return f"{who} told nothing for {age(seconds)}" if seconds > 0 else f"the clock of {who} is {age(seconds)}"


def clock(time: pd.Timestamp, now: pd.Timestamp) -> str:
    """Return the time of day, with the date where it is not of today (UTC)."""
    return f"{time:%H:%M}" if time.date() == now.date() else f"{time:%d %b %H:%M}"


def count(number: int) -> str:
    """Return a number with thin spaces between its thousands."""
    return f"{number:,}".replace(",", "\u2009")


def percent(part: int, whole: int) -> str:
    """Return a share with one digit, "no data" where there is no whole to take it of."""
    return f"{100 * part / whole:.1f} %" if whole else "no data"


def state(ip: str, state: str, share: float) -> str:
    """Return an IP with its state in words and a shape in front, on probation with its share of the traffic."""
    shape, _, word = STATES[state].partition(" ")
    return f"{shape} {ip} {word} {share:.0%}" if state == "probation" else f"{shape} {ip} {word}"


def complaints(number: int, unattributed: int) -> str:
    """Return how many complaints there are, and how many of them name no sender."""
    return f"{count(number)} ({count(unattributed)} unattributed)" if unattributed else count(number)


def decision(row: Mapping[str, Any], now: pd.Timestamp) -> str:
    """Return what a row of `queries.decisions` says, as a sentence with a shape in front."""
    words = _WORDS.get(row["type"])
    said = words(row, now) if words else f"· {row['type']} {row['subject']}"
    if row["operator"] and row["type"] != "operator_acted":
        said += f", ordered by {row['operator']}"
    return f"{said} (shadow: nothing follows)" if row["mode"] == "shadow" else said


def runs(given: Sequence[tuple[int, str, str]], asked: int, now: pd.Timestamp) -> str:
    """Return what a list said since when, the newest first; `given`: microseconds, answer and codes at each change."""
    told = []
    for at, answer, codes in reversed(given):
        since = clock(pd.Timestamp(at, unit="us", tz="UTC"), now)
        told.append(f"{ANSWERS[answer]}{f' {codes}' if codes else ''} since {since}")
    return f"{', before: '.join(told)} ({count(asked)} {'answers' if asked > 1 else 'answer'})"


def earlier(number: int, counted_since: pd.Timestamp, span: Span) -> str:
    """Return how many alike came in the seven days before a span, "new" for none, "?" where none were counted then."""
    if number:
        return count(number)
    return "new" if counted_since.timestamp() * 1_000_000 <= span.since else "? not counted"


def standing(decision: str, mode: str, step: str) -> str:
    """Return a mailbox's newest decision in a word or two; to watch a mailbox is to flag it with this step."""
    said = {"mailbox_flagged": "watched" if step == "watch" else "flagged", "mailbox_released": "released", "": ""}
    if decision == "mailbox_suspended":
        return "suspended" if mode == "enforce" else "suspension proposed"
    if decision == "mailbox_throttled":
        return "throttled" if mode == "enforce" else "throttle proposed"
    return said.get(decision, decision)


def why(row: Mapping[str, Any]) -> str:
    """Return the evidence of a decision as one line, "" where it has none."""
    return "; ".join(part for part in (row["reason"], *row["reasons"]) if part)


def culprits(given: Sequence[tuple[Any, ...]]) -> str:
    """Return the culprits of a decision as one line: those in question first, marked, then as given, by guilt.

    Each is its newest step and the fields of a `Culprit`.
    """
    names = [field.name for field in msgspec.structs.fields(Culprit)]
    worst = sorted(given, key=lambda culprit: -_GRAVITY.index(culprit[0]))
    told = ((step, sentence(Culprit(**dict(zip(names, fields, strict=False))))) for step, *fields in worst)
    return "; ".join(f"{STEPS[step]} {said}" if step else said for step, said in told)


def _due(row: Mapping[str, Any], now: pd.Timestamp) -> str:
    return clock(pd.Timestamp(row["until"], unit="us", tz="UTC"), now) if row["until"] else "further notice"


def _withdrawn(row: Mapping[str, Any], now: pd.Timestamp) -> str:
    relapse = f", relapse {row['relapse']}" if row["relapse"] else ""
    return f"■ {row['subject']} withdrawn until {_due(row, now)}{relapse}"


def _not_to(row: Mapping[str, Any], now: pd.Timestamp) -> str:
    relapse = f", relapse {row['relapse']}" if row["relapse"] else ""
    return f"■ {row['subject']} sends nothing to {row['step']} until {_due(row, now)}{relapse}"


def _still_to(row: Mapping[str, Any], _now: pd.Timestamp) -> str:
    return f"▲ {row['step']} blocks {row['subject'] or 'the pool'}, which sends there all the same"


def _set_back(row: Mapping[str, Any], now: pd.Timestamp) -> str:
    return f"▲ {row['subject']} set back to {row['share']:.0%} of an IP's traffic until {_due(row, now)}"


def _delayed(row: Mapping[str, Any], now: pd.Timestamp) -> str:
    end = f", until {_due(row, now)} at most" if row["until"] else ""
    return f"▲ {row['subject']} must wait: a culprit goes on, or lists name it{end}"


def _hook(row: Mapping[str, Any], _now: pd.Timestamp) -> str:
    return f"▲ hook {row['step']} failed on {row['subject']} (attempt {row['relapse']})"


def _suspended(row: Mapping[str, Any], _now: pd.Timestamp) -> str:
    verb = "suspended" if row["mode"] == "enforce" else "should be suspended"
    return f"■ {row['subject']} {verb}, score {row['score']:.0f}"


def _throttled(row: Mapping[str, Any], _now: pd.Timestamp) -> str:
    verb = "throttled" if row["mode"] == "enforce" else "should be throttled"
    return f"■ {row['subject']} {verb}, score {row['score']:.0f}"


def _flagged(row: Mapping[str, Any], _now: pd.Timestamp) -> str:
    shape, verb = ("◆", "watched") if row["step"] == "watch" else ("▲", "flagged")
    return f"{shape} {row['subject']} {verb}, score {row['score']:.0f}"


def _probation(row: Mapping[str, Any], now: pd.Timestamp) -> str:
    return f"◆ {row['subject']} on probation with {row['share']:.0%} of an IP's traffic until {_due(row, now)}"


_Words = Callable[[Mapping[str, Any], pd.Timestamp], str]
_WORDS: dict[str, _Words] = {
    "ip_withdrawn": _withdrawn,
    "ip_probation_started": _probation,
    "ip_restored": lambda row, _now: f"● {row['subject']} fully back in the pool",
    "probation_set_back": _set_back,
    "return_delayed": _delayed,
    "provider_withdrawn": _not_to,
    "provider_restored": lambda row, _now: f"● {row['subject']} sends to {row['step']} again",
    "provider_refused": _still_to,
    "provider_verified": lambda row, _now: f"● the logs confirm that {row['subject']} stopped sending to {row['step']}",
    "provider_drifted": lambda row, _now: f"▲ {row['subject']} still sends to {row['step']} although barred there",
    "withdrawal_refused": lambda row, _now: f"▲ {row['subject']} should leave but stays",
    "withdrawal_verified": lambda row, _now: f"● the logs confirm that {row['subject']} stopped sending",
    "withdrawal_drifted": lambda row, _now: f"▲ {row['subject']} still sends although withdrawn",
    "pool_stilled": lambda row, _now: f"■ nothing leaves through the pool since the change of {row['subject']}",
    "clock_distrusted": lambda row, _now: f"▲ what pool {row['pool']} was told is dated ahead of the other clocks",
    "list_distrusted": lambda row, _now: f"▲ the list {row['subject']} lost its vote",
    "list_trusted": lambda row, _now: f"● the list {row['subject']} has its vote again",
    "hook_failed": _hook,
    "hook_drifted": lambda row, _now: f"▲ hook {row['step']} on {row['subject']} made good what was no longer in force",
    "operator_acted": lambda row, _now: f"● {row['operator']} ordered: {row['step']} {row['subject']}",
    "mailbox_flagged": _flagged,
    "mailbox_suspended": _suspended,
    "mailbox_throttled": _throttled,
    "mailbox_released": lambda row, _now: f"● {row['subject']} released, score {row['score']:.0f}",
}
