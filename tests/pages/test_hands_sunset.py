"""Orders about a sunset, as Streamlit runs them: of a stage, an exemption, a letter; by each role, with the preview."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, get_args

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import access
from dashboards.access import Deed, Person
from embedded.clickhouse import ClickHouseServer
from schemas.names import derived_id
from schemas.settings import load
from schemas.sunset_events import LetterOutcome, LetterSettled, StageAction, StageOrdered, UserExempted
from streams.stage_asked import answer
from streams.sunset.ledger import Ledgers, fold
from tests.pages import sunset_scene as scene
from tests.pages.conftest import Open
from tests.pages.hands_scene import LOCAL, Desk, configured, desk
from tests.pages.test_dashboard_views import shown, texts
from tests.pages.test_hands import order

if TYPE_CHECKING:
    from schemas.events import Event

STAGE, EXEMPT, LETTER = "hand.stage", "hand.exempt", "hand.letter"
ANNA = "anna@acme.example"


@pytest.fixture(scope="module")
def noc(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give the pages whose orders all tests of this file give: a sunset, and a letter of which nobody knows."""
    with desk(clickhouse, tmp_path_factory.mktemp("hands"), "pages_hands_sunset") as made:
        hall = made.hall
        hall.config.write_text(hall.config.read_text() + scene.config(hall.now))
        scene.fill(hall.client, hall.now)
        scene.put(hall.client, "sunset_events", scene.held(hall.now))
        uses = [
            {
                "way": "smtp_after_pop",
                "hour": (hall.now - ago * scene.HOUR) // 1_000_000 // 3600 * 3600,
                "mailbox": ANNA,
            }
            for ago in (3, 30, 400)
        ]
        for number, use in enumerate(uses):
            hall.client.command(
                "INSERT INTO old_ways (way, hour, mailbox, confidence, host, events, first, last) "
                "SELECT {way:String}, toDateTime({hour:UInt32}, 'UTC'), {mailbox:String}, 1, 'mx1', "
                "initializeAggregation('uniqState', {id:String}), 1, 1",
                parameters={**use, "id": f"use {number}"},
            )
        yield made


def page(noc: Desk, opened: Open, role: str = "operator", **query: str) -> AppTest:
    opened(configured(noc.hall, LOCAL.format(role=role), role))
    return shown("sunset", **query)


def again(test: AppTest, noc: Desk, opened: Open) -> str:
    opened(configured(noc.hall, LOCAL.format(role="operator"), "operator"))
    test.run()
    assert not test.exception
    return texts(test)


def choose(test: AppTest, place: str, action: str) -> str:
    test.radio(f"{place}.action").set_value(action)
    test.run()
    assert not test.exception
    return texts(test)


def answered(noc: Desk, given: StageOrdered) -> None:
    """Have the desk answer, by what it knows of the stages, and the warehouse keep that."""
    settings = load(noc.hall.config)
    ledgers: Ledgers = {}
    known: list[Event] = [*scene.staged(noc.hall.now)]
    for each in noc.said(StageOrdered):
        fold(ledgers, known)
        known = list(answer(each, settings.sunset, ledgers, each.at + 1))
    scene.put(noc.hall.client, "sunset_events", known)
    assert {given.id} == {getattr(each, "answers", given.id) for each in known}


def test_a_stage_is_resumed_with_whom_that_concerns_and_the_undo_pauses_it_again(noc: Desk, opened: Open) -> None:
    test = page(noc, opened, part="Stages", stage="1")
    said = choose(test, STAGE, "rollback")
    assert "Stage 1 (the first to before c) is closed, and off." in said
    assert "2 mailboxes of 2 customers still use the old way; 1 of them within the last 7 days, for 2 messages." in said
    assert "The old way works for them again, at once." in said
    assert "The other stages go on." in said
    order(test, "the hospital calls")
    (given,) = noc.said(StageOrdered)
    assert (given.sunset, given.stage, given.action, given.operator) == ("pop", 1, "rollback", "kim")
    assert "the desk has not answered yet" in texts(test)
    answered(noc, given)
    assert "● The desk followed it: stage 1 is rolled back." in again(test, noc, opened)
    next(button for button in test.button if button.label == "Undo: resume").click()
    test.run()
    assert test.radio(f"{STAGE}.action").value == "resume"
    assert "The order would be of no effect, or is impossible now" in texts(test), "stage 2 is paused, and holds all"
    order(test, "they have moved", "pop stage 2")
    assert "The confirmation is not what must be typed." in texts(test)
    order(test, "they have moved", "pop stage 1")
    answered(noc, noc.said(StageOrdered)[-1])
    assert "▲ The desk did not follow it: stage 2 of pop is paused, and holds all" in again(test, noc, opened)


