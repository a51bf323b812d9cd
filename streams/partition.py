"""One partition of mail: the states of its mailboxes, the counts of its traffic, and what a flush must write.

Nothing is lost or counted twice whenever the process ends, since each state holds how far each source was applied, and
with it what was decided by its last change. States are written first; what they decided follows, and is written again
when the states are read back: the ids are the same, so that it is the same fact. Signals and leaks come from no log:
each state holds the ids that it saw last.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from schemas import codec
from schemas.customers import Customers
from schemas.events import DeadLetter, Event, SourceOpened
from schemas.mailbox_events import CulpritNamed, IdentityLeaked, MailboxDecision
from schemas.mailbox_settings import Mailboxes
from schemas.names import count_id, source_id, source_of
from schemas.observations import RepliesCounted, TrafficCounted
from schemas.topics import (
    CASE_OBSERVATIONS,
    COMPLAINTS,
    DEAD_LETTERS,
    MAIL_EVENTS,
    MAILBOX_EVENTS,
    MAILBOX_LEAKS,
    MAILBOX_SIGNALS,
    MAILBOX_STATE,
    POOL_OBSERVATIONS,
    TRAFFIC_STATE,
    Topic,
)
from streams import mailboxes, reached
from streams.cases import changed
from streams.guessed import Guessed
from streams.leaks import Leaks
from streams.looks import Looks
from streams.mailboxes import MailboxState
from streams.reached import Folded, Traffic
from streams.replies.table import Table
from streams.sentby import networks_of
from streams.states import States
from streams.suspects import judged
from streams.traffic import TrafficCounter

_NOBODY = Customers({})


class Output(NamedTuple):
    """A record to write; an empty value forgets what stood under its key."""

    topic: Topic
    partition: int
    key: bytes | None
    value: bytes


class _MailboxFold(msgspec.Struct, omit_defaults=True):
    folded: msgspec.Raw
    decided: tuple[MailboxDecision, ...] = ()
    guessed: bool = False


class _MailboxSnapshot(msgspec.Struct):
    mailbox: str
    at: int
    score: float
    step: str
    state: _MailboxFold


_MAILBOX: msgspec.json.Decoder[_MailboxSnapshot] = msgspec.json.Decoder(_MailboxSnapshot)


class Partition:
    """The fold of one partition of the mailboxes' topics; `began` tells its series of counts from others.

    `key` is that of the leaked identities: without it none is found. `table` knows what replies are about.
    """

    def __init__(  # noqa: PLR0913, PLR0917 what the configuration says of mail, each with its usual value
        self,
        number: int,
        limits: Mailboxes,
        began: str,
        customers: Customers = _NOBODY,
        key: bytes | None = None,
        table: Table | None = None,
    ) -> None:
        self.number = number
        self.states = States()
        self._limits = limits
        self._customers = customers
        self._traffic = Traffic(source=source_id("traffic", number, began))
        self._folded = Folded({})
        self._counter = TrafficCounter(table)
        self._decided: dict[str, list[MailboxDecision]] = {}
        self._dirty: set[str] = set()
        self._gone: set[str] = set()
        self._latest = 0
        self._looks = Looks(limits, customers)
        self._guessed = Guessed()
        self._leaks = Leaks(key)
        self._leaking = False

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
        self.states.restore(state)
        self._guessed.restore(state)
        return self._decisions(snapshot.state.decided)

    def forget(self, mailbox: str) -> None:
        """Take back that a name was forgotten."""
        if mailbox in self.states:
            self.states.remove(mailbox)
            self._guessed.end(mailbox)

    def restore_traffic(self, value: bytes) -> tuple[Output, ...]:
        """Take back how far traffic was counted, and return what must be written again. ValueError: it is no such."""
        traffic = reached.decode(value)
        if traffic.source == self._traffic.source and traffic.sequence < self._traffic.sequence:
            return ()
        self._traffic = traffic
        self._folded = Folded(traffic.folded)
        return _counts(traffic.counted)

    def restore_leaks(self, leaks: Iterable[IdentityLeaked]) -> None:
        """Take back what is known to be leaked, and apply what a mailbox does not know yet; states come before."""
        for event in leaks:
            self._leaks.learn(event)
        self._apply_leaks()

    def unlock(self, key: bytes) -> None:
        """Apply the leaks that came before there was a key."""
        self._leaks.key = key
        self._apply_leaks()

    @property
    def locked(self) -> int:
        """Return how many leaked identities lie here without a key."""
        return len(self._leaks) if self._leaks.key is None else 0

    def apply(self, topic: Topic, events: Iterable[Event]) -> None:
        """Fold a record's events."""
        if topic in (MAILBOX_SIGNALS, MAILBOX_LEAKS):
            self._told(events)
            return
        for event in events:
            if topic is COMPLAINTS:  # its time moves no other mailbox's: the mail may be of last week, read today
                self._latest = self._latest or event.at
            elif not isinstance(event, SourceOpened):  # that is dated by a clock, the log may be of last week
                self._latest = max(self._latest, event.at)
                if event.at >= self._looks.next:
                    self._look(event.at)
            if self._traffic.take(topic.name, event.id):
                self._counter.add(event)
            if topic is MAIL_EVENTS and not self._folded.take(event.id):
                continue
            subject = mailboxes.subject_of(event)
            if subject:
                self._step(subject, event)

    def _step(self, subject: str, event: Event) -> None:
        before = self.states.woken(subject)
        if before is not None and len(before.applied) > mailboxes.USUAL_SOURCES and subject not in self._dirty:
            mailboxes.forget_sources(before, self._traffic.folded)
        state, decided = mailboxes.step(before, event, self._limits, self._customers)
        self._dirty.add(subject)
        if before is None:
            self.states.add(state)
            self._guessed.begin(subject)
        if decided:
            self._follow(state, decided)
        if before is None:
            for leak in self._leaks.of(subject):
                self._step(subject, msgspec.structs.replace(leak, at=event.at))

    def _told(self, events: Iterable[Event]) -> None:
        """Fold what comes from no log: its time moves no other mailbox's, and a culprit never seen is no mailbox."""
        for event in events:
            if isinstance(event, IdentityLeaked):
                self._leaking = True
                self._leaks.learn(event)
                self._note(self._leaks.owner(event, self.states), event)
            elif isinstance(event, CulpritNamed):
                self._note(event.mailbox, event)
            elif subject := mailboxes.subject_of(event):
                self._step(subject, event)

    def _apply_leaks(self) -> None:
        for mailbox, event in tuple(self._leaks.found(self.states)):
            self._note(mailbox, event)

    def _note(self, mailbox: str, event: IdentityLeaked | CulpritNamed) -> None:
        """Apply what is known of a mailbox in its own time: the mail may be of last week, read today.

        What the mailbox knows already changes nothing, nor does what concerns none that was seen.
        """
        state = self.states.woken(mailbox)
        if state is None:
            return
        known = state.recent
        at = max(state.aged, min(event.at, self._latest))
        noted = msgspec.structs.replace(event, at=at)
        _, decided = mailboxes.step(state, noted, self._limits, self._customers)
        if state.recent != known:
            self._dirty.add(mailbox)
        if decided:
            self._follow(state, decided)

    def _follow(self, state: MailboxState, decided: Iterable[MailboxDecision]) -> None:
        """Keep what was decided about a mailbox, and what a look at it decides that is due by that."""
        self._decided.setdefault(state.mailbox, []).extend(decided)
        self.states.note(state)
        self._looked(self._looks.overlooked(self.states, state))

    def _look(self, now: int) -> None:
        self._looked(self._looks.at(self.states, now))
        for mailbox in self._guessed.faded(self.states, now):
            self._gone.add(mailbox)
            self._dirty.discard(mailbox)

    def _looked(self, looks: Iterable[tuple[str, tuple[MailboxDecision, ...]]]) -> None:
        for mailbox, decided in looks:
            self._dirty.add(mailbox)
            if decided:
                self._decided.setdefault(mailbox, []).extend(decided)

    def flush(self, now: int) -> tuple[list[Output], list[Output]]:
        """Return the states to write, and what follows from them, to write after; both only once."""
        states = [self._snapshot(mailbox) for mailbox in sorted(self._dirty)]
        states += [
            Output(MAILBOX_STATE, self.number, mailbox.encode(), b"") for mailbox in sorted(self._gone - self._dirty)
        ]
        after = [output for decided in self._decided.values() for output in self._decisions(decided)]
        at = min(self._latest, now)
        counted = self._counter.drain(self.number, at, networks_of(self.states))
        if counted:
            self._traffic.sequence += 1
            self._traffic.counted = tuple(
                msgspec.structs.replace(count, id=count_id(self._traffic.source, self._traffic.sequence, place))
                for place, count in enumerate(counted)
            )
            self._traffic.folded = self._folded.written
            value = reached.encode(self.number, at, self._traffic)
            states.append(Output(TRAFFIC_STATE, self.number, str(self.number).encode(), value))
            after.extend(_counts(self._traffic.counted))
        self._folded.flushed()
        self._dirty.clear()
        self._gone.clear()
        self._decided.clear()
        if not self._leaking:
            self._leaks.forget()
        self._leaking = False
        return states, after

    def _snapshot(self, mailbox: str) -> Output:
        state = self.states[mailbox]
        decided = tuple(self._decided.get(mailbox, ()))
        fold = _MailboxFold(msgspec.Raw(mailboxes.encode(state)), decided, self._guessed.holds(state))
        snapshot = _MailboxSnapshot(mailbox, state.aged, state.score, state.step, fold)
        return Output(MAILBOX_STATE, self.number, mailbox.encode(), msgspec.json.encode(snapshot))

    def _decisions(self, decided: Iterable[MailboxDecision]) -> tuple[Output, ...]:
        """Return the records of decisions, and of the steps that they are to the customers' cases and to the pools."""
        events = tuple(decided)
        told = (changed(event, self._customers) for event in events)
        return (
            *(Output(MAILBOX_EVENTS, self.number, event.mailbox.encode(), codec.encode(event)) for event in events),
            *(Output(CASE_OBSERVATIONS, 0, step.customer.encode(), codec.encode(step)) for step in told),
            *(Output(POOL_OBSERVATIONS, 0, None, codec.encode(judged(event))) for event in events),
        )


def dead_letters(letters: Iterable[DeadLetter]) -> list[Output]:
    """Return the records of dead letters."""
    return [Output(DEAD_LETTERS, 0, None, codec.encode(letter)) for letter in letters]


def _counts(counted: Iterable[TrafficCounted | RepliesCounted]) -> tuple[Output, ...]:
    return tuple(Output(POOL_OBSERVATIONS, 0, None, codec.encode(count)) for count in counted)


def _ahead(present: MailboxState, other: MailboxState) -> bool:
    if present.applied == other.applied:
        return False
    ours = {source_of(identity): identity for identity in present.applied.split()}
    return all(ours.get(source_of(identity), "") >= identity for identity in other.applied.split())
