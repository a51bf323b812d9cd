"""A pool in scenes: observations in minutes since a start, and what each decided, as "type ip"."""

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import msgspec

from schemas.facts import Answer, Culprit, ListFault, Scope
from schemas.observations import (
    ClockTicked,
    ListAction,
    ListHealthObserved,
    ListingObserved,
    ListOrdered,
    OperatorActed,
    PoolObservation,
    RepliesCounted,
    SenderJudged,
    TrafficCounted,
)
from schemas.pool_events import OfList
from schemas.pool_settings import Pool as Rules
from streams import pool as pools

if TYPE_CHECKING:
    from schemas.pool_events import PoolEvent

MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
T0 = 1_772_359_200_000_000  # 2026-03-01 10:00 UTC
A, B, C, D = (f"192.0.2.{number}" for number in range(1, 5))
_NUMBERS = itertools.count()


class Scene:
    """A pool and a clock in minutes since T0; what was decided is told as "type ip".

    `lists` holds, beside that, which lists lost their vote or have it again, as "type list fault".
    """

    def __init__(self, ips: int = 3, **rules: object) -> None:
        transports = {f"out{number}": f"192.0.2.{number}" for number in range(1, ips + 1)}
        self.rules = Rules.model_validate({"transports": transports, **rules})
        self.pool = pools.initial("main", self.rules)
        self.events: list[PoolEvent] = []
        self.lists: list[str] = []
        self.seen: list[PoolObservation] = []

    def _step(self, event: PoolObservation) -> list[str]:
        """Step, the worker having ticked up to then if it ever did."""
        live = isinstance(event, ClockTicked | OperatorActed | ListOrdered) or not self.pool.ticked
        before = [] if live or event.at <= self.pool.at + MINUTE else self._ticked(event.at - 1)
        return before + self._stepped(event)

    def _ticked(self, at: int) -> list[str]:
        if self.pool.at and at > self.pool.at + DAY:
            self._stepped(ClockTicked(id=f"t{at - 1}", at=at - 1))  # what leaps that far is not believed alone
        return self._stepped(ClockTicked(id=f"t{at}", at=at))

    def _stepped(self, event: PoolObservation) -> list[str]:
        self.seen.append(event)
        self.pool, decided = pools.step(self.pool, event)
        assert pools.decide(self.pool, self.pool.at) == ()
        of_lists = [event for event in decided if isinstance(event, OfList)]
        self.lists += [f"{type(event).__name__} {event.list} {event.fault}" for event in of_lists]
        others = [event for event in decided if event not in of_lists]
        self.events.extend(others)
        return [f"{type(event).__name__} {event.ip[-1:]}".rstrip() for event in others]

    def says(  # noqa: PLR0913 a listing is made of so much
        self,
        minute: float,
        ip: str,
        answer: Answer,
        dnsbl: str = "spamcop",
        *,
        weight: float = 1.0,
        scope: Scope = "ip",
    ) -> list[str]:
        """Answer about an IP; of the others the list says in this round what it said before, or that it names none."""
        event = ListingObserved(
            id=f"l{next(_NUMBERS)}",
            at=T0 + int(minute * MINUTE),
            ip=ip,
            list=dnsbl,
            answer=answer,
            weight=weight,
            scope=scope,
        )
        decided = self._step(event)
        for other in self.pool.ips if ip in self.pool.ips and answer != "unknown" else ():
            before = self.pool.ips[other].listings.get(dnsbl)
            said = before.answer if before else "not_listed"
            if other != ip:
                again = msgspec.structs.replace(event, id=f"l{next(_NUMBERS)}", ip=other, answer=said)
                decided += self._step(again)
        return decided

    def round(self, minute: float, dnsbl: str, listed: Iterable[str], silent: Iterable[str] = ()) -> list[list[str]]:
        """Test a list, and answer about the IPs in the pool's order; return what each answer decided."""
        named = set(listed)
        said = [self.health(minute, dnsbl, healthy=True)]
        asked = [ip for ip in self.pool.ips if ip not in silent]
        return said + [self.answers(minute, ip, dnsbl, "listed" if ip in named else "not_listed") for ip in asked]

    def answers(self, minute: float, ip: str, dnsbl: str, answer: Answer = "listed") -> list[str]:
        at = T0 + int(minute * MINUTE)
        identity = f"l{next(_NUMBERS)}"
        return self._step(ListingObserved(id=identity, at=at, ip=ip, list=dnsbl, answer=answer, weight=1.0, scope="ip"))

    def health(self, minute: float, dnsbl: str, *, healthy: bool, fault: ListFault = "") -> list[str]:
        at = T0 + int(minute * MINUTE)
        return self._step(ListHealthObserved(id=f"h{next(_NUMBERS)}", at=at, list=dnsbl, healthy=healthy, fault=fault))

    def on_list(self, minute: float, action: ListAction, dnsbl: str = "spamcop", minutes: float = 0) -> list[str]:
        """Let an operator say something on a list, for so many minutes (0: until revoked)."""
        at = T0 + int(minute * MINUTE)
        end = at + int(minutes * MINUTE) if minutes else 0
        identity = f"w{next(_NUMBERS)}"
        return self._step(
            ListOrdered(id=identity, at=at, list=dnsbl, action=action, operator="kim", reason="so", expires_at=end)
        )

    def tick(self, minute: float) -> list[str]:
        return self._ticked(T0 + int(minute * MINUTE))

    def sends(self, minute: float, ip: str, messages: int = 1, sender: str = "eve@example.net") -> list[str]:
        at = T0 + int(minute * MINUTE)
        senders = (Culprit(sender=sender, messages=messages),)
        return self._step(
            TrafficCounted(
                id=f"c{next(_NUMBERS)}", at=at, partition=0, ip=ip, sent=messages, last_at=at, senders=senders
            )
        )

    def counts(
        self, minute: float, ip: str, provider: str = "", sent: int = 0, blocked: int = 0, *senders: Culprit
    ) -> list[str]:
        """Count deliveries to a provider, some of them blocked for their IP's sake."""
        at = T0 + int(minute * MINUTE)
        decided = self._step(
            TrafficCounted(
                id=f"c{next(_NUMBERS)}",
                at=at,
                partition=0,
                ip=ip,
                provider=provider,
                sent=sent,
                bounced=blocked,
                last_at=at,
                senders=senders,
            )
        )
        return decided + (self.replies(minute, ip, provider, blocked) if blocked else [])

    def replies(self, minute: float, ip: str, provider: str, count: int, named: str = "") -> list[str]:
        """Let a provider blame an IP in its replies."""
        return self._step(
            RepliesCounted(
                id=f"r{next(_NUMBERS)}",
                at=T0 + int(minute * MINUTE),
                partition=0,
                ip=ip,
                provider=provider,
                kind="listed" if named else "reputation",
                named=named,
                enhanced_status="5.7.1",
                text="poor reputation",
                count=count,
            )
        )

    def judged(
        self,
        minute: float,
        mailbox: str,
        step: Literal["", "watch", "flag", "throttle", "suspend"],
        mode: Literal["", "propose", "enforce"] = "",
    ) -> list[str]:
        at = T0 + int(minute * MINUTE)
        return self._step(SenderJudged(id=f"j{next(_NUMBERS)}", at=at, mailbox=mailbox, step=step, mode=mode))

    def order(  # noqa: PLR0913 an order has that many parts
        self, minute: float, action: str, ip: str, expires: float = 0, provider: str = "", *, within_guard: bool = False
    ) -> list[str]:
        at = T0 + int(minute * MINUTE)
        event = OperatorActed(
            id=f"o{next(_NUMBERS)}",
            at=at,
            operator="ada",
            action=action,  # type: ignore[arg-type]  # the scenes name only orders that exist
            subject=ip,
            reason="told so",
            provider=provider,
            expires_at=T0 + int(expires * MINUTE) if expires else 0,
            within_guard=within_guard,
        )
        return self._step(event)

    @property
    def shares(self) -> dict[str, float]:
        return pools.active(self.pool)


def flat(said: list[list[str]]) -> list[str]:
    return list(itertools.chain.from_iterable(said))
