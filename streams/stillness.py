"""Whether the pool as a whole still sends: a change that every IP obeys, and after which no mail leaves, is a fault."""

from collections.abc import Iterator
from math import log

from schemas.facts import Evidence
from schemas.pool_events import PoolStilled
from streams.present import Present
from streams.standing import microseconds, moment

_LEAST = microseconds(5)
_MINUTES = 60
_STEADY = _MINUTES // 2
_NATS = 10.0


def stilled(present: Present) -> Iterator[PoolStilled]:
    """Yield, once a change, that nothing left through any IP since it, though mail left up to then.

    Silence says something only where mail had left in most minutes. Then it is as unlikely as that many minutes
    without mail: after five of them where every minute had some, after a quarter of an hour where half of them had.
    """
    pool, at = present.pool, present.at
    standing = max(pool.ips.values(), key=lambda each: (each.since, each.ip))
    since, last = standing.since, max(each.last_mail for each in pool.ips.values())
    grace = int(pool.rules.verify_seconds * 1_000_000)
    busy = pool.load.busy_minutes
    if pool.rules.is_shadow or not since or not since - grace <= last <= since + grace or busy < _STEADY:
        return
    silent = at - max(since, last)
    minutes = silent // microseconds(1)
    unlikely = -minutes * log((_MINUTES - busy + 1) / (_MINUTES + 1))
    identity = present.identity(standing.ip, "stilled", since)
    if silent < max(_LEAST, grace) or unlikely < _NATS or identity in standing.refused:
        return
    text = (
        f"nothing was seen leaving through any IP for {minutes} minutes since the change at {moment(since)}; "
        f"in the hour before mail left in {busy} of {_MINUTES} minutes"
    )
    yield PoolStilled(
        id=identity,
        at=at,
        pool=pool.name,
        ip=standing.ip,
        evidence=(Evidence(rule="traffic", text=text, value=float(minutes), usual=float(busy)),),
    )
