"""The desk at work with a broker, ClickHouse and the sink; the test turns its clock."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from embedded.broker import Broker
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas.moments import moment_of
from schemas.sunset_events import SunsetCounted, Use, UserDone, UserExempted, UserFound
from streams.desk import work
from streams.journal import Journal
from streams.sunset.ledger import Ledger
from streams.sunset.weeks import HOUR, moment, settled, start_of
from streams.sunset_desk import Sunsets
from tests.sink.rig import until
from tests.sunset.town import NAME, Town, configured, idle, running

A, S = "a@acme.example", "s@solo.example"


@pytest.fixture
def town(
    fresh_broker: Broker, clickhouse: ClickHouseServer, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Town]:
    monkeypatch.setenv(PASSWORD_ENV, clickhouse.password)
    today = moment_of(time.time_ns() // 1000).date()
    begins = today - timedelta(days=70 + today.weekday())  # a Monday
    settings = configured(fresh_broker, clickhouse, database, str(tmp_path / "state"), begins)
    with running(settings, clickhouse) as made:
        yield made


def _counts(town: Town) -> dict[tuple[str, str], SunsetCounted]:
    return {(each.day, each.language): each for each in town.written() if isinstance(each, SunsetCounted)}


def _week_one(town: Town) -> date:
    """Tell the logs of the week before the sunset, and set the clock to its first letters."""
    for back in range(9, -1, -1):
        town.day(town.sunset.begins - timedelta(days=back), [A, S])
        town.dawn(town.sunset.begins + timedelta(days=1 - back))
    return town.sunset.begins + timedelta(days=1)


def test_what_a_look_finds_is_written_once_however_often_it_looks(town: Town) -> None:
    _week_one(town)
    at = moment(town.sunset, 1)
    with Journal(town.settings.kafka, town.desk.take, idle) as journal:
        journal.read()
        town.turn(at - HOUR, journal)
        assert town.letters() == []
        for later in (0, HOUR, 2 * HOUR, -3 * HOUR, 3 * HOUR):
            town.turn(at + later, journal)
    kinds = Counter(type(each).__name__ for each in town.written())
    assert kinds == {"UserFound": 2, "LetterDue": 2, "SunsetCounted": 2}
    assert {each.mailbox: each.use.hosts for each in town.written() if isinstance(each, UserFound)} == {
        A: ("mx1",),
        S: ("mx1",),
    }
    (counted,) = (each for (_, language), each in _counts(town).items() if language == "fr")
    assert (counted.found, counted.open, counted.messages, counted.unheard) == (1, 1, 6, 0), (
        "each noon of six days; today's is to come"
    )


def test_two_desks_that_decide_at_once_write_each_letter_under_one_id(town: Town) -> None:
    _week_one(town)
    at = moment(town.sunset, 1)
    other = Sunsets(town.settings, lambda: at, lambda: None)
    with (
        Journal(town.settings.kafka, town.desk.take, idle) as first,
        Journal(town.settings.kafka, other.take, idle) as second,
    ):
        first.read()
        second.read()
        town.clock = at
        both = [
            threading.Thread(target=_until_looked, args=each) for each in ((town.desk, first, at), (other, second, at))
        ]
        for each in both:
            each.start()
        for each in both:
            each.join(60)
        first.rest()
        second.rest()
    assert len({each.id for each in town.letters()}) == 2
    assert town.desk.ledgers == other.ledgers
    assert {name: each.letters for name, each in town.desk.ledgers[NAME].written.items()} == {"acme": 1, "solo": 1}


def _until_looked(desk: Sunsets, journal: Journal, at: int) -> None:
    def looked() -> bool:
        desk.turn(journal)
        return desk.looked == at

    until(looked, 50, "a look")


def test_what_the_sink_has_not_stored_is_waited_for(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    begins = town.sunset.begins
    town.day(begins, [A])
    with Journal(town.settings.kafka, town.desk.take, idle) as journal, caplog.at_level(logging.WARNING):
        journal.read()
        town.turn(start_of(town.sunset, begins + timedelta(days=1)), journal)
        first = town.desk.looked
        town.stop_storing()
        town.day(begins + timedelta(days=1), [S])
        town.clock = start_of(town.sunset, begins + timedelta(days=2))
        for _ in range(5):
            town.desk.turn(journal)
            town.clock += 100_000_000
        assert town.desk.looked == first
    assert [each.getMessage() for each in caplog.records if each.name == "relaywarden.desk"] == [
        "the sink has 1 records to store first: nothing is decided"
    ]
    assert [each.mailbox for each in town.written() if isinstance(each, UserFound)] == [A]


def test_a_look_that_waited_too_long_for_the_sink_is_taken_anew(town: Town) -> None:
    _week_one(town)
    with Journal(town.settings.kafka, town.desk.take, idle) as journal:
        journal.read()
        town.turn(moment(town.sunset, 1) - 5 * HOUR, journal)
        town.stop_storing()
        town.day(town.sunset.begins + timedelta(days=1), [S])
        town.clock = moment(town.sunset, 1)
        town.desk.turn(journal)
        town.store()
        town.turn(town.clock + 30 * HOUR, journal)
    due = {each.due - moment(town.sunset, 1) for each in town.letters()}
    assert len(due) == 2
    assert all(48 * HOUR <= each < 52 * HOUR for each in due), "at the same hours of the day after the next"


def test_a_dry_run_writes_nothing(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    _week_one(town)
    town.desk = Sunsets(town.settings, lambda: town.clock, lambda: None, dry_run=True)
    with Journal(town.settings.kafka, town.desk.take, idle) as journal, caplog.at_level(logging.INFO):
        journal.read()
        town.turn(moment(town.sunset, 1), journal)
        town.turn(moment(town.sunset, 1) + HOUR, journal)
    assert town.written() == []
    told = [each.getMessage() for each in caplog.records if each.name == "relaywarden.desk"]
    assert [words for words in told if not words.startswith("would be written: ")] == [
        "sunset pop: 2 users would be decided",
        "sunset pop: 2 letters would be decided",
        "sunset pop: 2 counts would be decided",
    ]
    listed = [words.removeprefix("would be written: ") for words in told if words.startswith("would be written: ")]
    assert len(listed) == 6
    assert listed[0].endswith(" is found, confidence 0.90")
    assert listed[2].startswith("letter 1 of 6 for ")


def test_a_sunset_that_has_ended_is_left_out_and_told_once(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    _week_one(town)
    with Journal(town.settings.kafka, town.desk.take, idle) as journal, caplog.at_level(logging.WARNING):
        journal.read()
        for hours in (0, 2):
            town.turn(start_of(town.sunset, settled(town.sunset)) + hours * HOUR, journal)
    assert town.written() == []
    told = [each.getMessage() for each in caplog.records if each.name == "relaywarden.desk"]
    assert told == [f"sunset.pop.ends: {town.sunset.ends} is past: the sunset is left out"]


def test_what_a_change_left_behind_is_told_once(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    _week_one(town)
    at = moment(town.sunset, 1)
    day = town.sunset.begins.isoformat()
    with Journal(town.settings.kafka, town.desk.take, idle) as journal, caplog.at_level(logging.WARNING):
        journal.read()
        journal.append(
            [
                UserFound(id="f", at=at, sunset="old", mailbox=A, use=Use(mailbox=A, confidence=1.0, last=at)),
                SunsetCounted(id="c", at=at, sunset="old", day=day, found=1, open=1),
                UserExempted(id="e", at=at, sunset=NAME, subject="past", reason="a fax"),
            ]
        )
        for hours in (0, 2):
            town.turn(at + hours * HOUR, journal)
    told = [each.getMessage() for each in caplog.records if each.name == "relaywarden.desk"]
    assert [words.split(": ")[1] for words in told] == [
        "is not configured, but has 1 open mailboxes",
        "the customer past is exempt, but not in the directory",
    ]


def test_a_broker_that_goes_away_is_waited_for_and_read_from_the_beginning(town: Town, fresh_broker: Broker) -> None:
    _week_one(town)
    stop = threading.Event()
    town.clock = moment(town.sunset, 1)
    beats: list[int] = []
    thread = threading.Thread(
        target=work, args=(town.settings, [town.desk], stop, lambda: beats.append(1)), daemon=True
    )
    thread.start()
    until(lambda: len(town.desk.ledgers.get(NAME, Ledger()).written) == 2, 60, "the letters are read back")
    fresh_broker.kill()
    until(lambda: not town.desk.ledgers, 60, "all is forgotten")
    count = len(beats)
    until(lambda: len(beats) > count, 20, "it still beats")
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


def test_a_mailbox_is_not_done_while_the_logins_log_is_not_read(town: Town) -> None:
    for number in range(-9, 10):
        silent = ("imap1",) if number == 5 else ()
        town.dawn(town.sunset.begins + timedelta(days=number), silent)
        town.day(town.sunset.begins + timedelta(days=number), [A] if number < 1 else [], silent)
    with Journal(town.settings.kafka, town.desk.take, idle) as journal:
        journal.read()
        town.turn(start_of(town.sunset, town.sunset.begins + timedelta(days=1)), journal)
        town.turn(start_of(town.sunset, town.sunset.begins + timedelta(days=9)), journal)
        assert not [each for each in town.written() if isinstance(each, UserDone)]
        counted = [each for each in town.written() if isinstance(each, SunsetCounted)][-1]
        assert (counted.open, counted.unheard) == (1, 1)
