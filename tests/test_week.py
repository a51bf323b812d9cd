"""What is usual at such times of the week: levels of four quarters of a day, in one 32-bit float."""

from array import array

from schemas.mailbox_settings import Mailboxes
from streams import mailboxes, week
from streams.detectors.burst import evidence
from streams.window import DAY, HOUR, MINUTE
from tests.patterns import MAILBOX, events_of

MONDAY = 20_458 * DAY  # 2026-01-05
WORKDAY = "for=480; for=480 messages=160 logins=4 known=80; for=480; "
A_WEEK = f"for=1440; {WORKDAY * 5}for=1440; "  # the patterns begin on a Sunday


def test_the_days_of_the_week() -> None:
    assert [week.weekday(MONDAY + day * DAY) for day in range(7)] == list(range(7))
    assert [week.is_weekend(MONDAY + day * DAY) for day in range(7)] == [False] * 5 + [True] * 2
    assert week.named(MONDAY + 5 * DAY + 3 * HOUR) == "at a weekend between 00:00 and 06:00 UTC"


def test_a_peak_is_learnt_for_its_quarter_and_falls_once_a_week() -> None:
    at = MONDAY + 15 * HOUR
    usual = week.learnt(0, week.noted(0, at, 100.0), MONDAY + 12 * HOUR)
    assert 100 <= week.peak(usual, at) < 125
    assert week.peak(usual, at - 10 * HOUR) == 0
    assert week.peak(usual, at - 4 * HOUR) > 100, "who sends at noon may send an hour before"
    tuesday = week.learnt(usual, 0, MONDAY + DAY + 12 * HOUR)
    assert tuesday == usual
    assert week.peak(week.learnt(usual, 0, MONDAY + 7 * DAY + 12 * HOUR), at) < week.peak(usual, at)


def test_all_levels_fit_into_a_32_bit_float() -> None:
    levels = 0
    for half in (0, 12) * 6:
        now = week.noted(week.noted(0, MONDAY + half * HOUR, 1e9), MONDAY + (half + 6) * HOUR, 1e9)
        levels = week.learnt(levels, now, MONDAY + half * HOUR)
    assert levels == 2**24 - 1
    assert int(array("f", [levels])[0]) == levels


def _burst(line: str) -> str:
    """Return the strongest burst of the last day of a pattern."""
    state, found = None, []
    events = events_of(line)
    for event in events:
        state, _ = mailboxes.step(state, event, Mailboxes())
        if events[-1].at - event.at < DAY and (one := evidence(state)):
            found.append((one.points, one.text))
    assert state is not None
    assert state.mailbox == MAILBOX
    assert events[-1].at % DAY < DAY - MINUTE
    return max(found)[1] if found else ""


def test_an_office_that_mails_at_night_on_sunday_is_a_burst() -> None:
    text = _burst(f"{A_WEEK * 3}for=180; for=30 messages=2 recipients=15")
    assert text.endswith("recipients in an hour at a weekend between 00:00 and 06:00 UTC, usually at most 10")
    monday = _burst(f"{A_WEEK * 3}for=1440; for=600; for=30 messages=2 recipients=15")
    assert "UTC" not in monday, "at noon of a Monday so many are nearly usual"


def test_a_weekly_newsletter_is_usual_from_the_second_issue_on() -> None:
    issue = "for=600; for=20 messages=120; for=820; "
    others = "for=480; for=480 messages=3 logins=2 known=80; for=480; "
    a_week = f"for=1440; {others}{issue}{others * 3}for=1440; "
    assert _burst(f"{a_week * 2}for=1440; {others}{issue}".removesuffix("; ")) == ""
