"""Letters over a real SMTP server: none twice and none forgotten, whatever breaks and whenever it is killed."""

import asyncio
import random
import signal
import socketserver
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from embedded.broker import free_port
from schemas import codec
from schemas.mailbox_events import NoticeSent
from schemas.topics import SUNSET_EVENTS, topic_of
from streams.carrying import Carrier, Proof, Route
from streams.letterbox import Letter, Letterbox
from tests.carried_letters import letter, route
from tests.command.shell import ROOT
from tests.mail_server import Server

SECOND = 1_000_000
HOUR = 3600 * SECOND
START = 1_800_000_000 * SECOND


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server(free_port())
    running.start()
    yield running
    running.stop()


class Desk:
    """A carrier with its box, a clock that is set by hand, and what it put on the log."""

    def __init__(self, folder: Path, way: Route, *, proof: Proof = "unknowable") -> None:
        self.now = START
        self.told: list[NoticeSent] = []
        self.proof = proof
        self.asked: list[str] = []
        self.away = False
        self.box = Letterbox(folder / "letters.db")
        self.carrier = Carrier(self.box, {"test": way}, self._publish, self._proved, lambda: self.now)
        self.carrier.begin()

    def _publish(self, event: NoticeSent) -> None:
        if self.away:
            raise OSError("the broker is away")
        self.told.append(event)

    def _proved(self, asked: Letter, now: int) -> Proof:
        assert now == self.now
        self.asked.append(asked.message_id)
        return self.proof

    def work(self, turns: int = 1000) -> int:
        done = 0
        while turns and self.carrier.turn():
            done, turns = done + 1, turns - 1
        return done

    def statuses(self) -> list[tuple[str, str]]:
        return [(each.customer, each.status) for each in self.told]


def test_each_letter_goes_once_when_it_is_due_and_both_its_events_are_on_the_log(
    server: Server, tmp_path: Path
) -> None:
    desk = Desk(tmp_path, route(server.port))
    assert desk.box.take([letter("anna", START), letter("bob", START + 5 * SECOND), letter("anna", START + 9)]) == 2
    desk.work()
    assert desk.statuses() == [("anna", "intended"), ("anna", "sent")]
    desk.now += 5 * SECOND
    desk.work()
    assert desk.statuses()[2:] == [("bob", "intended"), ("bob", "sent")]
    assert [recipient for recipient, _ in server.taken] == ["anna@example.net", "bob@example.net"]
    assert server.taken[0][1].get_content().replace("\r\n", "\n") == "Dear anna\n.\n..two dots\n"
    assert desk.told[1].reply == "250 2.0.0 queued as 4F1qXz3"
    assert {topic_of(event).name for event in desk.told} == {SUNSET_EVENTS.name}
    assert desk.box.take([letter("anna", START)]) == 0
    assert desk.work() == 0


def test_no_letter_is_handed_over_that_the_log_does_not_know_of(server: Server, tmp_path: Path) -> None:
    desk = Desk(tmp_path, route(server.port))
    desk.box.take([letter("anna", START)])
    desk.away = True
    with pytest.raises(OSError, match="the broker is away"):
        desk.work()
    assert (server.tried, desk.box.open("test")) == (0, 1)
    desk.away = False
    desk.work()
    assert desk.statuses() == [("anna", "intended"), ("anna", "sent")]


def test_an_end_that_the_log_did_not_take_is_told_before_anything_else_is_done(server: Server, tmp_path: Path) -> None:
    desk = Desk(tmp_path, route(server.port))
    desk.box.take([letter("anna", START), letter("bob", START)])
    publish = desk.carrier._publish  # noqa: SLF001 the broker goes away between the two events

    def once(event: NoticeSent) -> None:
        publish(event)
        desk.away = True

    desk.carrier._publish = once  # noqa: SLF001
    with pytest.raises(OSError, match="away"):
        desk.work()
    assert len(server.taken) == 1
    desk.carrier._publish, desk.away = publish, False  # noqa: SLF001
    desk.work()
    assert desk.statuses() == [("anna", "intended"), ("anna", "sent"), ("bob", "intended"), ("bob", "sent")]


