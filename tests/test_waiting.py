"""Complaints that wait for the log of what was sent: how long, who does not, and what is said when the time is over."""

import hmac
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from collectors.attribution import Delivered, Submitted
from collectors.intake import Intake
from collectors.sentindex import SentIndex
from schemas.events import ComplaintReceived, Event
from schemas.settings import Maildir
from tests.sent_town import ALICE, DAY, HOUR, A, by_message, mail

GOLDEN = Path(__file__).parent / "golden" / "complaints" / "arf"
SIGNED_IN = (GOLDEN / "01-authenticated_sender.eml").read_bytes()
UNSIGNED = (GOLDEN / "25-no_source_ip_the_topmost_hop_tells.eml").read_bytes()
WRITTEN = b"Thu, 26 Nov 2026 10:00:00 +0000"
KEY = b"0123456789abcdef0123456789abcdef"
LEFT_AT = 1_795_683_600_000_000  # when the mail of these reports left
START = 1_795_690_000.0
AWAY = "ClickHouse did not answer within 60 min"


class Log:
    """What was sent, as a warehouse knows it that is filled, or away, when a test says so."""

    def __init__(self) -> None:
        self.index = SentIndex([by_message("m1@example.net")])
        self.away = False
        self.asked = 0

    def submitted(self, message_id: str, since: int, until: int) -> Sequence[Submitted]:
        self.asked += 1
        if self.away:
            raise OSError("ClickHouse at 127.0.0.1:8123: connection refused")
        return self.index.submitted(message_id, since, until)

    def delivered(self, queue_ids: Sequence[str], recipient: str, since: int, until: int) -> Sequence[Delivered]:
        return self.index.delivered(queue_ids, recipient, since, until)

    def learn(self, sender: str = ALICE) -> None:
        """Take in the mail that the reports are about."""
        for event in mail(LEFT_AT, "4F1qXz3abc", sender, "bob@example.com", "m1@example.net", outbound_ip=A):
            self.index.note(event)


