"""What is decided about a pool's IPs.

The same rules hold as in `schemas.events`, where they are part of the one union. `mode` is "shadow" where nothing
follows from a decision: the pool only says what it would do.
"""

from typing import Literal

from schemas.facts import Culprit, Evidence, Fact, ListFault

PoolMode = Literal["", "shadow"]
Clock = Literal["", "lists", "logs", "mailboxes", "worker", "pool"]
"""Whose clock dated what a pool is told; "pool" is the time that the pool had itself."""


class IpWithdrawn(Fact, frozen=True, kw_only=True):
    """An IP left the pool, not to return before `until`; `relapse` counts the withdrawals before this one."""

    pool: str
    ip: str
    until: int
    relapse: int = 0
    evidence: tuple[Evidence, ...] = ()
    culprits: tuple[Culprit, ...] = ()
    operator: str = ""
    mode: PoolMode = ""


class IpProbationStarted(Fact, frozen=True, kw_only=True):
    """An IP carries `share` (0 to 1) of a full IP's traffic again, to be watched until `until`."""

    pool: str
    ip: str
    share: float
    until: int
    evidence: tuple[Evidence, ...] = ()
    mode: PoolMode = ""


class IpRestored(Fact, frozen=True, kw_only=True):
    """An IP is fully back in the pool."""

    pool: str
    ip: str
    evidence: tuple[Evidence, ...] = ()
    operator: str = ""
    mode: PoolMode = ""


class WithdrawalRefused(Fact, frozen=True, kw_only=True):
    """An IP should leave but stays, since the pool would fall below its guard (`reason`)."""

    pool: str
    ip: str
    reason: str
    evidence: tuple[Evidence, ...] = ()
    mode: PoolMode = ""


class WithdrawalVerified(Fact, frozen=True, kw_only=True):
    """The logs confirm that nothing left through a withdrawn IP any more while others sent."""

    pool: str
    ip: str
    evidence: tuple[Evidence, ...] = ()
    mode: PoolMode = ""


class WithdrawalDrifted(Fact, frozen=True, kw_only=True):
    """The logs show mail still leaving through a withdrawn IP: the hooks are applied again."""

    pool: str
    ip: str
    evidence: tuple[Evidence, ...] = ()
    mode: PoolMode = ""


class ProbationSetBack(Fact, frozen=True, kw_only=True):
    """A new sign against an IP on probation: it carries only `share` again, to be watched until `until`."""

    pool: str
    ip: str
    share: float
    until: int
    evidence: tuple[Evidence, ...] = ()
    mode: PoolMode = ""


class ReturnDelayed(Fact, frozen=True, kw_only=True):
    """An IP might return, or come a step further, but a sender that spoilt it goes on, or lists bar it: their evidence.

    It waits until that ends, or until `until` (0: nobody knows).
    """

    pool: str
    ip: str
    until: int
    evidence: tuple[Evidence, ...] = ()
    culprits: tuple[Culprit, ...] = ()
    mode: PoolMode = ""


class ProviderWithdrawn(Fact, frozen=True, kw_only=True):
    """An IP sends nothing to one provider until `until`; `relapse` counts the withdrawals there before this one."""

    pool: str
    ip: str
    provider: str
    until: int
    relapse: int = 0
    evidence: tuple[Evidence, ...] = ()
    culprits: tuple[Culprit, ...] = ()
    operator: str = ""
    mode: PoolMode = ""


class ProviderRestored(Fact, frozen=True, kw_only=True):
    """An IP sends to a provider again."""

    pool: str
    ip: str
    provider: str
    evidence: tuple[Evidence, ...] = ()
    operator: str = ""
    mode: PoolMode = ""


class ProviderRefused(Fact, frozen=True, kw_only=True):
    """An IP that a provider blocks goes on sending there, and why; `ip` is "" where it blocks all of the pool alike."""

    pool: str
    ip: str
    provider: str
    reason: str
    evidence: tuple[Evidence, ...] = ()
    mode: PoolMode = ""


class ProviderVerified(Fact, frozen=True, kw_only=True):
    """The logs confirm that nothing left for a provider any more through an IP withdrawn there, while others sent."""

    pool: str
    ip: str
    provider: str
    evidence: tuple[Evidence, ...] = ()
    mode: PoolMode = ""


class ProviderDrifted(Fact, frozen=True, kw_only=True):
    """The logs show mail still leaving for a provider through an IP withdrawn there: the hooks are applied again."""

    pool: str
    ip: str
    provider: str
    evidence: tuple[Evidence, ...] = ()
    mode: PoolMode = ""


class ListDistrusted(Fact, frozen=True, kw_only=True):
    """A list lost its vote in a pool: `fault` says in a word why. It concerns no single `ip`, so that is ""."""

    pool: str
    list: str
    fault: ListFault
    ip: str = ""
    evidence: tuple[Evidence, ...] = ()
    mode: PoolMode = ""


class ListTrusted(Fact, frozen=True, kw_only=True):
    """A list has its vote again, without the `fault` that it had. It concerns no single `ip`, so that is ""."""

    pool: str
    list: str
    fault: ListFault
    ip: str = ""
    evidence: tuple[Evidence, ...] = ()
    mode: PoolMode = ""


class ClockDistrusted(Fact, frozen=True, kw_only=True):
    """What a clock dated lies ahead of the other clocks: it counts as of when it came. It concerns no single `ip`."""

    pool: str
    clock: Clock
    ip: str = ""
    evidence: tuple[Evidence, ...] = ()
    mode: PoolMode = ""


class PoolStilled(Fact, frozen=True, kw_only=True):
    """Nothing at all was seen leaving through the pool since this IP's last change, though mail left up to then."""

    pool: str
    ip: str
    evidence: tuple[Evidence, ...] = ()
    mode: PoolMode = ""


OfProvider = ProviderWithdrawn | ProviderRestored | ProviderRefused | ProviderVerified | ProviderDrifted
OfIp = (
    IpWithdrawn
    | IpProbationStarted
    | ProbationSetBack
    | IpRestored
    | WithdrawalRefused
    | ReturnDelayed
    | WithdrawalVerified
    | WithdrawalDrifted
    | PoolStilled
)
OfList = ListDistrusted | ListTrusted
PoolEvent = OfIp | OfProvider | OfList | ClockDistrusted