def test_resuming_what_had_closed_says_that_it_cuts_off(noc: Desk, opened: Open) -> None:
    test = page(noc, opened, part="Stages", stage="2")
    said = choose(test, STAGE, "resume")
    assert "All that waited is laid anew: none earlier than it was told." in said
    assert "Nobody is cut off by that now" in said
    assert "They are cut off at once." in choose(test, STAGE, "close")


def test_a_customer_is_exempt_till_a_day_and_the_undo_ends_it(noc: Desk, opened: Open) -> None:
    test = page(noc, opened, part="Search", mailbox=ANNA)
    assert test.selectbox(f"{EXEMPT}.subject").options == [ANNA, "@acme.example", "acme"]
    test.selectbox(f"{EXEMPT}.subject").set_value("acme")
    day = scene.today(noc.hall.now) + timedelta(days=9)
    test.date_input(f"{EXEMPT}.until").set_value(day)
    test.run()
    said = texts(test)
    assert "acme covers 3 mailboxes found so far" in said
    assert f"They stand in no letter and are not counted as open, through {day}." in said
    order(test, "their printers are replaced in spring")
    (given,) = noc.said(UserExempted)
    parts = (given.sunset, given.subject, given.until, given.ended, given.operator)
    assert parts == ("pop", "acme", day.isoformat(), False, "kim")
    scene.put(noc.hall.client, "sunset_events", [given])
    assert "● It counts: the switches follow at once" in again(test, noc, opened)
    next(button for button in test.button if button.label == "Undo: unexempt").click()
    test.run()
    assert "They stand in letters again, and are counted as open." in texts(test)
    order(test, "they were replaced", "acme")
    ended = noc.said(UserExempted)[-1]
    assert (ended.subject, ended.ended, ended.reason) == ("acme", True, "they were replaced")
    scene.put(noc.hall.client, "sunset_events", [ended])
    again(test, noc, opened)
    next(button for button in test.button if button.label == "Undo: exempt").click()
    test.run()
    assert test.date_input(f"{EXEMPT}.until").value == day, "its end comes back with it"


def test_what_is_exempt_is_listed_where_nobody_is_searched(noc: Desk, opened: Open) -> None:
    test = page(noc, opened, part="Search", exempt="@far.example")
    assert "@far.example covers 1 mailboxes found so far" in choose(test, EXEMPT, "unexempt")


def test_of_a_letter_that_nobody_knows_of_an_operator_says_what_becomes(noc: Desk, opened: Open) -> None:
    test = page(noc, opened, part="Letters", letter=scene.HELD)
    assert "the customer may get it twice" in choose(test, LETTER, "again")
    assert "customer care calls" in choose(test, LETTER, "refused")
    order(test, "called him")
    (given,) = noc.said(LetterSettled)
    assert (given.message_id, given.status, given.operator) == (scene.HELD, "refused", "kim")
    assert given.id == derived_id("settled", "kim", given.message_id, "refused", given.at)
    assert "the desk has not followed it yet" in texts(test)


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"part": "Stages"}, STAGE),
        ({"part": "Search", "mailbox": ANNA}, EXEMPT),
        ({"part": "Letters", "letter": scene.HELD}, LETTER),
    ],
)
def test_a_viewer_sees_none_of_these_hands(noc: Desk, opened: Open, query: dict[str, str], place: str) -> None:
    for role, sees in (("viewer", False), ("operator", True)):
        test = page(noc, opened, role, **query)
        assert bool([box for box in test.radio if str(box.key).startswith(place)]) is sees


@pytest.mark.parametrize("deed", ["exempt", "unexempt", *get_args(StageAction), *get_args(LetterOutcome)])
def test_about_a_sunset_a_viewer_may_do_nothing(deed: Deed) -> None:
    may = [access.may(Person("somebody", role), deed) for role in ("viewer", "operator")]
    assert may == [False, True]
