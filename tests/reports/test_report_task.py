"""Reports from a real ClickHouse through the letterbox to a real SMTP server: each once, also where the desk dies."""

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas import codec
from schemas.delisting_events import DelistingClosed
from schemas.mailbox_events import NoticeSent
from schemas.settings import Settings
from schemas.topics import MAILBOX_SIGNALS
from streams.letterbox import Letterbox
from streams.migrate import migrate
from streams.report_task import FILE, Reports, reports
from streams.reports.document import Chart, Document, Section, Series
from streams.topiclog import TopicLog
from tests.mail_server import Server
from tests.reports.scene import DAY, HOUR, MAIL, NOW, keep, settings, week

if TYPE_CHECKING:
    from schemas.delisting_events import Outcome
    from streams.journal import Journal

MINUTE = HOUR // 60


class Office:
    """A warehouse, a topic, a mail server, and a desk whose clock is set by hand."""

    def __init__(self, broker: Broker, clickhouse: ClickHouseServer, database: str, folder: Path) -> None:
        migrate(clickhouse.connect(), database)
        self.client = clickhouse.connect(database)
        self.server = Server(free_port())
        self.server.start()
        self.now = NOW
        self._given = {
            "data": folder,
            "kafka": {"bootstrap": [broker.bootstrap]},
            "clickhouse": {"host": clickhouse.host, "port": clickhouse.port, "database": database},
        }
        ensure_topics(self.settings())

    def settings(self, folder: Path | None = None, more: Any = None, **report: Any) -> Settings:  # noqa: ANN401
        configured = settings(**{"mail": {**MAIL, "port": self.server.port}, "pdf": False, **report})
        given = {**configured.model_dump(mode="json", exclude_none=True), **self._given}
        return Settings.model_validate(given | ({"data": folder} if folder else {}) | (more or {}))

    def work(self, *moments: int, folder: Path | None = None, dry_run: bool = False, **report: Any) -> None:  # noqa: ANN401
        """Let a desk that starts now have its turn at these moments."""
        desk = Reports(self.settings(folder, **report), lambda: self.now, dry_run=dry_run)
        for self.now in moments:
            desk.turn(cast("Journal", None))

    def taken(self) -> list[str]:
        return sorted(recipient for recipient, _ in self.server.taken)

    def told(self) -> list[NoticeSent]:
        """Return what the topic holds of reports, and store it as the sink would."""
        found: list[NoticeSent] = []

        def take(event: object) -> None:
            if isinstance(event, NoticeSent):
                found.append(event)

        with TopicLog[None](self.settings().kafka, MAILBOX_SIGNALS, take) as log:
            log.next()
        lines = b"".join(codec.encode(event) + b"\n" for event in found)
        if lines:
            self.client.raw_insert("mailbox_signals", insert_block=lines, fmt="JSONEachRow")
        return found


