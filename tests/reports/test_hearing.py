"""A host that talks says nothing of another: what a log did not tell is named, and nothing of it is zero."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from embedded.clickhouse import ClickHouseServer
from schemas.events import Event, MailboxAuthenticated, MessageSubmitted
from schemas.mailbox_events import MailboxSuspended
from schemas.report_settings import Audience
from schemas.sunset_events import Stage, StagesPlanned, StageStep, StageStepped, Use, UserFound
from streams.report_due import batches
from streams.report_sent import complete
from streams.reports.document import Chart
from streams.reports.figures import Counts, Ending, Figures, Heard, Reputation, Silent, Traffic
from streams.reports.hearing import heard_before
from streams.reports.periods import slots
from streams.reports.reading import text
from tests.mailed_reports import written
from tests.migrated import migrate
from tests.reports.scene import DAY, HOUR, NOW, SINCE, UNTIL, attempt, heard, keep, local, mails, report, week
from tests.reports.test_figures import figures

PERIOD = batches("week", report(), None, NOW)[0].period


@pytest.fixture
def warehouse(clickhouse: ClickHouseServer, database: str) -> Client:
    migrate(clickhouse.connect(), database)
    return clickhouse.connect(database)


def lines(host: str, moments: Iterable[int]) -> Iterator[Event]:
    for at in moments:
        yield MessageSubmitted(id=f"{host}{at}", at=at, host=host, queue_id="Q", sender="cron")


@pytest.mark.parametrize(
    ("other", "silent"),
    [
        ([SINCE + day * DAY for day in range(8)], ()),
        ([SINCE - DAY, SINCE + 2 * DAY], (Silent("mx2", SINCE + 2 * DAY),)),
        ([SINCE - DAY], (Silent("mx2", SINCE - DAY),)),
        ([SINCE - 22 * DAY], ()),
        ([SINCE - 20 * DAY], (Silent("mx2", SINCE - 20 * DAY),)),
        ([SINCE + 5 * DAY, SINCE + 6 * DAY, UNTIL], ()),
        ([UNTIL + HOUR], ()),
        (
            [*(SINCE + day * DAY for day in (0, 1, 4, 5, 6)), UNTIL],
            (Silent("mx2", SINCE + DAY, SINCE + 4 * DAY),),
        ),
        ([SINCE, SINCE + 3 * DAY, NOW + 1], (Silent("mx2", SINCE + 3 * DAY),)),
    ],
    ids=[
        "heard each day", "fell silent", "silent all week", "gone for three weeks", "not gone so long", "new",
        "newer than the period", "two days without a line", "a line of the future says nothing",
    ],
)  # fmt: skip
def test_each_log_is_heard_for_itself(warehouse: Client, other: list[int], silent: tuple[Silent, ...]) -> None:
    keep(warehouse, [*heard(range(15)), *lines("mx2", other)])
    assert figures(warehouse)[""].heard.silent == silent
    assert complete(warehouse, PERIOD, NOW) == all(each.until for each in silent), "the rest may come yet"


def test_where_nothing_was_ever_heard_the_rest_is_waited_for(warehouse: Client) -> None:
    assert not complete(warehouse, PERIOD, NOW)
    assert figures(warehouse)[""].heard == Heard()


def test_logins_are_a_log_of_their_own(warehouse: Client) -> None:
    login = MailboxAuthenticated(
        id="l",
        at=SINCE + HOUR,
        host="mx1",
        service="pop3",
        mailbox="a@alpine.example",
        outcome="succeeded",
        client_ip="",
    )
    keep(warehouse, [*heard(range(15)), login])
    assert figures(warehouse)[""].heard.silent == (Silent("mx1 (logins)", SINCE + HOUR),)


def test_a_line_of_the_future_does_not_make_all_heard(warehouse: Client) -> None:
    keep(warehouse, [*heard(range(10)), *lines("mx1", [NOW + DAY])])
    found = figures(warehouse)[""].heard
    assert (found.newest, found.silent) == (SINCE + 2 * DAY + 6 * HOUR, (Silent("mx1", SINCE + 2 * DAY + 6 * HOUR),))


@pytest.mark.parametrize(
    ("before", "silent"),
    [
        (["2026-11-22 01:00", "2026-11-22 23:00"], ()),
        (["2026-11-21 18:00"], (Silent("mx2", local("2026-11-21 18:00"), UNTIL + HOUR),)),
    ],
)
def test_on_a_day_a_log_must_tell_something_and_quiet_hours_are_read(
    warehouse: Client, before: list[str], silent: tuple[Silent, ...]
) -> None:
    keep(warehouse, [*heard(range(15)), *lines("mx2", [*map(local, before), UNTIL + HOUR])])
    assert figures(warehouse, every="daily")[""].heard.silent == silent


@pytest.mark.parametrize(
    ("first", "other", "before"),
    [
        (0, [SINCE + day * DAY + HOUR for day in range(-7, 8)], True),
        (0, [SINCE - 7 * DAY + HOUR, *(SINCE + day * DAY + HOUR for day in range(8))], False),
        (0, [SINCE - 20 * DAY, *(SINCE + day * DAY for day in range(8))], False),
        (0, [SINCE + day * DAY + HOUR for day in (-7, -6, -5, -3, -2, -1, *range(8))], False),
        (0, [SINCE + day * DAY + HOUR for day in range(8)], True),
        (1, [SINCE + day * DAY + HOUR for day in range(8)], False),
        (7, [SINCE + day * DAY + HOUR for day in range(8)], False),
    ],
    ids=[
        "heard each day", "silent from its first day on", "silent all week", "a day without a line", "new since",
        "nothing was read on its first day", "nothing was read",
    ],
)  # fmt: skip
def test_a_change_is_told_only_against_a_time_that_was_read_throughout(
    warehouse: Client, first: int, other: list[int], *, before: bool
) -> None:
    """Alpine's mail goes by mx2: of three mails of the week before, two bounced."""
    few = [SINCE - 4 * DAY + number for number in range(3)]
    keep(warehouse, [*heard(range(first, 15)), *lines("mx2", other), *mails("alpine", sent=90, bounced=10)])
    if first < 7:
        told = [attempt(n, at, "box@alpine.example", "bounced" if n else "sent") for n, at in enumerate(few)]
        keep(warehouse, told)
    barred = MailboxSuspended(id="s", at=SINCE, mailbox="box@alpine.example", score=140, mode="enforce")
    keep(warehouse, [barred, msgspec.structs.replace(barred, id="s0", at=few[0])])
    found = figures(warehouse)[""]
    assert (found.heard.before, found.heard.silent) == (before, ())
    words = " ".join(text(written("noc", "en", found)[0]).split())
    assert ("was accepted (+56.7 points)." in words) == before
    assert ("google 100 90.0% +56.7" in words) == before
    assert ("Of the time before not all logs were read, or none: no change is told." in words) != before
    assert ("1 suspension of a mailbox (in the time before: 1)." in words) == before
    assert ("1 suspension of a mailbox." in words) != before


