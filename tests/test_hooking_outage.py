"""A relay host whose hooks are down while decisions go on, and right once they are back; what drifts is mended."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from schemas.observations import HookApplied, HookDrifted
from schemas.pool_events import IpProbationStarted, PoolEvent
from schemas.settings import Settings
from streams.applying import Applier, Outcome, Wanted
from streams.bringing import Tools
from streams.deeds import Run, WriteFile
from streams.hookfacts import fact_of
from streams.hooks import ActiveSet
from tests.barring_lab import until
from tests.test_hooking import AT, HOUR, IPS, _answers, _configuration, _publish, _restored, _table, _withdrawn

# kafka-python leaves the sockets of a broker that went away to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
MINUTE = 60_000_000
A, B, C = IPS.values()
ACTIVE = ActiveSet(pool="main", shares={"out1": 1.0}, ips=IPS, decision="d1")


def _process(configuration: Settings) -> subprocess.Popen[bytes]:
    told = configuration.model_dump_json()
    program = f"from streams import hooking as h; h.run(h.Settings.model_validate_json({told!r}))"
    return subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.DEVNULL,
    )


def _at(minute: int, event: PoolEvent) -> PoolEvent:
    return replace(event, at=AT + minute * MINUTE)


def test_a_host_that_was_down_for_ten_minutes_of_decisions_is_right_again(tmp_path: Path, fresh_broker: Broker) -> None:
    port = free_port()
    configuration = _configuration(tmp_path, fresh_broker.bootstrap, port)
    ensure_topics(configuration)
    process = _process(configuration)
    try:
        until(lambda: _table(tmp_path) == {"out1", "out2", "out3"}, "the first table", 60)
        _publish(fresh_broker.bootstrap, _at(0, _withdrawn(1, A)))
        until(lambda: _answers(port) == {"out2", "out3"} == _table(tmp_path), "the withdrawal")
        process.kill()
        process.wait(timeout=20)
        _publish(
            fresh_broker.bootstrap,
            _at(1, _withdrawn(2, B)),
            _at(4, _restored(3, A)),
            _at(6, _restored(4, B)),
            _at(7, _withdrawn(5, C)),
            _at(9, _withdrawn(6, A)),
            IpProbationStarted(id="d7", at=AT + 10 * MINUTE, pool="main", ip=A, share=0.5, until=AT + HOUR),
        )
        assert _answers(port) == set(), "nobody answers while it is down"
        assert _table(tmp_path) == {"out2", "out3"}, "and the table stays"
        process = _process(configuration)
        until(lambda: _answers(port) == {"out1", "out2"} == _table(tmp_path), "the set of the newest decision", 60)
        rows = (tmp_path / "pool.cf").read_text().splitlines()[1:]
        assert sum(row.endswith(" out1:") for row in rows) == 33, "half of a full share, of one and a half"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        _publish(fresh_broker.bootstrap, _at(12, _withdrawn(8, B)), _at(20, _restored(9, C)))
        process = _process(configuration)
        until(lambda: _answers(port) == {"out1", "out3"} == _table(tmp_path), "it was ended in order: likewise", 60)
    finally:
        process.kill()
        process.wait(timeout=10)


def _nobody(_: object) -> None:
    raise AssertionError("no answer was asked for")


def test_a_file_that_a_hand_changed_is_told_and_written_again_with_all_that_follows(tmp_path: Path) -> None:
    path, reloads = tmp_path / "pool.cf", tmp_path / "reloads"
    reload = Run(command=("sh", "-c", f"echo reload >> {reloads}"), timeout_seconds=20)
    outcomes: list[Outcome] = []
    applier = Applier("table", Tools(answer=_nobody), outcomes.append, look_seconds=0.05)
    applier.want(Wanted(ACTIVE, (WriteFile(path=str(path), content="out1\n"), reload)))
    until(lambda: len(outcomes) == 1, "the first set")
    path.write_text("out9\n")
    until(lambda: len(outcomes) == 3, "the file made good")
    path.unlink()
    until(lambda: len(outcomes) == 5, "the file made again")
    path.chmod(0o600)
    until(lambda: len(outcomes) == 7, "its mode made good")
    applier.stop(5)
    assert [outcome.reason for outcome in outcomes] == [
        "",
        f"{path} was changed by somebody else",
        "",
        f"{path} is gone",
        "",
        f"{path} has the mode 600 instead of 644",
        "",
    ]
    assert path.read_text() == "out1\n"
    assert reloads.read_text() == "reload\n" * 4


def test_what_is_not_in_force_yet_is_no_drift_and_a_newer_set_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "none" / "pool.cf"
    outcomes: list[Outcome] = []
    applier = Applier("table", Tools(answer=_nobody), outcomes.append, pause=lambda _: 0.02, look_seconds=0.01)
    applier.want(Wanted(ACTIVE, (WriteFile(path=str(path), content="out1\n"),)))
    until(lambda: len(outcomes) >= 3, "three failures")
    newer = Wanted(replace(ACTIVE, decision="d2"), (WriteFile(path=str(path), content="out2\n"),))
    applier.want(newer)
    until(lambda: outcomes[-1].wanted is newer, "a try of the newer set")
    path.parent.mkdir()
    until(lambda: not outcomes[-1].reason, "the newer set in force")
    applier.stop(5)
    assert path.read_text() == "out2\n"
    assert all(outcome.attempt for outcome in outcomes)
    tried = [outcome.attempt for outcome in outcomes if outcome.wanted is newer]
    assert tried == list(range(1, len(tried) + 1))


def test_a_drift_is_a_fact_of_its_own_time_and_its_repair_the_fact_of_the_set() -> None:
    wanted = Wanted(ACTIVE, ())
    drift = fact_of(Outcome(wanted, 0, 0.1, "the file is gone"), "main", "exim", "relay1", AT)
    later = fact_of(Outcome(wanted, 0, 0.1, "the file is gone"), "main", "exim", "relay1", AT + 1)
    assert isinstance(drift, HookDrifted)
    assert (drift.reason, drift.decision, drift.active) == ("the file is gone", "d1", {A: 1.0})
    barred = Wanted(replace(ACTIVE, barred={"google": ("out1",)}), ())
    for outcome in (Outcome(barred, 0, 0.1, "gone"), Outcome(barred, 1, 0.1, "no"), Outcome(barred, 1, 0.1)):
        assert fact_of(outcome, "main", "exim", "relay1", AT).barred == {"google": (A,)}
    assert drift.id != later.id
    first = fact_of(Outcome(wanted, 1, 0.1), "main", "exim", "relay1", AT)
    again = fact_of(Outcome(wanted, 1, 0.1), "main", "exim", "relay1", AT + 2)
    assert isinstance(again, HookApplied)
    assert again.id == first.id
