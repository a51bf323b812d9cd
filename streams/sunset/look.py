"""A look into the warehouse: who used the old way lately, and whose logs were read on which days."""

from collections.abc import Iterable, Mapping

import msgspec

from schemas.sunset_events import Use

_NOTHING: frozenset[str] = frozenset()


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen up to `at` (µs): of each mailbox its use within `quiet_days`, or a week where that is longer.

    `earlier` is the use before that of a mailbox that was not seen since, `weekly` the messages of a week (today and
    the six days before) where `uses` has those of more. `sure` is when those of whom some uses may have been another's
    (below `least_confidence`) were last seen in one that was rather theirs, None where that was not asked. `heard` are
    the logs that were read to the end of a day, by day (ISO 8601), and `carriers` those that have to be read to know
    who uses the old way; of a host, that of its logins is one of its own.
    """

    at: int
    uses: Mapping[str, Use]
    earlier: Mapping[str, Use] = {}
    weekly: Mapping[str, int] | None = None
    sure: Mapping[str, int] | None = None
    heard: Mapping[str, frozenset[str]]
    carriers: frozenset[str]

    def unheard(self, days: Iterable[str]) -> list[str]:
        """Return the days on which the log of a carrier was not read; all, where none is known to tell anything."""
        return [day for day in days if not self.carriers or self.carriers - self.heard.get(day, _NOTHING)]

    def messages(self, mailbox: str) -> int:
        """Return how many messages of a mailbox went the old way today and on the six days before."""
        if self.weekly is not None:
            return self.weekly.get(mailbox, 0)
        return self.uses[mailbox].messages if mailbox in self.uses else 0
