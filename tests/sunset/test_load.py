"""The load of a stage: what pauses it, what does not, and what nobody knows."""

import pytest
from pydantic import ValidationError

from schemas.sunset_events import Stage
from schemas.sunset_stages import Stages
from streams.sunset.ledger import Ledger, Step
from streams.sunset.load import Load, at_work, excess, known, pauses, since, tickets
from tests.sunset.scene import local

AT = local("2027-03-01 12:00")
HOUR = 3_600_000_000
LIMITS = Stages.model_validate(
    {"tickets_per_hour": 10, "refused_per_hour": 50, "failed_logins_times": 3.0, "tickets": {}, "watch_hours": 24}
)


def _ledger(**steps: Step) -> Ledger:
    stages = (Stage(number=1, beyond="m"), Stage(number=2, first="m"))
    return Ledger(stages=stages, steps={int(name[1:]): step for name, step in steps.items()})


def test_the_stage_at_work_is_the_one_that_went_off_last() -> None:
    closed, later = Step("closed", AT - 3 * HOUR, 0), Step("brownout", AT - HOUR, AT + HOUR)
    found = at_work(LIMITS, _ledger(s1=closed, s2=later), AT)
    assert found is not None
    assert found.number == 2
    assert at_work(LIMITS, _ledger(s1=Step("closed", AT - 25 * HOUR, 0)), AT) is None, "nobody watches it any more"
    assert at_work(LIMITS, _ledger(s1=Step("rolled_back", AT, 0)), AT) is None
    assert at_work(LIMITS, _ledger(s1=Step("brownout", AT - 2 * HOUR, AT - HOUR)), AT) is None, "over by itself"


def test_above_a_limit_the_stage_is_paused_with_what_was_counted() -> None:
    ledger = _ledger(s1=Step("closed", AT - HOUR, 0))
    load = Load(tickets=11, refused=50, failed=400, usual=100.0)
    (event,) = pauses("pop", LIMITS, ledger, load, AT)
    assert (event.stage, event.step, event.operator) == (1, "paused", "")
    assert [(each.rule, each.value, each.usual) for each in event.evidence] == [
        ("tickets", 11, 10),
        ("failed_logins", 400, 300),
    ]
    assert event.evidence[0].text == "11 tickets within an hour: the limit is 10"
    assert event.evidence[1].text == "400 failed logins within an hour, usually 100: the limit is 300"
    assert list(pauses("pop", LIMITS, ledger, Load(tickets=10, refused=50, failed=300, usual=100.0), AT)) == []
    assert list(pauses("pop", LIMITS, Ledger(), load, AT)) == [], "no stage is at work"


def test_what_paused_a_stage_does_not_take_back_the_one_before_too() -> None:
    ledger = _ledger(s1=Step("closed", AT - 5 * HOUR, 0), s2=Step("closed", AT - HOUR, 0))
    load = Load(tickets=11, refused=0, failed=0, usual=1.0)
    assert [event.stage for event in pauses("pop", LIMITS, ledger, load, AT)] == [2]
    ledger.steps[2] = Step("paused", AT, 0)
    assert at_work(LIMITS, ledger, AT) == ledger.stages[0]
    assert list(pauses("pop", LIMITS, ledger, load, AT)) == []


def test_a_handful_of_failures_is_no_load_where_usually_none_fails() -> None:
    assert list(excess(LIMITS, Load(failed=20, usual=0.0))) == []
    assert [each.rule for each in excess(LIMITS, Load(failed=21, usual=0.0))] == ["failed_logins"]


@pytest.mark.parametrize(
    ("load", "whole"),
    [
        (Load(tickets=0, refused=0, failed=0, usual=0.0), True),
        (Load(tickets=0, refused=0, failed=0), False),
        (Load(tickets=0, failed=0, usual=1.0), False),
        (Load(refused=0, failed=0, usual=1.0), False),
        (Load(), False),
    ],
)
def test_no_data_is_not_no_load(load: Load, *, whole: bool) -> None:
    assert known(LIMITS, load) is whole
    assert known(Stages(), load), "without limits nothing has to be known"


def test_a_load_counts_from_when_the_stage_went_off_for_an_hour_at_most() -> None:
    opened = {"a": AT, "b": AT - HOUR + 1, "c": AT - HOUR, "d": AT + 1}
    ledger = _ledger(s1=Step("closed", AT - 2 * HOUR, 0), s2=Step("closed", AT - HOUR // 2, 0))
    first, second = ledger.stages
    assert tickets(opened, since(ledger, first, AT), AT) == 2
    assert tickets(opened, since(ledger, second, AT), AT) == 1
    ledger.steps[2] = Step("paused", AT - 5, 0)
    assert since(ledger, second, AT) == AT - HOUR


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
    ],
)
def test_a_wrong_table_is_told(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Stages.model_validate(wrong)
