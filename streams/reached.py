"""How far a partition's logs were counted, and how far they are certainly in the states of its mailboxes.

The two differ only after a crash: traffic is written with the states of one flush, and some of these may be missing.
"""

import msgspec

from schemas.names import source_of
from schemas.observations import RepliesCounted, TrafficCounted

_MOST_SOURCES = 512


class Traffic(msgspec.Struct):
    """How far a partition's traffic was counted: by topic and source the highest id, and the last counts.

    `source` names this series of counts and `sequence` their number, so that the pool can tell one told twice. `folded`
    is the highest id of each source that all mailboxes' states held which were written before this.
    """

    source: str
    sequence: int = 0
    applied: dict[str, dict[str, str]] = {}
    counted: tuple[TrafficCounted | RepliesCounted, ...] = ()
    folded: dict[str, str] = {}

    def take(self, topic: str, identity: str) -> bool:
        """Tell whether an event was not counted yet, and note that it is now."""
        return _take(self.applied.setdefault(topic, {}), identity)


class Folded:
    """Up to where each source is in the mailboxes' states: now, at the last flush, and in what is surely written.

    So what is sent again counts once, however many logs a mailbox is used through.
    """

    def __init__(self, written: dict[str, str]) -> None:
        self._now = dict(written)
        self.written = dict(written)

    def take(self, identity: str) -> bool:
        """Tell whether an event is not in the states yet, or may not be, and note that it is now."""
        return _take(self._now, identity)

    def flushed(self) -> None:
        """Note that the states are being written: once there is another flush, they are."""
        self.written = dict(self._now)


class _Snapshot(msgspec.Struct):
    partition: int
    at: int
    state: Traffic


_DECODER: msgspec.json.Decoder[_Snapshot] = msgspec.json.Decoder(_Snapshot)


def encode(partition: int, at: int, traffic: Traffic) -> bytes:
    """Return the state of a partition's traffic as JSON."""
    return msgspec.json.encode(_Snapshot(partition, at, traffic))


def decode(value: bytes) -> Traffic:
    """Return the traffic of its JSON. ValueError says what is wrong with it."""
    try:
        return _DECODER.decode(value).state
    except msgspec.DecodeError as error:
        raise ValueError(f"no state of traffic: {error}") from error


def _take(highest: dict[str, str], identity: str) -> bool:
    source = source_of(identity)
    before = highest.get(source)
    if before is None and len(highest) >= _MOST_SOURCES:
        del highest[next(iter(highest))]
    if before is not None and identity <= before:
        return False
    highest[source] = identity
    return True