class Desk:
    """An intake with its Maildir, its clock and its log; `took` holds what was published."""

    def __init__(self, folder: Path, **settings: float | str) -> None:
        self.log = Log()
        self.now = START
        self.took: list[ComplaintReceived] = []
        self.folder = folder / "fbl"
        maildir = Maildir.model_validate({"maildir": self.folder, **settings})
        self._intake = Intake(maildir, "fbl", self.log, clock=lambda: self.now)

    def put(self, name: str, report: bytes, age: float = 0.0) -> None:
        """Deliver a report that came `age` seconds ago."""
        path = self.folder / "new" / name
        path.write_bytes(report)
        os.utime(path, (self.now - age, self.now - age))

    def look(self, *, after: float = 0.0) -> list[str]:
        """Let time pass, take in what there is, and return the names of what still waits."""
        self.now += after
        self._intake.take(self._publish)
        return sorted(path.name for path in (self.folder / "new").iterdir())

    def _publish(self, events: Sequence[Event]) -> None:
        self.took.extend(event for event in events if isinstance(event, ComplaintReceived))

    def told(self) -> list[tuple[str, str, float, str]]:
        """Return what was found out about each complaint that was taken in."""
        return [(each.sender, each.attribution, each.confidence, each.reason) for each in self.took]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return an intake that waits an hour, as is usual."""
    return Desk(tmp_path)


def test_a_mail_that_is_stored_late_is_found_at_the_next_look(desk: Desk) -> None:
    desk.put("1", UNSIGNED)
    assert desk.look() == ["1"]
    assert (desk.took, desk.log.asked) == ([], 1)
    desk.log.learn()
    assert desk.look(after=10) == ["1"]  # the log is asked again after 15 s
    assert desk.look(after=6) == []
    assert desk.told() == [(ALICE, "message_id", 0.9, "")]


def test_one_that_is_never_found_is_taken_in_when_the_time_is_over_and_seldom_asked_for(desk: Desk) -> None:
    desk.put("1", UNSIGNED)
    for _ in range(3590):
        assert desk.look(after=1) == ["1"]
    assert desk.log.asked < 20
    assert desk.look(after=15) == []
    assert desk.told() == [("", "", 0.0, "the log knows no mail with this Message-ID")]
    assert desk.took[0].outbound_ip == A


def test_the_time_counts_from_when_the_mail_came_so_that_a_restart_does_not_begin_anew(desk: Desk) -> None:
    desk.put("1", UNSIGNED, age=3599)
    desk.put("2", UNSIGNED, age=4000)
    assert desk.look() == ["1"]
    assert desk.look(after=2) == []
    assert len(desk.took) == 2


def test_a_file_of_the_future_waits_no_longer_than_others(desk: Desk) -> None:
    desk.put("1", UNSIGNED, age=-1_000_000)
    assert desk.look() == ["1"]
    assert desk.look(after=3601) == []


def test_a_wait_of_nothing_asks_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path, attribution_wait_minutes=0)
    desk.put("1", UNSIGNED)
    assert desk.look() == []
    assert desk.told() == [("", "", 0.0, "the log knows no mail with this Message-ID")]


def test_while_clickhouse_is_away_complaints_wait_and_it_is_said_once(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.log.away = True
    for number in range(200):
        desk.put(f"{number:03}", UNSIGNED)
    with caplog.at_level(logging.INFO, "relaywarden.complaints"):
        assert len(desk.look()) == 200
        assert desk.log.asked == 1
        assert len(desk.look(after=20)) == 200
        assert desk.log.asked == 2
        desk.log.away = False
        desk.log.learn()
        for _ in range(5):
            waiting = desk.look(after=100)
    assert waiting == []
    assert {each.sender for each in desk.took} == {ALICE}
    said = [record.getMessage() for record in caplog.records if "answer" in record.getMessage() or record.levelno > 20]
    assert said == [
        "fbl: ClickHouse at 127.0.0.1:8123: connection refused; complaints wait for it, up to 60 min",
        "fbl: ClickHouse answers again",
    ]


def test_away_for_longer_than_the_time_they_are_taken_in_and_say_so(desk: Desk) -> None:
    desk.log.away = True
    desk.put("1", UNSIGNED)
    assert desk.look(after=1) == ["1"]
    assert desk.look(after=3600) == []
    assert desk.told() == [("", "", 0.0, AWAY)]


def test_what_our_own_header_names_waits_until_the_log_confirms_it(desk: Desk) -> None:
    desk.put("1", SIGNED_IN)
    assert desk.look() == ["1"]
    desk.log.learn()
    assert desk.look(after=10) == ["1"]
    assert desk.look(after=6) == []
    assert desk.told() == [(ALICE, "authenticated_sender", 1.0, "")]


def test_what_the_log_never_confirms_is_taken_in_when_the_time_is_over_and_says_so(desk: Desk) -> None:
    desk.put("1", SIGNED_IN)
    assert desk.look() == ["1"]
    assert desk.look(after=3599) == ["1"]
    desk.log.away = True
    desk.put("2", SIGNED_IN, age=3600)
    assert desk.look(after=1) == []
    assert desk.told() == [(ALICE, "authenticated_sender", 0.8, AWAY)] * 2
    desk.log.away = False
    desk.put("3", SIGNED_IN, age=3600)
    assert desk.look(after=5) == []
    assert desk.told()[2:] == [(ALICE, "authenticated_sender", 0.8, "the log knows no such mail of this sender")]


def test_a_signed_envelope_waits_for_nothing_even_while_clickhouse_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERP_KEY", KEY.decode())
    settings = {"verp": r"bounce\+(?P<mailbox>.+)-(?P<signature>[0-9a-f]+)@example\.net", "verp_key_env": "VERP_KEY"}
    desk = Desk(tmp_path, **settings)
    local = "bounce+alice=example.net-"
    address = f"{local}{hmac.new(KEY, local.encode(), 'sha256').hexdigest()[:12]}@example.net"
    desk.put("1", UNSIGNED.replace(b"info@example.net", address.encode(), 1))
    assert desk.look() == []
    desk.log.away = True
    desk.put("2", (desk.folder / "cur" / "1:2,S").read_bytes())
    assert desk.look() == []
    assert desk.told() == [
        (ALICE, "verp", 0.9, "the log knows no such mail of this sender"),
        (ALICE, "verp", 0.9, ""),
    ]


@pytest.mark.parametrize(
    ("date", "days"), [("Mon, 01 Jan 1990 00:00:00 +0000", 14), ("Fri, 01 Jan 2100 00:00:00 +0000", 0)]
)
def test_a_wrong_date_hides_no_mail_from_the_log(desk: Desk, date: str, days: int) -> None:
    desk.log.learn()
    assert UNSIGNED.count(WRITTEN) == 1
    desk.put("1", UNSIGNED.replace(WRITTEN, date.encode()))
    assert desk.look() == []
    assert desk.told() == [(ALICE, "message_id", 0.9, "")]
    assert desk.took[0].at == int(START * 1_000_000) - days * DAY


def test_a_forged_header_is_overruled_by_the_log(desk: Desk) -> None:
    desk.log.learn("bob@example.net")
    desk.put("1", SIGNED_IN)
    assert desk.look() == []
    (told,) = desk.told()
    assert told[:3] == ("bob@example.net", "queue_id", 0.9)
    assert told[3] == f"our header in the report names {ALICE}, not the log"


def test_one_that_names_nothing_does_not_wait(desk: Desk) -> None:
    desk.log.away = True
    desk.put("1", UNSIGNED.replace(b"Message-ID: <m1@example.net>\n", b""))
    assert desk.look() == []
    assert desk.told() == [("", "", 0.0, "it names neither a queue id of ours nor a Message-ID")]


def test_a_waiting_mail_holds_up_no_other(desk: Desk) -> None:
    for number in range(100):
        desk.put(f"a{number:02}", UNSIGNED.replace(b"<m1@", b"<m2@"))
    desk.log.learn()
    desk.put("b", SIGNED_IN)
    assert len(desk.look()) == 100
    assert [each.sender for each in desk.took] == [ALICE]
    assert desk.took[0].at == LEFT_AT + HOUR
