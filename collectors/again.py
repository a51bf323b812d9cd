"""Lines that could not be read, read again by the parser of today: each by itself, under the ids of its first reading.

A line is read without what a format or the join remembered then: who sent its message is asked of what is stored
(`with_senders`), since the join of today may know another message under the same queue id. The lines of one log that
are tried together are read in their order, so that they tell each other their senders.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from collectors.reading import LogReader
from schemas.events import DeadLetter, DeliveryAttempted, Event, MessageExpired, MessageRejected, MessageScored
from schemas.facts import SenderKind
from schemas.names import source_of
from schemas.retry_events import RetryOutcome

DAY = 86_400_000_000
QUEUED_DAYS = 6
"""How long a message may wait in a queue: Postfix's maximal_queue_lifetime is five days."""
_SLACK = 60_000_000
_OF_A_MESSAGE = DeliveryAttempted | MessageExpired | MessageRejected | MessageScored


class Submission(NamedTuple):
    """Who handed a message in, as it is stored."""

    host: str
    queue_id: str
    at: int
    sender: str
    sender_kind: SenderKind
    envelope_from: str


class Tried(NamedTuple):
    """What a dead letter gave when it was read again."""

    letter: DeadLetter
    outcome: RetryOutcome
    reason: str = ""
    events: tuple[Event, ...] = ()


Begin = Callable[[str, int], LogReader]
"""Makes a reader of a source whose first line is of about this time."""


def lines_again(letters: Iterable[DeadLetter], begin: Begin) -> Iterator[Tried]:
    """Yield what each line gives now; the lines of one source in their order."""
    for source, its in groupby(sorted(letters, key=lambda each: each.id), key=lambda each: source_of(each.id)):
        reader: LogReader | None = None
        for letter in its:
            reader = reader or begin(source, letter.at)
            yield _line(letter, reader)


def _line(letter: DeadLetter, reader: LogReader) -> Tried:
    if letter.cut or not letter.text:
        return Tried(letter, "gone", "only the beginning of the line was kept" if letter.text else "nothing was kept")
    offset = int(letter.id.split("-")[1], 16)
    absorbed = reader.counts.absorbed
    events = tuple(reader.read(letter.text.encode(), offset))
    dead = next((event for event in events if isinstance(event, DeadLetter)), None)
    if dead is not None:
        return Tried(letter, "unread", dead.reason)
    if events:
        return Tried(letter, "recovered", events=events)
    told = "it only tells the join something" if reader.counts.absorbed > absorbed else "it holds nothing we want"
    return Tried(letter, "nothing", told)


def unsent(tried: Iterable[Tried]) -> Sequence[_OF_A_MESSAGE]:
    """Return the events whose message has a queue id and no login that names its sender."""
    events = (event for each in tried for event in each.events)
    return [
        event for event in events if isinstance(event, _OF_A_MESSAGE) and event.queue_id and event.sender_kind != "sasl"
    ]


def with_senders(tried: Tried, known: Mapping[tuple[str, str], Sequence[Submission]]) -> Tried:
    """Return the same with the senders of the messages; `known` has the submissions by host and queue id.

    A queue id is used again after a while: the newest submission before the event counts, within the days that a
    message may wait.
    """
    return tried._replace(events=tuple(_with_sender(event, known) for event in tried.events))


def _with_sender(event: Event, known: Mapping[tuple[str, str], Sequence[Submission]]) -> Event:
    if not isinstance(event, _OF_A_MESSAGE) or event.sender_kind == "sasl":
        return event
    before = [
        each
        for each in known.get((event.host, event.queue_id), ())
        if event.at - QUEUED_DAYS * DAY <= each.at <= event.at + _SLACK
    ]
    if not before:
        return event
    found = max(before, key=lambda each: each.at)
    return msgspec.structs.replace(
        event, sender=found.sender, sender_kind=found.sender_kind, envelope_from=found.envelope_from
    )
