"""A record of Kafka as events: what cannot be read becomes a dead letter, and the rest goes on."""

from dataclasses import dataclass
from typing import TypeVar

import msgspec

from schemas import codec
from schemas.events import DeadLetter, Event
from schemas.names import derived_id
from schemas.redaction import redacted
from schemas.topics import POOL_OBSERVATIONS, Topic

_MOST_TEXT = 4096
_AHEAD = 60_000_000
_Event = TypeVar("_Event", bound=Event)


@dataclass(frozen=True)
class Place:
    """Where a record lies: offsets of one cluster mean nothing in another."""

    cluster: str
    topic: Topic
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.cluster}/{self.topic.name}/{self.partition}@{self.offset}"


def read(value: bytes, place: Place, at: int) -> tuple[list[Event], list[DeadLetter]]:
    """Return a record's events and its dead letters, dated `at` (the record's own time in microseconds).

    No event is dated later than its record, but for what pools are told: they say so (streams/pooltime.py).
    """
    try:
        lines = codec.lines_of(value).splitlines()
    except ValueError as error:
        return [], [_dead(value, place, 0, str(error), at)]
    events: list[Event] = []
    dead: list[DeadLetter] = []
    for number, line in enumerate(lines):
        try:
            event = codec.decode(line)
        except ValueError as error:
            dead.append(_dead(line, place, number, str(error), at))
            continue
        if type(event) in place.topic.events:
            events.append(event if place.topic is POOL_OBSERVATIONS else timely(event, at))
        else:
            dead.append(_dead(line, place, number, f"a {type(event).__name__} does not belong there", at))
    return events, dead


def timely(event: _Event, written: int) -> _Event:
    """Return the event dated no later than a little after its record was written.

    A clock that runs ahead, or a forged stamp, would else make everything after it look late, and hide it from the
    rules. Kafka keeps the record's time, so a replay does the same. What is stored keeps the time that the log told.
    """
    if event.at <= written + _AHEAD or written <= 0:
        return event
    return msgspec.structs.replace(event, at=written)


def _dead(text: bytes, place: Place, number: int, reason: str, at: int) -> DeadLetter:
    return DeadLetter(
        id=derived_id("dead", place, number),
        at=at,
        name=place.topic.name,
        format="kafka",
        reason=reason,
        text=redacted(text[:_MOST_TEXT].decode("utf-8", "replace")),
        place=f"{place} line {number + 1}",
    )
