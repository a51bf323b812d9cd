"""A host's switches in `relaywarden hooks`: without log or directory, taken out, and at an orderly end."""

import threading
from pathlib import Path
from typing import Self

import msgspec
import pytest

from embedded.broker import free_port
from schemas.settings import Settings, parse
from schemas.sunset_events import Stage, StagesPlanned, StagesSwitched, SunsetEvent, UserExempted
from streams.hooking import has_work
from streams.sunset.stepping import stepped
from streams.switch_emptying import cleared
from streams.switch_written import left
from streams.switched import Kept
from streams.switching import Switching
from tests.sunset.scene import local
from tests.waits import until

AT = local("2027-03-01 12:00")
HOUR = 3_600_000_000
PLANNED = StagesPlanned(id="plan", at=1, sunset="pop", stages=(Stage(number=1, beyond="n"), Stage(number=2, first="n")))


def _exempt(subject: str, until: str = "") -> UserExempted:
    return UserExempted(id=f"e-{subject}", at=3, sunset="pop", subject=subject, until=until)


def _configuration(folder: Path, directory: str = "") -> Settings:
    return parse(
        f"""
        {directory}
        data = "{folder}"
        kafka.bootstrap = ["127.0.0.1:{free_port()}"]
        [sunset.pop]
        kind = "smtp_after_pop"
        begins = 2027-01-01
        ends = 2027-03-01
        [sunset.pop.stages]
        [sunset.pop.switch.postfix_access]
        path = "{folder}/table"
        reload = []
        """,
        "test",
    )


def test_without_the_log_a_host_starts_with_what_it_knew_and_ends_the_brown_out_itself(tmp_path: Path) -> None:
    configuration, table = _configuration(tmp_path), tmp_path / "table"
    before = Switching(configuration, clock=lambda: AT)
    step = stepped("pop", 1, "brownout", AT, until=AT + HOUR)
    before.take((PLANNED, step), 0.0, fresh=True)
    clock = [AT + 1]
    stop = threading.Event()
    after = Switching(configuration, clock=lambda: clock[0])
    after.begin({}, "mx1", lambda _: None, stop)
    try:
        until(lambda: table.exists() and "/^/ REJECT" in table.read_text(), "the table")
        clock[0] = AT + HOUR
        until(lambda: "REJECT" not in table.read_text(), "the end of the brown-out")
    finally:
        stop.set()
        after.stop(15.0)


def test_an_exemption_that_no_table_can_hold_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    host = Switching(_configuration(tmp_path), clock=lambda: AT)
    host.take((PLANNED, _exempt("a:b@x.example"), _exempt("fine@x.example")), 0.0, fresh=True)
    host.take((_exempt("other@x.example"),), 0.0, fresh=False)
    told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert told == ["sunset pop: 'a:b@x.example' is exempt, but no table can hold it: it is refused as others are"]


def test_while_the_directory_is_away_an_exemption_covers_what_it_did_and_what_ended_is_over(tmp_path: Path) -> None:
    source, clock = tmp_path / "customers.csv", [AT]
    header = "address,mailbox,customer\nanna@acme.example,,acme\nzoe@other.example,,other\n"
    source.write_text(f"{header}sales@acme.example,anna@acme.example,acme\n")
    configuration = _configuration(tmp_path, f'directory.kind = "csv"\ndirectory.path = "{source}"')

    def exempt() -> dict[str, str]:
        return msgspec.json.decode((tmp_path / "switches" / "pop.json").read_bytes(), type=Kept).exempt

    log: tuple[SunsetEvent, ...] = (PLANNED, _exempt("acme"), _exempt("other", "2027-03-05"))
    Switching(configuration, clock=lambda: AT).take(log, 0.0, fresh=True)
    both = {"anna@acme.example": "", "sales@acme.example": "", "zoe@other.example": "2027-03-05"}
    assert exempt() == both

    source.unlink()
    after = Switching(configuration, clock=lambda: clock[0])
    after.take((*log, _exempt("bob@new.example")), 0.0, fresh=True)
    assert exempt() == both | {"bob@new.example": ""}
    after.take((msgspec.structs.replace(_exempt("other"), ended=True),), 0.0, fresh=False)
    assert exempt() == {"anna@acme.example": "", "bob@new.example": "", "sales@acme.example": ""}

    source.write_text(f"{header}box@new.example,bob@new.example,new\nbob@new.example,,new\n")
    after.take((), 0.0, fresh=False)
    assert "sales@acme.example" in exempt(), "not tried again yet"
    clock[0] += HOUR
    after.take((), 0.0, fresh=False)
    assert exempt() == {"anna@acme.example": "", "bob@new.example": "", "box@new.example": ""}


def test_a_damaged_state_is_told(tmp_path: Path) -> None:
    (tmp_path / "switches").mkdir()
    (tmp_path / "switches" / "pop.json").write_text("{")
    with pytest.raises(ValueError, match=r"switches/pop\.json: no state of a sunset"):
        Switching(_configuration(tmp_path))


