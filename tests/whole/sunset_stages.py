"""When which stage is off: the manual's rules for one plan, worked out by hand, and what an operator did to it.

Three stages, a day apart from day 49 on, each off for an hour five working days before it closes and for a day three
working days before. The third's would lie in a weekend, so it runs from Thursday 17 o'clock. On the first closing day
support has too much to do: a pause of two days. What waited goes on a day after what closes again, and a day apart.
Then the second is rolled back for six days: it closes two days after the sunset's end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from schemas.events import Event
from schemas.sunset_events import StagesPlanned, StageStepped
from tests.whole.sunset_script import Script

When = tuple[int, int]
"""A day and an hour."""
COUNT, FIRST_DAY = 3, 49
PLANNED: When = (38, 8)
BROWNOUTS: Mapping[int, Sequence[tuple[When, When]]] = {
    1: (((42, 9), (42, 10)), ((44, 9), (45, 9))),
    2: (((43, 9), (43, 10)), ((45, 9), (46, 9))),
    3: (((44, 9), (44, 10)), ((45, 17), (46, 17))),
}
CLOSES: Mapping[int, When] = {1: (49, 9), 2: (50, 9), 3: (51, 9)}
MOVED: Mapping[int, When] = {2: (52, 11), 3: (53, 11)}
PAUSED: tuple[When, When] = ((49, 11), (51, 11))
"""From when to when the first stage is paused, and holds all."""
ROLLED_BACK: tuple[When, When] = ((52, 15), (58, 10))
"""From when to when the second is rolled back; it had closed before, and is closed at once after."""
CLOSED: Mapping[int, Sequence[tuple[When, When | None]]] = {
    1: ((CLOSES[1], PAUSED[0]), (PAUSED[1], None)),
    2: ((MOVED[2], ROLLED_BACK[0]), (ROLLED_BACK[1], None)),
    3: ((MOVED[3], None),),
}


class Order(NamedTuple):
    """What an operator says."""

    when: When
    action: Literal["pause", "rollback", "resume"]
    stage: int


ORDERS = (
    Order(PAUSED[0], "pause", 1),
    Order(PAUSED[1], "resume", 1),
    Order(ROLLED_BACK[0], "rollback", 2),
    Order(ROLLED_BACK[1], "resume", 2),
)
STEPS: Sequence[tuple[When, int, str]] = sorted(
    [
        *((begins, stage, "brownout") for stage, each in BROWNOUTS.items() for begins, _ in each),
        *((ends, stage, "open") for stage, each in BROWNOUTS.items() for _, ends in each),
        *((begins, stage, "closed") for stage, each in CLOSED.items() for begins, _ in each),
        (PAUSED[0], 1, "paused"),
        (ROLLED_BACK[0], 2, "rolled_back"),
    ]
)
"""All steps, in their order."""
MOMENTS = sorted({when for when, _, _ in STEPS})


@dataclass
class Stages:
    """The stages of a script; `firsts` is where each begins, as the plan has cut them."""

    script: Script
    spared: frozenset[str]
    firsts: tuple[str, ...] = ()
    _planned: int = field(init=False)

    def __post_init__(self) -> None:
        self._planned = self._at(PLANNED)

    def _at(self, when: When) -> int:
        return self.script.moment(*when)

    def of(self, address: str) -> int:
        """Return the stage of an address: the last that does not begin behind it."""
        return max(number for number, first in enumerate(self.firsts, 1) if first <= address.lower())

    def off(self, sender: str, at: int) -> bool:
        """Tell whether a sender without a login is refused at a moment."""
        if not self.firsts or sender in self.spared:
            return False
        stage = self.of(sender)
        times = [*BROWNOUTS[stage], *CLOSED[stage]]
        return any(self._at(begins) <= at and (ends is None or at < self._at(ends)) for begins, ends in times)

    def shut(self, mailbox: str, at: int) -> tuple[When, When | None] | None:
        """Return from when until when the stage of a mailbox is closed, the times between taken for closed, too."""
        if not self.firsts:
            return None
        begun = [each for each in CLOSED[self.of(mailbox)] if self._at(each[0]) <= at]
        if not begun:
            return None
        ends = begun[-1][1]
        return begun[0][0], ends if ends is not None and self._at(ends) <= at else None

    def ends(self, mailbox: str, at: int, otherwise: int) -> int | None:
        """Return the day on which it ends for a mailbox, as it is known at a moment, None where that is not fixed.

        Before anything is planned that is `otherwise`.
        """
        if not self.firsts or at < self._planned:
            return otherwise
        stage = self.of(mailbox)
        begun = [
            begins for begins, ends in CLOSED[stage] if self._at(begins) <= at and (ends is None or at < self._at(ends))
        ]
        if begun:
            return begun[0][0]
        held = [PAUSED, *([ROLLED_BACK] if stage == 2 else [])]
        if any(self._at(begins) <= at < self._at(ends) for begins, ends in held):
            return None
        return (MOVED if at >= self._at(PAUSED[0]) else CLOSES)[stage][0]


def assert_off_when_due(stages: Stages, events: Sequence[Event]) -> None:
    """Assert that the plans and steps on the topic are these, each step once, and that the shares are even."""
    at = stages.script.moment
    plans = [event for event in events if isinstance(event, StagesPlanned)]
    assert [len(plan.stages) for plan in plans] == [COUNT, COUNT]
    for stage in plans[0].stages:
        brownouts = [(each.begins, each.ends) for each in stage.brownouts]
        assert brownouts == [(at(*begins), at(*ends)) for begins, ends in BROWNOUTS[stage.number]]
        assert stage.closes == at(*CLOSES[stage.number])
        assert abs(stage.share - 1 / COUNT) < 0.05
    assert {stage.number: stage.closes for stage in plans[1].stages if stage.number in MOVED} == {
        number: at(*when) for number, when in MOVED.items()
    }
    steps = {event.id: event for event in events if isinstance(event, StageStepped)}
    assert [(each.at, each.stage, each.step) for each in steps.values()] == [
        (at(*when), stage, step) for when, stage, step in STEPS
    ]
    assert {each.at for each in steps.values() if each.operator} == {at(*order.when) for order in ORDERS}
