"""A pool whose time was ahead of the real one: all that is dated later counts as of now, so that nothing is lost.

What an operator ordered until a time of the calendar keeps that time.
"""

import msgspec

from streams.load import Carried, Load, Peak
from streams.regard import Order, Regard
from streams.standing import Listing, Pool, Standing
from streams.window import HOUR, MINUTE

_replace = msgspec.structs.replace


def rewound(pool: Pool, at: int) -> Pool:
    """Return the pool at an earlier time, with every date that lies beyond it brought back to it."""
    return _replace(
        pool,
        at=at,
        ips={ip: _standing(standing, at) for ip, standing in pool.ips.items()},
        gone={ip: _standing(standing, at) for ip, standing in pool.gone.items()},
        health={
            name: _replace(one, at=min(one.at, at), before=min(one.before, at)) for name, one in pool.health.items()
        },
        load=_load(pool.load, at),
        suspects={
            name: _replace(one, at=min(one.at, at), last_mail=min(one.last_mail, at))
            for name, one in pool.suspects.items()
        },
    )


def _standing(standing: Standing, at: int) -> Standing:
    return _replace(
        standing,
        since=min(standing.since, at),
        until=_until(standing, at),
        withdrawn_at=min(standing.withdrawn_at, at),
        order=_order(standing.order, at),
        listings={name: _listing(one, at) for name, one in standing.listings.items()},
        last_mail=min(standing.last_mail, at),
        drifted_at=min(standing.drifted_at, at),
        drifted_mail=min(standing.drifted_mail, at),
        tallies=standing.tallies.until(at),
        carried=_carried(standing.carried, at),
        providers={name: _regard(one, at) for name, one in standing.providers.items()},
        named={
            name: {provider: min(said, at) for provider, said in tellers.items()}
            for name, tellers in standing.named.items()
        },
    )


def _until(one: Standing | Regard, at: int) -> int:
    """Return when it ends: as long after the new beginning as it was after the old; an order's end stays."""
    return one.until if one.operator or not one.until else one.until - max(0, one.since - at)


def _listing(listing: Listing, at: int) -> Listing:
    return _replace(
        listing,
        at=min(listing.at, at),
        since=min(listing.since, at),
        round=min(listing.round, at),
        seen=min(listing.seen, at),
    )


def _regard(regard: Regard, at: int) -> Regard:
    return _replace(
        regard,
        at=min(regard.at, at),
        since=min(regard.since, at),
        until=_until(regard, at),
        withdrawn_at=min(regard.withdrawn_at, at),
        mail_at=min(regard.mail_at, at),
        drifted_at=min(regard.drifted_at, at),
        order=_order(regard.order, at),
    )


def _order(order: Order | None, at: int) -> Order | None:
    return _replace(order, at=min(order.at, at)) if order is not None else None


def _peak(peak: Peak, at: int) -> Peak:
    return Peak(peak.messages, min(peak.hour, at // HOUR))


def _carried(carried: Carried, at: int) -> Carried:
    best = _peak(carried.best, at) if carried.best else None
    return _replace(carried, hour=min(carried.hour, at // HOUR), best=best)


def _load(load: Load, at: int) -> Load:
    return _replace(
        load,
        hour=min(load.hour, at // HOUR),
        minute=min(load.minute, at // MINUTE),
        peaks={slot: _peak(peak, at) for slot, peak in load.peaks.items()},
    )
