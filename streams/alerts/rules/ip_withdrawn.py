"""An IP left its pool, or sends nothing to one provider any more; over once it carries mail there again."""

from schemas.alert_events import Severity
from schemas.events import Event
from schemas.pool_events import IpProbationStarted, IpRestored, IpWithdrawn, ProviderRestored, ProviderWithdrawn
from streams.alerts.facts import Look, Watched
from streams.alerts.rules import Sign

SEVERITY: Severity = "warning"
DELAY_MINUTES = 0.0
MEANS = "an IP carries no mail any more, everywhere or to one provider"


def signs(_before: None, fact: Event | Look, _watched: Watched) -> tuple[None, tuple[Sign, ...]]:
    """Return what a withdrawal or a return tells; one that an operator ordered is a notice."""
    match fact:
        case IpWithdrawn() | ProviderWithdrawn():
            would = " would leave" if fact.mode == "shadow" else " was taken out of"
            subject, where = _subject(fact)
            who = f" by {fact.operator}" if fact.operator else ""
            again = f", for the {fact.relapse + 1}. time" if fact.relapse else ""
            lesser: Severity | None = "notice" if fact.operator or fact.mode or where else None
            text = f"{fact.ip}{would} the pool {fact.pool}{where}{who}{again}"
            return None, (_sign(fact, subject, text, on=True, severity=lesser),)
        case IpProbationStarted() | IpRestored() | ProviderRestored():
            subject, where = _subject(fact)
            share = f" with {fact.share:.0%} of a full share" if isinstance(fact, IpProbationStarted) else ""
            text = f"{fact.ip} carries mail of the pool {fact.pool}{where} again{share}"
            return None, (_sign(fact, subject, text, on=False, severity=None),)
    return None, ()


_OfIp = IpWithdrawn | ProviderWithdrawn | IpProbationStarted | IpRestored | ProviderRestored


def _subject(fact: _OfIp) -> tuple[str, str]:
    if isinstance(fact, ProviderWithdrawn | ProviderRestored):
        return f"{fact.ip} to {fact.provider}", f" for {fact.provider}"
    return fact.ip, ""


def _sign(fact: _OfIp, subject: str, text: str, *, on: bool, severity: Severity | None) -> Sign:
    return Sign(
        subject=subject, at=fact.at, on=on, text=text, severity=severity,
        evidence=fact.evidence, page="pool", shown=fact.ip,
    )  # fmt: skip


def watches(subject: str, watched: Watched) -> bool:
    """Tell whether a pool has the IP."""
    return watched.has(subject.partition(" to ")[0])
