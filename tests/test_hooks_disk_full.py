"""A disk without room: each attempt fails and says so, and the hook's thread tries again until there is room."""

import errno
import tempfile
from pathlib import Path

import pytest

from streams.applying import Applier, Outcome, Wanted
from streams.bringing import Tools
from streams.deeds import Expect, Run
from streams.effects import EffectError, run
from streams.hooks import ActiveSet, Answer, Effect
from tests.waits import until


class _Server:
    """A socketmap server whose state cannot be kept as long as the disk is full."""

    def __init__(self) -> None:
        self.full = True
        self.answers: list[Answer] = []

    def answer(self, effect: Answer) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.answers.append(effect)


def _wanted(*effects: Effect) -> Wanted:
    return Wanted(ActiveSet(pool="main", shares={"out1": 1.0}, ips={"out1": "192.0.2.1"}), effects)


def test_a_program_without_room_for_what_it_writes_is_a_failed_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(EffectError, match=r"^true: No such file or directory$"):
        run(("true",), 5)


def test_a_full_disk_is_a_failed_attempt_and_the_next_one_may_succeed() -> None:
    server, outcomes = _Server(), list[Outcome]()
    applier = Applier("hook", Tools(answer=server.answer), outcomes.append, pause=lambda _: 0.01)
    applier.want(_wanted(Answer(shares={"out1": 1.0})))
    until(lambda: len(outcomes) >= 2, "two failures")
    server.full = False
    until(lambda: outcomes[-1].reason == "", "success")
    applier.stop(5)
    assert outcomes[0].reason == "[Errno 28] No space left on device"
    assert server.answers == [Answer(shares={"out1": 1.0})]


def test_a_full_disk_does_not_end_the_look_at_what_is_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = list[Outcome]()
    applier = Applier("hook", Tools(answer=_Server().answer), outcomes.append, lambda _: 0.01, look_seconds=0.01)
    applier.want(
        _wanted(Run(command=("true",), timeout_seconds=5), Expect(command=("true",), output="", timeout_seconds=5))
    )
    until(lambda: len(outcomes) == 1, "the set in force")
    with monkeypatch.context() as full:
        full.setattr(tempfile, "tempdir", str(tmp_path / "none"))
        until(lambda: len(outcomes) > 2, "a look and an attempt without room")
    until(lambda: outcomes[-1].reason == "", "the set in force again")
    applier.stop(5)
    assert [outcome.reason for outcome in outcomes[:2]] == ["", "true: No such file or directory"]
