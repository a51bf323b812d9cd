"""Which lists lost their vote in a pool, and which have it again: told once each time it changes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from schemas.facts import Evidence
from schemas.names import derived_id
from schemas.pool_events import ListDistrusted, ListTrusted, OfList
from streams.standing import Pool

if TYPE_CHECKING:
    from schemas.facts import ListFault


def changes(pool: Pool, at: int, floods: dict[str, str]) -> Iterator[OfList]:
    """Yield what changed since it was last told; `floods` are the lists that named most of the pool at once."""
    lost: dict[str, tuple[ListFault, str]] = {
        name: (health.fault or "test_points", health.reason)
        for name, health in pool.health.items()
        if not health.healthy
    }
    lost |= {name: ("lists_most", told) for name, told in floods.items()}
    for name in sorted({*lost, *pool.distrusted}):
        before = pool.distrusted.get(name, "")
        fault, reason = lost.get(name, ("", ""))
        identity = derived_id("pool", pool.name, "list", name, fault, at)
        if fault and fault != before:
            said = _said(name, f"{name} has no vote: {reason}")
            yield ListDistrusted(id=identity, at=at, pool=pool.name, list=name, fault=fault, evidence=said)
        elif before and not fault:
            said = _said(name, f"{name} has its vote again: what was wrong is over")
            yield ListTrusted(id=identity, at=at, pool=pool.name, list=name, fault=before, evidence=said)


def _said(name: str, text: str) -> tuple[Evidence, ...]:
    return (Evidence(rule=f"dnsbl/{name}", text=text),)


def learnt(pool: Pool, event: OfList) -> Pool:
    """Return the pool knowing that this was told."""
    others = {name: fault for name, fault in pool.distrusted.items() if name != event.list}
    told = others | ({event.list: event.fault} if isinstance(event, ListDistrusted) else {})
    return msgspec.structs.replace(pool, distrusted=told)