def test_what_is_refused_for_good_is_not_tried_again_and_what_cannot_be_written_is_told(
    server: Server, tmp_path: Path
) -> None:
    desk = Desk(tmp_path, route(server.port))
    desk.box.take([letter("impossible", START), letter("gone", START)])
    server.recipient_answer = "550 5.1.1 no such user"
    desk.work()
    ends = {each.customer: (each.status, each.reply) for each in desk.told if each.status != "intended"}
    assert ends == {
        "impossible": ("refused", "no mail can be made of it: a name that stands in no header"),
        "gone": ("refused", "RCPT: 550 5.1.1 no such user"),
    }
    assert desk.box.open("test") == 0


def test_a_refusal_for_now_is_tried_again_later_with_the_same_name_and_date(server: Server, tmp_path: Path) -> None:
    server.answers = ["451 4.3.0 later", "421 4.3.2 later"]
    desk = Desk(tmp_path, route(server.port))
    desk.box.take([letter("anna", START)])
    pauses = []
    for _ in range(3):
        assert desk.work() == 1
        pauses.append(desk.box.next_due() - desk.now if desk.box.next_due() else 0)
        desk.now += pauses[-1]
    assert pauses == [15 * SECOND, 30 * SECOND, 0]
    assert [each.at for each in desk.told] == [START, START + 15 * SECOND, START + 45 * SECOND, START + 45 * SECOND]
    assert len({each.id for each in desk.told}) == 2
    assert server.taken[0][1]["Date"] == "Fri, 15 Jan 2027 08:00:00 -0000"


def test_it_is_given_up_after_the_configured_hours(tmp_path: Path) -> None:
    desk = Desk(tmp_path, route(free_port(), give_up_hours=1))
    desk.box.take([letter("anna", START)])
    while desk.box.open("test"):
        desk.work()
        desk.now = max(desk.box.next_due(), desk.now)
    assert desk.told[-1].status == "refused"
    assert desk.told[-1].reply.startswith("given up after 10 tries: ")


def test_the_hours_until_it_is_given_up_count_from_when_it_was_due(tmp_path: Path) -> None:
    desk = Desk(tmp_path, route(free_port(), give_up_hours=1))
    desk.box.take([letter("anna", START - 30 * HOUR)])
    desk.work()
    assert desk.statuses() == [("anna", "intended")], "an hour is tried at least, however late it began"
    desk.now += HOUR + 1
    desk.work()
    assert desk.told[-1].reply.startswith("given up after 2 tries: ")


def test_so_many_an_hour_begin_and_a_restart_does_not_begin_the_hour_anew(server: Server, tmp_path: Path) -> None:
    desk = Desk(tmp_path, route(server.port, per_hour=3))
    desk.box.take([letter(f"c{number}", START) for number in range(8)])
    desk.work()
    assert len(server.taken) == 3
    desk.box.close()
    again = Desk(tmp_path, route(server.port, per_hour=3))
    again.now += HOUR - 1
    again.work()
    assert len(server.taken) == 3
    again.now += 2
    again.work()
    assert len(server.taken) == 6
    assert again.statuses()[:3] == [("c0", "sent"), ("c1", "sent"), ("c2", "sent")], "told again, as it was"


def test_what_was_begun_goes_before_what_was_not(server: Server, tmp_path: Path) -> None:
    server.answers = ["451 4.3.0 later"]
    desk = Desk(tmp_path, route(server.port))
    desk.box.take([letter("anna", START + SECOND)])
    desk.now += SECOND
    desk.work()
    desk.box.take([letter(f"c{number}", START) for number in range(5)])
    desk.now += 15 * SECOND
    desk.work(1)
    assert [recipient for recipient, _ in server.taken] == ["anna@example.net"]


def test_where_all_are_refused_alike_the_server_is_at_fault_and_no_letter_is_lost(
    server: Server, tmp_path: Path
) -> None:
    server.recipient_answer = "554 5.7.1 Relay access denied"
    desk = Desk(tmp_path, route(server.port))
    desk.box.take([letter(f"c{number}", START) for number in range(12)])
    for _ in range(4):
        desk.work()
        desk.now += 300 * SECOND
    assert len(desk.statuses()) == 6, "a fifth and, a quarter of an hour later, a sixth try, then it rests again"
    server.recipient_answer = ""
    desk.now += 900 * SECOND
    desk.work()
    assert [recipient for recipient, _ in server.taken] == [f"c{n}@example.net" for n in range(6, 12)]
    for _ in range(8):
        desk.now += 900 * SECOND
        desk.work()
    late = [recipient.partition("@")[0] for recipient, _ in server.taken[6:]]
    assert late == ["c4", "c0", "c5", "c1", "c2", "c3"]
    assert {status for _, status in desk.statuses()} == {"intended", "sent"}


