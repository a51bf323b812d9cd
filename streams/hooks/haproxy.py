"""The servers of one HAProxy backend, told at its runtime socket: weight by share, drained when withdrawn; no reload.

What somebody put into maintenance stays there. What is withdrawn for one provider only, it cannot express.

Manual: https://docs.haproxy.org/2.6/management.html#9.3
"""

from schemas.pool_hooks import HaproxyHook
from streams.deeds import HaproxyServers
from streams.hooks import ActiveSet, Effect, checked

_FULL = 100


def effects(active: ActiveSet, settings: HaproxyHook) -> tuple[Effect, ...]:
    """Return the one effect: the weight of every server of the pool, 0 for those withdrawn."""
    shares = checked(active.shares)
    weights = {name: max(1, round(_FULL * shares[name])) if name in shares else 0 for name in sorted(active.ips)}
    return (
        HaproxyServers(
            socket=settings.socket,
            backend=settings.backend,
            weights=weights,
            timeout_seconds=settings.timeout_seconds,
        ),
    )
