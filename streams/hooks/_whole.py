"""The whole set as other programs read it: the JSON text of the webhook, the command, the pool file and GET /v1/pool.

docs/hooks-others.md has the fields; fields are only ever added.
"""

import msgspec

from streams.hooks import ActiveSet, checked


class Active(msgspec.Struct, frozen=True, kw_only=True):
    """One transport that may send, its share, and the providers to which it may not."""

    transport: str
    ip: str
    share: float
    not_to: tuple[str, ...] = ()


class Withdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """One transport that may not send at all."""

    transport: str
    ip: str


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """One pool."""

    pool: str
    active: tuple[Active, ...]
    withdrawn: tuple[Withdrawn, ...]
    decision: str
    at: int


def whole(active: ActiveSet) -> Whole:
    """Return the set. ValueError for an empty or impossible one."""
    shares = checked(active.shares)
    return Whole(
        pool=active.pool,
        active=tuple(
            Active(transport=name, ip=active.ips[name], share=share, not_to=_not_to(name, active))
            for name, share in shares.items()
        ),
        withdrawn=tuple(
            Withdrawn(transport=name, ip=ip) for name, ip in sorted(active.ips.items()) if name not in shares
        ),
        decision=active.decision,
        at=active.at,
    )


def text(active: ActiveSet) -> str:
    """Return the set as one line of JSON. ValueError for an empty or impossible one."""
    return msgspec.json.encode(whole(active)).decode() + "\n"


def _not_to(transport: str, active: ActiveSet) -> tuple[str, ...]:
    """Return the providers for which a transport is withdrawn; one for which all are is not among them."""
    return tuple(
        provider
        for provider, barred in sorted(active.barred.items())
        if transport in barred and set(active.shares) - set(barred)
    )
