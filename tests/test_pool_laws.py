"""What holds for a pool whatever happens to it."""

from dataclasses import dataclass, field

import msgspec
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from schemas import codec
from schemas.facts import Answer, Culprit
from schemas.observations import (
    ClockTicked,
    ListHealthObserved,
    ListingObserved,
    OperatorActed,
    PoolObservation,
    RepliesCounted,
    SenderJudged,
    TrafficCounted,
)
from schemas.pool_events import (
    IpProbationStarted,
    IpRestored,
    IpWithdrawn,
    PoolEvent,
    ProbationSetBack,
    ProviderRestored,
    ProviderWithdrawn,
)
from schemas.pool_settings import Capacity, Culprits, Providers
from schemas.pool_settings import Pool as Rules
from streams import pool as pools

SECOND = 1_000_000
MINUTE = 60 * SECOND
YEAR = 365 * 24 * 60 * MINUTE
LISTS = ("one", "two", "three")
PROVIDERS = ("google", "yahoo")
SENDERS = tuple(f"{number}@example.net" for number in range(4))
MOVES = IpWithdrawn | IpProbationStarted | IpRestored | ProbationSetBack | ProviderWithdrawn | ProviderRestored
ANSWERS: st.SearchStrategy[Answer] = st.sampled_from(("listed", "not_listed", "unknown"))
ips_of = {number: tuple(f"192.0.2.{last}" for last in range(1, number + 1)) for number in range(1, 7)}


@dataclass
class Known:
    """What a careful reader of the log would know: the test's own, much simpler memory."""

    answers: dict[tuple[str, str], tuple[Answer, int, float]] = field(default_factory=dict)
    tests: dict[str, tuple[bool, int]] = field(default_factory=dict)
    waiting: list[ListingObserved | ListHealthObserved] = field(default_factory=list)

    @property
    def sick(self) -> set[str]:
        return {dnsbl for dnsbl, (healthy, _) in self.tests.items() if not healthy}

    def learn(self, event: ListingObserved | ListHealthObserved) -> None:
        if isinstance(event, ListHealthObserved):
            if event.at > self.tests.get(event.list, (True, -1))[1]:
                self.tests[event.list] = event.healthy, event.at
        elif event.answer != "unknown" and event.at > self.answers.get((event.ip, event.list), ("unknown", -1, 0))[1]:
            self.answers[event.ip, event.list] = event.answer, event.at, event.weight

    def ticked(self, at: int) -> None:
        """Learn what waited for a tick, dated no later than a little after it."""
        for event in self.waiting:
            self.learn(event if event.at <= at + MINUTE else msgspec.structs.replace(event, at=at))
        self.waiting.clear()

    def names(self, ip: str, since: int = 0) -> list[float]:
        """Return what each list weighs that names the IP, by an answer not older than that."""
        return [
            weight
            for (other, dnsbl), (answer, at, weight) in self.answers.items()
            if other == ip and answer == "listed" and dnsbl not in self.sick and at >= since
        ]


def _needed(decision: PoolEvent) -> bool:
    """Tell whether it was decided as no other IP was left."""
    return bool(decision.evidence) and decision.evidence[0].rule == "guard"


