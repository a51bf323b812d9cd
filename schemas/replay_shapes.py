"""What a decision made again came to: what `relaywarden replay --decision --json` prints, and the pages read."""

from typing import Literal

import msgspec


class Difference(msgspec.Struct, frozen=True):
    """A field of the decision, as it was and as it comes out, "" where it is not there."""

    field: str
    then: str
    now: str


class Input(msgspec.Struct, frozen=True):
    """How many events of a type the replay read, and the times of the first and the last of them (µs)."""

    type: str
    count: int
    first: int
    last: int


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay came to: `outcome` is whether the decision is the same, differs, or was not made.

    `reasons` says what may be why; `cut` that older inputs than the first are not there, or were too many to be read.
    """

    id: str
    type: str
    at: int
    outcome: Literal["same", "differs", "not decided"]
    differences: tuple[Difference, ...] = ()
    inputs: tuple[Input, ...] = ()
    since: int = 0
    cut: bool = False
    reasons: tuple[str, ...] = ()
