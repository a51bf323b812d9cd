"""Stages: everybody is in exactly one, the shares are even, and the expressions say the same as Postfix reads them."""

import random
import subprocess
from datetime import date
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.moments import moment_of
from schemas.sunset_events import Stage, StagesPlanned, StageStepped
from schemas.sunset_settings import Sunset
from schemas.sunset_stages import PostfixAccessSwitch, Stages
from streams.deeds import WriteFile
from streams.sunset.ledger import Ledger, take
from streams.sunset.stages import key_of, plan, stage_of
from streams.sunset.stepping import is_off, resumed, step_of, stepped, steps
from streams.switches import Switched
from streams.switches.postfix_access import effects
from tests.parts import require
from tests.sunset.scene import local

BEFORE = local("2027-02-01 12:00")
HOUR = 3_600_000_000
POP = Sunset(
    kind="smtp_after_pop", begins=date(2027, 1, 11), ends=date(2027, 3, 1), timezone="Europe/Berlin", stages=Stages()
)
CHARACTERS = "abcxyzÄßé09@._-+{|}~`^[]\\!#$%&*/=?'\""
NAMES = st.text(st.sampled_from(CHARACTERS) | st.characters(codec="utf-8"), min_size=1, max_size=8)


def _with(**changes: object) -> Sunset:
    stages = Stages.model_validate({**Stages().model_dump(), **changes})
    return POP.model_copy(update={"stages": stages})


def _people(number: int) -> list[str]:
    """Return mailboxes as hosters have them: a third are of few names, the rest begin as names do."""
    chance = random.Random(1)
    many = ["info", "mail", "kontakt", "office", "webmaster", "post"]
    firsts = "aaabbcdeefghijjjkklmmmmnoprssssttuvwxyz0"
    found: set[str] = set()
    while len(found) < number:
        rest = "".join(chance.choice("aeiounrstlmh.-") for _ in range(chance.randint(2, 9)))
        name = chance.choice(many) if chance.random() < 0.33 else chance.choice(firsts) + rest
        found.add(f"{name}@{''.join(chance.choice('abcdefghijklmnopqrstuvwxyz') for _ in range(5))}.example")
    return sorted(found)


@given(st.sets(NAMES, min_size=1, max_size=60), st.integers(1, 20), NAMES)
def test_every_possible_mailbox_is_in_exactly_one_stage(users: set[str], count: int, anybody: str) -> None:
    stages = plan("pop", _with(count=count), users, BEFORE)
    assert stages[0].first == stages[-1].beyond == ""
    assert all(one.beyond == other.first for one, other in pairwise(stages))
    assert [stage.number for stage in stages] == list(range(1, len(stages) + 1))
    key = key_of(anybody)
    holding = [each for each in stages if each.first <= key and (not each.beyond or key < each.beyond)]
    assert len(holding) == 1
    if key not in {"", "<>"}:
        assert holding == [stage_of(stages, anybody)]
    for stage in stages:
        assert stage.mailboxes == len({key_of(user) for user in users if _holds(stage, key_of(user))})
    assert abs(sum(stage.share for stage in stages) - 1) < 0.001


def _holds(stage: Stage, key: str) -> bool:
    return stage.first <= key and (not stage.beyond or key < stage.beyond)


@pytest.mark.parametrize("count", [2, 8, 10, 50])
def test_the_shares_are_even_though_a_tenth_is_called_info(count: int) -> None:
    stages = plan("pop", _with(count=count), _people(20_000), BEFORE)
    assert len(stages) == count
    assert max(abs(stage.share * count - 1) for stage in stages) <= 0.1
    assert plan("pop", _with(count=count), reversed(_people(20_000)), BEFORE) == stages  # type: ignore[arg-type]


def test_a_cut_is_as_short_as_an_even_share_lets_it_be() -> None:
    letters = [f"{letter}{number}@x.example" for letter in "abcdefgh" for number in range(100)]
    stages = plan("pop", _with(count=4), letters, BEFORE)
    assert [(stage.first, stage.beyond, stage.mailboxes) for stage in stages] == [
        ("", "c", 200),
        ("c", "e", 200),
        ("e", "g", 200),
        ("g", "", 200),
    ]
    only_info = [f"info@{letter}{number}.example" for letter in "abcd" for number in range(10)]
    assert [stage.first for stage in plan("pop", _with(count=2), only_info, BEFORE)] == ["", "info@c"]


