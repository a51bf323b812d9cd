"""The load of a stage: what pauses it, what does not, and what nobody knows."""

import pytest
from pydantic import ValidationError

from schemas.settings import parse
from schemas.sunset_events import Brownout, Stage, StageStep
from schemas.sunset_stages import Stages
from streams.sunset.ledger import Ledger, Step, take
from streams.sunset.load import Load, Refused, at_work, by_stage, excess, known, pauses, since, tickets
from streams.sunset.stepping import stepped
from tests.sunset.scene import local

AT = local("2027-03-01 12:00")
HOUR = 3_600_000_000
LIMITS = Stages.model_validate(
    {"tickets_per_hour": 10, "refused_per_hour": 50, "failed_logins_times": 3.0, "tickets": {}, "watch_hours": 24}
)


def _ledger(**steps: Step) -> Ledger:
    stages = (Stage(number=1, beyond="m"), Stage(number=2, first="m"))
    return Ledger(stages=stages, steps={int(name[1:]): step for name, step in steps.items()})


def test_the_stages_at_work_are_those_that_went_off_lately_the_newest_last() -> None:
    closed, later = Step("closed", AT - 3 * HOUR, 0), Step("brownout", AT - HOUR, AT + HOUR)
    assert [each.number for each in at_work(LIMITS, _ledger(s1=closed, s2=later), AT)] == [1, 2]
    assert [each.number for each in at_work(LIMITS, _ledger(s1=later, s2=closed), AT)] == [2, 1]
    assert at_work(LIMITS, _ledger(s1=Step("closed", AT - 25 * HOUR, 0)), AT) == (), "nobody watches it any more"
    assert at_work(LIMITS, _ledger(s1=Step("rolled_back", AT, 0)), AT) == ()
    over = Step("brownout", AT - 26 * HOUR, AT - 2 * HOUR)
    assert [each.number for each in at_work(LIMITS, _ledger(s1=over), AT)] == [1], "over by itself, and watched on"
    assert at_work(LIMITS, _ledger(s1=over), AT + 23 * HOUR) == ()


