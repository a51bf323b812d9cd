"""POP-before-SMTP while logs are followed: who waits for whom, what is remembered, and what is decided for good."""

import errno
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.popdecisions import PopDecisions
from collectors.poplive import LoginSide, MailSide, SharedLogins, Waiting
from collectors.publish import StoppedError
from schemas.events import Event, MessageSubmitted, PopCandidate
from schemas.names import event_id
from tests.test_pop import CLIENT, MINUTE, login, mail

SOURCE, OTHER = "0123456789abcdef", "fedcba9876543210"
HOUR = 60 * MINUTE


def name_of(offset: int, source: str = SOURCE) -> str:
    return event_id(source, offset)


def alone(mailbox: str) -> tuple[PopCandidate, ...]:
    return (PopCandidate(mailbox=mailbox, confidence=1.0),)


class Bench:
    """One mail log and one login log, whose threads the test plays."""

    def __init__(self, folder: Path, patience: float = 20.0) -> None:
        self.stop = threading.Event()
        self.beats = 0
        self.shared = SharedLogins(30, ["mta.a"], ["logins.a"], patience=patience)
        self.logins = LoginSide(self.shared, "logins.a")
        self.mails = MailSide(self.shared, "mta.a", folder / "a.pop")
        self.mails.restore(b"")

    def waiting(self) -> Waiting:
        return Waiting(time.monotonic(), self.stop, self.beat)

    def beat(self) -> None:
        self.beats += 1

    def sent(self, at: int, offset: int = 1, client_ip: str = CLIENT) -> list[str]:
        """Take in a mail; return its sender. The thread may wait."""
        events: list[Event] = [mail(at, id=name_of(offset), client_ip=client_ip)]
        return [
            event.sender for event in self.mails.step(events, self.waiting()) if isinstance(event, MessageSubmitted)
        ]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def later(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Run in a thread; it is still at work a moment later."""
    done: list[object] = []
    thread = threading.Thread(target=lambda: done.append(work()), daemon=True)
    thread.start()
    time.sleep(0.3)
    assert done == []
    return thread, done


def test_a_mail_waits_until_the_logins_are_read_beyond_its_time(bench: Bench) -> None:
    thread, done = later(lambda: bench.sent(10 * MINUTE))
    bench.logins.step([login(5 * MINUTE)], bench.waiting())
    bench.logins.reached(10 * MINUTE)
    time.sleep(0.3)
    assert done == [], "another login of the same time may follow"
    assert bench.beats > 1
    bench.logins.step([login(11 * MINUTE, mailbox="later@example.net")], bench.waiting())
    thread.join(60)
    assert done == [["eve@example.net"]]


def test_a_mail_waits_until_the_logins_are_at_their_end_since_it_was_read(bench: Bench) -> None:
    bench.logins.ended(time.monotonic())
    thread, done = later(lambda: bench.sent(10 * MINUTE))
    bench.logins.step([login(9 * MINUTE)], bench.waiting())
    bench.logins.ended(time.monotonic())
    thread.join(60)
    assert done == [["eve@example.net"]]


def test_a_login_log_waits_for_a_mail_log_that_is_an_hour_behind(bench: Bench) -> None:
    bench.mails.reached(HOUR)
    bench.logins.step([login(HOUR), login(2 * HOUR)], bench.waiting())
    thread, done = later(lambda: bench.logins.step([login(3 * HOUR, mailbox="ann@example.net")], bench.waiting()))
    assert bench.sent(2 * HOUR + MINUTE) == ["eve@example.net"], "it does not wait for the one that waits for it"
    thread.join(60)
    assert len(done) == 1
    bench.logins.ended(time.monotonic() + 1)
    assert bench.sent(3 * HOUR + MINUTE, 2) == ["ann@example.net"]


def test_a_silent_login_log_is_not_waited_for_for_ever(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(tmp_path, patience=0.3)
    with caplog.at_level(logging.WARNING):
        assert bench.sent(MINUTE) == ["ceo@example.com"]
        assert bench.sent(2 * MINUTE, 2) == ["ceo@example.com"]
    assert [record.getMessage() for record in caplog.records] == [
        "logins.a: nothing is heard of this log; POP-before-SMTP goes on without it"
    ]


def test_who_waits_ends_with_the_program(bench: Bench, tmp_path: Path) -> None:
    bench.stop.set()
    with pytest.raises(StoppedError):
        bench.sent(MINUTE)
    assert not (tmp_path / "a.pop").exists(), "nothing was decided"


def test_logins_survive_with_the_login_logs_checkpoint_as_far_as_mails_may_ask(bench: Bench, tmp_path: Path) -> None:
    bench.mails.reached(HOUR)
    times = [MINUTE, 20 * MINUTE, 40 * MINUTE, 70 * MINUTE]
    bench.logins.step([login(at, mailbox=f"m{at // MINUTE}@example.net") for at in times], bench.waiting())
    bench.logins.step([login(MINUTE, client_ip="198.51.100.9")], bench.waiting())
    again = Bench(tmp_path)
    again.logins.restore(bench.logins.snapshot())
    again.logins.ended(time.monotonic() + 60)
    assert again.sent(HOUR, 1) == ["m40@example.net"]
    assert again.sent(71 * MINUTE, 2) == ["m70@example.net"]
    assert again.sent(30 * MINUTE, 3) == ["ceo@example.com"], "before what was settled"
    assert again.sent(HOUR, 4, "198.51.100.9") == ["ceo@example.com"]
    assert len(again.logins.snapshot()) < 100


def test_what_was_decided_is_kept_whatever_becomes_known(bench: Bench, tmp_path: Path) -> None:
    bench.logins.ended(time.monotonic() + 60)
    assert bench.sent(10 * MINUTE, 1) == ["ceo@example.com"]
    bench.logins.step([login(5 * MINUTE)], Waiting(float("-inf"), bench.stop, bench.beat))
    assert bench.sent(11 * MINUTE, 2) == ["eve@example.net"]
    state = bench.mails.snapshot()
    again = Bench(tmp_path)
    again.mails.restore(state)
    assert again.sent(10 * MINUTE, 1) == ["ceo@example.com"]
    assert again.sent(11 * MINUTE, 2) == ["eve@example.net"]


def test_a_full_disk_is_waited_for(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.logins.ended(time.monotonic() + 60)
    bench.sent(MINUTE, 1)
    before = (tmp_path / "a.pop").read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    thread, done = later(lambda: bench.sent(2 * MINUTE, 2))
    assert (tmp_path / "a.pop").read_bytes() == before
    monkeypatch.undo()
    thread.join(60)
    assert done == [["ceo@example.com"]]
    assert PopDecisions(tmp_path / "a.pop").known(name_of(2)) == ()


def test_decisions_are_known_within_what_was_decided_without_a_gap(tmp_path: Path) -> None:
    file = tmp_path / "a.pop"
    decisions = PopDecisions(file)
    decisions.keep([name_of(1), name_of(5)], {name_of(5): alone("eve@example.net")})
    decisions.keep([name_of(9)], {})
    decisions.keep([name_of(2, OTHER)], {name_of(2, OTHER): alone("ann@example.net")})
    for again in (decisions, PopDecisions(file), PopDecisions(file)):
        known = [again.known(name_of(offset)) for offset in (0, 1, 3, 5, 9, 10)]
        assert known == [None, (), (), alone("eve@example.net"), (), None]
        assert [again.known(name_of(offset, OTHER)) for offset in (1, 2, 3)] == [None, alone("ann@example.net"), None]
    from_the_start = PopDecisions(file)
    from_the_start.keep([name_of(0)], {})
    assert from_the_start.known(name_of(1)) == ()
    from_the_start.keep([name_of(12)], {name_of(12): alone("bob@example.net")})
    assert [PopDecisions(file).known(name_of(at)) for at in (0, 5, 11, 12)] == [
        (),
        alone("eve@example.net"),
        (),
        alone("bob@example.net"),
    ]


def test_a_line_that_a_crash_cut_off_was_never_decided(tmp_path: Path) -> None:
    file = tmp_path / "a.pop"
    decisions = PopDecisions(file)
    decisions.keep([name_of(1)], {})
    decisions.keep([name_of(2)], {})
    file.write_bytes(file.read_bytes()[:-5])
    again = PopDecisions(file)
    assert (again.known(name_of(1)), again.known(name_of(2))) == ((), None)
    again.keep([name_of(2)], {name_of(2): alone("eve@example.net")})
    assert PopDecisions(file).known(name_of(2)) == alone("eve@example.net")


def test_a_first_line_that_a_crash_cut_off_is_in_nobodys_way(tmp_path: Path) -> None:
    file = tmp_path / "a.pop"
    file.write_bytes(b'["abcd-00')
    decisions = PopDecisions(file)
    assert file.read_bytes() == b""
    decisions.keep([name_of(1)], {name_of(1): alone("eve@example.net")})
    assert PopDecisions(file).known(name_of(1)) == alone("eve@example.net")
    assert not PopDecisions(tmp_path / "b.pop").known(name_of(1))
    assert not (tmp_path / "b.pop").exists()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.pop"
    file.write_bytes(b"{}\n")
    with pytest.raises(ValueError, match=r"a\.pop: no decisions about POP-before-SMTP: .*remove it"):
        PopDecisions(file)


def test_decisions_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.popdecisions._MOST_MAILBOXES", 100)
    monkeypatch.setattr("os.fsync", lambda _: None)
    file = tmp_path / "a.pop"
    decisions = PopDecisions(file)
    for offset in range(5000):
        decisions.keep([name_of(offset)], {name_of(offset): alone("eve@example.net")})
    assert file.stat().st_size < 300_000
    again = PopDecisions(file)
    assert (again.known(name_of(4800)), again.known(name_of(4950))) == (None, alone("eve@example.net"))
    assert file.stat().st_size < 10_000


def test_candidates_are_decided_for_good_and_a_file_of_the_release_before_is_read(bench: Bench, tmp_path: Path) -> None:
    bench.logins.step([login(MINUTE), login(5 * MINUTE, mailbox="bob@example.net")], bench.waiting())
    bench.logins.ended(time.monotonic() + 60)
    events: list[Event] = [mail(6 * MINUTE, id=name_of(1), envelope_from="eve@example.net")]
    (first,) = bench.mails.step(events, bench.waiting())
    assert isinstance(first, MessageSubmitted)
    assert [(each.mailbox, each.confidence) for each in first.candidates] == [
        ("bob@example.net", 0.1478),
        ("eve@example.net", 0.8522),
    ]
    bench.logins.step([login(5 * MINUTE + 1, mailbox="late@example.net")], bench.waiting())
    again = MailSide(bench.shared, "mta.a", tmp_path / "a.pop")
    again.restore(b"")
    assert again.step(events, bench.waiting()) == [first]
    (tmp_path / "old.pop").write_bytes(b'["%s","%s",{"%s":"eve@example.net"}]\n' % ((name_of(1).encode(),) * 3))
    assert PopDecisions(tmp_path / "old.pop").known(name_of(1)) == alone("eve@example.net")
