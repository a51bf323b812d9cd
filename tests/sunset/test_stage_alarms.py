"""Who is told by mail what stages do by themselves: in which words, at least once, and what is no news."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from schemas.facts import Evidence
from schemas.mailbox_events import NoticeSent
from schemas.settings import Settings, parse
from schemas.sunset_events import Stage, StagesPlanned, StagesSwitched, SunsetEvent
from streams.journal import Journal
from streams.stage_alarms import FILE, Alarms
from streams.sunset.alarms import alarm, words_of
from streams.sunset.ledger import Ledger, fold
from streams.sunset.stepping import stepped
from tests.barring_lab import publish
from tests.mail_server import Server
from tests.sunset.scene import local

AT = local("2027-03-01 12:00")
HOUR = 3_600_000_000
STAGES = (Stage(number=1, beyond="h", mailboxes=3412), Stage(number=2, first="h", mailboxes=3398), Stage(number=3))
PLAN = StagesPlanned(id="p", at=1, sunset="pop", stages=STAGES)
EVIDENCE = (
    Evidence(
        rule="refused", text="620 different senders refused within an hour: the limit is 500", value=620, usual=500
    ),
    Evidence(rule="tickets", text="41 tickets within an hour: the limit is 40", value=41, usual=40),
)
PAUSED = stepped("pop", 2, "paused", AT, evidence=EVIDENCE, reason="the load is above its limit")
_SETTINGS = """
data = "{folder}"
kafka.bootstrap = ["{bootstrap}"]
[sunset.pop]
kind = "smtp_after_pop"
begins = 2027-01-01
ends = 2027-03-22
[sunset.pop.stages]
tell = {tell}
"""
_MAIL = """
[sunset.pop.mail]
sender = "care@hoster.example"
company = "Hoster"
support = "+49 89 1234"
smtp_server = "smtp.hoster.example"
port = {port}
"""


def _failing(attempt: int, problem: str = "/etc/x: Read-only file system", host: str = "mx1") -> StagesSwitched:
    return StagesSwitched(
        id=f"s{attempt}{host}",
        at=AT,
        sunset="pop",
        hook="exim",
        host=host,
        off=(1, 2),
        problem=problem,
        attempt=attempt,
    )


def test_a_pause_is_told_with_its_evidence_what_is_off_and_the_orders() -> None:
    ledger = Ledger()
    closed, brownout = stepped("pop", 1, "closed", AT - HOUR), stepped("pop", 3, "brownout", AT - 9, until=AT + HOUR)
    fold({"pop": ledger}, (PLAN, closed, brownout, PAUSED))
    words = words_of(PAUSED, ledger, AT + 60_000_000)
    assert words.subject == "Sunset pop: stage 2 was paused"
    assert words.text == (
        "Stage 2 of the sunset pop was paused at 2027-03-01 11:00:00+00:00:\n"
        "the load is above its limit.\n\n"
        "- 620 different senders refused within an hour: the limit is 500\n"
        "- 41 tickets within an hour: the limit is 40\n\n"
        "By the plan and the orders, at 2027-03-01 11:01:00+00:00:\n\n"
        "- stage 1 is off (closed): 3,412 mailboxes when it was planned\n"
        "- stage 3 is off (brownout, until 2027-03-01 12:00:00+00:00): 0 mailboxes when it was planned\n"
        "- stage 2 is paused, and no other goes off until an operator says so\n\n"
        "What to do:\n\n"
        "    relaywarden sunset stages --sunset pop\n"
        "        shows where all stages and hosts are\n"
        '    relaywarden sunset stage resume 2 --sunset pop --reason "..."\n'
        "        it goes on where it was: what had closed is closed again at once\n"
        '    relaywarden sunset stage rollback 2 --sunset pop --reason "..."\n'
        "        it stays open until it is resumed, the others go on\n"
    )


def test_a_host_that_cannot_switch_is_told_and_its_name_is_no_line_of_the_head() -> None:
    words = words_of(_failing(8, "exim:\n no", "mx1\r\nBcc: all@x.example"), Ledger(), AT)
    assert words.subject == "Sunset pop: mx1??Bcc??all?x.example cannot switch exim"
    assert "failed 8 times" in words.text
    assert "these should be off there: 1, 2." in words.text
    assert "- exim: no\n" in words.text
    assert "- no stage is off\n" in words.text


@pytest.mark.parametrize(
    ("event", "is_told"),
    [
        (PAUSED, True),
        (stepped("pop", 2, "paused", AT, operator="ann", reason="holidays"), False),
        (stepped("pop", 2, "closed", AT), False),
        (stepped("pop", 1, "paused", AT), False),
        (_failing(8), True),
        (_failing(4), False),
        (_failing(16), False),
        (_failing(8, ""), False),
    ],
)
def test_what_nobody_ordered_is_told_and_once(event: SunsetEvent, *, is_told: bool) -> None:
    ledger = Ledger()
    fold({"pop": ledger}, (PLAN, stepped("pop", 1, "paused", AT - 1)))
    assert alarm(event, ledger) == (event if is_told else None)


class _Desk:
    """The task with a topic, a mail server and a clock set by hand."""

    def __init__(self, broker: Broker, folder: Path, server: Server) -> None:
        text = _SETTINGS + _MAIL
        tell = '["noc@isp.example", "boss@isp.example"]'
        known = {"bootstrap": broker.bootstrap, "port": server.port, "tell": tell}
        self.make: Callable[[Path], Settings] = lambda data: parse(text.format(folder=data, **known), "test")
        self.folder, self.server = folder, server
        self.told: list[NoticeSent] = []
        ensure_topics(self.make(folder))

    def write(self, *events: SunsetEvent) -> None:
        publish(self.make(self.folder), *events)

    def work(self, *moments: int, folder: Path | None = None) -> None:
        """Let a desk that starts now have its turn at these moments."""
        settings, clock = self.make(folder or self.folder), [moments[0]]
        task, self.told = Alarms(settings, lambda: clock[0]), []

        def take(event: object) -> None:
            if isinstance(event, NoticeSent):
                self.told.append(event)
            task.take(event)  # type: ignore[arg-type]  # what the topic holds

        with Journal(settings.kafka, take, lambda: None) as journal:
            journal.read()
            for clock[0] in moments:
                task.turn(journal)
            journal.rest()

    def taken(self) -> list[tuple[str, str]]:
        """Return to whom the server took which mail."""
        return [(recipient, str(mail["Subject"])) for recipient, mail in self.server.taken]


@pytest.fixture
def desk(fresh_broker: Broker, tmp_path: Path) -> Iterator[_Desk]:
    server = Server(free_port())
    server.start()
    yield _Desk(fresh_broker, tmp_path / "state", server)
    server.stop()


SUBJECT = "Sunset pop: stage 2 was paused"
BOTH = [("noc@isp.example", SUBJECT), ("boss@isp.example", SUBJECT)]


def test_each_address_gets_one_mail_about_a_pause_through_restarts_and_loss(desk: _Desk, tmp_path: Path) -> None:
    desk.write(PLAN, stepped("pop", 1, "closed", AT - HOUR), PAUSED, stepped("pop", 2, "paused", AT + 1), _failing(4))
    desk.work(AT + 5, AT + 6)
    assert desk.taken() == BOTH
    mail = desk.server.taken[0][1]
    assert (mail["From"], mail["Auto-Submitted"], mail.get_content_type()) == (
        "Hoster <care@hoster.example>",
        "auto-generated",
        "text/plain",
    )
    assert "620 different senders refused within an hour: the limit is 500" in mail.get_content()
    desk.work(AT + 2 * HOUR)
    assert [(each.status, each.template, each.decision) for each in desk.told] == [
        ("intended", "alarm", PAUSED.id),
        ("sent", "alarm", PAUSED.id),
    ] * 2
    desk.work(AT + HOUR, folder=tmp_path / "lost")
    assert desk.taken() == BOTH, "its file was lost; the topic knows that they were sent"
    desk.write(_failing(8))
    desk.work(AT + HOUR)
    assert desk.taken()[2:] == [(to, "Sunset pop: mx1 cannot switch exim") for to, _ in BOTH]


def test_a_mail_that_was_being_handed_over_at_kill_9_comes_again_under_the_same_name(desk: _Desk) -> None:
    desk.write(PLAN, PAUSED)
    desk.server.answers = ["451 4.3.0 later", "451 4.3.0 later"]
    desk.work(AT + 5)
    assert desk.taken() == []
    box = sqlite3.connect(desk.folder / FILE)
    box.execute("UPDATE letters SET status = 'intended', again = 0")
    names = [row[0] for row in box.execute("SELECT message_id FROM letters ORDER BY rowid")]
    box.commit()
    box.close()
    desk.work(AT + HOUR, AT + HOUR + 1)
    assert desk.taken() == BOTH
    assert [mail["Message-ID"] for _, mail in desk.server.taken] == names


def test_of_two_desks_one_tells_it(desk: _Desk, tmp_path: Path) -> None:
    desk.write(PLAN, PAUSED)
    desk.server.answers = ["451 4.3.0 later", "451 4.3.0 later"]
    desk.work(AT + 5)
    desk.work(AT + 6, AT + 7, folder=tmp_path / "other")
    assert desk.taken() == [], "the first has it in hand"
    desk.work(AT + HOUR)
    desk.work(AT + 3 * HOUR, AT + 3 * HOUR + 1, folder=tmp_path / "other")
    assert desk.taken() == BOTH


def test_what_the_server_defers_is_tried_again_and_told(desk: _Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.write(PLAN, PAUSED)
    desk.server.answers = ["451 4.3.0 later"]
    desk.work(AT + 5, AT + 6)
    assert desk.taken() == BOTH[1:]
    assert "noc@isp.example: try 1: DATA: 451 4.3.0 later" in caplog.text
    desk.server.stop()
    desk.work(AT + HOUR)
    assert "try 2: 127.0.0.1 port" in caplog.text
    desk.server.start()
    desk.work(AT + 2 * HOUR)
    assert desk.taken() == [BOTH[1], BOTH[0]]


def test_what_is_older_than_a_day_is_no_news_to_a_desk_that_starts(desk: _Desk) -> None:
    desk.write(PLAN, PAUSED)
    desk.work(AT + 24 * HOUR)
    assert desk.taken() == []


def test_whom_to_tell_needs_a_server_and_addresses(tmp_path: Path) -> None:
    def settings(tell: str, mail: str = _MAIL) -> Settings:
        text = _SETTINGS + mail
        return parse(text.format(folder=tmp_path, bootstrap="127.0.0.1:1", port=25, tell=tell), "test")

    with pytest.raises(ValueError, match=r"sunset\.pop: .*stages\.tell needs a table `mail`"):
        settings('["noc@isp.example"]', "")
    for wrong in ('["noc"]', '["noc@isp.example\\nBcc: x@y.example"]', '["NOC <noc@isp.example>"]'):
        with pytest.raises(ValueError, match=r"sunset\.pop\.stages\.tell.*is no mail address in ASCII"):
            settings(wrong)
    assert settings("[]", "").sunset["pop"].stages is not None
