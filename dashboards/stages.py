"""The stages of a sunset out of its plans and steps: at which step each is, what comes next, who has it otherwise.

It tells what `relaywarden sunset stages` tells; a test holds the one against the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from shlex import quote
from typing import Any

import msgspec

from schemas.stage_steps import HELD, outdated, overruled
from schemas.sunset_events import Stage, StageAction

_PLAN = msgspec.json.Decoder(tuple[Stage, ...], strict=False)
Order = StageAction
WORDS = {
    "open": "● open",
    "brownout": "◆ brown-out",
    "closed": "■ closed",
    "paused": "▲ paused",
    "rolled_back": "▲ rolled back",
}
ORDERS: Mapping[Order, str] = {
    "open": "ends its brown-out now; the plan goes on",
    "close": "switches it off now, whatever the plan says",
    "pause": "opens it, and lets no other go off until it is resumed",
    "resume": "lets it go on where it was: what had closed is closed again at once",
    "rollback": "opens it until it is resumed; the others go on",
}


@dataclass(frozen=True)
class Standing:
    """A stage and its step since `at` (µs; 0: never stepped), with who said so and why.

    Of one that is held, `before` is the step at which it was.
    """

    stage: Stage
    step: str = "open"
    at: int = 0
    until: int = 0
    operator: str = ""
    reason: str = ""
    evidence: tuple[str, ...] = ()
    before: str = "open"

    def off(self, now: int) -> bool:
        """Tell whether it is off; a brown-out ends by itself."""
        return self.step == "closed" or (self.step == "brownout" and now < self.until)


def standings(told: Sequence[Mapping[str, Any]]) -> list[Standing]:
    """Return the stages of the newest plan; a stage with the same cuts as before keeps its step."""
    known: dict[int, Standing] = {}
    for row in _counting(told):
        if row["type"] == "stages_planned":
            known = {stage.number: _kept(known.get(stage.number), stage) for stage in _PLAN.decode(row["plan"])}
        elif row["stage"] in known:
            one = known[row["stage"]]
            if overruled(row["step"], row["operator"], one.step):
                continue
            was = (one.before if one.step in HELD else one.step) if row["step"] in HELD else "open"
            said = (row["operator"], row["reason"], tuple(row["reasons"]), was)
            known[row["stage"]] = Standing(one.stage, row["step"], int(row["at"]), int(row["until_at"]), *said)
    return list(known.values())


def _counting(told: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield all but the plans that the desk moved without knowing the newest."""
    newest = ""
    for row in told:
        if row["type"] == "stages_planned":
            if outdated(row["follows"], newest):
                continue
            newest = row["id"]
        yield row


def _kept(before: Standing | None, stage: Stage) -> Standing:
    if before is None or (before.stage.first, before.stage.beyond) != (stage.first, stage.beyond):
        return Standing(stage)
    return replace(before, stage=stage)


def origin(told: Sequence[Mapping[str, Any]]) -> tuple[int, str]:
    """Return when the newest plan was made (µs), and by whom and why, in words."""
    plan = [row for row in _counting(told) if row["type"] == "stages_planned"][-1]
    why = f": {plan['reason']}" if plan["reason"] else ""
    return int(plan["at"]), f"planned by {plan['operator'] or 'the desk'}{why}"


def following(one: Standing, every: Sequence[Standing], now: int) -> tuple[str, int]:
    """Return what the plan has next for a stage, and when (µs, 0: not by itself)."""
    if one.step == "brownout" and now < one.until:
        return "open again", one.until
    if one.step in {"closed", "paused", "rolled_back"}:
        return "", 0
    if any(each.step == "paused" for each in every):
        return "held by a pause", 0
    begins = min((each.begins for each in one.stage.brownouts if each.begins > now), default=0)
    return ("brown-out", begins) if begins else ("close", one.stage.closes)


def otherwise(one: Standing, switches: Sequence[Mapping[str, Any]], now: int) -> Iterator[str]:
    """Yield each switch of a relay host that has the stage otherwise, or whose state is not known because it failed."""
    for row in switches:
        if row["trouble"] or (one.stage.number in set(row["stages_off"])) is not one.off(now):
            yield f"{row['host']} {row['hook']}" + (f": {row['trouble']}" if row["trouble"] else "")


def cut(stage: Stage) -> str:
    """Return which addresses a stage has, in words."""
    return f"{stage.first or 'the first'} to {f'before {stage.beyond}' if stage.beyond else 'the last'}"


def possible(one: Standing, every: Sequence[Standing], now: int) -> list[Order]:
    """Return the orders that would be of effect on a stage."""
    others = any(each.step == "paused" for each in every)
    able: Mapping[Order, bool] = {
        "open": one.step == "brownout" and one.off(now),
        "close": one.step != "closed",
        "pause": one.step != "rolled_back" and not others,
        "resume": one.step == "paused" or (one.step == "rolled_back" and not others),
        "rollback": one.step != "rolled_back",
    }
    return [order for order, can in able.items() if can]


def command(order: str, sunset: str = "", more: str = "--reason '…'") -> str:
    """Return the command line of an order, with a stage's number; `sunset` where there are several."""
    which = f" --sunset {quote(sunset)}" if sunset else ""
    return f"relaywarden sunset stage {order}{which} {more}"
