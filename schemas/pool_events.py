"""What is decided about a pool's IPs.

The same rules hold as in `schemas.events`, where they are part of the one union.
"""

from schemas.facts import Culprit, Evidence, Fact


class IpWithdrawn(Fact, frozen=True, kw_only=True):
    """An IP left the pool, not to return before `until`; `relapse` counts the withdrawals before this one."""

    pool: str
    ip: str
    until: int
    relapse: int = 0
    evidence: tuple[Evidence, ...] = ()
    culprits: tuple[Culprit, ...] = ()
    operator: str = ""


class IpProbationStarted(Fact, frozen=True, kw_only=True):
    """An IP carries `share` (0 to 1) of a full IP's traffic again, to be watched until `until`."""

    pool: str
    ip: str
    share: float
    until: int
    evidence: tuple[Evidence, ...] = ()


class IpRestored(Fact, frozen=True, kw_only=True):
    """An IP is fully back in the pool."""

    pool: str
    ip: str
    evidence: tuple[Evidence, ...] = ()
    operator: str = ""


class WithdrawalRefused(Fact, frozen=True, kw_only=True):
    """An IP should leave but stays, since the pool would fall below its guard (`reason`)."""

    pool: str
    ip: str
    reason: str
    evidence: tuple[Evidence, ...] = ()


class WithdrawalVerified(Fact, frozen=True, kw_only=True):
    """The logs confirm that nothing left through a withdrawn IP any more while others sent."""

    pool: str
    ip: str
    evidence: tuple[Evidence, ...] = ()


class WithdrawalDrifted(Fact, frozen=True, kw_only=True):
    """The logs show mail still leaving through a withdrawn IP: the hooks are applied again."""

    pool: str
    ip: str
    evidence: tuple[Evidence, ...] = ()


PoolEvent = IpWithdrawn | IpProbationStarted | IpRestored | WithdrawalRefused | WithdrawalVerified | WithdrawalDrifted
