"""Stages: everybody is in exactly one, the shares are even, and the expressions say the same as Postfix reads them."""

import random
import subprocess
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.sunset_events import Stage
from schemas.sunset_stages import PostfixAccessSwitch
from streams.deeds import WriteFile
from streams.sunset.stages import key_of, plan, stage_of
from streams.switches import Switched
from streams.switches.postfix_access import effects
from tests.parts import require
from tests.sunset.planned import BEFORE, HOUR, POP, people, rules, shown
from tests.sunset.scene import local

CHARACTERS = "abcxyzÄßé09@._-+{|}~`^[]\\!#$%&*/=?'\""
NAMES = st.text(st.sampled_from(CHARACTERS) | st.characters(codec="utf-8"), min_size=1, max_size=8)


@given(st.sets(NAMES, min_size=1, max_size=60), st.integers(1, 20), NAMES)
def test_every_possible_mailbox_is_in_exactly_one_stage(users: set[str], count: int, anybody: str) -> None:
    stages = plan("pop", rules(count=count), users, BEFORE)
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
    stages = plan("pop", rules(count=count), people(20_000), BEFORE)
    assert len(stages) == count
    assert max(abs(stage.share * count - 1) for stage in stages) <= 0.1
    assert plan("pop", rules(count=count), reversed(people(20_000)), BEFORE) == stages  # type: ignore[arg-type]


def test_a_cut_is_as_short_as_an_even_share_lets_it_be() -> None:
    letters = [f"{letter}{number}@x.example" for letter in "abcdefgh" for number in range(100)]
    stages = plan("pop", rules(count=4), letters, BEFORE)
    assert [(stage.first, stage.beyond, stage.mailboxes) for stage in stages] == [
        ("", "c", 200),
        ("c", "e", 200),
        ("e", "g", 200),
        ("g", "", 200),
    ]
    only_info = [f"info@{letter}{number}.example" for letter in "abcd" for number in range(10)]
    assert [stage.first for stage in plan("pop", rules(count=2), only_info, BEFORE)] == ["", "info@c"]


def test_few_mailboxes_make_fewer_stages_and_none_makes_no_plan() -> None:
    assert [stage.first for stage in plan("pop", rules(count=10), ["a@x", "b@x"], BEFORE)] == ["", "b"]
    with pytest.raises(ValueError, match="nobody is known to use it"):
        plan("pop", POP, [], BEFORE)


def test_stages_close_within_office_hours_of_weekdays_and_are_off_for_hours_before() -> None:
    sunset = rules(count=4, first_day=date(2027, 4, 1), hours_apart=6)
    stages = plan("pop", sunset, people(100), BEFORE)
    assert [shown(stage.closes) for stage in stages] == [
        "Thu 01.04. 09:00",
        "Thu 01.04. 15:00",
        "Fri 02.04. 09:00",
        "Fri 02.04. 15:00",
    ]
    assert [
        [(shown(each.begins), (each.ends - each.begins) // HOUR) for each in stage.brownouts] for stage in stages
    ] == [
        [("Fri 12.03. 09:00", 1), ("Tue 23.03. 09:00", 4), ("Mon 29.03. 09:00", 24)],  # 9 o'clock also before the
        [("Fri 12.03. 15:00", 1), ("Tue 23.03. 15:00", 4), ("Mon 29.03. 15:00", 24)],  # clocks go forward on the 28th
        [("Mon 15.03. 09:00", 1), ("Wed 24.03. 09:00", 4), ("Tue 30.03. 09:00", 24)],
        [("Mon 15.03. 15:00", 1), ("Wed 24.03. 15:00", 4), ("Tue 30.03. 15:00", 24)],
    ]


def test_a_brown_out_ends_before_the_weekend() -> None:
    sunset = rules(count=3, first_day=date(2027, 3, 24), brownout_hours=[24], brownout_days=[3], hours_apart=2)
    stages = plan("pop", sunset, people(100), BEFORE)
    assert [
        (shown(stage.closes), shown(stage.brownouts[0].begins), shown(stage.brownouts[0].ends)) for stage in stages
    ] == [
        ("Wed 24.03. 09:00", "Thu 18.03. 17:00", "Fri 19.03. 17:00"),
        ("Wed 24.03. 11:00", "Thu 18.03. 16:00", "Fri 19.03. 16:00"),
        ("Wed 24.03. 13:00", "Thu 18.03. 15:00", "Fri 19.03. 15:00"),
    ]
    close = rules(count=1, first_day=date(2027, 3, 24), brownout_hours=[20, 24], brownout_days=[4, 3])
    assert [shown(each.begins) for each in plan("pop", close, ["a@x"], BEFORE)[0].brownouts] == [
        "Wed 17.03. 17:00",  # Thursday 9:00 would not be over when the other begins
        "Thu 18.03. 17:00",
    ]
    daily = plan("pop", rules(count=3, first_day=date(2027, 3, 24), weekdays_only=False), people(100), BEFORE)
    assert [shown(stage.brownouts[2].begins) for stage in daily] == [
        "Sun 21.03. 09:00",
        "Mon 22.03. 09:00",
        "Tue 23.03. 09:00",
    ]


@pytest.mark.parametrize("later", range(14))
def test_no_two_stages_begin_the_same_brown_out_at_once(later: int) -> None:
    for changes in ({}, {"count": 40}, {"hours_apart": 4, "count": 30}):
        sunset = rules(first_day=date(2027, 3, 15) + timedelta(days=later), **changes)
        stages = plan("pop", sunset, people(500), BEFORE)
        assert len(stages) == sunset.stages.count  # type: ignore[union-attr]
        for kind in range(3):
            begins = [stage.brownouts[kind].begins for stage in stages]
            assert len(set(begins)) == len(begins), [shown(each) for each in begins]


def test_a_plan_in_the_past_is_refused() -> None:
    with pytest.raises(ValueError, match=r"sunset.pop.stages.first_day: stage 1 has a brown-out in the past"):
        plan("pop", POP, ["a@x"], local("2027-02-15 09:01"))
    with pytest.raises(ValueError, match=r"stage 1 closes in the past"):
        plan("pop", rules(brownout_hours=[], brownout_days=[]), ["a@x"], local("2027-03-01 09:01"))


def test_a_real_postfix_reads_the_table_as_the_stages_say(tmp_path: Path) -> None:
    require("postmap", "postfix")
    chance = random.Random(7)
    visible = [chr(code) for code in range(33, 127)]
    odd = {"".join(chance.choice(visible) for _ in range(chance.randint(1, 6))) + "@b.example" for _ in range(4000)}
    users = people(2000)
    mixed = {"".join(chance.choice((str.upper, str.lower))(letter) for letter in name) for name in users}
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
    stages = plan("pop", rules(count=40), users, BEFORE)
    state = Switched(
        sunset="pop",
        reply="5.7.1 No $1 more",
        stages=stages,
        off=frozenset(stage.number for stage in stages if stage.number % 2),
        exempt=("@c.example", "a.b+[x]*/y@a.example", users[0], "ends\nhere@x.example"),
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
