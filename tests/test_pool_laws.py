"""What holds for a pool whatever happens to it."""

from dataclasses import dataclass, field

from hypothesis import given
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
LISTS = ("one", "two", "three")
PROVIDERS = ("google", "yahoo")
SENDERS = tuple(f"{number}@example.net" for number in range(4))
MOVES = IpWithdrawn | IpProbationStarted | IpRestored | ProbationSetBack | ProviderWithdrawn | ProviderRestored
ips_of = {number: tuple(f"192.0.2.{last}" for last in range(1, number + 1)) for number in range(1, 7)}


@dataclass
class Known:
    """What a careful reader of the log would know: the test's own, much simpler memory."""

    answers: dict[tuple[str, str], tuple[Answer, int]] = field(default_factory=dict)
    sick: set[str] = field(default_factory=set)

    def names(self, ip: str) -> list[str]:
        return [
            dnsbl
            for (other, dnsbl), (answer, _) in self.answers.items()
            if other == ip and answer == "listed" and dnsbl not in self.sick
        ]


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
        self.pool = pools.initial("main", self.limits)
        self.at = 1_772_359_200 * SECOND
        self.number = 0
        self.known = Known()
        self.log: list[PoolObservation] = []
        self.decided: list[PoolEvent] = []
        self.ordered: set[str] = set()

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
        self.pool, decided = pools.step(before, event)
        self.log.append(event)
        self.decided.extend(decided)
        assert pools.decide(self.pool, self.pool.at) == ()
        shares, barred = pools.active(self.pool), pools.barred(self.pool)
        assert all(0 < len(ips) < len(shares) and set(ips) <= set(shares) for ips in barred.values())
        for decision in decided:
            assert decision.mode == ("shadow" if self.limits.mode == "shadow" else "")
            if isinstance(decision, MOVES) and not getattr(decision, "operator", ""):
                needed = isinstance(decision, ProviderRestored) and decision.evidence[0].rule == "guard"
                assert needed or not self.pool.ips[decision.ip].ordered("pin", self.pool.at)
            if isinstance(decision, IpProbationStarted | IpRestored) and not getattr(decision, "operator", ""):
                place = before.ips[decision.ip]
                assert self.pool.at >= place.until or self._doubted(place.causes)
                if len(self.ips) < 4:
                    assert self.known.names(decision.ip) == []
            if isinstance(decision, IpWithdrawn) and not decision.operator:
                assert len(pools.active(self.pool)) >= self.limits.min_active

    @rule(data=st.data(), answer=st.sampled_from(("listed", "not_listed", "unknown")), dnsbl=st.sampled_from(LISTS))
    def answered(self, data: st.DataObject, answer: Answer, dnsbl: str) -> None:
        identity, at = self._next(data)
        ip = data.draw(st.sampled_from(self.ips))
        before = self.pool
        last = self.known.answers.get((ip, dnsbl), ("unknown", 0))[1]
        if answer != "unknown" and at > last:
            self.known.answers[ip, dnsbl] = (answer, at)
        weight = data.draw(st.sampled_from((0.5, 1.0)))
        self._step(ListingObserved(id=identity, at=at, ip=ip, list=dnsbl, answer=answer, scope="ip", weight=weight))
        if answer == "unknown":
            assert self.pool is before

    @rule(data=st.data(), healthy=st.booleans(), dnsbl=st.sampled_from(LISTS))
    def tested(self, data: st.DataObject, dnsbl: str, *, healthy: bool) -> None:
        identity, at = self._next(data)
        if dnsbl not in self.pool.health or at > self.pool.health[dnsbl].at:
            (self.known.sick.discard if healthy else self.known.sick.add)(dnsbl)
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
        identity, at = self._next(data)
        ip = data.draw(st.sampled_from(self.ips))
        self._step(
            OperatorActed(
                id=identity,
                at=at,
                operator="ada",
                action=action,  # type: ignore[arg-type]  # drawn from those that exist
                subject=ip,
                reason="law",
                provider=data.draw(st.sampled_from(("", "", *PROVIDERS))),
                expires_at=at + minutes * 60 * SECOND if minutes else 0,
            )
        )

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
            pool, decided = pools.initial("main", self.limits), list[PoolEvent]()
            for event in self.log:
                pool, more = pools.step(pool, event)
                decided += more
            assert pools.encode(pool) == pools.encode(self.pool)
            assert [codec.encode(event) for event in decided] == [codec.encode(event) for event in self.decided]