@pytest.fixture
def office(
    fresh_broker: Broker, clickhouse: ClickHouseServer, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    monkeypatch.setenv(PASSWORD_ENV, clickhouse.password)
    made = Office(fresh_broker, clickhouse, database, tmp_path / "state")
    yield made
    made.server.stop()


def _text(mail: EmailMessage) -> str:
    (text,) = [part for part in mail.walk() if part.get_content_type() == "text/plain"]
    assert isinstance(text, EmailMessage)
    return str(text.get_content())


def test_a_report_goes_once_at_its_hour_through_restarts_and_both_events_are_told(
    office: Office, tmp_path: Path
) -> None:
    keep(office.client, week())
    office.work(NOW - MINUTE)
    assert office.taken() == [], "what was due before the report was configured is no missed report"
    office.work(NOW, NOW + MINUTE)
    office.work(NOW + 2 * MINUTE, NOW + DAY)
    assert office.taken() == ["noc@isp.example"]
    last = office.server.taken[-1][1]
    assert last["Subject"] == "Mail operations: week 47, 16 November 2026 \N{EN DASH} 22 November 2026"
    assert "google 109 89.8% \N{MINUS SIGN}7.2 1 11" in " ".join(_text(last).split())
    told = office.told()
    assert {(each.status, each.template, each.sunset, each.message_id) for each in told} == {
        ("intended", "report", "", last["Message-ID"]),
        ("sent", "report", "", last["Message-ID"]),
    }
    office.work(NOW + 2 * DAY, folder=tmp_path / "lost")
    assert len(office.taken()) == 1, "the letterbox was lost; the warehouse knows that they went"


def test_of_the_weeks_that_passed_while_the_desk_was_down_the_last_is_made_up_for(office: Office) -> None:
    keep(office.client, week())
    office.work(NOW)
    office.work(NOW + 22 * DAY)
    names = [mail["Subject"].split()[3] for _, mail in office.server.taken]
    assert names == ["47,", "50,"]
    assert "No log of this period was read" in _text(office.server.taken[-1][1])


def test_what_was_handed_over_when_the_desk_died_is_not_handed_over_again_before_the_mail_log_tells(
    office: Office,
) -> None:
    keep(office.client, week())
    office.work(NOW)
    box = Letterbox(office.settings().data / FILE)
    letter = box.ended_since(0)[0]
    box._file.execute("UPDATE letters SET status = 'intended', ended = 0")  # noqa: SLF001 as kill -9 leaves it
    box.close()
    office.work(NOW + MINUTE, NOW + 2 * MINUTE)
    assert len(office.taken()) == 1
    sent = {"type": "message_submitted", "message_id": letter.message_id.strip("<>"), "at": NOW + 1, "id": "m1"}
    office.client.insert("mail_events", [list(sent.values())], column_names=list(sent))
    office.work(NOW + 4 * HOUR)
    assert len(office.taken()) == 1
    (known,) = Letterbox(office.settings().data / FILE).ended_since(0)
    assert (known.status, known.reply) == ("sent", "the mail log says that it was taken")


def test_what_ended_more_than_400_days_ago_is_forgotten_by_a_desk_that_runs_on(office: Office) -> None:
    keep(office.client, week())
    desk = Reports(office.settings(), lambda: office.now)
    box = Letterbox(office.settings().data / FILE)
    left = []
    for office.now in (NOW, NOW + 399 * DAY + HOUR, NOW + 401 * DAY):
        desk.turn(cast("Journal", None))
        left.append([letter.due for letter in box.ended_since(0)])
    assert [len(each) for each in left] == [1, 2, 1]
    assert left[0] == [NOW]
    assert NOW not in left[2]


def test_a_server_that_is_away_is_tried_again(office: Office) -> None:
    keep(office.client, week())
    office.server.answers = ["451 4.3.0 later"]
    office.work(NOW, NOW + MINUTE // 2)
    assert len(office.taken()) == 1
    assert office.server.tried == 2


def test_each_customer_who_chose_it_gets_his_own_in_his_language(office: Office) -> None:
    keep(office.client, week())
    office.work(NOW, audience="customer")
    mails = dict(office.server.taken)
    assert sorted(mails) == ["it@alpine.example", "it@bakery.example", "it@chalet.example"]
    assert mails["it@alpine.example"]["Content-Language"] == "de"
    assert "Ihre Mails" in mails["it@alpine.example"]["Subject"]
    assert "Votre courrier" in mails["it@bakery.example"]["Subject"]
    assert "None of your mailboxes is known to have sent mail" in _text(mails["it@chalet.example"])


def test_a_customer_who_changes_his_hour_costs_nobody_the_report_and_has_it_once(
    office: Office, tmp_path: Path
) -> None:
    people = tmp_path / "people.csv"
    chosen: dict[str, Any] = {"audience": "customer", "every": "daily", "flag": "report", "hours": [7]}
    directory = {"directory": {"kind": "csv", "path": str(people)}, "customers": {}}

    def listed(**flags: str) -> None:
        rows = [f"{name}.example,{name},it@{name}.example,{flag}\n" for name, flag in flags.items()]
        people.write_text("".join(["address,customer,contact,flags\n", *rows]))

    keep(office.client, week())
    listed(alpine="report", bakery="report:8", chalet="report:8")
    office.work(NOW, more=directory, **chosen)
    assert office.taken() == ["it@alpine.example"]
    listed(alpine="report:8", bakery="report:8", chalet="report:8")
    office.work(NOW + HOUR + 15 * MINUTE, more=directory, **chosen)
    assert office.taken() == ["it@alpine.example", "it@bakery.example", "it@chalet.example"]
    listed(alpine="report:8", bakery="report:8", chalet="report:8", distillery="report:8")
    office.work(NOW + 2 * HOUR, more=directory, **chosen)
    assert len(office.taken()) == 3, "who comes later gets the next"
    office.work(NOW + DAY + HOUR + 15 * MINUTE, more=directory, **chosen)
    assert office.taken().count("it@distillery.example") == 1
    assert len(office.taken()) == 7


def _closed(outcome: str) -> DelistingClosed:
    ended = cast("Outcome", outcome)
    return DelistingClosed(
        id="e1", at=NOW - DAY, case="e1", list="zen", subject="192.0.2.2", outcome=ended, took_seconds=7200
    )


def test_a_listing_that_ended_as_none_of_ours_is_told(office: Office) -> None:
    keep(office.client, [*week(), _closed("not_ours")])
    office.work(NOW)
    assert "zen 192.0.2.2 IP not ours any more 2" in " ".join(_text(office.server.taken[0][1]).split())


def test_a_report_that_cannot_be_written_for_a_fault_nobody_foresaw_stops_nothing(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    keep(office.client, [*week(), _closed("of_a_later_release")])
    office.work(NOW, NOW + MINUTE)
    assert office.taken() == []
    told = "report week: cannot be written, please report this: KeyError('outcome_of_a_later_release')"
    assert caplog.messages.count(told) == 1
    office.work(NOW + 2 * MINUTE, parts=["deliverability"])
    assert office.taken() == ["noc@isp.example"]


def test_a_report_of_which_no_mail_can_be_made_is_refused_and_the_next_goes(office: Office) -> None:
    keep(office.client, week())
    office.server.answers = ["451 4.3.0 later"]
    office.work(NOW)
    box = Letterbox(office.settings().data / FILE)
    chart = Chart(title="t", alt="a", labels=("1",), series=(Series("sent", "mauve", (1.0,)),))
    odd = Document(
        language="en",
        subject="s",
        title="t",
        about="",
        age="",
        company="c",
        sections=(Section(title="t", blocks=(chart,)),),
    )
    box._file.execute("UPDATE letters SET content = ?", (msgspec.json.encode(odd),))  # noqa: SLF001 of a later release
    office.work(NOW + MINUTE)
    (ended,) = box.ended_since(0)
    assert (ended.status, ended.reply) == ("refused", "no mail can be made of it: KeyError: 'mauve'")
    office.work(NOW + 8 * DAY)
    assert office.taken() == ["noc@isp.example"]


def test_a_report_waits_until_its_period_is_stored_to_the_end_but_not_for_ever(office: Office) -> None:
    keep(office.client, [event for event in week() if event.at < NOW - 8 * HOUR])
    office.work(NOW, NOW + 14 * MINUTE)
    assert office.taken() == []
    office.work(NOW + 15 * MINUTE)
    assert "The data ends on 22 Nov 2026, 12:00 CET." in _text(office.server.taken[0][1]).replace("\n", " ")


def test_files_that_cannot_be_used_end_no_desk(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    (office.settings().data).mkdir(parents=True)
    (office.settings().data / "reports.json").write_text("{")
    assert reports(office.settings(), lambda: NOW, lambda: None, dry_run=False) == []
    assert "no report is sent: " in caplog.text
    assert "reports.json: Input data was truncated; remove it" in caplog.text


def test_a_dry_run_sends_and_keeps_nothing(office: Office) -> None:
    keep(office.client, week())
    office.work(NOW, dry_run=True)
    assert office.taken() == []
    office.work(NOW)
    assert office.taken() == ["noc@isp.example"]
