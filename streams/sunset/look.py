"""A look into the warehouse: who used the old way lately, and whose logs were read on which days."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from schemas.sunset_events import Use

_ENCODER = msgspec.msgpack.Encoder()
_USE: msgspec.msgpack.Decoder[Use] = msgspec.msgpack.Decoder(Use)
_NOTHING: frozenset[str] = frozenset()


class Uses(Mapping[str, Use]):
    """Uses by mailbox, packed: a million of them, unpacked, would take most of a gigabyte."""

    def __init__(self, uses: Iterable[Use] = ()) -> None:
        self._packed = {use.mailbox: _ENCODER.encode(use) for use in uses}

    def __getitem__(self, mailbox: str) -> Use:
        return _USE.decode(self._packed[mailbox])

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen up to `at` (µs): of each mailbox its use within `quiet_days`, or a week where that is longer.

    `earlier` is when a mailbox was seen last before that, `weekly` its messages of the last seven days where `uses` has
    those of more. `heard` are the hosts whose logs were read to the end of a day, by day (ISO 8601), and `carriers`
    those whose logs have to be read to know who uses the old way.
    """

    at: int
    uses: Mapping[str, Use]
    earlier: Mapping[str, int] = {}
    weekly: Mapping[str, int] | None = None
    heard: Mapping[str, frozenset[str]]
    carriers: frozenset[str]

    def unheard(self, days: Iterable[str]) -> list[str]:
        """Return the days on which the log of a carrier was not read; all, where none is known to carry anything."""
        return [day for day in days if not self.carriers or self.carriers - self.heard.get(day, _NOTHING)]

    def messages(self, mailbox: str) -> int:
        """Return how many messages of a mailbox went the old way within the last seven days."""
        if self.weekly is not None:
            return self.weekly.get(mailbox, 0)
        return self.uses[mailbox].messages if mailbox in self.uses else 0
