"""That somebody looks for alerts is told by the minute, by one desk of several; pages say it where nobody did."""

import pandas as pd
import pytest

from dashboards.queries_alerts import unwatched
from schemas.observations import AlertsLooked
from streams.alert_looked import Minutes
from tests.alerts.scene import MINUTE

MIDDAY = 1_900_000_800_000_000 // MINUTE * MINUTE


def _run(desks: list[Minutes], seconds: range, ahead: int = 0) -> list[list[AlertsLooked]]:
    """Let desks turn by the second, the last one's clock `ahead` (µs); each hears at once what any told."""
    told: list[list[AlertsLooked]] = [[] for _ in desks]
    for second in seconds:
        for number, desk in enumerate(desks):
            at = MIDDAY + second * 1_000_000 + (ahead if desk is desks[-1] else 0)
            if (event := desk.told(at)) is not None:
                told[number].append(event)
                for each in desks:
                    each.heard(event)
    return told


def test_a_desk_tells_it_once_a_minute() -> None:
    (told,) = _run([Minutes()], range(30, 200))
    assert [each.at for each in told] == [MIDDAY + number * MINUTE for number in range(4)]
    assert len({each.id for each in told}) == 4


def test_of_two_desks_one_tells_it_and_the_other_goes_on_where_it_ends() -> None:
    one, two = Minutes(), Minutes()
    told, none = _run([one, two], range(120))
    assert (len(told), len(none)) == (2, 0)
    (gone_on,) = _run([two], range(120, 240))
    assert [each.at for each in gone_on] == [MIDDAY + number * MINUTE for number in (2, 3)]


def test_what_two_desks_tell_of_a_minute_before_they_hear_of_each_other_is_one_event() -> None:
    assert Minutes().told(MIDDAY + 1) == Minutes().told(MIDDAY + 59_000_000)


@pytest.mark.parametrize("ahead", [2 * MINUTE, -2 * MINUTE, 3000 * MINUTE, -3000 * MINUTE])
def test_whatever_their_clocks_two_desks_tell_it_twice_a_minute_at_most_and_the_right_one_is_not_silent(
    ahead: int,
) -> None:
    right, wrong = _run([Minutes(), Minutes()], range(60 * 20), ahead)
    assert len(right) <= 20 + 1
    assert len(wrong) <= 20 + 1
    newest = max(each.at for each in (*right, *wrong) if each.at <= MIDDAY + 20 * MINUTE)
    assert newest >= MIDDAY + 18 * MINUTE


def test_after_a_clock_is_put_back_it_is_told_again() -> None:
    desk = Minutes()
    assert desk.told(MIDDAY + 60 * MINUTE) is not None
    assert desk.told(MIDDAY) is not None


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        ("4m 59s", ""),
        ("301s", "Not known: nobody has looked for alerts since 11:54 UTC (is `relaywarden desk` running?)"),
        ("2D", "Not known: nobody has looked for alerts since 08 May 12:00 UTC (is `relaywarden desk` running?)"),
    ],
)
def test_a_page_says_since_when_nobody_looked(ago: str, said: str) -> None:
    now = pd.Timestamp("2030-05-10 12:00", tz="UTC")
    assert unwatched(pd.DataFrame({"last": [now - pd.Timedelta(ago)]}), now) == said
    never = unwatched(pd.DataFrame({"last": []}), now)
    assert never.startswith("Not known: nobody has looked for alerts in the last 7 days")