class PoolMachine(RuleBasedStateMachine):
    """Random observations, some late, in a pool of random size."""

    @initialize(number=st.integers(1, 6), data=st.data())
    def begin(self, number: int, data: st.DataObject) -> None:
        self.ips = ips_of[number]
        self.limits = Rules(
            transports={f"out{place}": ip for place, ip in enumerate(self.ips)},
            min_active=data.draw(st.integers(1, number)),
            threshold=data.draw(st.sampled_from((0.5, 1.0, 1.5))),
            quarantine_minutes=data.draw(st.sampled_from((1.0, 30.0))),
            probation_minutes=10,
            stale_minutes=30,
            probation_shares=data.draw(st.sampled_from(((), (0.1,), (0.1, 0.5)))),
            providers=Providers(quarantine_minutes=20, min_messages=10),
            culprits=Culprits(quiet_minutes=20, most_minutes=data.draw(st.sampled_from((0, 60)))),
            capacity=Capacity(messages_per_hour=data.draw(st.sampled_from(({}, {"out0": 500})))),
            mode=data.draw(st.sampled_from(("live", "live", "shadow"))),
        )
        self.first = self.limits
        self.pool = pools.initial("main", self.limits)
        self.at = 1_772_359_200 * SECOND
        self.number = 0
        self.known = Known()
        self.log: list[PoolObservation | Rules] = []
        self.decided: list[PoolEvent] = []
        self.forgiven: set[str] = set()

    def _next(self, data: st.DataObject) -> tuple[str, int]:
        """Return an id and a time: mostly later, at times some seconds late."""
        self.number += 1
        step = data.draw(st.sampled_from((0, 1, 60, 600, 1800)))
        late = data.draw(st.sampled_from((0, 0, 0, 3)))
        self.at += step * SECOND
        return f"e{self.number}", self.at - late * SECOND

    def _doubted(self, causes: tuple[str, ...]) -> bool:
        """Tell whether an early return may be: all that caused the withdrawal are sick, or may have named too much."""
        return bool(causes) and (len(self.ips) >= 4 or self.known.sick.issuperset(causes))

    def _step(self, event: PoolObservation) -> None:
        before = self.pool
        if isinstance(event, ListingObserved | ListHealthObserved):
            waits = before.ticked and event.at > before.at + MINUTE
            self.known.waiting.append(event) if waits else self.known.learn(event)
        self.pool, decided = pools.step(before, event)
        if isinstance(event, ClockTicked) and self.pool.ticked == event.at:
            self.known.ticked(event.at)
        self.log.append(event)
        self.decided.extend(decided)
        assert not self.pool.ticked or self.pool.at <= self.at + MINUTE, "no clock that runs ahead moves the time"
        assert pools.decide(self.pool, self.pool.at) == ()
        shares, barred = pools.active(self.pool), pools.barred(self.pool)
        assert all(0 < len(ips) < len(shares) and set(ips) <= set(shares) for ips in barred.values())
        for decision in decided:
            assert decision.mode == ("shadow" if self.limits.mode == "shadow" else "")
            if isinstance(decision, MOVES) and not getattr(decision, "operator", ""):
                assert _needed(decision) or not self.pool.ips[decision.ip].ordered("pin", self.pool.at)
            if _needed(decision) and not isinstance(decision, ProviderRestored):
                assert pools.active(before) == {}
            elif isinstance(decision, IpProbationStarted | IpRestored) and not getattr(decision, "operator", ""):
                place = before.ips[decision.ip]
                assert self.pool.at >= place.until or self._doubted(place.causes)
                if len(self.ips) < 4 and decision.ip not in self.forgiven:
                    if place.operator:
                        voting = self.known.names(decision.ip, self.pool.at - 30 * MINUTE)
                        assert sum(voting) < self.limits.threshold
                    else:
                        assert self.known.names(decision.ip) == []
            if isinstance(decision, IpWithdrawn) and not decision.operator:
                assert len(pools.active(self.pool)) >= self.limits.min_active

    @rule(data=st.data(), answer=st.sampled_from(("listed", "not_listed", "unknown")), dnsbl=st.sampled_from(LISTS))
    def answered(self, data: st.DataObject, answer: Answer, dnsbl: str) -> None:
        identity, at = self._next(data)
        ip = data.draw(st.sampled_from(self.ips))
        before = self.pool
        weight = data.draw(st.sampled_from((0.5, 1.0)))
        self._step(ListingObserved(id=identity, at=at, ip=ip, list=dnsbl, answer=answer, scope="ip", weight=weight))
        if answer == "unknown":
            assert self.pool is before

    @rule(data=st.data(), healthy=st.booleans(), dnsbl=st.sampled_from(LISTS))
    def tested(self, data: st.DataObject, dnsbl: str, *, healthy: bool) -> None:
        identity, at = self._next(data)
        self._step(ListHealthObserved(id=identity, at=at, list=dnsbl, healthy=healthy))

    @rule(data=st.data(), messages=st.integers(0, 100))
    def sent(self, data: st.DataObject, messages: int) -> None:
        identity, at = self._next(data)
        ip = data.draw(st.sampled_from(self.ips))
        senders = (Culprit(sender=f"{messages % 30}@example.net", messages=messages, unknown_users=messages // 9),)
        self._step(TrafficCounted(id=identity, at=at, partition=0, ip=ip, sent=messages, last_at=at, senders=senders))

    @rule(data=st.data(), provider=st.sampled_from(PROVIDERS), bad=st.lists(st.booleans(), min_size=6, max_size=6))
    def blocked(self, data: st.DataObject, provider: str, bad: list[bool]) -> None:
        """Let each IP send to a provider, which blocks some; then a tick."""
        for ip, blocks in zip(self.ips, bad, strict=False):
            identity, at = self._next(data)
            sent = data.draw(st.integers(5, 200))
            self._step(TrafficCounted(id=identity, at=at, partition=0, ip=ip, provider=provider, sent=sent, last_at=at))
            if blocks:
                self._step(
                    RepliesCounted(
                        id=f"{identity}r",
                        at=at,
                        partition=0,
                        ip=ip,
                        provider=provider,
                        kind="listed",
                        named=data.draw(st.sampled_from(("", "one", "four"))),
                        count=sent,
                    )
                )
        self.ticked(data)

    @rule(data=st.data(), mailbox=st.sampled_from(SENDERS), step=st.sampled_from(("", "watch", "flag", "suspend")))
    def judged(self, data: st.DataObject, mailbox: str, step: str) -> None:
        identity, at = self._next(data)
        mode = data.draw(st.sampled_from(("propose", "enforce"))) if step == "suspend" else ""
        self._step(SenderJudged(id=identity, at=at, mailbox=mailbox, step=step, mode=mode))  # type: ignore[arg-type]  # drawn from those that exist

    @rule(data=st.data(), ahead=st.sampled_from((3600 * SECOND, YEAR)), kind=st.integers(0, 4))
    def of_a_clock_ahead(self, data: st.DataObject, ahead: int, kind: int) -> None:
        """Tell something of now, dated far ahead; before the first tick nothing else tells the time."""
        if not self.pool.ticked:
            self.ticked(data)
        identity, now = self._next(data)
        at, ip = now + ahead, data.draw(st.sampled_from(self.ips))
        told: tuple[PoolObservation, ...] = (
            ListingObserved(id=identity, at=at, ip=ip, list="one", answer=data.draw(ANSWERS), scope="ip", weight=1.0),
            ListHealthObserved(id=identity, at=at, list="two", healthy=data.draw(st.booleans())),
            TrafficCounted(id=identity, at=at, partition=0, ip=ip, provider="google", sent=30, last_at=at),
            RepliesCounted(id=identity, at=at, partition=0, ip=ip, provider="google", kind="volume", count=30),
            SenderJudged(id=identity, at=at, mailbox=SENDERS[0], step="flag"),
        )
        self._step(told[kind])

    def _order(self, data: st.DataObject, ip: str, action: str, minutes: int = 0, provider: str = "") -> None:
        identity, at = self._next(data)
        if action == "restore" and not provider:
            self.forgiven.add(ip)
        self._step(
            OperatorActed(
                id=identity,
                at=at,
                operator="ada",
                action=action,  # type: ignore[arg-type]  # drawn from those that exist
                subject=ip,
                reason="law",
                provider=provider,
                expires_at=at + minutes * MINUTE if minutes else 0,
            )
        )

    @rule(data=st.data())
    def configured(self, data: st.DataObject) -> None:
        """Take IPs out of the configuration, or put them back; the next tick finds one that carries mail."""
        self._order(data, self.ips[0], "withdraw")
        withdrawn = tuple(ip for ip, standing in self.pool.ips.items() if standing.place == "withdrawn")
        some = st.lists(st.sampled_from(ips_of[6]), min_size=1, unique=True).map(tuple)
        self.ips = data.draw(st.just(withdrawn) | some if withdrawn else some)
        transports = {f"out{place}": ip for place, ip in enumerate(self.ips)}
        least = min(self.limits.min_active, len(self.ips))
        self.limits = self.limits.model_copy(update={"transports": transports, "min_active": least})
        self.log.append(self.limits)
        self.pool = pools.decode(pools.encode(self.pool), self.limits)
        identity, _ = self._next(data)
        self._step(ClockTicked(id=identity, at=max(self.at, self.pool.at) + 1))

    @rule()
    def begun_again(self) -> None:
        """Go on from the snapshot, as after a restart."""
        again = pools.decode(pools.encode(self.pool), self.limits)
        assert again == self.pool
        self.pool = again

    @rule(data=st.data())
    def ticked(self, data: st.DataObject) -> None:
        identity, at = self._next(data)
        self._step(ClockTicked(id=identity, at=at))

    @rule(data=st.data(), action=st.sampled_from(("withdraw", "restore", "pin", "unpin")), minutes=st.integers(0, 60))
    def ordered_by_hand(self, data: st.DataObject, action: str, minutes: int) -> None:
        ip = data.draw(st.sampled_from(self.ips))
        self._order(data, ip, action, minutes, data.draw(st.sampled_from(("", "", *PROVIDERS))))

    @invariant()
    def never_empty(self) -> None:
        if self.__dict__.get("pool") is not None:
            shares = pools.active(self.pool)
            assert shares
            assert all(0 < share <= 1 for share in shares.values())

    @invariant()
    def ids_are_unique(self) -> None:
        ids = [event.id for event in self.__dict__.get("decided", ())]
        assert len(ids) == len(set(ids))

    def teardown(self) -> None:
        if self.__dict__.get("log"):
            pool, decided = pools.initial("main", self.first), list[PoolEvent]()
            for event in self.log:
                if isinstance(event, Rules):
                    pool = pools.decode(pools.encode(pool), event)
                    continue
                pool, more = pools.step(pool, event)
                decided += more
            assert pools.encode(pool) == pools.encode(self.pool)
            assert [codec.encode(event) for event in decided] == [codec.encode(event) for event in self.decided]


TestPool = PoolMachine.TestCase
TestPool.settings = hypothesis_settings(max_examples=10, stateful_step_count=25, deadline=None)
