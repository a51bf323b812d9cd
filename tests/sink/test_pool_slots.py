"""The worker's counts kept by hour and day: right whatever is stored twice, comes late, or is killed in the midst."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from dashboards import queries_providers
from dashboards.span import Span
from embedded.clickhouse import ClickHouseServer
from schemas.facts import ReplyKind
from schemas.observations import RepliesCounted, TrafficCounted
from streams.migrate import migrate
from streams.reputation import Outcomes, faded, score
from tests.pages.conftest import store
from tests.turning import before, cut_off, killed_in_a_turn, turn, turn_until

MINUTE = 60_000_000
DAY = 1440 * MINUTE
PROVIDERS = ("google", "microsoft", "")
KINDS: tuple[ReplyKind, ...] = ("listed", "reputation", "volume", "greylisted", "unknown", "recipient")
SIGNS = {"listed", "reputation", "volume"}
Count = TrafficCounted | RepliesCounted
BOUNDS = """SELECT next - first, length(whole)
FROM pool_slots_of(since = {since:Int64}, until = {until:Int64}, width = 3600000000)"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ClickHouseServer]:
    """Run a ClickHouse of this test's own, to be killed."""
    with ClickHouseServer(tmp_path / "data") as running:
        yield running


def counts(now: int, numbers: range) -> Iterator[Count]:
    """Yield counts over the four days before `now`, the later numbers between the earlier, every fourth of replies."""
    for number in numbers:
        at = now - (number * 7919 % 5760) * MINUTE - number
        ip, provider = f"192.0.2.{number % 4}", PROVIDERS[number % 3]
        if number % 4:
            yield TrafficCounted(
                id=f"t{number}", at=at, partition=0, ip=ip, provider=provider, sent=number % 9, deferred=number % 3,
                bounced=number % 5, first_at=at, last_at=at,
            )  # fmt: skip
        else:
            kind = KINDS[number // 4 % 6]
            yield RepliesCounted(
                id=f"r{number}", at=at, partition=0, ip=ip, provider=provider, kind=kind, named=f"list {number % 5}",
                text=f"550 {number}", count=1 + number % 2, first_at=at, last_at=at - number % 7 * MINUTE,
            )  # fmt: skip


def bounds(client: Client, now: int) -> tuple[int, int]:
    """Return of how many µs of the last three days the counts are taken, and how many whole days are among them."""
    ((length, days),) = client.query(BOUNDS, parameters={"since": now - 3 * DAY, "until": now}).result_rows
    return int(length), int(days)


def agree(client: Client, now: int, known: list[Count]) -> None:
    """Compare what the page asks with the counts themselves, over spans whose ends cut hours and days."""
    for hours, until in ((96, now), (24, now), (1, now), (50, now - 20 * 60 * MINUTE - 77_777_777)):
        span = Span.last(hours, until, past=until < now)
        seen = [event for event in known if span.since < event.at <= span.until and event.provider]
        told = queries_providers.pairs(client, span).set_index(["ip", "provider"])
        assert {(one.ip, one.provider) for one in seen} == set(told.index)
        for pair, row in told.iterrows():
            of = [event for event in seen if (event.ip, event.provider) == pair]
            compare(dict(row), span, of)


def compare(row: dict[str, object], span: Span, of: list[Count]) -> None:
    """Compare a row with the counts of its pair."""
    traffic = [event for event in of if isinstance(event, TrafficCounted)]
    replies = [event for event in of if isinstance(event, RepliesCounted)]
    outcomes = dict.fromkeys(("sent", "deferred", "bounced"), 0.0)
    for name in ("sent", "deferred", "bounced"):
        assert row[name] == sum(getattr(event, name) for event in traffic)
        outcomes[name] = sum(faded(span.until - event.at) * getattr(event, name) for event in traffic)
    for kind in ("listed", "reputation", "volume", "greylisted", "unknown"):
        assert row[kind] == sum(event.count for event in replies if event.kind == kind)
    signs = [event for event in replies if event.kind in SIGNS]
    weights = {
        kind: sum(faded(span.until - event.at) * event.count for event in signs if event.kind == kind) for kind in SIGNS
    }
    assert row["score"] == pytest.approx(score(Outcomes(**outcomes, **weights)), abs=1e-9)
    newest = max(signs, key=lambda event: (event.last_at, event.id), default=None)
    told = (row["kind"], row["named"], row["text"])
    assert told == ((newest.kind, newest.named, newest.text) if newest else ("", "", ""))


def test_replays_late_counts_and_kills_change_no_answer(server: ClickHouseServer) -> None:
    migrate(server.connect(), "slots")
    client = server.connect("slots")
    client.set_client_setting("deduplicate_insert", "disable")
    client.command("SYSTEM STOP MERGES pool_observations")
    now = time.time_ns() // 1000
    known = list(counts(now, range(3000)))
    store(client, "pool_observations", known)
    agree(client, now, known)
    for _ in range(6):
        turn(client)
        agree(client, now, known)
    length, _ = bounds(client, now)
    assert length > 2 * DAY, "most of it is answered out of the counts"
    for _ in range(2):
        store(client, "pool_observations", known)  # the same again, in parts of their own
    turn(client)
    agree(client, now, known)
    late = list(counts(now, range(3000, 3400)))
    store(client, "pool_observations", late)  # into hours and days that were counted before
    client = killed_in_a_turn(server, "slots", "pool_slots_turn")
    agree(client, now, known + late)
    client.command("OPTIMIZE TABLE pool_observations FINAL")
    client.command("OPTIMIZE TABLE pool_slots FINAL")
    agree(client, now, known + late)


def test_what_was_stored_before_is_counted_by_whole_days_though_the_upgrade_is_cut_off(
    server: ClickHouseServer,
) -> None:
    client = before(server, "grown", "057")
    now = time.time_ns() // 1000
    known = list(counts(now, range(2000)))
    store(client, "pool_observations", known)
    client = cut_off(server, "grown", "057")
    agree(client, now, known)
    turn_until(client, "SELECT count() FROM pool_slot_days WHERE due")
    length, days = bounds(client, now)
    assert (length > 2 * DAY, days) == (True, 2)
    agree(client, now, known)
    late = list(counts(now, range(2000, 2300)))
    store(client, "pool_observations", late)
    turn(client)
    assert bounds(client, now)[1] < days, "a day into which something came late is answered by its hours"
    agree(client, now, known + late)
