"""How fast a list answers: what became of the questions of a round, and how long each answer took. Pure."""

from bisect import bisect_left

import msgspec

from collectors.dnswire import Said
from schemas.observations import ANSWER_MS, ListHealthObserved

_SECONDS = tuple(limit / 1000 for limit in ANSWER_MS)


class Pace:
    """Counts the questions of a lane as they end; cheap, since it is told of each."""

    __slots__ = ("failed", "silent", "took")

    def __init__(self) -> None:
        self.took: list[float] = []
        self.silent = self.failed = 0

    def ended(self, said: Said, seconds: float) -> None:
        """Count a question that ended with this, so long after it was first sent."""
        if not said.fault:
            self.took.append(seconds)
        elif said.fault == "silent":
            self.silent += 1
        else:
            self.failed += 1

    def told(self, event: ListHealthObserved) -> ListHealthObserved:
        """Return the event of a round with what was counted since the last one, and count anew."""
        places = [0] * (len(_SECONDS) + 1)
        for seconds in self.took:
            places[bisect_left(_SECONDS, seconds)] += 1
        while places and not places[-1]:
            places.pop()
        whole = msgspec.structs.replace(
            event,
            questions=len(self.took) + self.silent + self.failed,
            silent=self.silent,
            failed=self.failed,
            answered=tuple(places),
            slowest_us=int(max(self.took, default=0.0) * 1_000_000),
        )
        self.took, self.silent, self.failed = [], 0, 0
        return whole
