"""An IP that is kept although it should leave: as its lists and the pool say it, not for as long as a clock does."""

from collections.abc import Iterator

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from dashboards import effect, pools, queries_pool
from dashboards.span import Span
from embedded.clickhouse import ClickHouseServer
from schemas.facts import Answer, Evidence
from schemas.observations import ListingObserved
from schemas.pool_events import IpProbationStarted, IpRestored, IpWithdrawn, WithdrawalRefused
from schemas.pool_settings import Pool
from schemas.topics import topic_of
from streams.pool import active, evolve, initial
from tests.migrated import migrate
from tests.pages.conftest import store
from tests.pages.scene import MINUTE

Fact = ListingObserved | IpProbationStarted | IpRestored | IpWithdrawn | WithdrawalRefused
NOW = 1_790_000_000_000_000
HOUR = 60 * MINUTE
WHY = "only 3 of 5 IPs carry mail, min_active is 3"
ZEN = (Evidence(rule="dnsbl/zen", text="zen lists the IP"),)
TWO = (*ZEN, Evidence(rule="dnsbl/spamcop", text="spamcop lists the IP"), Evidence(rule="replies/google", text="8"))
REPLIES = (Evidence(rule="replies", text="microsoft refused 31 of 80 mails for the reputation"),)
ORDER = (Evidence(rule="operator", text="kim: its rack burns"),)


def _refused(hours: float, evidence: tuple[Evidence, ...] = ZEN, reason: str = WHY) -> Fact:
    return WithdrawalRefused(
        id="refused", at=NOW - round(hours * HOUR), pool="main", ip="", reason=reason, evidence=evidence
    )


def _said(hours: float, answer: Answer, name: str = "zen") -> Fact:
    return ListingObserved(
        id=name, at=NOW - round(hours * HOUR), ip="", list=name, answer=answer, scope="ip", weight=1.0
    )


def _out(hours: float) -> Fact:
    return IpWithdrawn(id="out", at=NOW - round(hours * HOUR), pool="main", ip="", until=NOW)


def _back(hours: float) -> Fact:
    return IpRestored(id="back", at=NOW - round(hours * HOUR), pool="main", ip="")


def _tried(hours: float) -> Fact:
    return IpProbationStarted(id="tried", at=NOW - round(hours * HOUR), pool="main", ip="", until=NOW, share=0.1)


CASES: dict[str, tuple[list[Fact], bool]] = {
    "listed": ([_said(2, "listed"), _refused(1.9), _said(0.1, "listed")], True),
    "not asked since": ([_said(2, "listed"), _refused(1.9)], True),
    "listed for 25 hours": ([_said(25.1, "listed"), _refused(25), _said(0.1, "listed")], True),
    "listed for three weeks": ([_refused(504), _said(0.1, "listed")], True),
    "taken back half an hour ago": ([_refused(5), _said(1, "listed"), _said(0.5, "not_listed")], False),
    "taken back three weeks ago, not asked since": ([_refused(504), _said(500, "not_listed")], False),
    "not heard for three weeks": ([_refused(504), _said(503, "listed"), _said(0.1, "unknown")], True),
    "no answer takes nothing back": ([_refused(5), _said(1, "listed"), _said(0.5, "unknown")], True),
    "no answer lists nothing": ([_refused(5), _said(1, "not_listed"), _said(0.5, "unknown")], False),
    "one of two took it back": ([_refused(5, TWO), _said(1, "not_listed"), _said(1, "listed", "spamcop")], True),
    "of the other nothing was heard": ([_refused(5, TWO), _said(1, "not_listed")], True),
    "two took it back": ([_refused(5, TWO), _said(1, "not_listed"), _said(2, "not_listed", "spamcop")], False),
    "another list names it": ([_refused(5), _said(1, "not_listed"), _said(1, "listed", "spamcop")], False),
    "not listed before it was": ([_said(6, "not_listed"), _refused(5)], True),
    "listed anew": ([_refused(5), _said(3, "not_listed"), _said(1, "listed"), _refused(0.9)], True),
    "an operator's order was refused": ([_refused(1, ORDER, "it is the last IP that carries mail")], False),
    "and a list names it, too": ([_refused(2), _refused(1, ORDER, "it is the last IP that carries mail")], True),
    "no list was the cause": ([_refused(30, REPLIES)], True),
    "no list was the cause, and it left": ([_refused(30, REPLIES), _out(20)], False),
    "it is on probation": ([_out(30), _tried(10), _said(2, "listed"), _refused(1.9)], True),
    "it is on probation, and was listed before": ([_refused(30), _out(20), _tried(10)], False),
    "it left and is back": ([_refused(30), _out(20), _back(10), _said(0.1, "listed")], False),
}


