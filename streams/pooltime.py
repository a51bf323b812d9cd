"""What time it is in a pool: no single observation moves it beyond what the other clocks say.

The worker's ticks tell the time. Lists, logs and mailboxes are dated by other clocks: what lies more than a minute
beyond the pool's time waits for the next tick. Where the tick agrees, as after an outage, it counts as it is dated;
else it counts as of that tick, when it came, and that is told. A tick that contradicts all before it waits for others
that agree. A log without any tick is a backtest's: there time is the log's.
"""

from typing import TypeVar

import msgspec

from schemas.facts import Evidence
from schemas.names import derived_id
from schemas.observations import (
    ClockTicked,
    ListHealthObserved,
    ListingObserved,
    PoolObservation,
    RepliesCounted,
    SenderJudged,
    TrafficCounted,
)
from schemas.pool_events import Clock, ClockDistrusted, PoolMode
from streams.rewound import rewound
from streams.standing import Pool, Telling, microseconds, moment
from streams.window import DAY, HOUR, MINUTE

AHEAD = microseconds(1)
"""How far clocks may differ, and nobody minds."""
OF_CLOCK = "clock/"
_MOST_HELD = 1000
_SECOND = 1_000_000
_UNITS = (("days", DAY), ("hours", HOUR), ("minutes", MINUTE))
_Event = TypeVar("_Event", bound=PoolObservation)
_replace = msgspec.structs.replace


class Due(msgspec.Struct, frozen=True):
    """What counts by now, in this order, as it is dated here, and the words that a clock is not believed."""

    events: tuple[PoolObservation, ...] = ()
    words: tuple[ClockDistrusted, ...] = ()


def due(pool: Pool, event: PoolObservation, written: int) -> tuple[Pool, Due]:
    """Return the pool knowing what time it is, and what counts by now.

    `written` is when the broker wrote the record (0: unknown): nothing was observed later than that.
    """
    clock = _clock(pool, event)
    words: tuple[ClockDistrusted, ...] = ()
    if 0 < written < event.at - AHEAD:
        words = _words(pool, clock, event, written) if clock else ()
        event = _dated(event, written)
    if isinstance(event, ClockTicked):
        known, then = _ticked(pool, event)
    elif clock and pool.ticked and event.at > pool.at + AHEAD:
        assert isinstance(event, Telling)  # noqa: S101 what a clock dated, and no tick
        known, then = _held(pool, event)
    else:
        known, then = pool, Due((event,))
    told = {word.id: word for word in reversed((*words, *then.words))}
    return known, Due(then.events, tuple(reversed(told.values())))


def _clock(pool: Pool, event: PoolObservation) -> Clock:
    """Return whose clock dated what tells this pool something; "" where it tells it nothing, or is an order."""
    match event:
        case ListingObserved() if event.ip in pool.ips and event.answer != "unknown":
            return "lists"
        case ListHealthObserved():
            return "lists"
        case TrafficCounted() | RepliesCounted() if event.ip in pool.ips:
            return "logs"
        case SenderJudged():
            return "mailboxes"
        case ClockTicked():
            return "worker"
        case _:
            return ""


def _held(pool: Pool, event: Telling) -> tuple[Pool, Due]:
    """Return the pool with an observation that waits; of too many the oldest count now: lists are asked again."""
    held = (*pool.held, event)
    return _replace(pool, held=held[-_MOST_HELD:]), _released(pool, held[:-_MOST_HELD], pool.at)


def _released(pool: Pool, held: tuple[Telling, ...], at: int) -> Due:
    """Return what was held, dated no later than a little after this time."""
    ahead = [one for one in held if one.at > at + AHEAD and _clock(pool, one)]
    words = (word for one in ahead for word in _words(pool, _clock(pool, one), one, at))
    return Due(tuple(_dated(one, at) if one in ahead else one for one in held), tuple(words))


def _ticked(pool: Pool, tick: ClockTicked) -> tuple[Pool, Due]:
    """Return the pool by a tick's time, and what waited for it; one that contradicts is only noted.

    A day ahead, the next one must agree; behind the ticks before it, all of a minute: then these were wrong. What was
    told before the first tick may be wrong at once.
    """
    ahead, behind = tick.at > pool.at + DAY, tick.at < pool.at - AHEAD
    if (ahead and pool.at) or (behind and pool.ticked):
        first = pool.doubted if pool.doubted and (pool.doubted > pool.at) == ahead else 0
        if not first or tick.at < first + (0 if ahead else AHEAD):
            return _replace(pool, doubted=first or tick.at), Due()
    words: tuple[ClockDistrusted, ...] = ()
    if behind:
        words = _words(pool, "pool", _replace(tick, at=pool.at), tick.at)
        pool = rewound(pool, tick.at)
    elif pool.doubted > pool.at and not ahead:
        words = _words(pool, "worker", _replace(tick, at=pool.doubted), tick.at)
    then = _released(pool, pool.held, tick.at)
    known = _replace(pool, ticked=tick.at, doubted=0, held=())
    return known, Due((*then.events, tick), (*words, *then.words))


def _dated(event: _Event, at: int) -> _Event:
    """Return the event as of another time, with what left no later than that."""
    if isinstance(event, TrafficCounted | RepliesCounted):
        return _replace(event, at=at, first_at=min(event.first_at, at), last_at=min(event.last_at, at))
    return _replace(event, at=at)


def _words(pool: Pool, clock: Clock, event: PoolObservation, at: int) -> tuple[ClockDistrusted, ...]:
    """Return that a clock is not believed, once a day for each."""
    identity = derived_id("pool", pool.name, "clock", clock, at // DAY)
    if pool.told.get(f"{OF_CLOCK}{clock}") == identity:
        return ()
    ahead = event.at - at
    unit, size = next(((unit, size) for unit, size in _UNITS if ahead >= size), _UNITS[-1])
    what = "the pool's time" if clock == "pool" else _what(event)
    text = (
        f"{what} is dated {moment(event.at)}, {ahead / size:,.0f} {unit} ahead of the other clocks:"
        f" it counts as of {moment(at)}"
    )
    said = (Evidence(rule=f"{OF_CLOCK}{clock}", text=text, value=float(ahead // _SECOND)),)
    mode: PoolMode = "shadow" if pool.rules.is_shadow else ""
    return (ClockDistrusted(id=identity, at=at, pool=pool.name, clock=clock, evidence=said, mode=mode),)


def _what(event: PoolObservation) -> str:
    match event:
        case ListingObserved():
            return f"{event.list}'s answer about {event.ip}"
        case ListHealthObserved():
            return f"the test of {event.list}"
        case TrafficCounted() | RepliesCounted():
            return f"a count of mail through {event.ip}"
        case SenderJudged():
            return f"a step of {event.mailbox}"
        case _:
            return "a tick of the worker"
