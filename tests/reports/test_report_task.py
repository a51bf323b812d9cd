"""Reports from a real ClickHouse through the letterbox to a real SMTP server: each once, also where the desk dies."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest
from prometheus_client import REGISTRY

from schemas.delisting_events import DelistingClosed
from streams.letterbox import Letterbox
from streams.report_task import FILE, reports
from streams.reports.document import Chart, Document, Section, Series
from tests.reports.office import MINUTE, Office, text, turn
from tests.reports.scene import DAY, HOUR, NOW, keep, week

if TYPE_CHECKING:
    from schemas.delisting_events import Outcome


def counted(status: str) -> float:
    labels = {"type": "notice_sent", "status": status}
    return REGISTRY.get_sample_value("relaywarden_desk_events_total", labels) or 0.0


def test_a_report_goes_once_at_its_hour_through_restarts_and_both_events_are_told(
    office: Office, tmp_path: Path
) -> None:
    keep(office.client, week())
    office.work(NOW - MINUTE)
    assert office.taken() == [], "what was due before the report was configured is no missed report"
    before = [counted(status) for status in ("intended", "sent")]
    office.work(NOW, NOW + MINUTE)
    assert [counted(status) for status in ("intended", "sent")] == [each + 1 for each in before]
    office.work(NOW + 2 * MINUTE, NOW + DAY)
    assert office.taken() == ["noc@isp.example"]
    last = office.server.taken[-1][1]
    assert last["Subject"] == "Mail operations: week 47, 16 November 2026 \N{EN DASH} 22 November 2026"
    assert "google 109 89.8% \N{MINUS SIGN}7.2 1 11" in text(last)
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
    assert "No log of this period was read" in text(office.server.taken[-1][1])


def test_what_was_handed_over_when_the_desk_died_is_not_handed_over_again_before_the_mail_log_tells(
    office: Office,
) -> None:
    keep(office.client, week())
    desk = office.desk()
    desk._write(NOW)  # noqa: SLF001 and as kill -9 leaves it, once the server has the mail
    desk.stop()
    box = Letterbox(office.settings().data / FILE)
    letter = box.due("week", "waiting", NOW)
    assert letter is not None
    box.intend(letter, NOW)
    box.close()
    office.work(NOW + MINUTE, NOW + 2 * MINUTE)
    assert office.taken() == []
    sent = {"type": "message_submitted", "message_id": letter.message_id.strip("<>"), "at": NOW + 1, "id": "m1"}
    office.client.insert("mail_events", [list(sent.values())], column_names=list(sent))
    office.work(NOW + 4 * HOUR)
    assert office.taken() == []
    (known,) = Letterbox(office.settings().data / FILE).ended_since(0)
    assert (known.status, known.reply) == ("sent", "the mail log says that it was taken")


def test_what_ended_more_than_400_days_ago_is_forgotten_by_a_desk_that_runs_on(office: Office) -> None:
    keep(office.client, week())
    desk = office.desk()
    box = Letterbox(office.settings().data / FILE)
    left = []
    for office.now in (NOW, NOW + 399 * DAY + HOUR, NOW + 401 * DAY):
        turn(desk)
        left.append([letter.due for letter in box.ended_since(0)])
    desk.stop()
    box.close()
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
    assert "None of your mailboxes is known to have sent mail" in text(mails["it@chalet.example"])


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
    assert "zen 192.0.2.2 IP not ours any more 2" in text(office.server.taken[0][1])


def test_a_report_that_cannot_be_written_for_a_fault_nobody_foresaw_stops_nothing(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    keep(office.client, [*week(), _closed("of_a_later_release")])
    office.work(NOW, NOW + MINUTE)
    assert office.taken() == []
    told = (
        "cannot be written: please report this: KeyError('outcome_of_a_later_release'); mend it and start the desk anew"
    )
    assert [told in each for each in caplog.messages if "cannot be written" in each] == [True]
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
    assert "The data ends on 22 Nov 2026, 06:00 CET." in text(office.server.taken[0][1])


def test_files_that_cannot_be_used_end_no_desk(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    (office.settings().data).mkdir(parents=True)
    (office.settings().data / "reports.json").write_text("{")
    assert reports(office.settings(), lambda: NOW, lambda: None, dry_run=False) == []
    assert "no report is sent: " in caplog.text
    assert "reports.json: Input data was truncated; remove it" in caplog.text
