"""Which decisions of a log a snapshot does not know."""

from collections.abc import Sequence
from typing import TypeVar

from schemas.facts import Fact

_Decision = TypeVar("_Decision", bound=Fact)


def missed(decisions: Sequence[_Decision], last: str, at: int) -> Sequence[_Decision]:
    """Return the decisions after the one with the id `last`; where the log lacks that, those later than `at`."""
    ids = [event.id for event in decisions]
    if last in ids:
        return decisions[len(ids) - ids[::-1].index(last) :]
    return [event for event in decisions if event.at > at or not last]
