"""Effects: files in one step, programs within their time, and the newest set again until it is in force."""

import logging
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.applying import Applier, Outcome, Wanted
from streams.bringing import Tools, perform
from streams.deeds import Run, WriteFile
from streams.effects import EffectError, pause_seconds, run, write
from streams.hooks import ActiveSet, Answer, Effect


def _nobody(_: object) -> None:
    raise AssertionError("no answer was asked for")


NONE = Tools(answer=_nobody)


def test_a_file_is_replaced_in_one_step_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "pool.cf"
    path.write_text("old")
    with path.open() as reader:
        perform(WriteFile(path=str(path), content="new\n", mode=0o640), NONE)
        assert reader.read() == "old", "who had it open reads the old content to its end"
    assert path.read_text() == "new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path], "nothing is left beside it"


def test_a_file_that_cannot_be_written_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(EffectError, match=f"{tmp_path}/none/pool.cf: No such file or directory"):
        perform(WriteFile(path=f"{tmp_path}/none/pool.cf", content=""), NONE)
    (tmp_path / "folder").mkdir()
    with pytest.raises(EffectError, match="folder: Is a directory"):
        perform(WriteFile(path=f"{tmp_path}/folder", content=""), NONE)
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    path = tmp_path / "pool.cf"
    contents = {letter * 100_000 for letter in "ab"}
    write(path, "a" * 100_000)
    seen: set[str] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.add(path.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(50):
        write(path, "ab"[number % 2] * 100_000)
    stop.set()
    reader.join()
    assert seen <= contents


def test_a_program_that_fails_tells_what_it_said() -> None:
    perform(Run(command=(sys.executable, "-c", "pass"), timeout_seconds=20), NONE)
    with pytest.raises(EffectError, match=r"ended with 3: no such map$"):
        run((sys.executable, "-c", "import sys; print('no such map', file=sys.stderr); sys.exit(3)"), 20)
    with pytest.raises(EffectError, match=r"^no-such-program: No such file or directory"):
        run(("no-such-program", "reload"), 20)


def test_a_program_that_fails_tells_no_password_of_its_output_or_its_arguments() -> None:
    with pytest.raises(EffectError) as failed:
        run(("sh", "-c", "echo new password: hunter2; exit 3"), 20)
    assert str(failed.value) == "sh: ended with 3: new password: [redacted]"
    with pytest.raises(EffectError) as failed:
        run(("sh", "-c", f"echo locked; echo new password: {'x' * 500}hunter2; exit 3"), 20)
    assert str(failed.value) == "sh: ended with 3: locked\nnew password: [redacted]", "its beginning is not in the end"
    with pytest.raises(EffectError, match=r"^sh: took longer"):
        run(("sh", "-c", "sleep 9 # hunter2"), 0.1)


def test_a_program_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    file = tmp_path / "child"
    program = f"sleep 60 & echo $! > {file}; wait"
    began = time.monotonic()
    with pytest.raises(EffectError, match=r"took longer than 0\.5 s and was killed"):
        run(("sh", "-c", program), 0.5)
    assert time.monotonic() - began < 5
    child = Path(f"/proc/{file.read_text().strip()}/stat")
    _until(lambda: not child.exists() or child.read_text().rpartition(")")[2].split()[0] == "Z")


def test_an_answer_goes_to_the_server() -> None:
    given_: list[Answer] = []
    perform(Answer(shares={"out1": 1.0}), Tools(answer=given_.append))
    assert given_ == [Answer(shares={"out1": 1.0})]


@given(st.integers(1, 10_000))
def test_the_pause_doubles_up_to_a_minute(attempt: int) -> None:
    assert pause_seconds(attempt) == min(60.0, 2.0 ** min(attempt - 1, 10))


class _Server:
    """A socketmap server that fails some times first."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.answers: list[dict[str, float]] = []

    def answer(self, effect: Answer) -> None:
        if self.failures:
            self.failures -= 1
            raise ValueError("not yet")
        self.answers.append(effect.shares)


def _wanted(*effects: Effect, refused: str = "", **active: float) -> Wanted:
    return Wanted(_set(active), effects or (Answer(shares=active),), refused)


def _set(shares: dict[str, float]) -> ActiveSet:
    return ActiveSet(pool="main", shares=shares, ips={name: f"192.0.2.{name[3:]}" for name in shares}, decision="d1")


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline, "it did not come in 10 s"
        time.sleep(0.01)


def test_a_set_is_tried_until_it_is_in_force_and_then_no_more(caplog: pytest.LogCaptureFixture) -> None:
    server, outcomes = _Server(failures=3), list[Outcome]()
    applier = Applier("hook", Tools(answer=server.answer), outcomes.append, pause=lambda _: 0.01)
    with caplog.at_level(logging.INFO):
        applier.want(_wanted(out1=1.0))
        _until(lambda: len(outcomes) == 4)
        time.sleep(0.1)
    applier.stop(5)
    assert [(outcome.attempt, outcome.reason) for outcome in outcomes] == [
        (1, "not yet"),
        (2, "not yet"),
        (3, "not yet"),
        (4, ""),
    ]
    assert server.answers == [{"out1": 1.0}]
    assert "hook: active set in force: 192.0.2.1 1" in caplog.text


def test_a_newer_set_is_tried_at_once_and_the_older_never_again() -> None:
    server, outcomes = _Server(failures=1), list[Outcome]()
    applier = Applier("hook", Tools(answer=server.answer), outcomes.append, pause=lambda _: 3600.0)
    applier.want(_wanted(out1=1.0))
    _until(lambda: len(outcomes) == 1)
    applier.want(_wanted(out2=1.0))
    _until(lambda: len(outcomes) == 2)
    applier.stop(5)
    assert server.answers == [{"out2": 1.0}]
    assert [outcome.attempt for outcome in outcomes] == [1, 1]


def test_sets_that_come_while_one_is_applied_are_one_change(tmp_path: Path) -> None:
    gate, begun = tmp_path / "gate", tmp_path / "begun"
    slow = Run(command=("sh", "-c", f"touch {begun}; until test -e {gate}; do sleep 0.05; done"), timeout_seconds=20)
    server, outcomes = _Server(failures=0), list[Outcome]()
    applier = Applier("hook", Tools(answer=server.answer), outcomes.append)
    applier.want(_wanted(slow, out0=1.0))
    _until(begun.exists)
    for share in (0.1, 0.2, 0.3, 0.4):
        applier.want(_wanted(out1=share))
    gate.touch()
    _until(lambda: len(outcomes) == 2)
    applier.stop(5)
    assert server.answers == [{"out1": 0.4}]


def test_a_refused_set_is_told_once_and_not_tried_again() -> None:
    server, outcomes = _Server(failures=0), list[Outcome]()
    applier = Applier("hook", Tools(answer=server.answer), outcomes.append, pause=lambda _: 0.01)
    applier.want(Wanted(_set({}), (), "the active set is empty"))
    _until(lambda: bool(outcomes))
    time.sleep(0.1)
    applier.stop(5)
    assert [outcome.reason for outcome in outcomes] == ["the active set is empty"]
    assert server.answers == []