@pytest.mark.parametrize(
    ("step", "until", "begins"),
    [
        (Step("open", AT - 2 * HOUR, 0, had=AT - 2 * HOUR), 22, AT - HOUR),
        (Step("open", AT - 2 * HOUR, 0, had=AT + 20 * HOUR), 22, AT - HOUR),  # ended by an operator
        (Step("open", AT - HOUR // 4, 0, had=AT - HOUR // 4), 23, AT - HOUR // 2),  # from when it went off
        (Step("open", AT - HOUR, 0, had=AT - 25 * HOUR), -1, 0),  # resumed long after its brown-out
        (Step("open", AT - HOUR, 0), -1, 0),
    ],
)
def test_a_stage_is_watched_after_its_brown_out_and_may_be_paused(step: Step, until: int, begins: int) -> None:
    ran = Brownout(begins=AT - HOUR // 2, ends=AT - HOUR // 4)
    ledger = Ledger(stages=(Stage(number=1, brownouts=(ran,), beyond="m"), Stage(number=2, first="m")), steps={1: step})
    working = at_work(LIMITS, ledger, AT)
    assert since(ledger, working, AT) == ({1: begins} if until >= 0 else {})
    paused = [(each.stage, each.step) for each in pauses("pop", LIMITS, ledger, Load(tickets=11), AT)]
    assert paused == ([(1, "paused")] if until >= 0 else [])
    if until >= 0:
        assert at_work(LIMITS, ledger, AT + until * HOUR) != ()
        assert at_work(LIMITS, ledger, AT + (until + 1) * HOUR) == ()


def test_what_is_off_is_paused_before_what_is_over() -> None:
    over = Step("open", AT - HOUR, 0, had=AT - HOUR)
    ledger = _ledger(s1=Step("closed", AT - 3 * HOUR, 0), s2=over)
    assert [each.number for each in at_work(LIMITS, ledger, AT)] == [1, 2]
    (event,) = pauses("pop", LIMITS, ledger, Load(tickets=11), AT)
    assert event.stage == 1, "a pause of the other would relieve nobody"


def test_above_a_limit_the_stage_is_paused_with_what_was_counted() -> None:
    ledger = _ledger(s1=Step("closed", AT - HOUR, 0))
    load = Load(tickets=11, refused={1: 50}, failed=400, usual=100.0)
    (event,) = pauses("pop", LIMITS, ledger, load, AT)
    assert (event.stage, event.step, event.operator) == (1, "paused", "")
    assert event.reason == "the load is above its limit"
    assert [(each.rule, each.value, each.usual) for each in event.evidence] == [
        ("tickets", 11, 10),
        ("failed_logins", 400, 300),
    ]
    assert event.evidence[0].text == "11 tickets within an hour: the limit is 10"
    assert event.evidence[1].text == "400 failed logins within an hour, usually 100: the limit is 300"
    assert list(pauses("pop", LIMITS, ledger, Load(tickets=10, refused={1: 50}, failed=300, usual=100.0), AT)) == []
    assert list(pauses("pop", LIMITS, Ledger(), load, AT)) == [], "no stage is at work"


@pytest.mark.parametrize(
    ("load", "stage", "why"),
    [
        (Load(tickets=0, refused={1: 40, 2: 20}, failed=0, usual=1.0), 1, "it was refused most"),
        (Load(tickets=99, refused={1: 40, 2: 20}, failed=0, usual=1.0), 1, "it was refused most"),
        (Load(tickets=0, refused={1: 30, 2: 30}, failed=0, usual=1.0), 2, "it was refused most"),
        (Load(tickets=11, refused={1: 40, 2: 2}, failed=0, usual=1.0), 2, "it is the newest"),
        (Load(tickets=0, refused={1: 40, 2: 2}, failed=400, usual=1.0), 2, "it is the newest"),
    ],
)
def test_the_stage_with_the_most_refusals_is_paused_though_another_is_newer(load: Load, stage: int, why: str) -> None:
    ledger = _ledger(s1=Step("closed", AT - 2 * HOUR, 0), s2=Step("closed", AT - HOUR // 2, 0))
    (event,) = pauses("pop", LIMITS, ledger, load, AT)
    assert event.stage == stage
    assert event.reason == f"the load is above its limit: of the stages at work (1, 2) {why}"


def test_refusals_count_over_all_stages_at_work_and_the_evidence_names_them() -> None:
    load = Load(refused={1: 30, 2: 21})
    assert [(each.value, each.text) for each in excess(LIMITS, load)] == [
        (51, "51 different senders refused within an hour (stage 1: 30, stage 2: 21): the limit is 50")
    ]
    assert list(excess(LIMITS, Load(refused={1: 30, 2: 20}))) == []
    (alone,) = excess(LIMITS, Load(refused={2: 51}, whom="mailboxes"))
    assert alone.text == "51 different mailboxes refused within an hour: the limit is 50"


def test_senders_count_for_their_stage_since_it_went_off() -> None:
    ledger = _ledger(s1=Step("closed", AT - 2 * HOUR, 0), s2=Step("brownout", AT - HOUR // 2, AT + HOUR))
    begins = since(ledger, at_work(LIMITS, ledger, AT), AT)
    assert begins == {1: AT - HOUR, 2: AT - HOUR // 2}
    seen = [
        Refused("Anna@x.example", AT - HOUR // 2 - 1),
        Refused("bob@x.example", AT - HOUR),
        Refused("zoe@x.example", AT - HOUR // 2),
        Refused("zora@x.example", AT - 1),
        Refused("ötzi@x.example", AT - 1),
        Refused("", AT - 1),
    ]
    assert by_stage(ledger, begins, seen) == {1: 1, 2: 3}, "what is no ASCII, and <>, is the last stage's"
    assert by_stage(ledger, {1: AT - HOUR}, seen) == {1: 1}
    assert by_stage(ledger, begins, []) == {1: 0, 2: 0}


def test_what_paused_a_stage_does_not_take_back_the_one_before_too() -> None:
    ledger = _ledger(s1=Step("closed", AT - 5 * HOUR, 0), s2=Step("closed", AT - HOUR, 0))
    load = Load(tickets=11, refused={1: 0, 2: 0}, failed=0, usual=1.0)
    assert [event.stage for event in pauses("pop", LIMITS, ledger, load, AT)] == [2]
    ledger.steps[2] = Step("paused", AT, 0)
    assert at_work(LIMITS, ledger, AT) == ledger.stages[:1]
    assert list(pauses("pop", LIMITS, ledger, load, AT)) == []


@pytest.mark.parametrize("after", ["open", "closed", "rolled_back"])
def test_what_came_before_a_pause_was_ended_counts_for_no_stage(after: StageStep) -> None:
    ledger = _ledger(s1=Step("closed", AT - 5 * HOUR, 0), s2=Step("closed", AT - HOUR, 0))
    take(ledger, stepped("pop", 2, "paused", AT - 30))
    take(ledger, stepped("pop", 2, "paused", AT - 29))
    assert ledger.let_go == 0
    take(ledger, stepped("pop", 2, after, AT - 20, operator="ada"))
    assert since(ledger, ledger.stages[:1], AT) == {1: AT - 20}
    take(ledger, stepped("pop", 2, "closed", AT - 5, operator="ada"))
    assert since(ledger, ledger.stages, AT) == {1: AT - 20 if after != "rolled_back" else AT - 5, 2: AT - 5}


def test_a_handful_of_failures_is_no_load_where_usually_none_fails() -> None:
    assert list(excess(LIMITS, Load(failed=20, usual=0.0))) == []
    assert [each.rule for each in excess(LIMITS, Load(failed=21, usual=0.0))] == ["failed_logins"]


@pytest.mark.parametrize(
    ("load", "whole"),
    [
        (Load(tickets=0, refused={}, failed=0, usual=0.0), True),
        (Load(tickets=0, refused={}, failed=0), False),
        (Load(tickets=0, failed=0, usual=1.0), False),
        (Load(refused={}, failed=0, usual=1.0), False),
        (Load(), False),
    ],
)
def test_no_data_is_not_no_load(load: Load, *, whole: bool) -> None:
    assert known(LIMITS, load) is whole
    assert known(Stages(), load), "without limits nothing has to be known"


def test_tickets_count_between_two_moments() -> None:
    opened = {"a": AT, "b": AT - HOUR + 1, "c": AT - HOUR, "d": AT + 1}
    assert tickets(opened, AT - HOUR, AT) == 2
    assert tickets(opened, AT - HOUR // 2, AT) == 1


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"tickets_per_hour": 5}, "tickets_per_hour needs"),
        ({"brownout_days": [14]}, "3 brownout_hours but 1 brownout_days"),
        ({"brownout_days": [14, 7, 1]}, "the last before the stage closes"),
        ({"brownout_hours": [1, 200, 24]}, "less than or equal to 168"),
        ({"brownout_hours": [1, 100, 24], "brownout_days": [14, 7, 3]}, "ends before the next begins"),
        ({"first_hour": 18}, "last_hour 17 is before first_hour 18"),
        ({"reply": "4.7.1 later"}, "String should match pattern"),
        ({"reply": "5.7.1 two\nlines"}, "String should match pattern"),
        ({"reply": "5.7.1 log in "}, "String should match pattern"),  # no log has the blank: nothing would count
        ({"reply": "5.7.1  log in"}, "String should match pattern"),
        ({"reply": "5.7.1  "}, "String should match pattern"),
        ({"reply": "5.7.1 log in\n"}, "String should match pattern"),
    ],
)
def test_a_wrong_table_is_told(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Stages.model_validate(wrong)


def test_a_limit_that_could_count_nothing_is_told_with_its_place() -> None:
    text = '[sunset.tls]\nkind = "{}"\nbegins = 2027-01-01\nends = 2027-03-01\nstages.refused_per_hour = 9\n'
    with pytest.raises(ValueError, match=r"sunset\.tls: .*stages\.refused_per_hour counts nothing of old_tls"):
        parse(text.format("old_tls"), "test")
    assert parse(text.format("cleartext_login"), "test").sunset["tls"].stages == Stages(refused_per_hour=9)
