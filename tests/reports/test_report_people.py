"""Who gets which report: who comes later, whose template is wrong, whom another sender wrote to; a dry run."""

from pathlib import Path
from typing import Any

import pytest

from streams.letterbox import Letterbox
from streams.report_preview import rows
from streams.report_task import FILE
from tests.reports.office import MINUTE, Office
from tests.reports.scene import DAY, HOUR, NOW, keep, week

DAILY: dict[str, Any] = {"audience": "customer", "every": "daily", "flag": "report", "hours": [7]}


class People:
    """A directory in a file: customers by their flags."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.more = {"directory": {"kind": "csv", "path": str(path)}, "customers": {}}

    def list(self, **flags: str) -> None:
        rows = [f"{name}.example,{name},it@{name}.example,{flag}\n" for name, flag in flags.items()]
        self._path.write_text("".join(["address,customer,contact,flags\n", *rows]))


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(tmp_path / "people.csv")


@pytest.mark.parametrize("flag", ["report:8", "report:8:Europe/Rome", "report", "report:6+8"])
def test_a_new_customer_gets_the_next_whatever_hours_he_chose(office: Office, people: People, flag: str) -> None:
    keep(office.client, week())
    people.list(alpine="report")
    office.work(NOW, more=people.more, **DAILY)
    people.list(alpine="report", bakery=flag)
    late = NOW + 2 * HOUR
    office.work(late, late + MINUTE, more=people.more, **DAILY)
    office.work(late + 2 * MINUTE, more=people.more, **DAILY)
    assert office.taken() == ["it@alpine.example"]
    office.work(NOW + DAY + HOUR + 15 * MINUTE, more=people.more, **DAILY)
    assert office.taken() == ["it@alpine.example"] * 2 + ["it@bakery.example"]


def test_who_shifts_his_hour_back_misses_none(office: Office, people: People) -> None:
    keep(office.client, week())
    people.list(alpine="report:20")
    office.work(NOW, more=people.more, **DAILY)
    assert office.taken() == [], "that of yesterday evening was before it was configured"
    people.list(alpine="report:8")
    office.work(NOW + 2 * HOUR, NOW + 2 * HOUR + 15 * MINUTE, more=people.more, **DAILY)
    assert office.taken() == ["it@alpine.example"]
    people.list(alpine="report:8+20")
    office.work(NOW + 3 * HOUR, more=people.more, **DAILY)
    assert len(office.taken()) == 1, "the hours from 20 to 8 o'clock lie in what he has, and in what he chose no more"


def test_an_entry_of_an_earlier_release_counts_for_all_its_people(office: Office) -> None:
    keep(office.client, week())
    office.settings().data.mkdir(parents=True)
    (office.settings().data / "reports.json").write_text('{"week": 1}')
    office.work(NOW + DAY, audience="customer")
    assert len(office.taken()) == 3


def _wrong_for(name: str, folder: Path) -> dict[str, Any]:
    """Return a mail whose template cannot be filled in for one customer."""
    (folder / "en").mkdir(parents=True, exist_ok=True)
    hurt = f"{{% if name == '{name}' %}}{{{{ number('x') }}}}{{% endif %}}"
    (folder / "en" / "opening.txt").write_text(f"Subject: {{{{ title }}}}\n\n{hurt}\n")
    return {"templates": str(folder)}


def test_a_template_that_fails_for_one_customer_holds_up_no_other_and_he_has_his_once_it_is_mended(
    office: Office, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep(office.client, week())
    mail = _wrong_for("chalet", tmp_path / "own")
    office.work(NOW, NOW + MINUTE, audience="customer", mail=mail)
    assert office.taken() == ["it@alpine.example", "it@bakery.example"]
    problems = {row["customer"]: row["problem"] for row in rows(office.settings(audience="customer", mail=mail), NOW)}
    assert {name for name, problem in problems.items() if problem} == {"chalet"}
    assert str(problems["chalet"]).startswith("cannot be written: en/opening.txt line 3: ")
    (said,) = [each for each in caplog.messages if "cannot be written" in each]
    assert said.startswith("report week to it@chalet.example: cannot be written: en/opening.txt line 3: ")
    assert said.endswith("mend it and start the desk anew before 2026-11-26T06:00:00+00:00, else it is refused")
    office.work(NOW + HOUR, NOW + 2 * HOUR, audience="customer", mail=mail)
    assert len(office.taken()) == 2
    office.work(NOW + 2 * DAY, NOW + 2 * DAY + MINUTE, audience="customer")
    assert office.taken() == ["it@alpine.example", "it@bakery.example", "it@chalet.example"]
    assert {each.status for each in office.told() if each.customer == "chalet"} == {"intended", "sent"}


def test_a_report_that_could_not_be_written_in_time_is_refused_and_says_why(office: Office, tmp_path: Path) -> None:
    keep(office.client, week())
    mail = _wrong_for("chalet", tmp_path / "own")
    office.work(NOW, NOW + 3 * DAY - MINUTE, audience="customer", mail=mail)
    assert [each for each in office.told() if each.customer == "chalet"] == []
    office.work(NOW + 3 * DAY + MINUTE, audience="customer", mail=mail)
    (refused,) = [each for each in office.told() if each.status == "refused"]
    assert (refused.customer, refused.recipient) == ("chalet", "it@chalet.example")
    assert refused.reply.startswith("no mail can be made of it: en/opening.txt line 3: ")
    office.work(NOW + 4 * DAY, audience="customer")
    assert len(office.taken()) == 2, "what is told of as refused does not go any more"


def test_another_domain_of_the_sender_sends_nothing_again(office: Office, tmp_path: Path) -> None:
    keep(office.client, week())
    office.work(NOW - MINUTE, NOW)
    office.work(NOW + HOUR, mail={"sender": "reports@new.example"})
    assert office.taken() == ["noc@isp.example"], "the letterbox knows"
    office.told()
    (tmp_path / "lost").mkdir()
    (tmp_path / "lost" / "reports.json").write_text('{"week": 1}')
    office.work(NOW + HOUR, folder=tmp_path / "lost", mail={"sender": "reports@new.example"})
    assert office.taken() == ["noc@isp.example"], "the warehouse knows"


def test_what_was_begun_under_another_domain_goes_under_its_first_message_id(office: Office, tmp_path: Path) -> None:
    keep(office.client, week())
    office.server.answers = ["451 4.3.0 later"]
    office.work(NOW)
    office.told()
    (tmp_path / "lost").mkdir()
    (tmp_path / "lost" / "reports.json").write_text('{"week": 1}')
    office.work(NOW + HOUR, folder=tmp_path / "lost", mail={"sender": "reports@new.example"})
    (letter,) = Letterbox(tmp_path / "lost" / FILE)._all("1 = ?", (1,))  # noqa: SLF001 all that it holds
    assert (letter.status, letter.message_id.rpartition("@")[2]) == ("unsure", "isp.example>")


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_dry_run_leaves_every_file_as_it_is(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    keep(office.client, week())
    office.settings().data.mkdir(parents=True)
    office.now = NOW + MINUTE
    office.work(NOW + MINUTE, dry_run=True)
    assert _bytes(office.settings().data) == {}
    assert "report week of 2026-W47: 1 would be written" not in caplog.messages, "it was configured just now"
    (office.settings().data / "reports.json").write_text('{"week": 1}')
    office.work(NOW, NOW + MINUTE, dry_run=True)
    assert caplog.messages.count("report week of 2026-W47: 1 would be written") == 1
    assert _bytes(office.settings().data) == {"reports.json": b'{"week": 1}'}
    assert office.taken() == []
    office.work(NOW)
    assert office.taken() == ["noc@isp.example"]


def test_a_dry_run_beside_a_desk_or_after_kill_9_leaves_every_file_as_it_is(office: Office) -> None:
    """The letterbox is open, what was written last is not in the file itself yet, and a report is being handed over."""
    keep(office.client, week())
    office.server.answers = ["451 4.3.0 later"]
    office.work(NOW)
    box = Letterbox(office.settings().data / FILE)
    box._file.execute("UPDATE letters SET status = 'intended'")  # noqa: SLF001 as kill -9 leaves it
    before = _bytes(office.settings().data)
    assert set(before) == {"reports.db", "reports.db-shm", "reports.db-wal", "reports.json"}
    office.work(NOW + MINUTE, dry_run=True)
    assert _bytes(office.settings().data) == before
    assert box.due("week", "intended", NOW + DAY) is not None
    assert office.taken() == []
    box.close()
