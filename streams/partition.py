"""One partition of mail: the states of its mailboxes, the counts of its traffic, and what a flush must write.

Nothing is lost or counted twice whenever the process ends, since each state holds how far each source was applied, and
with it what was decided by its last change. States are written first; what they decided follows, and is written again
when the states are read back: the ids are the same, so that it is the same fact.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from schemas import codec
from schemas.events import DeadLetter, Event, TrafficCounted
from schemas.mailbox_events import MailboxDecision
from schemas.mailbox_settings import Mailboxes
from schemas.names import event_id, source_id, source_of
from schemas.topics import DEAD_LETTERS, MAILBOX_EVENTS, MAILBOX_STATE, POOL_OBSERVATIONS, TRAFFIC_STATE, Topic
from streams import mailboxes
from streams.looks import Looks
from streams.mailboxes import MailboxState
from streams.traffic import TrafficCounter

_MOST_SOURCES = 512


class Output(NamedTuple):
    """A record to write."""

    topic: Topic
    partition: int
    key: bytes | None
    value: bytes


class Traffic(msgspec.Struct):
    """How far a partition's traffic was counted: by topic and source the highest id, and the last counts.

    `source` names this series of counts and `sequence` their number, so that the pool can tell one told twice.
    """

    source: str
    sequence: int = 0
    applied: dict[str, dict[str, str]] = {}
    counted: tuple[TrafficCounted, ...] = ()

    def take(self, topic: str, identity: str) -> bool:
        """Tell whether an event was not counted yet, and note that it is now."""
        applied = self.applied.setdefault(topic, {})
        source = source_of(identity)
        highest = applied.get(source)
        if highest is None and len(applied) >= _MOST_SOURCES:
            del applied[next(iter(applied))]
        if highest is not None and identity <= highest:
            return False
        applied[source] = identity
        return True


class _MailboxFold(msgspec.Struct):
    folded: msgspec.Raw
    decided: tuple[MailboxDecision, ...] = ()


class _MailboxSnapshot(msgspec.Struct):
    mailbox: str
    at: int
    score: float
    step: str
    state: _MailboxFold


class _TrafficSnapshot(msgspec.Struct):
    partition: int
    at: int
    state: Traffic


_MAILBOX: msgspec.json.Decoder[_MailboxSnapshot] = msgspec.json.Decoder(_MailboxSnapshot)
_TRAFFIC: msgspec.json.Decoder[_TrafficSnapshot] = msgspec.json.Decoder(_TrafficSnapshot)


class Partition:
    """The fold of one partition of `mail.events` and `complaints`; `began` tells its series of counts from others."""

    def __init__(self, number: int, limits: Mailboxes, began: str) -> None:
        self.number = number
        self.states: dict[str, MailboxState] = {}
        self._limits = limits
        self._traffic = Traffic(source=source_id("traffic", number, began))
        self._counter = TrafficCounter()
        self._decided: dict[str, list[MailboxDecision]] = {}
        self._dirty: set[str] = set()
        self._latest = 0
        self._looks = Looks(limits)

    def restore(self, value: bytes) -> tuple[Output, ...]:
        """Take back a mailbox's state, and return what must be written again. ValueError says what is wrong with it.

        A state that the present one is ahead of came from a worker that was cut off, and is skipped.
        """
        try:
            snapshot = _MAILBOX.decode(value)
        except msgspec.DecodeError as error:
            raise ValueError(f"no mailbox's state: {error}") from error
        state = mailboxes.decode(bytes(snapshot.state.folded))
        present = self.states.get(snapshot.mailbox)
        if present is not None and _ahead(present, state):
            return ()
        self.states[snapshot.mailbox] = state
        return self._decisions(snapshot.state.decided)

    def restore_traffic(self, value: bytes) -> tuple[Output, ...]:
        """Take back how far traffic was counted, and return what must be written again. ValueError: it is no such."""
        try:
            traffic = _TRAFFIC.decode(value).state
        except msgspec.DecodeError as error:
            raise ValueError(f"no state of traffic: {error}") from error
        if traffic.source == self._traffic.source and traffic.sequence < self._traffic.sequence:
            return ()
        self._traffic = traffic
        return _counts(traffic.counted)

    def apply(self, topic: Topic, events: Iterable[Event]) -> None:
        """Fold a record's events."""
        for event in events:
            self._latest = max(self._latest, event.at)
            if event.at >= self._looks.next:
                self._look(event.at)
            if self._traffic.take(topic.name, event.id):
                self._counter.add(event)
            subject = mailboxes.subject_of(event)
            if subject:
                self.states[subject], decided = mailboxes.step(self.states.get(subject), event, self._limits)
                self._dirty.add(subject)
                if decided:
                    self._decided.setdefault(subject, []).extend(decided)

    def _look(self, now: int) -> None:
        for mailbox, decided in self._looks.at(self.states, now):
            self._dirty.add(mailbox)
            if decided:
                self._decided.setdefault(mailbox, []).extend(decided)

    def flush(self, now: int) -> tuple[list[Output], list[Output]]:
        """Return the states to write, and what follows from them, to write after; both only once."""
        states = [self._snapshot(mailbox) for mailbox in sorted(self._dirty)]
        after = [output for decided in self._decided.values() for output in self._decisions(decided)]
        at = min(self._latest, now)
        counted = self._counter.drain(self.number, at)
        if counted:
            self._traffic.sequence += 1
            self._traffic.counted = tuple(
                msgspec.structs.replace(count, id=event_id(self._traffic.source, self._traffic.sequence, place))
                for place, count in enumerate(counted)
            )
            snapshot = _TrafficSnapshot(self.number, at, self._traffic)
            key = str(self.number).encode()
            states.append(Output(TRAFFIC_STATE, self.number, key, msgspec.json.encode(snapshot)))
            after.extend(_counts(self._traffic.counted))
        self._dirty.clear()
        self._decided.clear()
        return states, after

    def _snapshot(self, mailbox: str) -> Output:
        state = self.states[mailbox]
        fold = _MailboxFold(msgspec.Raw(mailboxes.encode(state)), tuple(self._decided.get(mailbox, ())))
        snapshot = _MailboxSnapshot(mailbox, state.aged, state.score, state.step, fold)
        return Output(MAILBOX_STATE, self.number, mailbox.encode(), msgspec.json.encode(snapshot))

    def _decisions(self, decided: Iterable[MailboxDecision]) -> tuple[Output, ...]:
        return tuple(
            Output(MAILBOX_EVENTS, self.number, event.mailbox.encode(), codec.encode(event)) for event in decided
        )


def dead_letters(letters: Iterable[DeadLetter]) -> list[Output]:
    """Return the records of dead letters."""
    return [Output(DEAD_LETTERS, 0, None, codec.encode(letter)) for letter in letters]


def _counts(counted: Iterable[TrafficCounted]) -> tuple[Output, ...]:
    return tuple(Output(POOL_OBSERVATIONS, 0, None, codec.encode(count)) for count in counted)


def _ahead(present: MailboxState, other: MailboxState) -> bool:
    if present.applied == other.applied:
        return False
    ours = {source_of(identity): identity for identity in present.applied.split()}
    return all(ours.get(source_of(identity), "") >= identity for identity in other.applied.split())