@pytest.mark.parametrize("every", ["daily", "monthly"])
def test_the_day_or_month_before_must_be_read_throughout_as_well(warehouse: Client, every: str) -> None:
    now = local("2026-11-23 07:00")
    since = local("2026-11-21 00:00" if every == "daily" else "2026-09-01 00:00")
    hours = range(since - DAY, now, HOUR if every == "daily" else DAY)
    keep(warehouse, lines("mx1", hours))
    assert figures(warehouse, every=every)[""].heard.before
    keep(warehouse, lines("mx2", [since - HOUR, *range(since + 32 * DAY, now, DAY), now - 2 * HOUR]))
    assert not figures(warehouse, every=every)[""].heard.before


def test_hours_over_which_the_clock_jumped_on_the_day_before_are_compared_with_nothing(warehouse: Client) -> None:
    (batch,) = batches("week", report(every="daily", hours=[2, 3, 7]), None, local("2027-03-29 03:30"))
    assert (batch.period.name, batch.period.compared - batch.period.before) == ("2027-03-29T03", 0)
    keep(warehouse, lines("mx1", range(batch.period.before - DAY, batch.period.due, HOUR)))
    assert not heard_before(warehouse, batch.period, batch.period.due)


def test_where_not_all_of_the_period_was_read_no_change_is_told() -> None:
    traffic = Traffic(providers={"google": Counts(10, 0, 0)}, before={"google": Counts(1, 0, 1)})
    words = " ".join(text(written("noc", "en", _partly(traffic=traffic))[0]).split())
    assert "100.0% of the mail that was accepted or refused for good was accepted. " in words
    assert "google 10 100.0% \N{EN DASH} " in words
    assert "Not all logs of this period were read: no change is told." in words


SILENT = (Silent("mx2", SINCE + 2 * DAY), Silent("mx3", SINCE + DAY, SINCE + 4 * DAY))


def _partly(**more: Any) -> Figures:  # noqa: ANN401 parts of the figures
    return Figures(heard=Heard(newest=UNTIL, slots=frozenset(slots(PERIOD)), before=True, silent=SILENT), **more)


def test_the_report_names_the_hosts_and_until_when_they_were_heard() -> None:
    document, _, _ = written("noc", "en", _partly())
    assert document.stale
    assert document.age == (
        "2 logs were not read throughout: mx2 until 18 Nov 2026, 00:00 CET;"
        " mx3 not from 17 Nov 2026, 00:00 CET to 20 Nov 2026, 00:00 CET."
        " What they tell of that time is missing, and is not zero."
    )
    own, _, _ = written("customer", "en", _partly())
    assert own.age == (
        "2 logs of our servers were not read throughout, from 17 Nov 2026, 00:00 CET on:"
        " there may be more than is counted here."
    )
    assert "mx2" not in text(own)