def test_a_refusal_in_doubt_is_final_once_the_server_takes_another(tmp_path: Path) -> None:
    server = Choosy(free_port(), {f"c{number}": "554 5.7.1 no mail for these" for number in range(4)})
    server.start()
    desk = Desk(tmp_path, route(server.port))
    desk.box.take([letter(f"c{number}", START) for number in range(5)])
    desk.work(4)
    assert [status for _, status in desk.statuses()] == ["intended"] * 4
    assert desk.box.open("test") == 5
    desk.work()
    server.stop()
    assert desk.statuses()[5:] == [("c4", "sent"), *((f"c{number}", "refused") for number in range(4))]
    assert {each.reply for each in desk.told if each.status == "refused"} == {"RCPT: 554 5.7.1 no mail for these"}


@pytest.mark.parametrize("other", ["550 5.1.1 no such user", "550 5.7.26 unauthenticated"])
def test_a_refusal_of_another_kind_tells_that_the_server_answers_about_recipients(tmp_path: Path, other: str) -> None:
    refused = {"c0": "554 5.7.1 no mail", "c1": "554 5.7.1 no mail", "c2": other}
    server = Choosy(free_port(), refused)
    server.start()
    desk = Desk(tmp_path, route(server.port))
    desk.box.take([letter(f"c{number}", START) for number in range(3)])
    desk.work()
    server.stop()
    ends = [name for name, status in desk.statuses() if status == "refused"]
    assert sorted(ends) == ["c0", "c1", "c2"] if "5.1.1" in other else ends == ["c0", "c1"]


def test_a_refusal_in_doubt_is_final_where_nobody_else_is_tried_for_an_hour_and_a_half(
    server: Server, tmp_path: Path
) -> None:
    server.recipient_answer = "554 5.7.1 no mail for her"
    desk = Desk(tmp_path, route(server.port))
    desk.box.take([letter("anna", START), letter("bob", START + HOUR)])
    desk.work()
    desk.now += HOUR
    desk.work()
    assert desk.box.next_due() == START + HOUR + 5400 * SECOND, "another one like it: both are in doubt until then"
    desk.now += 5400 * SECOND - 1
    assert desk.work() == 0
    desk.now += 1
    desk.work()
    assert desk.statuses()[2:] == [("anna", "refused"), ("bob", "refused")]
    assert desk.box.open("test") == 0


def test_what_is_in_doubt_is_so_after_a_kill_and_the_fifth_tells_the_servers_fault(
    server: Server, tmp_path: Path
) -> None:
    server.recipient_answer = "554 5.7.1 Relay access denied"
    names = [f"c{number}" for number in range(5)]
    for name in names:  # each desk is gone after a letter, as by kill -9: nothing is left but the file
        desk = Desk(tmp_path, route(server.port))
        desk.box.take([letter(each, START) for each in names])
        assert desk.work(1) == 1
        assert desk.statuses() == [(name, "intended")]
        desk.box.close()
    desk = Desk(tmp_path, route(server.port))
    assert {each.status for name in names if (each := desk.box.letter(f"<{name}@isp.example>"))} == {"waiting"}
    server.recipient_answer = ""
    for _ in range(9):
        desk.now += 900 * SECOND
        desk.work()
    assert [recipient for recipient, _ in server.taken] == [f"{name}@example.net" for name in ("c4", *names[:4])]


def test_the_log_that_is_away_while_refusals_are_settled_loses_none(server: Server, tmp_path: Path) -> None:
    server.recipient_answer = "554 5.7.1 no mail"
    desk = Desk(tmp_path, route(server.port))
    desk.box.take([letter("anna", START), letter("bob", START)])
    desk.work(1)
    publish = desk.carrier._publish  # noqa: SLF001 the broker goes away after bob's intention

    def once(event: NoticeSent) -> None:
        publish(event)
        desk.away = True

    desk.carrier._publish = once  # noqa: SLF001
    server.recipient_answer = "550 5.7.26 unauthenticated"
    with pytest.raises(OSError, match="away"):
        desk.work()
    desk.carrier._publish, desk.away = publish, False  # noqa: SLF001
    desk.now += 5400 * SECOND
    desk.work()
    assert desk.statuses()[2:] == [("anna", "refused"), ("bob", "refused")]


