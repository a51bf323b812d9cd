"""A look into the warehouse: who used the old way lately, and whose logs were read on which days."""

from collections.abc import Iterable, Mapping

import msgspec

from schemas.sunset_events import Use

_NOTHING: frozenset[str] = frozenset()


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen up to `at` (µs): of each mailbox its newest use, and the messages of the last seven days.

    `heard` are the hosts whose logs were read to the end of a day, by day (ISO 8601); `carriers` those that carry what
    goes away, of a mailbox where that is known, else all.
    """

    at: int
    uses: Mapping[str, Use]
    messages: Mapping[str, int]
    heard: Mapping[str, frozenset[str]]
    carriers: frozenset[str]
    carriers_of: Mapping[str, frozenset[str]] = {}

    def unheard(self, days: Iterable[str], mailbox: str = "") -> list[str]:
        """Return the days on which the log of a host was not read that carries a mailbox, or any.

        Where no host is known to carry anything, nothing is known of any day.
        """
        wanted = self.carriers_of.get(mailbox) or self.carriers
        return [day for day in days if not wanted or wanted - self.heard.get(day, _NOTHING)]
