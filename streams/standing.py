"""What is known of a pool: each IP's place in it, what the lists say of it, and whether the lists can be trusted."""

from datetime import UTC, datetime
from typing import Literal

import msgspec

from schemas import pool_settings
from schemas.facts import Answer, ListFault, Scope
from schemas.observations import (
    ListAction,
    ListHealthObserved,
    ListingObserved,
    RepliesCounted,
    SenderJudged,
    TrafficCounted,
)
from streams.load import Carried, Load
from streams.regard import Order, Regard
from streams.suspects import Suspect
from streams.tallies import Tallies

_LAST_SECOND = 253_402_300_799
Place = Literal["active", "withdrawn", "probation"]
Telling = ListingObserved | ListHealthObserved | TrafficCounted | RepliesCounted | SenderJudged
"""What tells a pool something, dated by another clock than the worker's."""


class Listing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A list's last known answer about an IP, given at `at`; it has said the same since `since`.

    `round` is when the round began in which the list last began to name the IP, `seen` the pool's time when that was
    learned, `rounds` how many rounds have named it since, that one included. `forgiven` is what an operator restored
    the IP in spite of, until it is listed anew.
    """

    answer: Answer
    at: int
    since: int
    scope: Scope = "ip"
    weight: float = 0.0
    reason: str = ""
    round: int = 0
    seen: int = 0
    rounds: int = 0
    forgiven: bool = False

    @property
    def names(self) -> bool:
        """Tell whether it speaks against the IP."""
        return self.answer == "listed" and self.weight > 0


class Health(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a list answered its test points, when, and when it was asked the round before (0: never).

    `failed` counts the tests since the last it passed that prove it wrong, so no refusal and no silence; `fault`
    and `reason` say why.
    """

    healthy: bool
    at: int
    before: int = 0
    failed: int = 0
    fault: ListFault = ""
    reason: str = ""


class ListOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An operator's word on a list; `expires_at` 0 means until revoked."""

    id: str
    action: ListAction
    operator: str
    reason: str
    expires_at: int = 0


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One IP: its place since `since`, not to change for the better before `until`, and what is known of it.

    `withdrawals` counts those since the memory of relapses began, the last at `withdrawn_at`; `causes` are the lists
    that made it, `culprits` who had sent through it; `operator` is set where an operator did. `refused` holds the ids
    of the last refusals and delays, so that each cause is told once; `waits` are the lists that it was told to wait for
    with its next step. `last_mail` is when mail last left through it, `tallies` who sent it, `carried` how much it can
    carry, `providers` what each makes of it, `named` the lists that
    providers' replies name, with when each did.
    """

    ip: str
    place: Place = "active"
    since: int = 0
    until: int = 0
    share: float = 1.0
    stage: int = 0
    withdrawals: int = 0
    withdrawn_at: int = 0
    causes: tuple[str, ...] = ()
    culprits: tuple[str, ...] = ()
    operator: str = ""
    refused: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    order: Order | None = None
    listings: dict[str, Listing] = {}
    last_mail: int = 0
    verified: bool = False
    drifted_at: int = 0
    drifted_mail: int = 0
    tallies: Tallies = Tallies()
    carried: Carried = Carried()
    providers: dict[str, Regard] = {}
    named: dict[str, dict[str, int]] = {}

    def ordered(self, action: str, at: int) -> Order | None:
        """Return the order if it is of this kind and has not run out."""
        order = self.order
        return order if order is not None and order.action == action and order.holds(at) else None

    def is_held(self, at: int) -> bool:
        """Tell whether an operator's order stands in the way of the automat."""
        restored = self.ordered("restore", at)
        return bool(self.ordered("pin", at) or self.ordered("withdraw", at) or (restored and restored.expires_at))


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one pool at the time `at`, and the rules it is kept by.

    `questioned` are the providers of which something may have to be decided: the others block too little for that.
    `load` is what it carries, `suspects` are the mailboxes in question, `told` has for a provider the id of the last
    word that it blocks all IPs alike, and for a clock that it is not believed; `distrusted` the lists of which it was
    told that they have no vote, and why. `gone` are the standings of IPs that are not configured now: none is decided
    about until it is again. `ticked` is the time of the last tick (0: there was none), `doubted` that of the first of
    those that contradict it, `held` what is dated beyond it and waits for the next (streams/pooltime.py). `ordered` is
    what operators said last of lists.
    """

    name: str
    rules: pool_settings.Pool
    at: int = 0
    ips: dict[str, Standing] = {}
    health: dict[str, Health] = {}
    load: Load = Load()
    suspects: dict[str, Suspect] = {}
    told: dict[str, str] = {}
    questioned: tuple[str, ...] = ()
    distrusted: dict[str, ListFault] = {}
    gone: dict[str, Standing] = {}
    ticked: int = 0
    doubted: int = 0
    held: tuple[Telling, ...] = ()
    ordered: dict[str, ListOrder] = {}

    def with_standing(self, standing: Standing) -> "Pool":
        """Return the pool with one IP's standing replaced."""
        return msgspec.structs.replace(self, ips={**self.ips, standing.ip: standing})

    def word_on(self, name: str) -> ListOrder | None:
        """Return the order about a list that holds now: it is trusted or not, whatever its tests say."""
        order = self.ordered.get(name)
        if order is None or order.action == "leave":
            return None
        return order if not order.expires_at or self.at < order.expires_at else None


def moment(at: int) -> str:
    """Return a time in words, to the second; of one beyond the year 9999 that year's last."""
    return datetime.fromtimestamp(min(at // 1_000_000, _LAST_SECOND), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def microseconds(minutes: float) -> int:
    """Return minutes as microseconds."""
    return int(minutes * 60_000_000)
