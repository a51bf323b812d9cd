"""Two desks on one broker: each report goes once, whoever is first."""

import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from schemas.events import Event
from schemas.mailbox_events import NoticeSent
from schemas.topics import MAILBOX_SIGNALS, place_of
from streams.operating import publish
from streams.report_task import FILE, Reports
from streams.topiclog import TopicLog
from tests.reports.office import MINUTE, Office, turn
from tests.reports.scene import DAY, HOUR, NOW, heard, keep, week

CUSTOMERS = 12
MANY: dict[str, Any] = {
    "audience": "customer",
    "every": "daily",
    "mail": {"per_hour": 1000},
    "more": {
        "customers": {
            f"c{number}": {"mailboxes": [f"c{number}.example"], "contact": f"it@c{number}.example"}
            for number in range(CUSTOMERS)
        }
    },
}


def _left(desk: Reports) -> int:
    return desk._box.open("week")  # noqa: SLF001 nobody else asks


def test_two_desks_on_one_broker_send_each_report_once(office: Office, tmp_path: Path) -> None:
    """Both have all reports in their letterboxes, and work at the same time, as fast as they can."""
    keep(office.client, heard(range(16)))
    office.now = NOW - MINUTE
    desks = [office.desk(tmp_path / name, **MANY) for name in ("one", "two")]
    for desk in desks:
        turn(desk)
    office.now = NOW
    for desk in desks:
        desk._write(NOW)  # noqa: SLF001 before anything is handed over
    assert list(map(_left, desks)) == [CUSTOMERS] * 2
    begun = threading.Barrier(2)

    def work(desk: Reports) -> None:
        begun.wait(60)
        while _left(desk):
            turn(desk)
            if desk._shared._over.keys() and len(office.server.taken) >= CUSTOMERS:  # noqa: SLF001
                desk._shared.read_on()  # noqa: SLF001 the clock stands still
        desk.stop()

    threads = [threading.Thread(target=work, args=(desk,)) for desk in desks]
    for each in threads:
        each.start()
    for each in threads:
        each.join(90)
    assert Counter(office.taken()) == {f"it@c{number}.example": 1 for number in range(CUSTOMERS)}
    told = office.told()
    assert Counter(each.status for each in told if each.status != "intended").keys() == {"sent"}


def test_a_desk_that_writes_later_knows_from_the_topic_what_another_sent(office: Office, tmp_path: Path) -> None:
    keep(office.client, week())
    office.now = NOW - MINUTE
    first, second = (office.desk(tmp_path / name) for name in ("one", "two"))
    turn(first)
    turn(second)
    office.now = NOW
    turn(first)
    assert office.taken() == ["noc@isp.example"]
    for office.now in (NOW + MINUTE, NOW + 2 * MINUTE, NOW + 3 * HOUR):
        turn(second)
    assert office.taken() == ["noc@isp.example"], "the sink has stored nothing of it yet"
    first.stop()
    second.stop()


def test_what_one_desk_tries_again_and_again_is_left_to_it_until_it_falls_silent(
    office: Office, tmp_path: Path
) -> None:
    keep(office.client, week())
    office.server.answers = ["451 4.3.0 later"] * 3
    office.now = NOW - MINUTE
    first, second = (office.desk(tmp_path / name) for name in ("one", "two"))
    turn(first)
    turn(second)
    for office.now in (NOW, NOW + HOUR // 2, NOW + HOUR):
        turn(first)
        turn(second)
    assert office.server.tried == 3
    for minutes, tried in ((90, 3), (175, 3), (190, 4)):
        office.now = NOW + minutes * MINUTE
        _known_not_taken(tmp_path / "two" / FILE)
        turn(second)
        assert office.server.tried == tried
    office.now += MINUTE
    turn(first)
    assert office.taken() == ["noc@isp.example"]
    first.stop()
    second.stop()


def _known_not_taken(path: Path) -> None:
    """Note in a desk's letterbox what the mail log would tell: nobody took it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("UPDATE letters SET status = 'waiting', again = 0 WHERE status = 'unsure'")


def test_a_log_that_is_away_lets_nothing_go_and_is_told_once(office: Office, caplog: Any) -> None:  # noqa: ANN401
    keep(office.client, week())
    office.now = NOW - MINUTE
    away = {"kafka": {"bootstrap": ["127.0.0.1:1"]}, "customers": {}}
    desk = office.desk(more=away)
    for office.now in (NOW - MINUTE, NOW, NOW + 1, NOW + 20 * 1_000_000):
        turn(desk)
    desk.stop()
    assert office.taken() == []
    assert len([each for each in caplog.messages if each.startswith("reports wait: ")]) == 1
    office.work(NOW + DAY)
    assert office.taken() == ["noc@isp.example"]


def test_a_topic_is_read_from_a_moment_on(office: Office) -> None:
    def notice(number: int) -> NoticeSent:
        return NoticeSent(
            id=f"n{number}", at=NOW, recipient="r@isp.example", template="report", language="en", status="intended",
            message_id=f"<{number}@isp.example>",
        )  # fmt: skip

    def read(since: float) -> list[str]:
        found: list[str] = []

        def take(event: Event) -> None:
            found.extend([event.id] if isinstance(event, NoticeSent) else [])

        with TopicLog[None](office.settings().kafka, MAILBOX_SIGNALS, take, int(since * 1000)) as log:
            log.rest()
        return sorted(found)

    begun = time.time()
    publish(office.settings(), notice(1))
    time.sleep(0.1)
    between = time.time()
    time.sleep(0.1)
    publish(office.settings(), notice(1))
    publish(office.settings(), notice(2))
    assert [read(since) for since in (0, begun - 1, between)] == [["n1", "n1", "n2"], ["n1", "n1", "n2"], ["n1", "n2"]]
    assert place_of(notice(1), 8)[1] == place_of(msgspec.structs.replace(notice(1), id="x", status="sent"), 8)[1]
