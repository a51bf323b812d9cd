"""How a pool changes by what is decided about it."""

import msgspec

from schemas.facts import Evidence
from schemas.pool_events import (
    ClockDistrusted,
    IpProbationStarted,
    IpRestored,
    IpWithdrawn,
    OfIp,
    OfList,
    OfProvider,
    PoolEvent,
    PoolStilled,
    ProbationSetBack,
    ProviderDrifted,
    ProviderRefused,
    ProviderRestored,
    ProviderVerified,
    ProviderWithdrawn,
    ReturnDelayed,
    WithdrawalDrifted,
    WithdrawalRefused,
    WithdrawalVerified,
)
from streams.distrust import learnt
from streams.hearsay import questioning
from streams.pooltime import OF_CLOCK
from streams.regard import Order, Regard
from streams.standing import Pool, Standing
from streams.trust import DOUBTED

_KEPT_REFUSALS = 8
_FORGOTTEN = {"tried": 0.0, "blocked": 0.0, "new_tried": 0, "new_blocked": 0}
_UNSEEN = {"late": 0, "drifted_at": 0, "verified": False}
_replace = msgspec.structs.replace


def evolve(pool: Pool, event: PoolEvent) -> Pool:
    """Return the pool after a decision; one about another pool, or an IP that nothing is known of, changes nothing."""
    at = max(pool.at, event.at)
    if event.pool != pool.name:
        return pool
    if isinstance(event, ClockDistrusted):  # the one word that does not tell the time
        return _replace(pool, told={**pool.told, f"{OF_CLOCK}{event.clock}": event.id})
    if isinstance(event, OfList) or not event.ip:
        return _replace(_told(pool, event), at=at)
    standing = pool.ips.get(event.ip)
    if standing is None:
        return _without(pool, event.ip) if isinstance(event, IpRestored) else pool
    if isinstance(event, OfProvider):
        return _replace(questioning(pool.with_standing(_at_provider(standing, event)), event.provider), at=at)
    return _replace(pool.with_standing(_moved(standing, event)), at=at)


def _without(pool: Pool, ip: str) -> Pool:
    """Return the pool that has forgotten how an IP stood that is not configured any more."""
    return _replace(pool, gone={other: standing for other, standing in pool.gone.items() if other != ip})


def _told(pool: Pool, event: PoolEvent) -> Pool:
    """Return the pool knowing what it was told that concerns no single IP."""
    if isinstance(event, OfList):
        return learnt(pool, event)
    return _replace(pool, told={**pool.told, event.provider: event.id}) if isinstance(event, ProviderRefused) else pool


def _moved(standing: Standing, event: OfIp) -> Standing:
    match event:
        case IpWithdrawn():
            return _out(standing, event)
        case IpProbationStarted() | ProbationSetBack() | IpRestored():
            return _on_the_way(standing, event)
        case ReturnDelayed() if waits := _lists_of(event.evidence):
            return _replace(standing, waits=tuple(sorted({*standing.waits, *waits})))
        case WithdrawalRefused() | ReturnDelayed() | PoolStilled():
            refused = (*standing.refused, event.id)[-_KEPT_REFUSALS:]
            return _replace(standing, refused=refused, order=_left(standing.order) if _voids(event) else standing.order)
        case WithdrawalVerified():
            return _replace(standing, verified=True)
        case WithdrawalDrifted():
            return _replace(standing, verified=False, drifted_at=event.at, drifted_mail=standing.last_mail)


def _lists_of(evidence: tuple[Evidence, ...]) -> tuple[str, ...]:
    return tuple(item.rule.removeprefix("dnsbl/") for item in evidence if item.rule.startswith("dnsbl/"))


def _voids(event: PoolEvent) -> bool:
    """Tell whether it refuses an order, which then holds nothing any more."""
    refused = isinstance(event, WithdrawalRefused | ProviderRefused)
    return refused and bool(event.evidence) and event.evidence[0].rule == "operator"


def _left(order: Order | None) -> Order | None:
    """Return what is left of an order that was refused: nothing, unless it had been obeyed and only gives way now."""
    return order if order is not None and order.done else None


