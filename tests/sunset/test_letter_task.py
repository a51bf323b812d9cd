"""Letters from the topic through the letterbox to a real SMTP server, and back to the topic."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
import tomli_w

from embedded.broker import Broker
from embedded.clickhouse import PASSWORD_ENV
from schemas.mailbox_events import NoticeSent
from schemas.settings import Settings
from schemas.sunset_events import UserExempted
from streams.journal import Journal
from streams.letter_task import Posted
from tests.command.shell import ROOT
from tests.sink.rig import until
from tests.sunset.office import AT, HOUR, Office, letter_to, working
from tests.sunset.scene import local, use
from tests.sunset.town import idle


@pytest.fixture
def office(fresh_broker: Broker, tmp_path: Path) -> Iterator[Office]:
    with working(fresh_broker, tmp_path / "state") as office:
        yield office


def test_each_goes_at_its_time_once_through_restarts_and_both_events_are_told(office: Office, tmp_path: Path) -> None:
    soon, later = letter_to("acme", AT), letter_to("solo", AT + HOUR)
    nobody = msgspec.structs.replace(letter_to("mute", AT), recipient="", message_id="", problem="no mail address")
    office.write(soon, later, soon, nobody)
    office.work(AT - 1)
    assert office.taken() == []
    office.work(AT, AT + 1)
    assert office.taken() == ["it@acme.example"]
    office.work(AT + HOUR, AT + HOUR + 1)
    assert office.taken() == ["it@acme.example", "it@solo.example"]
    assert [(each.customer, each.status, each.template, each.sunset) for each in office.told][:2] == [
        ("acme", "intended", "letter", "pop"),
        ("acme", "sent", "letter", "pop"),
    ]
    assert {each.message_id for each in office.told} == {soon.message_id, later.message_id}
    mail = office.server.taken[0][1]
    assert (mail["Message-ID"], mail["To"]) == (soon.message_id, "it@acme.example")
    office.work(AT + 2 * HOUR, folder=tmp_path / "lost")
    assert len(office.taken()) == 2, "the letterbox was lost; the topic knows that they ended"


def test_what_another_desk_began_is_not_begun_again(office: Office, tmp_path: Path) -> None:
    first, second = letter_to("acme", AT), letter_to("solo", AT + HOUR)
    office.write(first, second)
    office.work(AT - 1)  # both lie in this desk's letterbox
    office.work(AT, folder=tmp_path / "other")
    office.work(AT + 1, AT + 1)
    assert office.taken() == ["it@acme.example"]
    begun = NoticeSent(
        id="x", at=AT + HOUR, sunset="pop", recipient=second.recipient, template="letter", language="de",
        message_id=second.message_id, status="intended",
    )  # fmt: skip
    office.write(begun)
    for folder in (None, tmp_path / "third"):
        office.work(*(AT + HOUR + number * HOUR // 4 for number in range(9)), folder=folder)
    assert office.taken() == ["it@acme.example"], "nobody knows whether the server took the second"


def test_a_letter_that_did_not_go_before_it_ended_is_told_and_does_not(office: Office) -> None:
    letter = letter_to("acme", AT)
    office.write(letter)
    office.work(local("2027-03-22 00:01"))
    assert office.taken() == []
    assert [(each.status, each.reply) for each in office.told] == [
        ("intended", ""),
        ("refused", "withdrawn: it did not go before 2027-03-22, when it ended"),
    ]


def test_two_desks_on_one_topic_hand_each_letter_over_once(office: Office, tmp_path: Path) -> None:
    """Both have all letters in their letterboxes, and work at the same time, as fast as they can."""
    office.write(*(letter_to(f"c{number}", AT) for number in range(20)))
    begun = threading.Barrier(2)
    posted = [_Desk(office, tmp_path / name) for name in ("one", "two")]

    def work(desk: _Desk) -> None:
        with desk as journal:
            begun.wait(60)
            desk.posted.turn(journal)
            while desk.posted.left():
                desk.posted.turn(journal)
                journal.read()

    threads = [threading.Thread(target=work, args=(desk,)) for desk in posted]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert sorted(office.taken()) == sorted(f"it@c{number}.example" for number in range(20))


class _Desk:
    """A desk of its own with an opened topic."""

    def __init__(self, office: Office, folder: Path) -> None:
        settings = office.settings.model_copy(update={"data": folder})
        self.posted = Posted(settings, lambda: office.now, dict, lambda: None)
        self._journal = Journal(settings.kafka, self.posted.take, idle)

    def __enter__(self) -> Journal:
        self._journal.__enter__()
        self._journal.read()
        return self._journal

    def __exit__(self, *_: object) -> None:
        self._journal.__exit__()


def test_a_letter_that_one_desk_tries_again_and_again_is_left_to_it_until_it_falls_silent(
    office: Office, tmp_path: Path
) -> None:
    office.write(letter_to("acme", AT))
    office.server.answers = ["451 4.3.0 later"] * 3
    first, second = _Desk(office, tmp_path / "one"), _Desk(office, tmp_path / "two")
    path = tmp_path / "two" / "letters.db"
    with first as one, second as two:
        for office.now in (AT, AT + HOUR // 2, AT + HOUR):
            first.posted.turn(one)
            second.posted.turn(two)
        assert office.server.tried == 3
        for hours, tried in ((1.5, 3), (2.9, 3), (3.1, 4)):
            office.now = AT + int(hours * HOUR)
            _known_not_taken(path)
            second.posted.turn(two)
            assert office.server.tried == tried
        assert office.taken() == ["it@acme.example"]
        office.now += 1
        first.posted.turn(one)
        assert len(office.taken()) == 1


def _known_not_taken(path: Path) -> None:
    """Note in a desk's letterbox what the mail log would tell: nobody took it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("UPDATE letters SET status = 'waiting', again = 0 WHERE status = 'unsure'")