ANSWERS: st.SearchStrategy[Answer] = st.sampled_from(("listed", "not_listed", "unknown"))


@given(data=st.data())
@hypothesis_settings(max_examples=60, deadline=None)
def test_the_order_of_a_rounds_answers_decides_nothing(data: st.DataObject) -> None:
    """What two lists begin to name, each list's answers in another order, decides the same for each IP."""
    number = data.draw(st.integers(1, 6))
    transports = {f"out{place}": ip for place, ip in enumerate(ips_of[number])}
    rules = Rules(transports=transports, min_active=data.draw(st.integers(1, number)), quarantine_minutes=1)
    pool = [pools.initial("main", rules)] * 2
    for when in range(1):
        at = (1_772_359_200 + 900 * when) * SECOND
        for dnsbl in LISTS[:2]:
            said = [
                ListingObserved(
                    id=f"{when}{dnsbl}{ip}", at=at, ip=ip, list=dnsbl, answer=data.draw(ANSWERS), scope="ip", weight=1.0
                )
                for ip in ips_of[number]
            ]
            health = ListHealthObserved(
                id=f"{when}{dnsbl}", at=at, list=dnsbl, healthy=data.draw(st.integers(0, 3)) > 0
            )
            settled = ClockTicked(id=f"tick {at}", at=at + 10 * SECOND)
            decided: list[dict[str, PoolEvent]] = [{}, {}]
            for side, order in enumerate((said, data.draw(st.permutations(said)))):
                events_of_round: list[PoolObservation] = [health, *order, settled]
                for event in events_of_round:
                    pool[side], events = pools.step(pool[side], event)
                    decided[side].update({each.id: each for each in events})
            assert decided[0] == decided[1]
        assert pools.encode(pool[0]) == pools.encode(pool[1])


@given(data=st.data())
@hypothesis_settings(max_examples=40, deadline=None)
def test_the_order_of_counts_between_two_ticks_decides_nothing(data: st.DataObject) -> None:
    """What is counted between two ticks, is compared at the second, in whatever order it came."""
    ips = ips_of[data.draw(st.integers(2, 5))]
    rules = Rules(transports={f"out{place}": ip for place, ip in enumerate(ips)}, min_active=1)
    start = 1_772_359_200 * SECOND
    counts: list[PoolObservation] = []
    for number, ip in enumerate(ips):
        sent = data.draw(st.integers(0, 300))
        blocked = data.draw(st.integers(0, sent))
        counts += [
            TrafficCounted(id=f"t{number}", at=start, partition=number, ip=ip, provider="google", sent=sent, last_at=1),
            RepliesCounted(
                id=f"r{number}", at=start, partition=number, ip=ip, provider="google", kind="reputation", count=blocked
            ),
        ]
    told = []
    for order in (counts, data.draw(st.permutations(counts))):
        pool = pools.initial("main", rules)
        for event in order:
            pool, decided = pools.step(pool, event)
            assert decided == ()
        pool, decided = pools.step(pool, ClockTicked(id="tick", at=start + SECOND))
        told.append(([codec.encode(event) for event in decided], pools.barred(pool)))
    assert told[0] == told[1]


TestPool = PoolMachine.TestCase
TestPool.settings = hypothesis_settings(max_examples=10, stateful_step_count=25, deadline=None)
