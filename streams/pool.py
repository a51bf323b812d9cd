"""The relay pool: which IPs carry mail, decided from what is known of them. Level-triggered and pure.

`observe` learns, `decide` (streams/rotation.py) compares what is with what should be, `evolve` (streams/evolving.py)
folds what was decided. What time it is, and what has to wait, streams/pooltime.py knows.
"""

from collections.abc import Iterable

import msgspec

from schemas import pool_settings
from schemas.observations import (
    ClockTicked,
    ListHealthObserved,
    ListingObserved,
    ListOrdered,
    OperatorActed,
    PoolObservation,
    RepliesCounted,
    SenderJudged,
    TrafficCounted,
)
from schemas.pool_events import PoolEvent
from streams import hearsay
from streams.evolving import evolve
from streams.obeying import ordered
from streams.pooltime import AHEAD, due
from streams.provider_scope import barred
from streams.rotation import decide
from streams.rounds import FURTHER_ROUNDS, begin
from streams.standing import Health, Listing, Pool, Standing
from streams.suspects import learnt, seen
from streams.tallies import Tallies

__all__ = [
    "Learnt",
    "Pool",
    "active",
    "barred",
    "decide",
    "decode",
    "encode",
    "evolve",
    "initial",
    "observe",
    "replay",
    "step",
    "steps",
]

_MOST_ROUNDS = 4
_replace = msgspec.structs.replace


def _default(field: msgspec.structs.FieldInfo) -> object:
    return msgspec.field(default_factory=field.default_factory) if field.default is msgspec.NODEFAULT else field.default


_FIELDS = tuple(field for field in msgspec.structs.fields(Pool) if field.name != "rules")
"""What is kept of a pool as JSON: all but its rules, which are today's."""
_KEPT = msgspec.json.Decoder(
    msgspec.defstruct("_Kept", [(field.name, field.type, _default(field)) for field in _FIELDS], frozen=True)
)


class Learnt(msgspec.Struct, frozen=True):
    """A pool as it is after an observation that counted, and what was decided by it."""

    pool: Pool
    event: PoolObservation
    decided: tuple[PoolEvent, ...]


def initial(name: str, settings: pool_settings.Pool) -> Pool:
    """Return a pool of which nothing is known yet: every IP is active."""
    return Pool(name=name, rules=settings, ips={ip: Standing(ip=ip) for ip in settings.ips})


def observe(pool: Pool, event: PoolObservation) -> Pool:
    """Return the pool knowing one thing more; nothing is decided.

    The same pool comes back where the event tells it nothing: an unknown answer, an older one, another pool's IP.
    The pool's time is that of the lists' answers, the counts and the ticks. An order comes from any machine: a clock
    that runs ahead there must not make all answers look stale, so it moves the time by a minute at most. One that is
    slow must not end an order before its time. A tick counts what came before it even where that was dated a little
    later.
    """
    known = pool
    match event:
        case ListingObserved() if event.ip in pool.ips and event.answer != "unknown":
            known = _listing_observed(pool, event)
        case ListHealthObserved():
            known = _health_observed(pool, event)
        case TrafficCounted() if event.ip in pool.ips:
            known = _traffic_counted(pool, event)
        case RepliesCounted() if event.ip in pool.ips:
            known = pool.with_standing(hearsay.replies_counted(pool.ips[event.ip], event))
        case SenderJudged():
            known = _sender_judged(pool, event)
        case OperatorActed() | ListOrdered():
            known = ordered(pool, event)
            if event.at > pool.at + AHEAD:
                return known
        case ClockTicked():
            known = hearsay.ticked(pool, max(pool.at, event.at))
            return known if event.at <= pool.at else _replace(known, at=event.at)
    return known if known is pool or known.at >= event.at else _replace(known, at=event.at)


def _listing_observed(pool: Pool, event: ListingObserved) -> Pool:
    standing = pool.ips[event.ip]
    before = standing.listings.get(event.list)
    if before is not None and event.at <= before.at:
        return pool
    same = before is not None and before.answer == event.answer
    anew = event.answer == "listed" and not same
    listing = Listing(
        answer=event.answer,
        at=event.at,
        since=before.since if before is not None and same else event.at,
        scope=event.scope,
        weight=event.weight,
        reason=event.reason,
        round=begin(pool, event.list, event.at) if anew else before.round if before else 0,
        seen=max(pool.at, event.at) if anew else before.seen if before else 0,
        rounds=before.rounds if before and same else 0,
        forgiven=bool(before and same and before.forgiven),
    )
    return pool.with_standing(_replace(standing, listings={**standing.listings, event.list: listing}))


def _health_observed(pool: Pool, event: ListHealthObserved) -> Pool:
    before = pool.health.get(event.list)
    if before is not None and event.at <= before.at:
        return pool
    proven = event.fault not in {"refused", "silent"}  # these tell nothing of what the list named
    failed = 0 if event.healthy else proven + (before.failed if before else 0)
    health = Health(
        healthy=event.healthy,
        at=event.at,
        before=before.at if before else 0,
        failed=failed,
        fault=event.fault,
        reason="" if event.healthy else event.reason,
    )
    ips = pool.ips
    if before and before.healthy:
        ips = {ip: _still_named(standing, event.list, before.at) for ip, standing in ips.items()}
    return _replace(pool, ips=ips, health={**pool.health, event.list: health})


