"""The desk's task for stages, with a broker and ClickHouse: steps, the load that pauses, tickets written once."""

import http.client
import logging
import socket
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas.settings import Settings, SettingsError
from schemas.sunset_events import (
    StageAction,
    StageOrdered,
    StageRefused,
    StagesPlanned,
    StageStepped,
    SunsetEvent,
    TicketOpened,
    Use,
    UserFound,
)
from streams.journal import Journal
from streams.stage_task import StageTask
from streams.sunset.stages import plan
from streams.sunset.stepping import stepped
from tests.barring_lab import publish
from tests.migrated import migrate
from tests.sunset.scene import local

HOUR = 3_600_000_000
CLOSES = local("2027-03-01 09:00")
MAILBOXES = [f"{letter}{number}@x.example" for letter in "abcd" for number in range(10)]


class _Desk:
    """The task with its clock and its journal."""

    def __init__(self, settings: Settings, client: Client) -> None:
        self.settings, self.client = settings, client
        self.clock = CLOSES
        self.task = StageTask(settings, lambda: self.clock)

    def plan(self) -> None:
        stages = plan("pop", self.settings.sunset["pop"], MAILBOXES, local("2027-02-01 09:00"))
        publish(self.settings, StagesPlanned(id="p", at=1, sunset="pop", stages=stages))

    def turn(self, at: int) -> None:
        """Begin anew, as after a crash, and have turns at a moment."""
        self.clock = at
        self.task.start_over()
        with Journal(self.settings.kafka, self.task.take, lambda: None) as journal:
            journal.read()
            for _ in range(3):
                self.task.turn(journal)
                journal.read()

    def written(self) -> list[SunsetEvent]:
        found: list[SunsetEvent] = []
        with Journal(
            self.settings.kafka,
            lambda each: found.append(each) if isinstance(each, SunsetEvent) else None,
            lambda: None,
        ) as journal:
            journal.read()
        return found

    def steps(self) -> list[tuple[int, str]]:
        return [(each.stage, each.step) for each in self.written() if isinstance(each, StageStepped)]

    def tell(self, kind: str, rows: list[tuple[int, str]]) -> None:
        """Store events of a kind, each with a time and a sender or mailbox."""
        columns = ["type", "id", "at", "host", "envelope_from", "mailbox", "reply", "outcome", "service"]
        reply = "5.7.1 <x>: Sender address rejected: Sending without a login has ended: switch on authentication for"
        reply += " outgoing mail in your program"
        data = [[kind, f"{kind}-{at}-{name}", at, "mx1", name, name, reply, "failed", "smtp"] for at, name in rows]
        self.client.insert("mail_events", data, columns)