def test_a_full_disk_is_waited_for_and_what_was_not_handed_over_is_not_unsure(office: Office) -> None:
    office.write(letter_to("acme", AT))
    office.work(AT - 1)
    with closing(sqlite3.connect(office.settings.data / "letters.db", isolation_level=None)) as file:
        full = "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        file.execute(f"CREATE TRIGGER full BEFORE UPDATE ON letters {full}")
        office.work(AT, AT + 1, AT + 2)
        assert office.taken() == []
        assert [each.status for each in office.told] == ["intended"], "it is not claimed anew each moment"
        file.execute("DROP TRIGGER full")
    office.work(AT + 16_000_000)
    assert office.taken() == ["it@acme.example"]


def _exempted(subject: str) -> UserExempted:
    return UserExempted(id=f"x-{subject}", at=AT + 1, sunset="pop", subject=subject, operator="max", reason="ticket")


def test_what_became_exempt_before_it_was_taken_is_not_written_about(office: Office) -> None:
    both = msgspec.structs.replace(
        letter_to("acme", AT), uses=(use("a@acme.example", AT - HOUR), use("b@acme.example", AT - HOUR))
    )
    office.server.answers = ["451 4.3.0 later"] * 2
    office.write(both, letter_to("solo", AT))
    office.work(AT)
    assert office.server.tried == 2
    office.write(_exempted("a@acme.example"), _exempted("solo"))
    office.work(AT + HOUR, AT + HOUR + 1)
    assert office.taken() == ["it@acme.example"]
    text = office.server.taken[0][1].as_string()
    assert "b@acme.example" in text
    assert "a@acme.example" not in text
    assert [(each.customer, each.reply) for each in office.told if each.status == "refused"] == [
        ("solo", "withdrawn: all its mailboxes are exempt or done by now")
    ]
    tries = [
        (each.template, each.named) for each in office.told if (each.customer, each.status) == ("acme", "intended")
    ]
    assert tries == [("letter", ("a@acme.example", "b@acme.example")), ("letter", ("b@acme.example",))]


def test_who_is_exempt_by_an_alias_is_not_written_to_and_letters_wait_for_the_directory_that_tells(
    office: Office, tmp_path: Path
) -> None:
    customers = tmp_path / "customers.csv"
    office.settings = Settings.model_validate({**office.config, "directory": {"kind": "csv", "path": str(customers)}})
    exempt = UserExempted(id="e", at=AT - 1, sunset="pop", subject="fax@solo.example", reason="a fax")
    office.write(letter_to("acme", AT), letter_to("solo", AT), exempt)
    office.work(AT)
    assert (office.taken(), office.told) == ([], []), "whose fax@solo.example is nobody knows"
    customers.write_text(
        "address,mailbox,customer\na@acme.example,,acme\na@solo.example,,solo\nfax@solo.example,a@solo.example,solo\n"
    )
    office.work(AT + HOUR)
    assert office.taken() == ["it@acme.example"]
    assert "withdrawn: all its mailboxes are exempt or done by now" in [each.reply for each in office.told]


def test_a_letter_that_waited_four_days_is_withdrawn_and_thanks_do_not_end_with_the_sunset(office: Office) -> None:
    thanks = msgspec.structs.replace(
        letter_to("solo", local("2027-03-23 10:00")), kind="thanks", uses=(), thanked=("a@solo.example",)
    )
    office.write(letter_to("acme", AT), thanks)
    office.work(AT + 4 * 24 * HOUR + 1, local("2027-03-23 10:00"))
    assert office.taken() == ["it@solo.example"]
    assert [each.reply for each in office.told if each.status == "refused"] == [
        "withdrawn: it was due on 2027-02-02T09:00:00+00:00, more than 4 days ago"
    ]


def test_a_letterbox_that_cannot_be_used_stops_no_decision(office: Office, tmp_path: Path) -> None:
    config, log = tmp_path / "relaywarden.toml", tmp_path / "desk.log"
    config.write_text(tomli_w.dumps(office.config))
    office.settings.data.mkdir()
    (office.settings.data / "letters.db").write_text("no database at all, but long enough to be looked at")
    with log.open("w") as file:
        command = [sys.executable, "-m", "relaywarden", "desk", "--config", str(config)]
        desk = subprocess.Popen(command, cwd=ROOT, stderr=file, env={**os.environ, PASSWORD_ENV: "x"})
    until(lambda: "ClickHouse does not answer" in log.read_text(), 60, "it looks, to decide")
    desk.terminate()
    assert desk.wait(30) == 0
    said = log.read_text()
    assert "no letter is sent: " in said
    assert "letters.db: file is not a database; move the file away, and start again" in said