def _obeyed(order: Order | None) -> Order | None:
    """Return the order after a withdrawal: it ends a restoration; what an operator withdrew by it was obeyed."""
    if order is None or order.action == "restore":
        return None
    return _replace(order, done=True) if order.action == "withdraw" else order


def _on_the_way(standing: Standing, event: IpProbationStarted | ProbationSetBack | IpRestored) -> Standing:
    """Return the standing after a step on the way back, or one back on it."""
    match event:
        case IpProbationStarted():
            stage = standing.stage + 1 if standing.place == "probation" else 0
            return _replace(
                standing,
                place="probation",
                since=event.at,
                until=event.until,
                share=event.share,
                stage=stage,
                waits=(),
                withdrawals=_counted(standing, event),
            )
        case ProbationSetBack():
            stage = max(0, standing.stage - 1)
            return _replace(standing, since=event.at, until=event.until, share=event.share, stage=stage, waits=())
        case IpRestored():
            return _replace(
                standing,
                place="active",
                since=standing.since if standing.place == "active" else event.at,
                until=0,
                share=1.0,
                stage=0,
                waits=(),
                operator=event.operator,
                order=_done(standing.order) if event.operator else standing.order,
                withdrawals=_counted(standing, event),
            )


def _done(order: Order | None) -> Order | None:
    return _replace(order, done=True) if order is not None and order.action == "restore" else order


def _counted(standing: Standing, event: IpProbationStarted | IpRestored) -> int:
    """Return the withdrawals that count: without the last where the lists that caused it lost their vote."""
    doubted = any(item.rule.startswith(DOUBTED) for item in event.evidence)
    return max(0, standing.withdrawals - 1) if doubted else standing.withdrawals


def _out(standing: Standing, event: IpWithdrawn) -> Standing:
    """Return the standing of an IP just withdrawn; an operator's withdrawal is no relapse."""
    by_hand = bool(event.operator)
    return _replace(
        standing,
        place="withdrawn",
        since=event.at,
        until=event.until,
        share=0.0,
        stage=0,
        withdrawals=standing.withdrawals if by_hand else event.relapse + 1,
        withdrawn_at=standing.withdrawn_at if by_hand else event.at,
        causes=_lists_of(event.evidence),
        waits=(),
        culprits=() if by_hand else tuple(one.sender for one in event.culprits),
        operator=event.operator,
        order=_obeyed(standing.order),
        verified=False,
        drifted_at=0,
        drifted_mail=standing.last_mail,
    )


def _at_provider(standing: Standing, event: OfProvider) -> Standing:
    """Return the standing after a decision about one provider; what was counted there begins anew."""
    regard = standing.providers.get(event.provider, Regard())
    match event:
        case ProviderWithdrawn():
            by_hand = bool(event.operator)
            regard = _replace(
                regard,
                **_FORGOTTEN,
                **_UNSEEN,
                withdrawn=True,
                since=event.at,
                until=event.until,
                withdrawals=regard.withdrawals if by_hand else event.relapse + 1,
                withdrawn_at=regard.withdrawn_at if by_hand else event.at,
                operator=event.operator,
                order=_obeyed(regard.order),
            )
        case ProviderRestored():
            regard = _replace(
                regard,
                **_FORGOTTEN,
                **_UNSEEN,
                withdrawn=False,
                since=event.at if regard.withdrawn else regard.since,
                until=0,
                operator=event.operator,
                order=_done(regard.order) if event.operator else regard.order,
            )
        case ProviderRefused():
            refused = (*regard.refused, event.id)[-_KEPT_REFUSALS:]
            order = _left(regard.order) if _voids(event) else regard.order
            regard = _replace(regard, refused=refused, order=order)
        case ProviderVerified():
            regard = _replace(regard, verified=True)
        case ProviderDrifted():
            regard = _replace(regard, late=0, drifted_at=event.at, verified=False)
    return _replace(standing, providers={**standing.providers, event.provider: regard})