def test_few_mailboxes_make_fewer_stages_and_none_makes_no_plan() -> None:
    assert [stage.first for stage in plan("pop", _with(count=10), ["a@x", "b@x"], BEFORE)] == ["", "b"]
    with pytest.raises(ValueError, match="nobody is known to use it"):
        plan("pop", POP, [], BEFORE)


def _local(at: int) -> str:
    return moment_of(at).astimezone(ZoneInfo("Europe/Berlin")).strftime("%a %d.%m. %H:%M")


def test_stages_close_within_office_hours_of_weekdays_and_are_off_for_hours_before() -> None:
    sunset = _with(count=4, first_day=date(2027, 4, 1), hours_apart=6, brownout_days=[14, 7, 3])
    stages = plan("pop", sunset, _people(100), BEFORE)
    assert [_local(stage.closes) for stage in stages] == [
        "Thu 01.04. 09:00",
        "Thu 01.04. 15:00",
        "Fri 02.04. 09:00",
        "Fri 02.04. 15:00",
    ]
    assert [(_local(each.begins), (each.ends - each.begins) // HOUR) for each in stages[0].brownouts] == [
        ("Thu 18.03. 09:00", 1),
        ("Thu 25.03. 09:00", 4),  # three days later the clocks go forward: 9 o'clock stays 9 o'clock
        ("Mon 29.03. 09:00", 24),
    ]


def test_a_plan_in_the_past_is_refused() -> None:
    with pytest.raises(ValueError, match=r"sunset.pop.stages.first_day: stage 1 has a brown-out in the past"):
        plan("pop", POP, ["a@x"], local("2027-02-15 09:01"))
    with pytest.raises(ValueError, match=r"stage 1 closes in the past"):
        plan("pop", _with(brownout_hours=[], brownout_days=[]), ["a@x"], local("2027-03-01 09:01"))


def _ledger(count: int = 3, **changes: object) -> Ledger:
    stages = plan("pop", _with(count=count, **changes), _people(300), BEFORE)
    ledger = Ledger()
    take(ledger, StagesPlanned(id="p", at=BEFORE, sunset="pop", stages=stages))
    return ledger


def _go(ledger: Ledger, at: int, *, known: bool = True) -> list[tuple[int, str]]:
    found = list(steps("pop", ledger, at, known=known))
    for event in found:
        take(ledger, event)
    assert not list(steps("pop", ledger, at, known=known)), "doing it twice is harmless"
    return [(event.stage, event.step) for event in found]


def test_a_stage_has_its_brown_outs_then_closes_and_the_next_follows() -> None:
    ledger, told = _ledger(2), []
    for hour in range(24 * 40):
        told += _go(ledger, BEFORE + hour * HOUR)
    assert [step for number, step in told if number == 1] == ["brownout", "open"] * 3 + ["closed"]
    assert [step for number, step in told if number == 2] == ["brownout", "open"] * 3 + ["closed"]


def test_a_brown_out_ends_by_itself_though_nobody_says_so() -> None:
    ledger = _ledger()
    first = ledger.stages[0].brownouts[0]
    assert _go(ledger, first.begins + 1) == [(1, "brownout")]
    assert is_off(ledger.steps[1], first.ends - 1)
    assert not is_off(ledger.steps[1], first.ends)


def test_where_the_load_is_not_known_nothing_goes_off_but_brown_outs_end() -> None:
    ledger = _ledger()
    first = ledger.stages[0].brownouts[0]
    assert _go(ledger, first.begins, known=False) == []
    assert _go(ledger, first.begins) == [(1, "brownout")]
    assert _go(ledger, first.ends, known=False) == [(1, "open")]


def test_a_pause_holds_all_and_a_resumption_goes_on_as_much_later() -> None:
    ledger = _ledger()
    closes = [stage.closes for stage in ledger.stages]
    assert (1, "closed") in _go(ledger, closes[0])
    paused = closes[0] + HOUR
    take(ledger, stepped("pop", 1, "paused", paused))
    assert _go(ledger, closes[2] + 100 * HOUR) == []
    back = paused + 48 * HOUR
    take(ledger, StagesPlanned(id="later", at=back, sunset="pop", stages=resumed("pop", ledger, 1, back)))
    take(ledger, stepped("pop", 1, "open", back))
    assert [stage.closes for stage in ledger.stages] == [close + 48 * HOUR for close in closes]
    assert _go(ledger, back) == [(1, "closed")]
    with pytest.raises(ValueError, match="stage 1 of pop is closed: only a held one goes on"):
        resumed("pop", ledger, 1, back)


def test_a_rollback_opens_one_stage_for_good_and_the_others_go_on() -> None:
    ledger = _ledger()
    closes = [stage.closes for stage in ledger.stages]
    _go(ledger, closes[0])
    take(ledger, stepped("pop", 1, "rolled_back", closes[0] + 1))
    assert _go(ledger, closes[1]) == [(2, "closed")]
    assert step_of(ledger, 1) == "rolled_back"
    assert [one.closes for one in resumed("pop", ledger, 1, closes[1])][1:] == closes[1:]


def test_closes_that_were_missed_come_one_after_the_other() -> None:
    ledger = _ledger(3, hours_apart=24)
    late = ledger.stages[2].closes + 240 * HOUR
    assert _go(ledger, late) == [(1, "closed")]
    assert _go(ledger, late + 12 * HOUR) == []
    assert _go(ledger, late + 24 * HOUR) == [(2, "closed")]
    assert _go(ledger, late + 48 * HOUR) == [(3, "closed")]


def test_a_later_plan_with_the_same_cuts_leaves_closed_what_is_closed() -> None:
    ledger = _ledger()
    _go(ledger, ledger.stages[0].closes)
    take(ledger, StagesPlanned(id="q", at=BEFORE, sunset="pop", stages=ledger.stages))
    assert step_of(ledger, 1) == "closed"
    others = tuple(replace(stage, first=f"{stage.first}x" if stage.first else "") for stage in ledger.stages)
    others = tuple(replace(stage, beyond=f"{stage.beyond}x" if stage.beyond else "") for stage in others)
    take(ledger, StagesPlanned(id="r", at=BEFORE, sunset="pop", stages=others))
    assert step_of(ledger, 1) == "open"


@given(st.lists(st.tuples(st.integers(0, 40 * 24), st.sampled_from(["paused", "rolled_back", "tick"])), max_size=40))
def test_what_is_held_stays_open_whatever_the_clock_says(moves: list[tuple[int, str]]) -> None:
    ledger = _ledger()
    held: set[int] = set()
    for number, (hour, move) in enumerate(sorted(moves)):
        at = BEFORE + hour * HOUR
        if move != "tick":
            stage = number % 3 + 1
            take(ledger, StageStepped(id=str(number), at=at, sunset="pop", stage=stage, step=move))  # type: ignore[arg-type]
            held.add(stage)
        for event in steps("pop", ledger, at):
            assert event.stage not in held
            take(ledger, event)
        assert not any(is_off(ledger.steps.get(stage), at) for stage in held)


def test_a_real_postfix_reads_the_table_as_the_stages_say(tmp_path: Path) -> None:
    require("postmap", "postfix")
    chance = random.Random(7)
    visible = [chr(code) for code in range(33, 127)]
    odd = {"".join(chance.choice(visible) for _ in range(chance.randint(1, 6))) + "@b.example" for _ in range(4000)}
    people = _people(2000)
    mixed = {"".join(chance.choice((str.upper, str.lower))(letter) for letter in name) for name in people}
    asked = [
        *sorted(odd | mixed),
        "<>",
        "é@b.example",
        "İx@b.example",
        "\u212aay@b.example",
        "info",
        "in",
        "a.b+[x]*/y@a.example",
        "x@C.EXAMPLE",
    ]
    stages = plan("pop", _with(count=40), people, BEFORE)
    state = Switched(
        sunset="pop",
        reply="5.7.1 No $1 more",
        stages=stages,
        off=frozenset(stage.number for stage in stages if stage.number % 2),
        exempt=("@c.example", "a.b+[x]*/y@a.example", people[0], "ends\nhere@x.example"),
    )
    table = tmp_path / "sunset"
    (written,) = effects(state, PostfixAccessSwitch(path=table, reload=()))
    assert isinstance(written, WriteFile)
    table.write_text(written.content)
    command = ("postmap", "-q", "-", f"regexp:{table}")
    done = subprocess.run(
        command, input="".join(f"{one}\n" for one in asked), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    found = dict(line.split("\t", 1) for line in done.stdout.splitlines())
    wanted = {one: "REJECT 5.7.1 No $1 more" if state.refuses(one) else "DUNNO" for one in asked}
    assert found == wanted
    assert len(found) > 5000