class Choosy(Server):
    """Refuses some recipients, each for its own reason."""

    def __init__(self, port: int, answers: dict[str, str]) -> None:
        super().__init__(port)
        self._by_recipient = answers

    async def handle_RCPT(  # noqa: N802 aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.recipient_answer = self._by_recipient.get(address.partition("@")[0], "")
        return await super().handle_RCPT(server, session, envelope, address, options)


def test_many_recipients_in_a_row_who_do_not_exist_hold_nobody_up(tmp_path: Path) -> None:
    dead = {f"c{number}": f"550 5.1.1 <c{number}@example.net>: User unknown" for number in range(3, 11)}
    server = Choosy(free_port(), dead)
    server.start()
    desk = Desk(tmp_path, route(server.port))
    desk.box.take([letter(f"c{number}", START) for number in range(14)])
    desk.work()
    server.stop()
    assert [name for name, status in desk.statuses() if status == "refused"] == list(dead)
    assert (len(server.taken), desk.box.open("test")) == (6, 0)


def test_after_a_rest_another_recipient_is_tried_first(tmp_path: Path) -> None:
    banned = {f"c{number}": "554 5.7.1 no mail for these" for number in range(6)}
    server = Choosy(free_port(), banned)
    server.start()
    desk = Desk(tmp_path, route(server.port))
    desk.box.take([letter(f"c{number}", START) for number in range(9)])
    desk.work()
    assert len(server.taken) == 0
    desk.now += 900 * SECOND
    desk.work()
    assert len(server.taken) == 0, "the sixth is refused alike"
    desk.now += 900 * SECOND
    desk.work()
    server.stop()
    assert [recipient for recipient, _ in server.taken] == [f"c{number}@example.net" for number in (6, 7, 8)]


def test_what_goes_late_is_not_given_up_at_its_first_try(server: Server, tmp_path: Path) -> None:
    desk = Desk(tmp_path, route(server.port))
    desk.box.take([letter("anna", START)])
    desk.now += 75 * HOUR
    server.answers = ["451 4.7.1 greylisted"]
    desk.work()
    assert desk.statuses()[-1] == ("anna", "intended")
    desk.now += 15 * SECOND
    desk.work()
    assert desk.statuses()[-1] == ("anna", "sent")


def test_a_letter_of_which_nobody_ever_knows_ends_after_four_days(server: Server, tmp_path: Path) -> None:
    with cutting() as port:
        desk = Desk(tmp_path, route(port), proof="unknowable")
        desk.box.take([letter("anna", START)])
        desk.work()
    desk.now += 96 * HOUR
    desk.work()
    assert desk.statuses()[-1] == ("anna", "intended")
    desk.now += HOUR
    desk.work()
    assert desk.statuses()[-1] == ("anna", "refused")
    assert desk.told[-1].reply == "nobody knows whether it was taken: no log that is read tells of our letters"
    assert server.tried == 0


def test_a_refusal_of_the_sender_is_never_the_letters_fault(tmp_path: Path) -> None:
    class Strict(Server):
        async def handle_MAIL(self, *_: object) -> str:  # noqa: N802 aiosmtpd's name
            return "550 5.7.1 sender refused"

    server = Strict(free_port())
    server.start()
    desk = Desk(tmp_path, route(server.port))
    desk.box.take([letter("anna", START)])
    desk.work()
    server.stop()
    held = desk.box.letter("<anna@isp.example>")
    assert held is not None
    assert (held.status, held.reply) == ("waiting", "MAIL: 550 5.7.1 sender refused")


def test_a_letterbox_of_before_is_used_on(tmp_path: Path) -> None:
    box = Letterbox(tmp_path / "letters.db")
    box.take([letter("anna", START)])
    name = box.name
    box.close()
    with closing(sqlite3.connect(tmp_path / "letters.db")) as file:
        file.executescript(
            "DROP INDEX letters_turn; CREATE INDEX letters_next ON letters (route, status, began = 0, due);"
            "ALTER TABLE letters DROP COLUMN again; ALTER TABLE letters DROP COLUMN missed"
        )
    again = Letterbox(tmp_path / "letters.db")
    assert (again.name, again.next_due()) == (name, START)


class _Cut(socketserver.StreamRequestHandler):
    """A server that takes the whole mail and says nothing any more."""

    def handle(self) -> None:
        answers = {b"EHLO": b"250 cut.example", b"MAIL": b"250 ok", b"RCPT": b"250 ok", b"DATA": b"354 go on"}
        self.wfile.write(b"220 cut.example\r\n")
        while line := self.rfile.readline():
            self.wfile.write(answers[line[:4].upper()] + b"\r\n")
            if line[:4].upper() == b"DATA":
                while self.rfile.readline() != b".\r\n":
                    pass
                return


@contextmanager
def cutting() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Cut) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("proof", "unsure", "expected"),
    [
        ("taken", "hold", (0, 0)),
        ("not_taken", "hold", (1, 0)),
        ("not_yet", "hold", (0, 1)),
        ("unknowable", "hold", (0, 1)),
        ("unknowable", "again", (1, 0)),
    ],
)
def test_where_the_answer_to_a_whole_mail_is_lost_the_mail_log_decides(
    server: Server, tmp_path: Path, proof: Proof, unsure: str, expected: tuple[int, int]
) -> None:
    """`expected`: how often it was handed over again, and how many letters are left."""
    with cutting() as port:
        desk = Desk(tmp_path, route(port, when_unsure=unsure), proof=proof)
        desk.box.take([letter("anna", START)])
        assert desk.work() == 1
    assert desk.statuses() == [("anna", "intended")]
    desk.box.close()
    again = Desk(tmp_path, route(server.port, when_unsure=unsure), proof=proof)
    assert again.work() == 0, "it is not asked for at once: a log takes its time"
    again.now += 60 * SECOND
    again.work()
    assert again.asked == ["<anna@isp.example>"]
    assert (len(server.taken), again.box.open("test")) == expected
    assert again.statuses()[-1:] == ([] if expected[1] else [("anna", "sent")])