class _Running:
    """Switches at work, with what they told, until the end of the block."""

    def __init__(self, configuration: Settings, clock: list[int]) -> None:
        self.told: list[StagesSwitched] = []
        self._stop = threading.Event()
        self._switching = Switching(configuration, clock=lambda: clock[0])

    def __enter__(self) -> Self:
        self._switching.hold()
        self._switching.begin({}, "mx1", self.told.append, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._switching.stop(15.0)


def _other(folder: Path, switch: str = "", name: str = "pop") -> Settings:
    head = (
        f'data = "{folder}"\nkafka.bootstrap = ["127.0.0.1:{free_port()}"]\n[sunset.{name}]\nkind = "smtp_after_pop"\n'
    )
    return parse(f"{head}begins = 2027-01-01\nends = 2027-03-01\n[sunset.{name}.stages]\n{switch}", "test")


def _off(folder: Path, *steps: SunsetEvent) -> Path:
    """Have a table written that refuses the first stage, and return it."""
    configuration, table = _configuration(folder), folder / "table"
    Switching(configuration, clock=lambda: AT).take((PLANNED, *steps), 0.0, fresh=True)
    with _Running(configuration, [AT + 1]):
        until(lambda: table.exists() and "/^/ REJECT" in table.read_text(), "the table")
    return table


def test_a_switch_that_is_taken_out_refuses_nobody_from_the_next_start_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = _off(tmp_path, stepped("pop", 1, "closed", AT))
    assert "REJECT" in table.read_text(), "closed is closed, also while hooks does not run"
    with _Running(_other(tmp_path), [AT]) as running:
        until(lambda: "REJECT" not in table.read_text(), "the emptying")
        until(lambda: not left(_other(tmp_path)), "it is forgotten")
        until(lambda: bool(running.told), "the report")
    assert [(each.sunset, each.hook, each.off, each.problem) for each in running.told] == [
        ("pop", "postfix_access", (), "")
    ]
    assert f"sunset pop: postfix_access is configured no more: {table} refuses nobody any more" in caplog.text
    table.write_text("mine\n")
    with _Running(_other(tmp_path), [AT]):
        pass
    assert table.read_text() == "mine\n", "it is nobody's any more"


def test_the_whole_sunset_may_be_taken_out_and_a_file_that_another_writes_now_is_its_own(tmp_path: Path) -> None:
    table = _off(tmp_path, stepped("pop", 1, "closed", AT))
    renamed = _other(tmp_path, f'[sunset.late.switch.exim]\npath = "{table}"\n', "late")
    assert left(renamed) == ()
    nothing = parse(f'data = "{tmp_path}"\n', "test")
    assert [(each.sunset, each.switch, each.path) for each in left(nothing)] == [("pop", "postfix_access", str(table))]
    assert has_work(nothing), "or relaywarden hooks would refuse to start, and the table would stay"
    with _Running(nothing, [AT]):
        until(lambda: "REJECT" not in table.read_text(), "the emptying")
        until(lambda: not has_work(nothing), "it is forgotten")


def test_what_cannot_be_emptied_is_tried_by_the_next_start_too(tmp_path: Path) -> None:
    table = _off(tmp_path, stepped("pop", 1, "closed", AT))
    table.unlink()
    table.mkdir()
    with _Running(_other(tmp_path), [AT]) as running:
        until(lambda: bool(running.told), "the report")
    assert "Is a directory" in running.told[0].problem, "and hooks goes on"
    assert len(left(_other(tmp_path))) == 1
    table.rmdir()
    with _Running(_other(tmp_path), [AT]):
        until(lambda: not left(_other(tmp_path)), "a file that is not there refuses nobody")
    (tmp_path / "switches" / "_written.json").write_text('[{"sunset":"pop","switch":"x","path":"p","settings":"{}"}]')
    with pytest.raises(ValueError, match=r"_written\.json: no note of what switches wrote"):
        Switching(_other(tmp_path))


def test_a_file_of_which_nobody_can_see_whether_it_is_there_is_not_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "exim4"
    folder.mkdir()
    with _Running(_other(tmp_path, f'[sunset.pop.switch.exim]\npath = "{folder}/table"\n'), [AT]):
        until((folder / "table").exists, "the table")
    (folder / "table").unlink()
    folder.rmdir()
    folder.symlink_to(folder)
    assert [str(each["problem"]).rpartition(": ")[2] for each in cleared(_other(tmp_path))] == [
        "Too many levels of symbolic links"
    ]
    assert len(left(_other(tmp_path))) == 1
    folder.unlink()
    assert list(cleared(_other(tmp_path))) == []
    assert left(_other(tmp_path)) == ()


def test_an_orderly_stop_ends_a_brown_out_and_the_next_start_goes_on_with_it(tmp_path: Path) -> None:
    steps = (stepped("pop", 1, "brownout", AT, until=AT + HOUR), stepped("pop", 2, "closed", AT))
    table = _off(tmp_path, *steps)
    text = table.read_text()
    assert "/^/ DUNNO\n" in text, "nobody would end it"
    assert "REJECT" in text, "what is closed stays so"
    with _Running(_configuration(tmp_path), [AT + 2]):
        until(lambda: "/^/ REJECT" in table.read_text(), "it goes on")


def test_one_process_alone_has_the_switches_and_clearing_waits_for_its_end(tmp_path: Path) -> None:
    table = _off(tmp_path, stepped("pop", 1, "closed", AT))
    configuration = _configuration(tmp_path)
    with _Running(configuration, [AT]):
        for second in (lambda: list(cleared(configuration)), _Running(configuration, [AT]).__enter__):
            with pytest.raises(ValueError, match=r"data: .*: relaywarden hooks works there"):
                second()
    other = tmp_path / "exim"
    moved = _other(tmp_path, f'[sunset.pop.switch.exim]\npath = "{other}"\n')
    assert [(each["switch"], each["path"], each["problem"]) for each in cleared(moved)] == [
        ("postfix_access", str(table), ""),
        ("exim", str(other), ""),
    ]
    assert ("REJECT" in table.read_text(), other.read_text().count("\n")) == (False, 1)
    assert left(moved) == ()
    (tmp_path / "exim").unlink()
    (tmp_path / "exim").mkdir()
    assert [bool(each["problem"]) for each in cleared(moved)] == [True]
