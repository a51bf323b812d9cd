"""What is told of the pool hooks' outcomes."""

from collections.abc import Mapping

from schemas import names
from schemas.observations import HookApplied, HookDrifted, HookFailed
from streams.applying import Outcome

HookOutcome = HookApplied | HookFailed | HookDrifted


def fact_of(outcome: Outcome, pool_name: str, hook: str, host: str, at: int) -> HookOutcome:
    """Return the event of an outcome; a set applied again after the same decision has the same id."""
    wanted = outcome.wanted
    active = {ip: float(share) for ip, share in sorted(wanted.active.by_ip().items())}
    barred = wanted.active.barred_ips()
    told = (pool_name, hook, host, wanted.active.decision, shown(active))
    if outcome.reason and not outcome.attempt:
        return HookDrifted(
            id=names.derived_id("hook_drifted", *told, at),
            at=at,
            pool=pool_name,
            hook=hook,
            host=host,
            active=active,
            reason=outcome.reason,
            decision=wanted.active.decision,
            barred=barred,
        )
    if outcome.reason:
        return HookFailed(
            id=names.derived_id("hook_failed", *told, outcome.attempt, at),
            at=at,
            pool=pool_name,
            hook=hook,
            host=host,
            active=active,
            reason=outcome.reason,
            decision=wanted.active.decision,
            attempt=outcome.attempt,
            barred=barred,
        )
    return HookApplied(
        id=names.derived_id("hook_applied", *told),
        at=at,
        pool=pool_name,
        hook=hook,
        host=host,
        active=active,
        decision=wanted.active.decision,
        took_ms=round(outcome.took_seconds * 1000),
        barred=barred,
    )


def shown(active: Mapping[str, float]) -> str:
    """Return the shares as words."""
    return ", ".join(f"{ip} {share:g}" for ip, share in sorted(active.items()))