def test_a_letter_that_was_on_its_way_when_the_process_died_is_unsure(server: Server, tmp_path: Path) -> None:
    box = Letterbox(tmp_path / "letters.db")
    box.take([letter("anna", START)])
    first = box.due("test", "waiting", START)
    assert first is not None
    box.intend(first, START)
    box.close()
    desk = Desk(tmp_path, route(server.port), proof="unknowable")
    desk.work()
    held = desk.box.letter("<anna@isp.example>")
    assert held is not None
    assert (held.status, held.again) == ("unsure", START + HOUR)
    assert held.reply == "nobody knows whether it was taken: no log that is read tells of our letters"
    assert server.tried == 0
    desk.proof = "not_taken"
    desk.now += HOUR
    desk.work()
    assert len(server.taken) == 1


def test_killed_at_any_moment_no_letter_comes_twice_and_none_is_forgotten(tmp_path: Path) -> None:
    """`kill -9` again and again; the server writes its log before it answers, as Postfix does."""
    chance = random.Random(20261129)
    log = tmp_path / "mail.log"
    log.touch()

    class Logging(Server):
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
            await asyncio.sleep(chance.uniform(0, 0.02))
            answer = await super().handle_DATA(server, session, envelope)
            if answer.startswith("250"):
                with log.open("a") as file:
                    file.write(f"{self.taken[-1][1]['Message-ID']}\n")
            await asyncio.sleep(chance.uniform(0, 0.02))
            return answer

    server = Logging(free_port())
    server.start()
    names = [f"customer{number}" for number in range(60)]
    box = Letterbox(tmp_path / "letters.db")
    box.take([letter(name) for name in names])
    box.close()
    kills = 0
    try:
        while True:
            command = [sys.executable, "-m", "tests.carried_letters", str(tmp_path), str(server.port)]
            with subprocess.Popen(command, cwd=ROOT) as process:
                try:
                    if process.wait(timeout=chance.uniform(0.6, 1.4)) == 0:
                        break
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    kills += 1
    finally:
        server.stop()
    taken = Counter(str(mail["Message-ID"]) for _, mail in server.taken)
    assert taken == {f"<{name}@isp.example>": 1 for name in names}
    told = {
        (each.customer, each.status)
        for each in map(codec.decode, (tmp_path / "events").read_bytes().splitlines())
        if isinstance(each, NoticeSent)
    }
    assert told == {(name, status) for name in names for status in ("intended", "sent")}
    assert kills >= 2, "it was killed in its work"


def test_a_box_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "letters.db").write_text("no database at all, but long enough to be looked at")
    with pytest.raises(OSError, match=r"letters\.db: file is not a database"):
        Letterbox(tmp_path / "letters.db")
