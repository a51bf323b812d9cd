"""A relay host's switches: what they are at, what is kept, and what they do while the log is away or a file is not."""

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from embedded.broker import free_port
from schemas.settings import Settings, parse
from schemas.sunset_events import Stage, StagesPlanned, StagesSwitched, SunsetEvent, Use, UserExempted, UserFound
from schemas.sunset_settings import Sunset
from schemas.sunset_stages import CommandSwitch, PostfixAccessSwitch, Stages, WebhookSwitch
from streams.directory import Account
from streams.sunset.stepping import stepped
from streams.sunset_policy import answer
from streams.switch import Switch, Tools, Wanted
from streams.switched import Fold, Kept, coverage, kept_of, state_of, wanted
from streams.switches import Switched, names, webhook
from streams.switches.command import effects
from streams.switching import Switching
from tests.sunset.scene import local
from tests.waits import until

AT = local("2027-03-01 12:00")
HOUR = 3_600_000_000
SUNSET = Sunset(
    kind="smtp_after_pop", begins=date(2027, 1, 1), ends=date(2027, 3, 1), timezone="Europe/Berlin", stages=Stages()
)
PLANNED = StagesPlanned(id="plan", at=1, sunset="pop", stages=(Stage(number=1, beyond="n"), Stage(number=2, first="n")))


class _Town:
    """The directory of one customer, one of whose mailboxes nobody found."""

    def of(self, mailbox: str) -> Account | None:
        return Account(customer="acme") if mailbox.endswith("@acme.example") else None

    def aliases(self, mailbox: str) -> tuple[str, ...]:
        return ("sales@acme.example",) if mailbox == "anna@acme.example" else ()

    def mailboxes(self) -> Iterator[str]:
        yield from ("anna@acme.example", "unseen@acme.example", "zoe@other.example")


def _found(mailbox: str, customer: str) -> UserFound:
    use = Use(mailbox=mailbox, confidence=1.0, last=5, messages=9)
    return UserFound(id=mailbox, at=5, sunset="pop", mailbox=mailbox, customer=customer, use=use)


def _exempt(subject: str, until: str = "") -> UserExempted:
    return UserExempted(id=f"e-{subject}", at=3, sunset="pop", subject=subject, until=until)


def _fold(*events: SunsetEvent, known: Kept | None = None) -> Fold:
    fold = Fold("pop", known or Kept())
    fold.take(tuple(each for each in map(wanted, events) if each is not None))
    return fold


def _kept(*events: SunsetEvent, people: _Town | None = None, listed: bool = False) -> Kept:
    fold = _fold(*events)
    covered = coverage(fold.ledger, people, {})
    return kept_of(fold.ledger, covered, listed=listed, decision=fold.decision, step=fold.step)


def test_an_exemption_covers_other_addresses_and_all_of_a_customer_until_its_day() -> None:
    exempted = (_exempt("acme", "2027-03-01"), _exempt("anna@acme.example"), _exempt("@charity.example"))
    kept = _kept(PLANNED, _found("anna@acme.example", "acme"), *exempted, people=_Town())
    assert kept.exempt == {
        "@charity.example": "",
        "anna@acme.example": "",
        "sales@acme.example": "",
        "unseen@acme.example": "2027-03-01",
    }
    assert state_of("pop", SUNSET, kept, AT).exempt == tuple(kept.exempt)
    assert "unseen@acme.example" not in state_of("pop", SUNSET, kept, AT + 12 * HOUR).exempt
    alone = _kept(_found("anna@acme.example", "acme"), _exempt("acme"), listed=True)
    assert (alone.exempt, alone.known) == ({"anna@acme.example": ""}, ("anna@acme.example",))


def test_what_is_off_follows_the_clock_and_nothing_is_before_a_plan() -> None:
    kept = _kept(PLANNED, stepped("pop", 1, "brownout", AT, until=AT + HOUR))
    assert state_of("pop", SUNSET, kept, AT).off == {1}
    assert state_of("pop", SUNSET, kept, AT + HOUR).off == frozenset()
    nothing = state_of("pop", SUNSET, Kept(), AT)
    assert not nothing.refuses("anna@example.net")


def test_a_log_that_is_shorter_than_what_is_known_says_nothing_until_it_is_quiet() -> None:
    closed = stepped("pop", 1, "closed", AT)
    known = _kept(PLANNED, closed)
    assert known.decision == closed.id
    refilled = _fold(PLANNED, known=known)
    assert not refilled.tells(1.0)
    assert refilled.tells(5.0)
    assert _fold(PLANNED, closed, known=known).tells(0.0)
    assert not _fold(known=known).tells(60.0), "an empty log says nothing at all"


@pytest.mark.parametrize(
    ("request_of", "told"),
    [
        ({"sender": "anna@x.example"}, "REJECT 5.7.1 No"),
        ({"sender": "ANNA@x.example"}, "REJECT 5.7.1 No"),
        ({"sender": "zoe@x.example"}, "DUNNO"),
        ({"sender": ""}, "DUNNO"),
        ({"sender": "anna@x.example", "sasl_username": "anna"}, "DUNNO"),
        ({"sender": "anna@x.example", "request": "other"}, "DUNNO"),
        ({}, "DUNNO"),
    ],
)
def test_the_policy_answers(request_of: dict[str, str], told: str) -> None:
    state = Switched(sunset="pop", reply="5.7.1 No", stages=PLANNED.stages, off=frozenset((1,)))
    assert answer(state, {"request": "smtpd_access_policy", **request_of}) == told


class _Host:
    """A switch that writes a table, and what it told."""

    def __init__(self, path: Path) -> None:
        self.state = Switched(sunset="pop", reply="5.7.1 No", stages=PLANNED.stages)
        self.told: list[StagesSwitched] = []
        tools = Tools(answer=lambda _: None, report=self.told.append, host="mx1")
        settings = PostfixAccessSwitch(path=path, reload=())
        self.switch = Switch("postfix_access", settings, lambda: Wanted(self.state, "d1"), tools)

    def close(self, *off: int) -> None:
        self.state = Switched(sunset="pop", reply="5.7.1 No", stages=PLANNED.stages, off=frozenset(off))


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
    kept = _kept(PLANNED, stepped("pop", 1, "closed", AT), _found("anna@x.example", ""))
    assert (kept.step, kept.decision) == (stepped("pop", 1, "closed", AT).id, "anna@x.example")
    assert state_of("pop", SUNSET, kept, AT).step == kept.step


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
    state = Switched(
        sunset="pop", reply="5.7.1 No", stages=PLANNED.stages, off=frozenset((2,)), exempt=("a b;$(x)@c.example",)
    )
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


def test_a_switch_needs_stages_and_its_own_kind() -> None:
    text = '[sunset.pop]\nkind = "{}"\nbegins = 2027-01-01\nends = 2027-03-01\n{}[sunset.pop.switch.{}]\n'
    with pytest.raises(ValueError, match="a switch without a table `stages`"):
        parse(text.format("smtp_after_pop", "", "exim"), "test")
    with pytest.raises(ValueError, match=r"switch\.exim switches smtp_after_pop off, not old_tls"):
        parse(text.format("old_tls", "[sunset.pop.stages]\n", "exim"), "test")
    assert names() == ("command", "dovecot", "exim", "postfix_access", "postfix_policy", "webhook")
