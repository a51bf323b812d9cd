"""What one provider thinks of one IP, as a number from 0 (it blocks all) to 1, from what came of the last deliveries.

The page computes the same in ClickHouse; a test compares them (docs/replies.md).
"""

from math import exp2, sqrt

import msgspec

HALF_LIFE = 6 * 3600 * 1_000_000
"""How long, in microseconds, until a delivery counts half."""
_Z = 1.96
_WEIGHTS = {"listed": 1.0, "reputation": 1.0, "volume": 0.6}
"""What a reply of a kind that speaks against the IP weighs: a limit is a milder word than a block."""


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the deliveries of one IP to one provider, faded; the last three are part of those not sent."""

    sent: float = 0.0
    deferred: float = 0.0
    bounced: float = 0.0
    listed: float = 0.0
    reputation: float = 0.0
    volume: float = 0.0

    @property
    def tried(self) -> float:
        """Return how many deliveries were tried."""
        return self.sent + self.deferred + self.bounced

    @property
    def against(self) -> float:
        """Return how much of them speaks against the IP; never more than was not sent."""
        weighed = sum(_WEIGHTS[kind] * number for kind, number in self.signs.items())
        return min(weighed, self.deferred + self.bounced)

    @property
    def signs(self) -> dict[str, float]:
        """Return how many replies of each kind spoke against the IP."""
        return {"listed": self.listed, "reputation": self.reputation, "volume": self.volume}


def faded(age: int) -> float:
    """Return what a delivery of this age (in microseconds) still counts."""
    return exp2(-max(0, age) / HALF_LIFE)


def blocked_at_least(bad: float, tried: float) -> float:
    """Return the share that is bad for sure: the lower end of Wilson's 95 % interval, 0 where nothing was tried."""
    if tried <= 0:
        return 0.0
    share = min(1.0, bad / tried)
    middle = share + _Z * _Z / (2 * tried)
    spread = _Z * sqrt((share * (1 - share) + _Z * _Z / (4 * tried)) / tried)
    return max(0.0, (middle - spread) / (1 + _Z * _Z / tried))


def score(outcomes: Outcomes) -> float:
    """Return the reputation: 1 less the share that the provider blocks for sure; few messages do not spoil it."""
    return 1.0 - blocked_at_least(outcomes.against, outcomes.tried)


def words(outcomes: Outcomes) -> str:
    """Return a sentence with the numbers that the score comes from."""
    if outcomes.tried < 1:
        return "nothing was tried lately"
    kinds = ", ".join(f"{kind} {number:.0f}" for kind, number in outcomes.signs.items() if round(number))
    share = blocked_at_least(outcomes.against, outcomes.tried)
    return f"{share:.0%} at least of {outcomes.tried:.0f} blocked" + (f" ({kinds})" if kinds else "")
