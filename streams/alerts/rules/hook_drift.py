"""What a host has in force is not what was decided: changed by others, not to be had, or not followed by the mail."""

from schemas.alert_events import AlertPage, Severity
from schemas.events import Event
from schemas.observations import HookApplied, HookDrifted, HookFailed
from schemas.pool_events import (
    IpProbationStarted,
    IpRestored,
    ProviderDrifted,
    ProviderRestored,
    ProviderVerified,
    WithdrawalDrifted,
    WithdrawalVerified,
)
from schemas.sunset_events import StagesSwitched
from streams.alerts.facts import Look, Watched
from streams.alerts.rules import Sign

SEVERITY: Severity = "warning"
DELAY_MINUTES = 0.0
MEANS = "a host does not do what was decided: a hook drifted or fails, or mail leaves through a withdrawn IP"
TOLD_AGAIN = True  # of a host that was taken away nobody tells any more
_TRIES = 3


def signs(_before: None, fact: Event | Look, _watched: Watched) -> tuple[None, tuple[Sign, ...]]:
    """Return what a hook, a switch or the logs tell."""
    sign = _of_hook(fact) or _of_logs(fact)
    return None, (sign,) if sign else ()


def _of_hook(fact: Event | Look) -> Sign | None:
    page: AlertPage = "pool"
    match fact:
        case HookDrifted():
            text, on = f"{fact.hook} on {fact.host} was changed by somebody else: {fact.reason}", True
        case HookFailed() if fact.attempt >= _TRIES:
            text, on = f"{fact.hook} on {fact.host} failed {fact.attempt} times: {fact.reason}", True
        case HookApplied():
            text, on = f"{fact.hook} on {fact.host} has in force what was decided", False
        case StagesSwitched() if not fact.problem or fact.attempt >= _TRIES:
            on, page = bool(fact.problem), "sunset"
            how = f"could not {fact.attempt} times: {fact.problem}" if on else "has in force what was decided"
            text = f"the switch {fact.hook} of the sunset {fact.sunset} on {fact.host} {how}"
        case _:
            return None
    of = fact.sunset if isinstance(fact, StagesSwitched) else fact.pool
    return Sign(subject=f"{fact.hook} of {of} on {fact.host}", at=fact.at, on=on, text=text, page=page, shown=of)


def _of_logs(fact: Event | Look) -> Sign | None:
    match fact:
        case WithdrawalDrifted():
            subject, text, on = fact.ip, f"mail still leaves through {fact.ip}, which was withdrawn", True
        case ProviderDrifted():
            subject = f"{fact.ip} to {fact.provider}"
            text, on = f"mail still leaves for {fact.provider} through {fact.ip}, which was withdrawn there", True
        case WithdrawalVerified() | IpProbationStarted() | IpRestored():
            subject, text, on = fact.ip, f"{fact.ip} does what was decided", False
        case ProviderVerified() | ProviderRestored():
            subject, on = f"{fact.ip} to {fact.provider}", False
            text = f"{fact.ip} does what was decided for {fact.provider}"
        case _:
            return None
    return Sign(subject=subject, at=fact.at, on=on, text=text, evidence=fact.evidence, page="pool", shown=fact.ip)


def watches(subject: str, watched: Watched) -> bool:
    """Tell whether there is such a pool, sunset or IP."""
    _, of, where = subject.partition(" of ")
    name = where.rpartition(" on ")[0]
    return name in watched.pools or name in watched.sunsets if of else watched.has(subject.partition(" to ")[0])
