"""One switch: what it writes, when, and what it does where it cannot; how it leaves, and what a program is told."""

from pathlib import Path

import msgspec

from schemas.sunset_events import Stage, StagesSwitched
from schemas.sunset_stages import CommandSwitch, PostfixAccessSwitch, WebhookSwitch
from streams.switch import Switch, Tools, Wanted
from streams.switches import Switched, webhook
from streams.switches.command import effects

STAGES = (Stage(number=1, beyond="n"), Stage(number=2, first="n"))


class _Host:
    """A switch that writes a table, and what it told."""

    def __init__(self, path: Path) -> None:
        self.state = Switched(sunset="pop", reply="5.7.1 No", stages=STAGES)
        self.told: list[StagesSwitched] = []
        tools = Tools(answer=lambda _: None, report=self.told.append, host="mx1")
        settings = PostfixAccessSwitch(path=path, reload=())
        self.switch = Switch("postfix_access", settings, lambda: Wanted(self.state, "d1"), tools)

    def close(self, *off: int) -> None:
        self.state = Switched(sunset="pop", reply="5.7.1 No", stages=STAGES, off=frozenset(off))


def test_a_switch_writes_each_change_once_and_again_what_somebody_else_changed(tmp_path: Path) -> None:
    table = tmp_path / "sunset"
    host = _Host(table)
    host.switch.turn(0.0)
    host.close(1)
    host.switch.turn(1.0)
    host.switch.turn(2.0)
    assert [(each.off, each.problem, each.decision) for each in host.told] == [((), "", "d1"), ((1,), "", "d1")]
    wanted_text = table.read_text()
    assert "/^/ REJECT 5.7.1 No\n" in wanted_text
    table.write_text("mine\n")
    host.switch.turn(3.0)
    assert table.read_text() == "mine\n", "not looked at yet"
    host.switch.turn(40.0)
    assert table.read_text() == wanted_text
    assert len(host.told) == 2, "the same stages are off"


def test_what_writes_the_same_is_not_done_again_but_a_url_is_told_under_another_key(tmp_path: Path) -> None:
    host = _Host(tmp_path / "sunset")
    host.close(1)
    host.switch.turn(0.0)
    before = (tmp_path / "sunset").stat()
    host.state = msgspec.structs.replace(host.state, step="a brown-out that was over by the clock is told to be over")
    host.switch.turn(1.0)
    assert (tmp_path / "sunset").stat().st_ino == before.st_ino
    host.state = msgspec.structs.replace(host.state, stages=(), off=frozenset((1, 2)))
    host.switch.turn(2.0)
    host.state = msgspec.structs.replace(host.state, off=frozenset((1,)))
    host.switch.turn(3.0)
    assert [each.off for each in host.told] == [(1,), (1, 2), (1,)], "told, though nothing had to be written"
    keys = {
        getattr(call, "idempotency_key", "")
        for step in ("one", "two", "two")
        for call in webhook.effects(
            msgspec.structs.replace(host.state, step=step), WebhookSwitch(url="https://panel.example/hook")
        )
    }
    assert len(keys) == 2


def test_a_switch_that_cannot_write_says_so_and_tries_again(tmp_path: Path) -> None:
    folder = tmp_path / "not there yet"
    host = _Host(folder / "sunset")
    for second in range(4):
        host.switch.turn(float(second))
    assert [each.attempt for each in host.told] == [1, 2], "a second later, and two later than that"
    assert "No such file or directory" in host.told[0].problem
    folder.mkdir()
    host.switch.turn(100.0)
    assert [(each.problem, each.attempt) for each in host.told[2:]] == [("", 0)]
    (folder / "sunset").unlink()
    folder.rmdir()
    host.switch.turn(200.0)
    folder.mkdir()
    host.switch.turn(300.0)
    assert [(bool(each.problem), each.off) for each in host.told[3:]] == [(True, ()), (False, ())]


def test_a_program_and_a_url_get_the_whole_state() -> None:
    state = Switched(sunset="pop", reply="5.7.1 No", stages=STAGES, off=frozenset((2,)), exempt=("a b;$(x)@c.example",))
    (run,) = effects(state, CommandSwitch(command=("/bin/x",)))
    (call,) = webhook.effects(state, WebhookSwitch(url="https://panel.example/hook"))
    assert (
        getattr(run, "stdin", "")
        == getattr(call, "body", "")
        == (
            '{"sunset":"pop","reply":"5.7.1 No","stages":[{"number":1,"first":"","beyond":"n","off":false},'
            '{"number":2,"first":"n","beyond":"","off":true}],"exempt":["a b;$(x)@c.example"]}\n'
        )
    )