def _ip(case: str) -> str:
    return f"192.0.2.{list(CASES).index(case)}"


@pytest.fixture(scope="module")
def client(clickhouse: ClickHouseServer) -> Iterator[Client]:
    """Give a warehouse in which each case has an IP of its own, each fact stored twice."""
    migrate(clickhouse.connect(), "pages_kept")
    client = clickhouse.connect("pages_kept")
    for case, (facts, _kept) in CASES.items():
        for fact in facts:
            named = msgspec.structs.replace(fact, ip=_ip(case), id=f"{case} {fact.id} {fact.at}")
            for _ in range(2):
                store(client, topic_of(named).table, [named])
    yield client
    clickhouse.connect().command("DROP DATABASE pages_kept")


def _kept(client: Client, until: int) -> dict[str, str]:
    found = queries_pool.states(client, Span.last(1, until, past=True))
    return dict(zip(found["ip"], found["refusal"], strict=True))


@pytest.mark.parametrize("case", CASES)
def test_an_ip_is_kept_until_its_lists_took_their_entries_back(client: Client, case: str) -> None:
    assert _kept(client, NOW)[_ip(case)] == (WHY if CASES[case][1] else "")


@pytest.mark.parametrize(
    ("case", "hours", "kept"),
    [
        ("taken back half an hour ago", 0.6, True),
        ("taken back half an hour ago", 0.5, False),
        ("taken back three weeks ago, not asked since", 501, True),
        ("two took it back", 1.1, True),
        ("no list was the cause, and it left", 21, True),
        ("listed anew", 2, False),
    ],
)
def test_as_of_a_moment_it_is_as_it_was_then(client: Client, case: str, hours: float, *, kept: bool) -> None:
    assert _kept(client, NOW - round(hours * HOUR))[_ip(case)] == (WHY if kept else "")


def test_before_its_refusal_nothing_is_known_of_it(client: Client) -> None:
    assert _ip("listed") not in _kept(client, NOW - 3 * HOUR)


@pytest.mark.parametrize(
    ("case", "state", "share"),
    [
        ("it is on probation", "kept", 0.1),
        ("it is on probation, and was listed before", "probation", 0.1),
        ("listed", "kept", 1.0),
        ("no list was the cause, and it left", "withdrawn", 0.0),
    ],
)
def test_who_is_kept_has_the_share_that_the_pool_gives_him(
    client: Client, case: str, state: pools.State, share: float
) -> None:
    rules = Pool(transports={"out1": _ip(case), "out2": "198.51.100.1"})
    pool = initial("main", rules)
    for fact in sorted(CASES[case][0], key=lambda each: each.at):
        if not isinstance(fact, ListingObserved):
            pool = evolve(pool, msgspec.structs.replace(fact, ip=_ip(case)))
    assert active(pool).get(_ip(case), 0.0) == share, "so the worker has it"
    found = queries_pool.states(client, Span.last(1, NOW, past=True))
    standing = pools.standings({"main": rules}, found)[0]
    assert (standing.state, standing.share) == (state, share)
    assert effect.capacity(rules, {standing.ip: standing.share, "198.51.100.1": 1.0}) == (share + 1) / 2