def _still_named(standing: Standing, name: str, start: int) -> Standing:
    """Return the standing with one more round counted if the list named the IP in the round begun then."""
    listing = standing.listings.get(name)
    if listing is None or not listing.names or listing.at < start or listing.rounds > FURTHER_ROUNDS:
        return standing
    counted = _replace(listing, rounds=listing.rounds + 1)
    return _replace(standing, listings={**standing.listings, name: counted})


def _traffic_counted(pool: Pool, event: TrafficCounted) -> Pool:
    """Return the pool with who sent, how much and when; complaints have no vote, since anybody can forge them."""
    standing = pool.ips[event.ip]
    messages, failed = event.sent + event.deferred + event.bounced, event.deferred + event.bounced
    if event.senders:
        standing = _replace(standing, tallies=standing.tallies.counting(event.at, event.senders))
    if not messages:
        return pool if standing is pool.ips[event.ip] else pool.with_standing(standing)
    standing = _replace(
        hearsay.traffic_counted(standing, event, int(pool.rules.verify_seconds * 1_000_000)),
        last_mail=max(standing.last_mail, min(event.last_at, event.at)),
        carried=standing.carried.counting(event.at, messages, failed),
    )
    senders = (one.sender for one in event.senders)
    return _replace(
        pool.with_standing(standing),
        load=pool.load.counting(event.at, messages),
        suspects=seen(pool.suspects, senders, min(event.last_at, event.at)) if pool.suspects else pool.suspects,
    )


def _sender_judged(pool: Pool, event: SenderJudged) -> Pool:
    last = max((standing.tallies.last_seen(event.mailbox) for standing in pool.ips.values()), default=0)
    return _replace(pool, suspects=learnt(pool.suspects, event, last))


def steps(pool: Pool, event: PoolObservation, written: int = 0) -> tuple[Pool, tuple[Learnt, ...]]:
    """Return the pool after an observation, and of all that counts by now what was decided by it.

    `written` is when the broker wrote the observation (0: unknown).
    """
    known, then = due(pool, event, written)
    said: tuple[PoolEvent, ...] = then.words
    for word in said:
        known = evolve(known, word)
    learned = []
    for one in then.events:
        known, decided = _step(known, one)
        learned.append(Learnt(known, one, (*said, *decided)))
        said = ()
    if said:
        learned.append(Learnt(known, event, said))
    return known, tuple(learned)


def step(pool: Pool, event: PoolObservation, written: int = 0) -> tuple[Pool, tuple[PoolEvent, ...]]:
    """Return the pool after an observation and all that is decided by it."""
    known, learned = steps(pool, event, written)
    return known, tuple(decision for one in learned for decision in one.decided)


def _step(pool: Pool, event: PoolObservation) -> tuple[Pool, tuple[PoolEvent, ...]]:
    """Return the pool after an observation and what is decided, until that leaves nothing more to decide.

    An order that is refused, say, may free the next step of a probation.
    """
    known = observe(pool, event)
    if known is pool:
        return pool, ()
    told: tuple[PoolEvent, ...] = ()
    for _ in range(_MOST_ROUNDS):
        decided = decide(known, known.at)
        for decision in decided:
            known = evolve(known, decision)
        told += decided
        if not decided:
            break
    return known, told


def replay(name: str, settings: pool_settings.Pool, events: Iterable[PoolObservation]) -> Pool:
    """Return the pool after all these observations, from nothing."""
    pool = initial(name, settings)
    for event in events:
        pool, _ = step(pool, event)
    return pool


def active(pool: Pool) -> dict[str, float]:
    """Return the share (0 to 1) of a full IP's traffic of each IP that carries mail; withdrawn ones are absent."""
    return {ip: standing.share for ip, standing in pool.ips.items() if standing.place != "withdrawn"}


def encode(pool: Pool) -> bytes:
    """Return the pool as JSON."""
    return msgspec.json.encode({one.name: getattr(pool, one.name) for one in _FIELDS})


def decode(value: bytes, settings: pool_settings.Pool) -> Pool:
    """Return the pool of its JSON under today's settings: new IPs are active, others stand as they did.

    An IP that is no longer configured is put aside, and comes back as it left: the hooks fold the same log and know it
    so. ValueError says what is wrong with it.
    """
    try:
        kept = Pool(rules=settings, **msgspec.structs.asdict(_KEPT.decode(value)))
    except msgspec.DecodeError as error:
        raise ValueError(f"no pool: {error}") from error
    known = kept.gone | kept.ips
    ips = {ip: known.get(ip) or Standing(ip=ip) for ip in settings.ips}
    gone = {ip: _replace(standing, tallies=Tallies()) for ip, standing in known.items() if ip not in ips}
    return _replace(kept, ips=ips, gone=gone)