@pytest.fixture
def desk(
    fresh_broker: Broker, clickhouse: ClickHouseServer, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[_Desk]:
    monkeypatch.setenv(PASSWORD_ENV, clickhouse.password)
    monkeypatch.setenv("RELAYWARDEN_TICKETS_TOKEN", "t0ken")
    stages = {
        "count": 2,
        "brownout_hours": [],
        "brownout_days": [],
        "tickets_per_hour": 3,
        "refused_per_hour": 5,
        "failed_logins_times": 3.0,
        "tickets": {"port": free_port()},
    }
    settings = Settings.model_validate(
        {
            "data": tmp_path / "state",
            "kafka": {"bootstrap": [fresh_broker.bootstrap], "partitions": 2},
            "clickhouse": {"host": clickhouse.host, "port": clickhouse.port, "database": database},
            "sunset": {
                "pop": {
                    "kind": "smtp_after_pop",
                    "begins": date(2027, 1, 1),
                    "ends": date(2027, 3, 1),
                    "timezone": "Europe/Berlin",
                    "stages": stages,
                }
            },
        }
    )
    migrate(clickhouse.connect(), database)
    ensure_topics(settings)
    made = _Desk(settings, clickhouse.connect(database))
    yield made
    made.task.stop()


def _logs(desk: _Desk, until: int, hours: int = 48, failures: int = 10) -> None:
    """Have so many logins an hour fail, up to a moment."""
    rows = [(until - hour * HOUR - number - 1, f"u{number}@x") for hour in range(hours) for number in range(failures)]
    desk.tell("mailbox_authenticated", rows)


def test_a_stage_closes_when_the_load_is_known_and_once(desk: _Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.plan()
    with caplog.at_level(logging.ERROR):
        desk.turn(CLOSES + 1)
    assert desk.steps() == [], "nothing was read yet: who would see that it is too much?"
    assert "sunset pop: the load is not known, so no stage goes off: no host's log was read within a day" in caplog.text
    _logs(desk, CLOSES + HOUR)
    for minute in (1, 2, 3):
        desk.turn(CLOSES + minute * 60_000_000)
    assert desk.steps() == [(1, "closed")]


def test_too_many_refused_senders_pause_the_stage_and_hold_the_rest(desk: _Desk) -> None:
    desk.plan()
    _logs(desk, CLOSES + HOUR)
    desk.turn(CLOSES)
    at = CLOSES + HOUR
    again = [(at - 10 * number, "a1@x.example") for number in range(1, 50)]
    desk.tell("message_rejected", [*again, *((at - 1000 - number, f"a{number}@x.example") for number in range(5))])
    desk.tell("message_rejected", [(at - 2000 - number, f"d{number}@x.example") for number in range(9)])
    desk.turn(at)
    assert desk.steps() == [(1, "closed")], "five senders of the stage, one of them again and again, are not too many"
    desk.tell("message_rejected", [(at - 3000, "A9@x.example")])
    desk.turn(at)
    desk.turn(CLOSES + 100 * HOUR)
    assert desk.steps() == [(1, "closed"), (1, "paused")]
    paused = [each for each in desk.written() if isinstance(each, StageStepped)][-1]
    assert [(each.rule, each.text) for each in paused.evidence] == [
        ("refused", "6 different senders refused within an hour: the limit is 5")
    ]


def test_of_two_stages_at_work_the_older_is_paused_where_it_was_refused_more(desk: _Desk) -> None:
    desk.plan()
    _logs(desk, CLOSES + HOUR)
    publish(desk.settings, *(stepped("pop", number, "closed", CLOSES + number) for number in (1, 2)))
    at = CLOSES + HOUR
    for name, count in (("a", 4), ("d", 2)):
        desk.tell("message_rejected", [(at - 1000 - number, f"{name}{number}@x.example") for number in range(count)])
    desk.turn(at)
    assert desk.steps() == [(1, "closed"), (2, "closed"), (1, "paused")]
    paused = [each for each in desk.written() if isinstance(each, StageStepped)][-1]
    assert paused.reason == "the load is above its limit: of the stages at work (1, 2) it was refused most"
    assert [each.text for each in paused.evidence] == [
        "6 different senders refused within an hour (stage 1: 4, stage 2: 2): the limit is 5"
    ]


def test_of_logins_in_the_clear_the_mailboxes_found_by_the_log_count(desk: _Desk) -> None:
    pop = desk.settings.sunset["pop"]
    assert pop.stages is not None
    stages = pop.stages.model_copy(update={"tickets": None, "tickets_per_hour": None})
    clear = pop.model_copy(update={"kind": "cleartext_login", "stages": stages})
    desk.task.stop()
    desk.task = StageTask(desk.settings.model_copy(update={"sunset": {"pop": clear}}), lambda: desk.clock)
    desk.plan()
    _logs(desk, CLOSES + HOUR)
    found = [f"a{number}@x.example" for number in range(6)]
    use = Use(mailbox="", confidence=1.0, last=1)
    publish(desk.settings, *(UserFound(id=each, at=1, sunset="pop", mailbox=each, use=use) for each in found))
    publish(desk.settings, stepped("pop", 1, "closed", CLOSES))
    at = CLOSES + HOUR
    rows = [["mailbox_authenticated", f"was {name}", CLOSES - HOUR, "mx1", name, "succeeded", True] for name in found]
    rows += [["mailbox_authenticated", f"now {name}", at - 10, "mx1", name, "failed", True] for name in found[:5]]
    columns = ["type", "id", "at", "host", "mailbox", "outcome", "cleartext"]
    desk.client.insert("mail_events", rows, columns)
    desk.turn(at)
    assert desk.steps() == [(1, "closed")], "thirty failed logins are others'"
    desk.client.insert("mail_events", [[*rows[0][:1], "more", at - 5, "mx1", found[5], "failed", True]], columns)
    desk.turn(at)
    assert desk.steps() == [(1, "closed"), (1, "paused")]
    paused = [each for each in desk.written() if isinstance(each, StageStepped)][-1]
    assert paused.evidence[0].text == "6 different mailboxes refused within an hour: the limit is 5"


def test_logins_that_fail_far_more_than_usual_pause_it(desk: _Desk) -> None:
    desk.plan()
    _logs(desk, CLOSES + HOUR)
    desk.turn(CLOSES)
    desk.tell("mailbox_authenticated", [(CLOSES + HOUR - 5000 - number, f"v{number}@x") for number in range(21)])
    desk.turn(CLOSES + HOUR)
    assert desk.steps() == [(1, "closed"), (1, "paused")]
    paused = [each for each in desk.written() if isinstance(each, StageStepped)][-1]
    assert paused.evidence[0].text == "31 failed logins within an hour, usually 10: the limit is 30"


def _post(settings: Settings, ticket: str) -> int:
    stages = settings.sunset["pop"].stages
    assert stages is not None
    assert stages.tickets is not None
    client = http.client.HTTPConnection("127.0.0.1", stages.tickets.port, timeout=60)
    body = f'{{"ticket":"{ticket}","mailbox":"Info@X.example"}}'
    client.request("POST", "/v1/tickets", body, {"Authorization": "Bearer t0ken"})
    status = client.getresponse().status
    client.close()
    return status


def _answers(desk: _Desk, *numbers: int) -> list[int]:
    """Return what a ticket system is told of its tickets, while the desk has turns."""
    answers: list[int] = []
    telling = threading.Thread(target=lambda: answers.extend(_post(desk.settings, f"T-{number}") for number in numbers))
    desk.task.start_over()
    with Journal(desk.settings.kafka, desk.task.take, lambda: None) as journal:
        journal.read()
        telling.start()
        deadline = time.monotonic() + 30
        while telling.is_alive() and time.monotonic() < deadline:
            desk.task.turn(journal)
            journal.read()
    telling.join(60)
    return answers


def test_tickets_are_written_once_and_pause_the_stage(desk: _Desk) -> None:
    desk.plan()
    _logs(desk, CLOSES + HOUR)
    desk.turn(CLOSES)
    desk.clock = CLOSES + HOUR
    assert _answers(desk, 1, 2, 2, 3, 4, 1) == [200] * 6
    opened = [each for each in desk.written() if isinstance(each, TicketOpened)]
    assert [(each.ticket, each.mailbox, each.at) for each in opened] == [
        (f"T-{number}", "info@x.example", CLOSES + HOUR) for number in (1, 2, 3, 4)
    ]
    desk.turn(CLOSES + HOUR)
    assert desk.steps() == [(1, "closed"), (1, "paused")]


@pytest.mark.parametrize("limited", [False, True])
def test_a_clickhouse_that_hangs_keeps_no_ticket_waiting(desk: _Desk, *, limited: bool) -> None:
    pop, there = desk.settings.sunset["pop"], desk.task
    limits = {"refused_per_hour": 5 if limited else None, "failed_logins_times": None}
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        away = desk.settings.clickhouse.model_copy(update={"port": hanging.getsockname()[1]})
        stages = pop.stages and pop.stages.model_copy(update=limits)
        sunset = {"pop": pop.model_copy(update={"stages": stages})}
        there.stop()
        desk.settings = desk.settings.model_copy(update={"clickhouse": away, "sunset": sunset})
        desk.task = StageTask(desk.settings, lambda: desk.clock)
        desk.plan()
        assert _answers(desk, 1, 2) == [200, 200]
        hanging.settimeout(0)
        if not limited:
            with pytest.raises(BlockingIOError):
                hanging.accept()  # nobody asked: nothing that it knows has a limit
    assert desk.steps() == ([] if limited else [(1, "closed")])


def test_while_clickhouse_is_away_nothing_closes_and_a_dry_run_writes_nothing(
    desk: _Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.plan()
    _logs(desk, CLOSES + HOUR)
    away = desk.settings.clickhouse.model_copy(update={"port": free_port()})
    settings, there = desk.settings.model_copy(update={"clickhouse": away}), desk.task
    with caplog.at_level(logging.WARNING):
        desk.task = StageTask(settings, lambda: desk.clock, dry_run=True)
        desk.turn(CLOSES)
        assert "so no stage goes off: ClickHouse does not answer" in caplog.text
        assert "would be closed" not in caplog.text
        desk.task = StageTask(desk.settings, lambda: desk.clock, dry_run=True)
        desk.turn(CLOSES)
        assert caplog.text.count("sunset pop: stage 1 would be closed") == 1
    assert desk.steps() == []
    desk.task = there
    desk.turn(CLOSES)
    assert desk.steps() == [(1, "closed")]


def test_a_token_or_a_port_that_cannot_be_had_is_told(desk: _Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        OSError, match=r"sunset\.pop\.stages\.tickets\.port: 127\.0\.0\.1:[0-9]+: Address already in use"
    ):
        StageTask(desk.settings, lambda: 0)
    monkeypatch.delenv("RELAYWARDEN_TICKETS_TOKEN")
    with pytest.raises(SettingsError, match=r"sunset\.pop\.stages\.tickets\.token_env: the variable .* is not set"):
        StageTask(desk.settings, lambda: 0)


def test_an_order_of_a_page_is_followed_once_or_refused_with_the_reason(desk: _Desk) -> None:
    desk.plan()
    rows: list[tuple[str, int, StageAction, int]] = [
        ("pop", 1, "close", CLOSES - 5 * HOUR),
        ("pop", 1, "pause", CLOSES - HOUR),
        ("pop", 2, "pause", CLOSES - HOUR),
        ("pop", 9, "close", CLOSES - HOUR),
        ("gone", 1, "close", CLOSES - HOUR),
    ]
    for number, (name, stage, action, at) in enumerate(rows):
        ordered = StageOrdered(
            id=f"o{number}", at=at, sunset=name, stage=stage, action=action, operator="kim", reason="calls"
        )
        publish(desk.settings, ordered)
    desk.turn(CLOSES - HOUR + 1)
    desk.turn(CLOSES - HOUR + 2)
    told = {each.answers: each for each in desk.written() if isinstance(each, StageStepped | StageRefused)}
    assert [(each.stage, each.step) for each in told.values() if isinstance(each, StageStepped)] == [(1, "paused")]
    assert len([each for each in desk.written() if isinstance(each, StageStepped | StageRefused)]) == 5
    stepped_ = told["o1"]
    assert (stepped_.operator, stepped_.reason) == ("kim", "calls")
    assert [told[name].reason for name in ("o0", "o2", "o3", "o4")] == [
        "nobody could follow it for an hour, and much may have changed since: order it again",
        "stage 1 of pop is paused already, and holds all: resume or roll it back",
        told["o3"].reason,
        "no sunset 'gone' is configured",
    ]
    assert told["o3"].reason.startswith("stage 9: pop has the stages 1 to ")
