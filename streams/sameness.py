"""Whether a decision comes out again: what was decided then, beside what the same functions decide of its inputs."""

from collections.abc import Iterable, Sequence

import msgspec

from schemas.facts import Fact
from schemas.replay_shapes import Again, Difference, Input

_NEAR = 15 * 60_000_000  # µs: as far from the decision another of its kind may be to be called its like
_OUTCOMES = {
    "same": "decided again, with the same evidence",
    "differs": "decided again, but otherwise",
    "not decided": "not decided again",
}
_SUBJECTS = ("mailbox", "pool", "ip", "provider", "list")


class Counted:
    """The inputs that went by, by type."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int, int]] = {}

    def add(self, event: Fact) -> None:
        """Count an event."""
        name = _type(event)
        count, first, last = self._seen.get(name, (0, event.at, event.at))
        self._seen[name] = (count + 1, min(first, event.at), max(last, event.at))

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Return what was counted, the most frequent type first."""
        return tuple(Input(name, *told) for name, told in sorted(self._seen.items(), key=lambda each: -each[1][0]))

    @property
    def since(self) -> int:
        """Return when the first of them was, 0 where there was none."""
        return min((first for _count, first, _last in self._seen.values()), default=0)


def like(decision: Fact, decided: Iterable[Fact]) -> Fact | None:
    """Return of what was decided again that which answers to the decision.

    It is the one of the same id (ids follow from what is decided of what), else the nearest in time of the same type
    about the same subject, within a quarter of an hour; `None` where there is none.
    """
    alike = []
    for each in decided:
        if each.id == decision.id:
            return each
        if type(each) is type(decision) and _subject(each) == _subject(decision):
            alike.append(each)
    nearest = min(alike, key=lambda each: abs(each.at - decision.at), default=None)
    return nearest if nearest is not None and abs(nearest.at - decision.at) <= _NEAR else None


def differences(decision: Fact, again: Fact) -> tuple[Difference, ...]:
    """Return in which fields two decisions differ, evidence by evidence; their ids do not count."""
    found = []
    for name in decision.__struct_fields__:
        then, now = getattr(decision, name), getattr(again, name)
        if name == "id" or then == now:
            continue
        if name == "evidence":
            found += _reasons(then, now)
        else:
            found.append(Difference(name, _said(then), _said(now)))
    return tuple(found)


def _reasons(then: Sequence[msgspec.Struct], now: Sequence[msgspec.Struct]) -> list[Difference]:
    before = {str(getattr(each, "rule", "")): each for each in then}
    after = {str(getattr(each, "rule", "")): each for each in now}
    names = dict.fromkeys([*before, *after])
    return [
        Difference(f"evidence {name}", _said(before.get(name)), _said(after.get(name)))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _said(value: object) -> str:
    if value is None:
        return ""
    text = getattr(value, "text", None)
    if isinstance(text, str):
        points = getattr(value, "points", 0.0)
        return f"{text} ({points:+g} points)" if points else text
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _type(event: Fact) -> str:
    return str(event.__struct_config__.tag)


def _subject(event: Fact) -> tuple[str, ...]:
    return tuple(str(getattr(event, name, "")) for name in _SUBJECTS)


def told(decision: Fact, decided: Iterable[Fact], seen: Counted, *, cut: bool, reasons: Sequence[str]) -> Again:
    """Return what a replay came to; `reasons` are told only where the decision is not the same."""
    again = like(decision, decided)
    differ = differences(decision, again) if again is not None else ()
    same = again is not None and not differ
    return Again(
        id=decision.id,
        type=_type(decision),
        at=decision.at,
        outcome="same" if same else "differs" if again is not None else "not decided",
        differences=differ,
        inputs=seen.inputs,
        since=seen.since,
        cut=cut,
        reasons=() if same else tuple(reasons),
    )


def sentence(again: Again) -> str:
    """Return what a replay came to, for a terminal."""
    inputs = ", ".join(f"{each.count} {each.type}" for each in again.inputs) or "no inputs"
    lines = [f"{again.type} {again.id}: {_OUTCOMES[again.outcome]}, from {inputs}"]
    lines += [f"  {each.field}: {each.then or 'nothing'} -> {each.now or 'nothing'}" for each in again.differences]
    return "\n".join([*lines, *(f"  perhaps: {reason}" for reason in again.reasons)])
