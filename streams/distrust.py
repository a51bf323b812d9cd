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
    lost |= {name: ("operator", told) for name, told in distrusted_by_hand(pool).items()}
    lost = {name: said for name, said in lost.items() if not _is_trusted_by_hand(pool, name)}
    for name in sorted({*lost, *pool.distrusted}):
        before = pool.distrusted.get(name, "")
        fault, reason = lost.get(name, ("", ""))
        identity = derived_id("pool", pool.name, "list", name, fault, at)
        if fault and fault != before:
            said = _said(pool, name, f"{name} has no vote: {reason}", by_hand=fault == "operator")
            yield ListDistrusted(id=identity, at=at, pool=pool.name, list=name, fault=fault, evidence=said)
        elif before and not fault:
            ordered = before == "operator" or _is_trusted_by_hand(pool, name)
            said = _said(pool, name, f"{name} has its vote again: {_why(pool, name, before)}", by_hand=ordered)
            yield ListTrusted(id=identity, at=at, pool=pool.name, list=name, fault=before, evidence=said)


def distrusted_by_hand(pool: Pool) -> dict[str, str]:
    """Return the lists that operators distrust, each with who does and why."""
    words = ((name, pool.word_on(name)) for name in pool.ordered)
    return {name: f"{word.operator}: {word.reason}" for name, word in words if word and word.action == "distrust"}


def _is_trusted_by_hand(pool: Pool, name: str) -> bool:
    word = pool.word_on(name)
    return word is not None and word.action == "trust"


def _why(pool: Pool, name: str, fault: str) -> str:
    if _is_trusted_by_hand(pool, name):
        return "an operator trusts it"
    return "no operator distrusts it any more" if fault == "operator" else "what was wrong is over"


def _said(pool: Pool, name: str, text: str, *, by_hand: bool) -> tuple[Evidence, ...]:
    """Return why, with the order first where it follows one."""
    order = pool.ordered.get(name) if by_hand else None
    by = (Evidence(rule="operator", text=f"{order.operator}: {order.reason}"),) if order is not None else ()
    return (*by, Evidence(rule=f"dnsbl/{name}", text=text))


def learnt(pool: Pool, event: OfList) -> Pool:
    """Return the pool knowing that this was told."""
    others = {name: fault for name, fault in pool.distrusted.items() if name != event.list}
    told = others | ({event.list: event.fault} if isinstance(event, ListDistrusted) else {})
    return msgspec.structs.replace(pool, distrusted=told)
