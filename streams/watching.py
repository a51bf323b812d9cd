"""What the logs say of a withdrawal: that it worked, or that mail still leaves; each only once."""

from schemas.facts import Evidence
from schemas.pool_events import PoolEvent, WithdrawalDrifted, WithdrawalVerified
from streams.present import Present
from streams.standing import Standing, microseconds, moment

_DRIFT_EVERY = microseconds(1)


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
