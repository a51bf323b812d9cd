"""A backtest: history through the functions that decide live, without any server; time is the log's.

The mailboxes are folded as each event comes, and their steps make cases. The pools see what they would see live: the
lists' answers, the traffic and the replies counted once a tick, and the ticks. The culprits that they name reach the
mailboxes at once. Whether an IP that was withdrawn really stopped sending is not told: the mail system of the past did
not know of it.
"""

from collections.abc import Iterable, Iterator

import msgspec

from schemas.customers import Customers
from schemas.events import Event
from schemas.mailbox_events import CaseEvent, MailboxDecision, MailboxFlagged
from schemas.moments import rfc3339
from schemas.names import derived_id
from schemas.observations import ClockTicked, ListHealthObserved, ListingObserved, PoolObservation
from schemas.pool_events import PoolEvent, ProviderDrifted, ProviderVerified, WithdrawalDrifted, WithdrawalVerified
from schemas.settings import Settings
from streams import cases, mailboxes, pool
from streams.casebook import threshold
from streams.guessed import Guessed
from streams.leaks import Leaks
from streams.looks import Looks
from streams.mailboxes import MailboxState
from streams.pools import named
from streams.replies.table import Table, own
from streams.sentby import networks_of
from streams.states import States
from streams.suspects import judged
from streams.traffic import TrafficCounter
from streams.window import DAY

Decision = MailboxDecision | PoolEvent | CaseEvent
_NONE = Leaks(None)
_SILENCE = 35 * DAY
"""So much of a time of which nothing is told is lived through, tick by tick; then its last day."""
_OF_HOOKS = WithdrawalVerified | WithdrawalDrifted | ProviderVerified | ProviderDrifted


class Backtest:
    """One run of history under one configuration; `with_pool` tells whether its pools are followed, too."""

    def __init__(self, settings: Settings, *, with_pool: bool = True, leaks: Leaks = _NONE) -> None:
        self.states = States()
        self._limits = settings.mailboxes
        self._customers = Customers(settings.customers)
        self._leaks = leaks
        self._looks = Looks(settings.mailboxes, self._customers)
        self._guessed = Guessed()
        self._attacked: dict[str, cases.Attacked] = {}
        self._pools = {name: pool.initial(name, its) for name, its in settings.pool.items()} if with_pool else {}
        self._traffic = TrafficCounter(Table(own(settings.replies.own)))
        self._tick = int(settings.tick_seconds * 1_000_000)
        self._next_tick = 0

    def run(self, events: Iterable[Event]) -> Iterator[Decision]:
        """Yield what is decided about these events, which come in about the order of their time."""
        states, limits, customers, pools = self.states, self._limits, self._customers, self._pools
        subject_of, step, woken, looks = mailboxes.subject_of, mailboxes.step, states.woken, self._looks
        for event in events:
            at = event.at
            if at >= looks.next:
                yield from self._look(at)
            subject = subject_of(event)
            if subject:
                before = woken(subject)
                state, decided = step(before, event, limits, customers)
                if before is None:
                    yield from self._begin(state, decided, at)
                elif decided:
                    yield from self._follow(state, decided)
            if pools:
                yield from self._seen_by_pools(event)

    def _look(self, at: int) -> Iterator[Decision]:
        for _, decided in self._looks.at(self.states, at):
            yield from self._told(decided)
        for _ in self._guessed.faded(self.states, at):
            pass  # that it is taken out is all

    def _step(self, subject: str, event: Event) -> Iterator[Decision]:
        """Yield what an event decides about a mailbox that was seen before."""
        known = self.states.woken(subject)
        assert known is not None  # noqa: S101 the caller has seen it
        _, decided = mailboxes.step(known, event, self._limits, self._customers)
        if decided:
            yield from self._follow(known, decided)

    def _begin(self, state: MailboxState, decided: Iterable[MailboxDecision], at: int) -> Iterator[Decision]:
        """Yield what is decided about a mailbox that is seen for the first time, also by what leaked of it before."""
        self.states.add(state)
        self._guessed.begin(state.mailbox)
        yield from self._follow(state, decided)
        for leak in self._leaks.of(state.mailbox):
            yield from self._step(state.mailbox, msgspec.structs.replace(leak, at=at))

    def _follow(self, state: MailboxState, decided: Iterable[MailboxDecision]) -> Iterator[Decision]:
        """Yield what was decided about a mailbox, and what a look at it decides that is due by that."""
        yield from self._told(decided)
        self.states.note(state)
        for _, more in self._looks.overlooked(self.states, state):
            yield from self._told(more)

    def _told(self, decided: Iterable[MailboxDecision]) -> Iterator[Decision]:
        """Yield decisions about mailboxes, and what they are to their customers' cases and to the pools."""
        for decision in decided:
            yield decision
            changed = cases.changed(decision, self._customers)
            name = changed.customer
            known = self._attacked.get(name) or cases.Attacked(customer=name)
            limits = threshold(name, self._limits, self._customers)
            self._attacked[name], opened = cases.step(known, changed, limits)
            yield from opened
            yield from self._observed(judged(decision))

    def _seen_by_pools(self, event: Event) -> Iterator[Decision]:
        tick = self._tick
        begun = self._next_tick = self._next_tick or event.at - event.at % tick + tick
        while self._next_tick <= event.at:
            if self._next_tick - begun > _SILENCE and event.at - self._next_tick > DAY:
                self._next_tick = event.at - DAY - event.at % tick
            yield from self._ticked(self._next_tick)
            self._next_tick += tick
        if isinstance(event, ListingObserved | ListHealthObserved):
            yield from self._observed(event)
        else:
            self._traffic.add(event)

    def _ticked(self, at: int) -> Iterator[Decision]:
        for counted in self._traffic.drain(0, at, networks_of(self.states)):
            yield from self._observed(counted)
        yield from self._observed(ClockTicked(id=derived_id("tick", at), at=at))

    def _observed(self, event: PoolObservation) -> Iterator[Decision]:
        for name, state in self._pools.items():
            self._pools[name], decided = pool.step(state, event)
            yield from (each for each in decided if not isinstance(each, _OF_HOOKS))
            for culprit in named(self._pools[name], decided):
                if culprit.mailbox in self.states:
                    yield from self._step(culprit.mailbox, culprit)


def kind_of(decision: Decision) -> str:
    """Return a decision's type; a mailbox that is only watched is not called flagged."""
    if isinstance(decision, MailboxFlagged) and decision.step == "watch":
        return "mailbox_watched"
    return str(decision.__struct_config__.tag)


def line(decision: Decision) -> bytes:
    """Return a decision as a line of JSON, its times in RFC 3339; `type` is its `kind_of`, other keys the event's."""
    row = msgspec.to_builtins(decision)
    for name in ("at", "until"):
        if name in row:
            row[name] = rfc3339(row[name])
    row.pop("type")
    return msgspec.json.encode({"type": kind_of(decision), "at": row.pop("at"), **row}) + b"\n"
