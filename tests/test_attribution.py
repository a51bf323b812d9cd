"""Whose mail a complaint is about: one set of rules over a log in memory and over ClickHouse; who may not be blamed."""

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from collectors.attribution import Attributed, SentLog, attribute, candidates
from collectors.sentindex import Attributing, SentIndex
from collectors.sentlog import ClickHouseLog
from embedded.broker import free_port
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas import codec
from schemas.events import ComplaintReceived, Event
from schemas.settings import ClickHouse
from tests.migrated import migrate
from tests.sent_town import (
    ALICE,
    CASES,
    HOUR,
    NOW,
    UNKNOWN,
    by_message,
    by_queue,
    delivered,
    mail,
    submitted,
    town,
)


@pytest.fixture(scope="module")
def in_memory() -> SentLog:
    """Return the town's log in memory."""
    index = SentIndex(case[0] for case in CASES.values())
    for event in town():
        index.note(event)
    return index


@pytest.fixture(scope="module")
def in_clickhouse(clickhouse: ClickHouseServer) -> Iterator[SentLog]:
    """Give the town's log in ClickHouse, each event stored twice, as after a crash of the sink."""
    migrate(clickhouse.connect(), "t_attribution")
    lines = b"\n".join(map(codec.encode, town()))
    for _ in range(2):
        clickhouse.connect("t_attribution").raw_insert("mail_events", insert_block=lines, fmt="JSONEachRow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PASSWORD_ENV, clickhouse.password)
        yield ClickHouseLog(ClickHouse(host=clickhouse.host, port=clickhouse.port, database="t_attribution"))
    clickhouse.connect().command("DROP DATABASE t_attribution")


def outcome(found: Attributed) -> tuple[tuple[str, str, float, str], bool]:
    given = found.complaint
    return (given.sender, given.attribution, given.confidence, given.reason), found.settled


@pytest.mark.parametrize("log", ["in_memory", "in_clickhouse"])
@pytest.mark.parametrize("name", CASES)
def test_the_log_tells_whose_mail_it_was(request: pytest.FixtureRequest, log: str, name: str) -> None:
    given, expected, settled = CASES[name]
    found = attribute(given, candidates(given, request.getfixturevalue(log), 14))
    assert outcome(found) == (expected, settled)
    told = replace(found.complaint, sender="", attribution="", confidence=0.0, reason="")
    assert told == replace(given, sender="", attribution="", confidence=0.0, reason="")


def test_both_logs_lead_to_the_same_deliveries(in_memory: SentLog, in_clickhouse: SentLog) -> None:
    for name, (given, _, _) in CASES.items():
        assert set(candidates(given, in_memory, 14)) == set(candidates(given, in_clickhouse, 14)), name
    assert sum(len(candidates(given, in_memory, 14)) for given, _, _ in CASES.values()) > 40


def test_a_clickhouse_that_is_away_or_lacks_the_views_is_an_os_error(
    clickhouse: ClickHouseServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(PASSWORD_ENV, raising=False)
    with pytest.raises(ValueError, match=r"clickhouse\.password_file: .*none: No such file or directory"):
        ClickHouseLog(ClickHouse(password_file=tmp_path / "none"))
    monkeypatch.setenv(PASSWORD_ENV, clickhouse.password)
    port = free_port()
    with pytest.raises(OSError, match=rf"ClickHouse at 127\.0\.0\.1:{port}: "):
        ClickHouseLog(ClickHouse(port=port)).submitted("m@example.net", 0, 1)
    lacking = ClickHouseLog(ClickHouse(host=clickhouse.host, port=clickhouse.port, database="default"))
    with pytest.raises(OSError, match="submitted_by_message_id"):
        lacking.submitted("m@example.net", 0, 1)


def newsletter(recipients: int) -> Iterator[Event]:
    yield submitted(NOW - HOUR, "4NEWS", ALICE, message_id="news@example.net")
    for number in range(recipients):
        to = f"reader{number}@reader{number % 50}.example"
        yield delivered(NOW - HOUR + number, "4NEWS", ALICE, to, provider=f"reader{number % 50}.example")


def test_of_a_newsletter_only_few_deliveries_are_kept_and_the_reported_one_is_among_them() -> None:
    told = by_message("news@example.net", recipient="reader9999@reader49.example")
    index = SentIndex([told])
    for event in newsletter(10_000):
        index.note(event)
    assert len(index) == 1 + 50 * 20 + 1
    assert outcome(attribute(told, candidates(told, index, 14)))[0] == (ALICE, "message_id", 0.9, "")


def _memory(run: Callable[[], SentIndex]) -> tuple[int, SentIndex]:
    tracemalloc.start()
    try:
        kept = run()
        return tracemalloc.get_traced_memory()[0], kept
    finally:
        tracemalloc.stop()


def test_the_index_keeps_within_its_bound_and_forgets_the_oldest_first() -> None:
    """Each complaint's mail is kept until the limit is reached; a kept row costs about 1 KB."""
    told = [by_message(f"m{number}@example.net") for number in range(8000)]

    def run() -> SentIndex:
        index = SentIndex(told, limit=4000)
        for number in range(8000):
            at = NOW - HOUR + number
            for event in mail(at, f"4{number:07}", ALICE, f"r{number}@gmail.com", f"m{number}@example.net"):
                index.note(event)
        return index

    _memory(lambda: SentIndex(told, limit=4000))
    empty, _ = _memory(lambda: SentIndex(told, limit=4000))
    full, index = _memory(run)
    assert len(index) == 4000
    assert (full - empty) / 4000 < 1200
    assert list(index.submitted("m5999@example.net", 0, NOW)) == []
    assert len(index.submitted("m6000@example.net", 0, NOW)) == 1
    assert len(index.delivered(["40007999"], "", 0, NOW)) == 1


def test_what_no_complaint_asks_for_is_not_kept() -> None:
    index = SentIndex([by_message("m1@example.net"), by_queue("4TWICE")])
    for event in town():
        index.note(event)
    kept = {row.queue_id for row in index.delivered(["4REUSED", "4TWICE", "4RIVAL", "4OLD"], "", 0, NOW)}
    assert kept == {"4REUSED", "4TWICE"}


def test_in_a_history_a_complaint_is_held_against_what_came_before_it() -> None:
    first, last = by_message("m1@example.net", at=NOW - 2 * HOUR), by_message("m1@example.net")
    ordered = sorted([*town(), first, last], key=lambda event: event.at)
    step = Attributing([first, last], 14).step
    found = [event for event in map(step, ordered) if isinstance(event, ComplaintReceived)]
    assert [(each.sender, each.confidence, each.reason) for each in found] == [("", 0.0, UNKNOWN), (ALICE, 0.9, "")]
