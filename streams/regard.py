"""What one provider makes of one IP: how much of what was tried there it blocked, and whether the IP sends there."""

from typing import Literal

import msgspec

from streams.reputation import blocked_at_least

Action = Literal["withdraw", "restore", "pin", "unpin"]
_MOST_REPLY = 200


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An operator's order about an IP; `expires_at` 0 means until revoked, `done` that it was obeyed.

    `marked`: what it forgives is marked at the listings; one of an earlier release forgives what is older than it.
    `within_guard`: it may not take the pool below `min_active`.
    """

    id: str
    at: int
    action: Action
    operator: str
    reason: str
    expires_at: int = 0
    done: bool = False
    marked: bool = False
    within_guard: bool = False

    def holds(self, at: int) -> bool:
        """Tell whether the order has not run out."""
        return not self.expires_at or at < self.expires_at


def forgiven_until(order: Order | None) -> int:
    """Return up to when listings are forgiven by their date; -1: none is."""
    return order.at if order is not None and order.action == "restore" and not order.marked else -1


class Regard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One provider and one IP.

    `tried` and `blocked` are what counts at the time `at`; what came since the last tick waits in `new_tried` and
    `new_blocked`, so that all IPs are compared at one moment, in whatever order their counts came. `said` is a reply
    that blocked. `since` is when the IP was last withdrawn there or restored, `until` when it returns (0: by an order),
    `withdrawals` how often it left within the memory of relapses, the last time at `withdrawn_at`. `mail_at` is when
    mail was last seen leaving there; of a withdrawn IP, `late` is how much did beyond the hooks' grace since that was
    last told, at `drifted_at`, and `verified` that it stopped.
    """

    tried: float = 0.0
    blocked: float = 0.0
    at: int = 0
    new_tried: int = 0
    new_blocked: int = 0
    said: str = ""
    withdrawn: bool = False
    since: int = 0
    until: int = 0
    withdrawals: int = 0
    withdrawn_at: int = 0
    operator: str = ""
    order: Order | None = None
    refused: tuple[str, ...] = ()
    mail_at: int = 0
    late: int = 0
    drifted_at: int = 0
    verified: bool = False

    def leaving(self, tried: int, first: int, last: int, grace: int) -> "Regard":
        """Return it with what left between two times; of a count that began within the grace, one is sure."""
        due = self.since + grace
        late = 0 if not self.withdrawn or last <= due else tried if first > due else 1
        return msgspec.structs.replace(self, mail_at=max(self.mail_at, last), late=self.late + late)

    def hearing(self, tried: int = 0, blocked: int = 0, said: str = "") -> "Regard":
        """Return it with one count more."""
        return msgspec.structs.replace(
            self,
            new_tried=self.new_tried + tried,
            new_blocked=self.new_blocked + blocked,
            said=said[:_MOST_REPLY] or self.said,
        )

    def ticked(self, at: int, half_life: int) -> "Regard":
        """Return it with what came since the last tick, and all before faded."""
        if not (self.new_tried or self.new_blocked):
            return self
        fade = self.fading(at, half_life)
        return msgspec.structs.replace(
            self,
            tried=round(self.tried * fade + self.new_tried, 3),
            blocked=round(self.blocked * fade + self.new_blocked, 3),
            at=max(at, self.at),
            new_tried=0,
            new_blocked=0,
        )

    def fading(self, at: int, half_life: int) -> float:
        """Return what part of the counts is left at a time."""
        return float(0.5 ** (max(0, at - self.at) / half_life)) if self.at else 0.0

    def counts(self, at: int, half_life: int) -> tuple[float, float]:
        """Return how many were blocked of how many, as they count at a time."""
        fade = self.fading(at, half_life)
        return self.blocked * fade, max(self.tried, self.blocked) * fade

    def is_held(self, at: int) -> bool:
        """Tell whether it must be kept: the IP is withdrawn there, or an order has still to be obeyed."""
        order = self.order
        if self.withdrawn or order is None:
            return self.withdrawn
        restored = order.action == "restore" and order.done and not order.expires_at
        return order.holds(at) and not restored

    def ordered(self, action: str, at: int) -> Order | None:
        """Return the order about this provider if it is of this kind and has not run out."""
        order = self.order
        return order if order is not None and order.action == action and order.holds(at) else None


def bounds(part: float, whole: float) -> tuple[float, float]:
    """Return between what a share lies with 95 % confidence (Wilson's score interval); of nothing, between 0 and 1."""
    return blocked_at_least(part, whole), 1 - blocked_at_least(max(0.0, whole - part), whole)
