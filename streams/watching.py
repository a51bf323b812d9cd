"""What the logs say of a withdrawal, whole or for one provider: that it worked, or that mail still leaves."""

from collections.abc import Container, Iterator

from schemas.facts import Evidence
from schemas.pool_events import PoolEvent, ProviderDrifted, ProviderVerified, WithdrawalDrifted, WithdrawalVerified
from streams.present import Present
from streams.regard import Regard
from streams.standing import Standing, microseconds, moment

_DRIFT_EVERY = microseconds(1)
_DRIFT_THERE_EVERY = microseconds(60)
"""Where a hook knows a provider by fewer signs than the logs, some mail goes on: that is told with its count."""


def watched(present: Present, standing: Standing) -> PoolEvent | None:
    """Return what is to be told of a withdrawn IP; in shadow mode it sends on, and nothing is."""
    if standing.place != "withdrawn" or present.pool.rules.is_shadow:
        return None
    grace = int(present.pool.rules.verify_seconds * 1_000_000)
    if standing.last_mail > max(standing.since + grace, standing.drifted_mail):
        return _drifted(present, standing) if present.at >= standing.drifted_at + _DRIFT_EVERY else None
    quiet_from = max(standing.since, standing.last_mail)
    others = max((other.last_mail for ip, other in present.pool.ips.items() if ip != standing.ip), default=0)
    if standing.verified or present.at <= standing.drifted_at or others < quiet_from + grace:
        return None
    seconds = (others - quiet_from) // 1_000_000
    text = f"others sent for {seconds} s while nothing left through it"
    return WithdrawalVerified(
        id=present.identity(standing.ip, "verified", standing.since, standing.drifted_at),
        at=present.at,
        pool=present.pool.name,
        ip=standing.ip,
        evidence=(Evidence(rule="traffic", text=text, value=seconds),),
    )


def _drifted(present: Present, standing: Standing) -> PoolEvent:
    seconds = (standing.last_mail - standing.since) // 1_000_000
    text = f"mail left through it at {moment(standing.last_mail)}, {seconds} s after the withdrawal"
    return WithdrawalDrifted(
        id=present.identity(standing.ip, "drifted", standing.since, standing.last_mail),
        at=present.at,
        pool=present.pool.name,
        ip=standing.ip,
        evidence=(Evidence(rule="traffic", text=text, value=seconds),),
    )


def watched_there(present: Present, decided: Container[str]) -> Iterator[ProviderVerified | ProviderDrifted]:
    """Yield what is to be told of IPs withdrawn for one provider that carry mail, and of which nothing is decided.

    Nothing where no hook of the pool could bar that provider, nor in shadow mode.
    """
    rules = present.pool.rules
    if rules.is_shadow:
        return
    for provider in sorted(present.pool.questioned):
        for ip, standing in sorted(present.pool.ips.items()):
            regard = standing.providers.get(provider)
            barred = regard is not None and regard.withdrawn and standing.place != "withdrawn" and ip not in decided
            if barred and regard is not None and rules.hooks.bar(provider):
                yield from _there(present, ip, provider, regard)


def _there(present: Present, ip: str, provider: str, regard: Regard) -> Iterator[ProviderVerified | ProviderDrifted]:
    identity = present.identity(ip, "provider watched", provider, regard.since, regard.drifted_at, regard.late > 0)
    if regard.late:
        if not regard.drifted_at or present.at >= regard.drifted_at + _DRIFT_THERE_EVERY:
            since = max(regard.since, regard.drifted_at)
            text = (
                f"{regard.late} deliveries to {provider} left through {ip} after {moment(since)}, though barred there"
            )
            said = (Evidence(rule="traffic", text=text, value=regard.late),)
            yield ProviderDrifted(
                id=identity, at=present.at, pool=present.pool.name, ip=ip, provider=provider, evidence=said
            )
        return
    quiet_from = max(regard.since, regard.mail_at, regard.drifted_at)
    sent = (
        each.providers[provider].mail_at for key, each in present.pool.ips.items() if _sends(key, each, ip, provider)
    )
    others = max(sent, default=0)
    if regard.verified or others < quiet_from + int(present.pool.rules.verify_seconds * 1_000_000):
        return
    seconds = (others - quiet_from) // 1_000_000
    text = f"others sent to {provider} for {seconds} s while nothing left for it through {ip}"
    said = (Evidence(rule="traffic", text=text, value=seconds),)
    yield ProviderVerified(id=identity, at=present.at, pool=present.pool.name, ip=ip, provider=provider, evidence=said)


def _sends(other: str, standing: Standing, ip: str, provider: str) -> bool:
    return other != ip and provider in standing.providers
