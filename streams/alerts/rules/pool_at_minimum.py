"""A pool has no IP to spare, or one only: the next one that is listed stays, or the next but one.

Over once more carry mail again. Each IP fewer makes it worse.
"""

from collections.abc import Mapping

from schemas.alert_events import Severity
from schemas.events import Event
from schemas.pool_events import IpProbationStarted, IpRestored, IpWithdrawn
from streams.alerts.facts import Look, Watched
from streams.alerts.rules import Sign

SEVERITY: Severity = "critical"
DELAY_MINUTES = 0.0
MEANS = "no more IPs carry mail than min_active: the next one that is listed stays in the pool; one more is a warning"

_Gone = Mapping[str, frozenset[str]]


def signs(before: _Gone | None, fact: Event | Look, watched: Watched) -> tuple[_Gone | None, tuple[Sign, ...]]:
    """Return what a change of the pool tells; a pool that has just `min_active` IPs never has one to spare."""
    if not isinstance(fact, IpWithdrawn | IpProbationStarted | IpRestored):
        return before, ()
    if isinstance(fact, IpWithdrawn) and fact.mode:  # it goes on sending; what had left before does return in shadow
        return before, ()
    known = before or {}
    gone = known.get(fact.pool, frozenset())
    gone = gone | {fact.ip} if isinstance(fact, IpWithdrawn) else gone - {fact.ip}
    kept = {**known, fact.pool: gone}
    pool = watched.pools.get(fact.pool)
    if pool is None:
        return kept, ()
    left = len(pool.ips - gone)
    spare = left - pool.min_active
    on = spare <= 1 and bool(pool.ips & gone)
    near: Severity | None = "warning" if spare > 0 else None
    text = f"{left} of {len(pool.ips)} IPs of the pool {fact.pool} carry mail, min_active is {pool.min_active}"
    sign = Sign(
        subject=fact.pool, at=fact.at, on=on, text=text, severity=near, page="pool", shown=fact.pool,
        grade=max(0, -spare),
    )  # fmt: skip
    return kept, (sign,)


def watches(subject: str, watched: Watched) -> bool:
    """Tell whether there is such a pool."""
    return subject in watched.pools