@pytest.mark.parametrize("audience", ["noc", "management", "customer"])
def test_where_a_log_was_not_read_nothing_is_called_zero(audience: Audience) -> None:
    traffic = Traffic(providers={"google": Counts(10, 0, 0)}, slots={slots(PERIOD)[0]: Counts(10, 0, 0)})
    reputation = Reputation(
        ips=("192.0.2.1", "192.0.2.2"), traffic={"192.0.2.1": Counts(10, 0, 0)}, hours={"192.0.2.2": 2.0}
    )
    for found in (_partly(traffic=traffic, reputation=reputation), _partly()):
        words = text(written(audience, "en", found)[0])
        assert "No mailbox stood out" not in words
        assert "Not all logs of this period were read: whether there was any is not known." in words
        assert (
            re.search(r"(?<![\d:.,])0(?![\d:.,])", words.split("Reputation")[0].replace("+41 44 000 00 00", "")) is None
        )
    whole = Figures(heard=Heard(newest=UNTIL, slots=frozenset(slots(PERIOD)), before=True), traffic=traffic)
    words = " ".join(text(written(audience, "en", whole)[0]).split())
    assert "No mailbox stood out." in words
    assert "google 10 100.0% \N{EN DASH} 0 0" in words


def test_the_bars_of_what_is_missing_are_grey() -> None:
    traffic = Traffic(providers={"google": Counts(10, 0, 0)}, slots={slots(PERIOD)[0]: Counts(10, 0, 0)})
    document, _, _ = written("noc", "en", _partly(traffic=traffic))
    (chart,) = [each for each in document.sections[0].blocks if isinstance(each, Chart)]
    assert (chart.unknown, chart.unknown_label) == ((1, 2, 3, 4, 5, 6), "data missing")


def test_a_customer_is_told_only_what_was_done(warehouse: Client) -> None:
    proposed = MailboxSuspended(id="p", at=SINCE + DAY, mailbox="box@alpine.example", score=140, mode="propose")
    keep(warehouse, [*week(), proposed])
    own = figures(warehouse, audience="customer")
    assert own["alpine"].cases.steps == ()
    assert [each.type for each in own["bakery"].cases.steps] == ["mailbox_flagged", "mailbox_suspended"]
    assert [each.mode for each in figures(warehouse)[""].cases.steps if each.mailbox == "box@alpine.example"] == [
        "propose"
    ]


@pytest.mark.parametrize(("ends", "names"), [("2026-11-20", ["pop"]), ("2026-11-09", ["pop"]), ("2026-11-08", [])])
def test_a_sunset_is_told_of_until_it_is_settled(warehouse: Client, ends: str, names: list[str]) -> None:
    """That is seven quiet days and a week after it ended."""
    use = Use(mailbox="a@alpine.example", last=SINCE, confidence=1.0)
    found = UserFound(id="u", at=SINCE, sunset="pop", mailbox="a@alpine.example", customer="alpine", use=use)
    keep(warehouse, [found])
    assert [each.name for each in figures(warehouse, ends=ends)[""].endings] == names
    own = figures(warehouse, audience="customer", ends=ends)["alpine"].endings
    assert [(each.name, each.using[0].mailbox) for each in own] == [(name, "a@alpine.example") for name in names]


@pytest.mark.parametrize(
    ("step", "names"),
    [(None, ["pop"]), ("open", ["pop"]), ("paused", ["pop"]), ("rolled_back", ["pop"]), ("closed", [])],
)
def test_a_sunset_whose_stages_did_not_all_close_is_told_of(
    warehouse: Client, step: StageStep | None, names: list[str]
) -> None:
    at = SINCE - 30 * DAY
    stages = tuple(Stage(number=number, closes=at) for number in (1, 2))
    steps = [StageStepped(id="s1", at=at, sunset="pop", stage=1, step="closed")]
    if step is not None:
        steps.append(StageStepped(id="s2", at=at + DAY, sunset="pop", stage=2, step=step))
    keep(warehouse, [StagesPlanned(id="p", at=at - DAY, sunset="pop", stages=stages), *steps])
    assert [each.name for each in figures(warehouse, ends="2026-11-08")[""].endings] == names


def test_what_ended_is_said_to_have_ended() -> None:
    for ends, words in (("2026-11-23", "ends on 23 November 2026"), ("2026-11-22", "ended on 22 November 2026")):
        found = _partly(endings=(Ending(name="pop", kind="smtp_after_pop", ends=ends),))
        assert words in " ".join(text(written("noc", "en", found)[0]).split())
