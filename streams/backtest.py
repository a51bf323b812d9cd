"""A backtest: history through the functions that decide live, without any server; time is the log's.

The mailboxes are folded as each event comes. The pools see what they would see live: the lists' answers, the traffic
counted once a tick, and the ticks; they are left out where the history holds no answer of a list.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from schemas.events import ClockTicked, Event, ListHealthObserved, ListingObserved, PoolObservation
from schemas.mailbox_events import MailboxDecision, MailboxFlagged
from schemas.moments import rfc3339
from schemas.names import derived_id
from schemas.pool_events import PoolEvent
from schemas.settings import Settings
from streams import mailboxes, pool
from streams.looks import Looks
from streams.traffic import TrafficCounter

if TYPE_CHECKING:
    from streams.mailboxes import MailboxState

Decision = MailboxDecision | PoolEvent


class Backtest:
    """One run of history under one configuration; `with_pool` tells whether there are answers of lists in it."""

    def __init__(self, settings: Settings, *, with_pool: bool) -> None:
        self.states: dict[str, MailboxState] = {}
        self._limits = settings.mailboxes
        self._pools = {name: pool.initial(name, its) for name, its in settings.pool.items()} if with_pool else {}
        self._traffic = TrafficCounter()
        self._tick = int(settings.tick_seconds * 1_000_000)
        self._next_tick = 0

    def run(self, events: Iterable[Event]) -> Iterator[Decision]:
        """Yield what is decided about these events, which come in about the order of their time."""
        states, limits, pools = self.states, self._limits, self._pools
        subject_of, step, looks = mailboxes.subject_of, mailboxes.step, Looks(limits)
        for event in events:
            at = event.at
            if at >= looks.next:
                for _, decided in looks.at(states, at):
                    yield from decided
            subject = subject_of(event)
            if subject:
                states[subject], decided = step(states.get(subject), event, limits)
                if decided:
                    yield from decided
            if pools:
                yield from self._seen_by_pools(event)

    def _seen_by_pools(self, event: Event) -> Iterator[PoolEvent]:
        self._next_tick = self._next_tick or event.at - event.at % self._tick + self._tick
        while self._next_tick <= event.at:
            yield from self._ticked(self._next_tick)
            self._next_tick += self._tick
        if isinstance(event, ListingObserved | ListHealthObserved):
            yield from self._observed(event)
        else:
            self._traffic.add(event)

    def _ticked(self, at: int) -> Iterator[PoolEvent]:
        for counted in self._traffic.drain(0, at):
            yield from self._observed(counted)
        yield from self._observed(ClockTicked(id=derived_id("tick", at), at=at))

    def _observed(self, event: PoolObservation) -> Iterator[PoolEvent]:
        for name, state in self._pools.items():
            self._pools[name], decided = pool.step(state, event)
            yield from decided


def line(decision: Decision) -> bytes:
    """Return a decision as a line of JSON, its times in RFC 3339; a mailbox that is only watched is not called flagged.

    The keys are those of the event; `at` and `until` are texts.
    """
    row = msgspec.to_builtins(decision)
    if isinstance(decision, MailboxFlagged) and decision.step == "watch":
        row["type"] = "mailbox_watched"
    for name in ("at", "until"):
        if name in row:
            row[name] = rfc3339(row[name])
    first = {"type": row.pop("type"), "at": row.pop("at")}
    return msgspec.json.encode({**first, **row}) + b"\n"
