"""What a suspension hook carries out: each change once, whenever it fails, and after every crash."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec
from schemas.mailbox_events import MailboxSignal, SuspensionApplied, SuspensionFailed
from schemas.mailbox_hooks import CommandHook, PostfixAccessHook
from schemas.part import Part
from streams.barred import NOTHING, Decision, Standing
from streams.bars import Bar
from streams.carried import Carried, Held, left
from streams.carrier import Carrier, Outcome, Wanted, fact_of
from streams.performing import Tools
from tests.barring_parts import ALICE, AT, BOB, released, suspended, throttled


def _never(effect: object) -> None:
    raise AssertionError(f"{effect} is not meant here")


def test_what_is_left_is_what_differs_from_what_was_done() -> None:
    bar, release = suspended(1).bar, released(2).bar
    done, begun = Held(bar=bar, state="done"), Held(bar=bar, state="begun")
    assert left({ALICE: bar}, {}, {}) == {ALICE: bar}
    assert left({ALICE: bar}, {}, {ALICE: done}) == {}
    assert left({ALICE: bar}, {}, {ALICE: begun}) == {ALICE: bar}
    assert left({ALICE: throttled(3).bar}, {}, {ALICE: done}) == {ALICE: throttled(3).bar}
    assert left({}, {ALICE: release}, {ALICE: done}) == {ALICE: release}
    assert left({}, {ALICE: release}, {ALICE: begun}) == {ALICE: release}, "it may have been done halfway"
    assert left({}, {ALICE: release}, {ALICE: Held(bar=bar, state="passed")}) == {}
    assert left({}, {}, {ALICE: done}) == {ALICE: Bar(step="", since=AT + 1, decision="d1")}
    begun_release = Held(bar=release, state="begun")
    assert left({}, {ALICE: released(9).bar}, {ALICE: begun_release}) == {ALICE: release}, "the same key again"


class Host:
    """A hook that writes a line for each order to a file, with what it reports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[MailboxSignal] = []
        self.tools = Tools(policy=_never, queue=_never, notices=_never, report=self.told.append, host="relay1")

    @property
    def settings(self) -> CommandHook:
        line = f'[ ! -e {self.folder}/broken ] && echo "$0 $1" >> {self.folder}/done'
        return CommandHook(
            suspend=("sh", "-c", line, "suspend", "{mailbox}"), release=("sh", "-c", line, "release", "{mailbox}")
        )

    @property
    def done(self) -> list[str]:
        path = self.folder / "done"
        return path.read_text().splitlines() if path.exists() else []

    def carried(self) -> Carried:
        carried = Carried(self.folder / "hook-command.json")
        carried.load()
        return carried

    @contextmanager
    def carrier(self, name: str = "command", settings: Part | None = None) -> Iterator[Carrier]:
        carrier = Carrier(name, settings or self.settings, self.carried(), self.tools, pause=lambda _: 0.05)
        carrier.start()
        try:
            yield carrier
        finally:
            carrier.stop(5)

    def steps(self) -> list[tuple[str, str, str]]:
        return [
            (event.mailbox, event.step, "" if isinstance(event, SuspensionApplied) else event.reason)
            for event in self.told
            if isinstance(event, SuspensionApplied | SuspensionFailed)
        ]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def _until(done: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _want(*decisions: Decision) -> Wanted:
    standing = Standing(NOTHING)
    standing.take(decisions)
    return _wanted(standing)


def _wanted(standing: Standing) -> Wanted:
    kept = standing.now(0.0)
    return Wanted(kept.barred, kept.released)


def test_each_change_is_carried_out_once_and_a_restart_repeats_nothing(host: Host) -> None:
    with host.carrier() as carrier:
        carrier.want(_want(suspended(1)))
        _until(lambda: len(host.told) == 1)
        carrier.want(_want(suspended(1), suspended(2, BOB)))
        _until(lambda: len(host.told) == 2)
    with host.carrier() as carrier:
        carrier.want(_want(suspended(1), suspended(2, BOB)))
        carrier.want(_want(suspended(1), suspended(2, BOB), released(3)))
        _until(lambda: len(host.told) == 3)
    assert host.done == [f"suspend {ALICE}", f"suspend {BOB}", f"release {ALICE}"]
    assert host.steps() == [(ALICE, "suspend", ""), (BOB, "suspend", ""), (ALICE, "", "")]
    assert host.carried().held == {BOB: Held(bar=suspended(2, BOB).bar, state="done")}


def test_what_fails_is_tried_again_until_it_works_and_reported_at_powers_of_two(host: Host) -> None:
    (host.folder / "broken").touch()
    with host.carrier() as carrier:
        carrier.want(_want(suspended(1)))
        _until(lambda: len(host.told) == 3)
        (host.folder / "broken").unlink()
        _until(lambda: host.done == [f"suspend {ALICE}"])
        _until(lambda: isinstance(host.told[-1], SuspensionApplied))
    failed = [event for event in host.told if isinstance(event, SuspensionFailed)]
    assert [event.attempt for event in failed][:3] == [1, 2, 4]
    assert all(event.reason.endswith("ended with 1: ") for event in failed)


def test_what_began_is_done_again_after_a_crash_or_undone(host: Host) -> None:
    (host.folder / "broken").touch()
    with host.carrier() as carrier:
        carrier.want(_want(suspended(1), suspended(2, BOB)))
        _until(lambda: len(host.told) >= 2)
    (host.folder / "broken").unlink()
    assert {past.state for past in host.carried().held.values()} == {"begun"}
    with host.carrier() as carrier:
        carrier.want(_want(suspended(1), suspended(2, BOB), released(3)))
        _until(lambda: len(host.done) == 2)
    assert sorted(host.done) == [f"release {ALICE}", f"suspend {BOB}"]


def test_a_step_without_an_order_is_passed_and_later_needs_no_undoing(host: Host) -> None:
    with host.carrier() as carrier:
        carrier.want(_want(throttled(1)))
        _until(lambda: bool(host.carried().held))
        carrier.want(_want(throttled(1), released(2), suspended(3, BOB)))
        _until(lambda: len(host.told) == 1)
    assert host.done == [f"suspend {BOB}"]
    assert set(host.carried().held) == {BOB}


def test_a_suspension_that_is_loosened_to_a_passed_step_is_undone(host: Host) -> None:
    with host.carrier() as carrier:
        carrier.want(_want(suspended(1)))
        _until(lambda: len(host.told) == 1)
        carrier.want(_want(suspended(1), throttled(2, ordered=True)))
        _until(lambda: len(host.done) == 2)
    assert host.done == [f"suspend {ALICE}", f"release {ALICE}"]
    assert host.carried().held == {ALICE: Held(bar=throttled(2).bar, state="passed")}


def test_one_mailbox_that_fails_or_is_refused_holds_up_no_other(host: Host) -> None:
    with host.carrier() as carrier:
        carrier.want(_want(suspended(1, "-rf"), suspended(2, "x\ny"), suspended(3, BOB)))
        _until(lambda: len(host.told) == 3)
        time.sleep(0.3)
    assert host.done == [f"suspend {BOB}"]
    assert ("-rf", "suspend", "'-rf' would be an option: put '--' before '{mailbox}'") in host.steps()
    assert ("x\ny", "suspend", "'x\\ny' has signs that cannot be printed") in host.steps()
    assert len(host.told) == 3, "a refusal is told once"


def test_a_table_is_written_at_every_start_and_nothing_counts_before_it_is_built(host: Host) -> None:
    table = host.folder / "suspended"
    broken = host.folder / "broken"
    settings = PostfixAccessHook(path=table, build=("sh", "-c", f"[ ! -e {broken} ]"))
    with host.carrier("postfix_access", settings) as carrier:
        carrier.want(Wanted({}, {}))
        _until(table.exists)
    table.unlink()
    broken.touch()
    with host.carrier("postfix_access", settings) as carrier:
        carrier.want(_want(suspended(1), throttled(2, BOB)))
        _until(lambda: len(host.told) >= 3)
        assert {type(event) for event in host.told} == {SuspensionFailed}
        broken.unlink()
        _until(lambda: isinstance(host.told[-1], SuspensionApplied))
    assert [line.split()[0] for line in table.read_text().splitlines()[1:]] == [ALICE]
    last = host.told[-1]
    assert isinstance(last, SuspensionApplied)
    assert (last.mailbox, last.step, last.hook, last.host, last.decision) == (
        ALICE,
        "suspend",
        "postfix_access",
        "relay1",
        "d1",
    )
    assert {one.mailbox for one in host.told if isinstance(one, SuspensionApplied)} == {ALICE}, "a throttle is passed"


def test_when_all_fail_the_rest_waits(host: Host) -> None:
    tries = host.folder / "tries"
    settings = CommandHook(suspend=("sh", "-c", f"echo x >> {tries}; exit 1"))
    carrier = Carrier("command", settings, host.carried(), host.tools, pause=lambda _: 60.0)
    carrier.start()
    carrier.want(_want(*(suspended(number, f"m{number}@example.net") for number in range(50))))
    _until(lambda: len(host.told) == 5)
    carrier.stop(5)
    assert len(tries.read_text().splitlines()) == 5


def test_a_damaged_state_is_told(tmp_path: Path) -> None:
    (tmp_path / "hook-sql.json").write_text("{")
    with pytest.raises(ValueError, match=r"hook-sql.json: no state of a suspension hook: Input data was truncated"):
        Carried(tmp_path / "hook-sql.json").load()


def test_a_state_that_cannot_be_written_stops_no_hook(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    carried = Carried(host.folder / "gone" / "hook-command.json")
    carrier = Carrier("command", host.settings, carried, host.tools)
    carrier.start()
    carrier.want(_want(suspended(1)))
    _until(lambda: len(host.told) == 1)
    carrier.stop(5)
    assert host.done == [f"suspend {ALICE}"]
    assert "what was carried out is in memory only: No such file or directory" in caplog.text


def test_the_same_outcome_has_the_same_id_and_every_event_survives_the_codec() -> None:
    outcome = Outcome(ALICE, suspended(1).bar, 1, 0.25)
    first, again = fact_of(outcome, "sql", "relay1", AT), fact_of(outcome, "sql", "relay1", AT + 1)
    other = fact_of(Outcome(ALICE, suspended(2).bar, 1, 0.25), "sql", "relay1", AT)
    assert isinstance(first, SuspensionApplied)
    assert first.id == again.id != other.id
    assert first.took_ms == 250
    failed = fact_of(_refused(outcome, "no"), "sql", "relay1", AT)
    assert isinstance(failed, SuspensionFailed)
    assert (failed.reason, failed.attempt, failed.step) == ("no", 1, "suspend")
    assert codec.decode(codec.encode(failed)) == failed


def _refused(outcome: Outcome, reason: str) -> Outcome:
    return Outcome(outcome.mailbox, outcome.bar, outcome.attempt, outcome.took_seconds, reason)


class _Model:
    """What a target would be like, told by a hook that fails as it is told to."""

    def __init__(self) -> None:
        self.barred: set[str] = set()


CHANGES = st.lists(st.tuples(st.sampled_from([suspended, released]), st.sampled_from([ALICE, BOB]), st.booleans()))


@given(CHANGES)
def test_whatever_fails_in_between_the_target_is_at_last_as_the_log_says(
    changes: list[tuple[Callable[[int, str], Decision], str, bool]],
) -> None:
    target, held, standing = _Model(), dict[str, Held](), Standing(NOTHING)
    for number, (kind, mailbox, fails) in enumerate(changes):
        standing.take([kind(number, mailbox)])
        held = _round(target, held, _wanted(standing), fails=fails)
    held = _round(target, held, _wanted(standing), fails=False)
    assert target.barred == set(standing.now(0.0).barred)
    assert set(held) == target.barred


def _round(target: _Model, held: Mapping[str, Held], wanted: Wanted, *, fails: bool) -> dict[str, Held]:
    """Carry out what is left; if it fails, it has been done at the target, and nobody knows."""
    carried = Carried(Path("nowhere"))
    carried.held = dict(held)
    for mailbox, bar in left(wanted.barred, wanted.released, carried.held).items():
        carried.note(mailbox, bar, "begun")
        (target.barred.add if bar.step else target.barred.discard)(mailbox)
        if not fails:
            carried.note(mailbox, bar, "done")
    return msgspec.json.decode(msgspec.json.encode(carried.held), type=dict[str, Held])


def test_a_hanging_hook_ends_with_the_process_all_the_same(host: Host) -> None:
    carrier = Carrier("command", CommandHook(suspend=("sleep", "3")), host.carried(), host.tools)
    carrier.start()
    carrier.want(_want(suspended(1)))
    _until(lambda: host.carried().held != {})
    began = time.monotonic()
    carrier.stop(0.1)
    assert time.monotonic() - began < 2
    assert {past.state for past in host.carried().held.values()} == {"begun"}
    _until(lambda: not any(thread.name == "hook command" for thread in threading.enumerate()))
