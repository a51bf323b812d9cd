"""Orders about a list, as Streamlit runs them: what rests on it, what the pool makes of the order, and its undo."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import access
from dashboards.access import Deed, Person
from embedded.clickhouse import ClickHouseServer
from schemas.observations import ListOrdered
from tests.pages.conftest import Open
from tests.pages.hands_scene import LOCAL, Desk, configured, desk
from tests.pages.scene import WITHDRAWN
from tests.pages.test_dashboard_views import texts
from tests.pages.test_hands import order

PLACE = "hand.list"
_SCRIPT = """
from dashboards.elements import Page
from dashboards.views import list_hands
shown = Page(6)
list_hands.show(shown, "spamhaus_zen")
shown.close()
"""


@pytest.fixture(scope="module")
def noc(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give the pages whose orders all tests of this file give: of a configuration that asks one list."""
    with desk(clickhouse, tmp_path_factory.mktemp("hands"), "pages_hands_list") as made:
        made.hall.config.write_text('[dnsbl]\nlists = ["spamhaus_zen"]\n' + made.hall.config.read_text())
        yield made


def page(noc: Desk, opened: Open, role: str) -> AppTest:
    opened(configured(noc.hall, LOCAL.format(role=role), role))
    test = AppTest.from_string(_SCRIPT, default_timeout=60).run()
    assert not test.exception
    return test


def again(test: AppTest, noc: Desk, opened: Open) -> str:
    opened(configured(noc.hall, LOCAL.format(role="operator"), "operator"))
    test.run()
    assert not test.exception
    return texts(test)


def test_a_list_is_distrusted_and_the_undo_leaves_it_to_its_tests(noc: Desk, opened: Open) -> None:
    test = page(noc, opened, "operator")
    said = texts(test)
    assert f"It names 1 of our IPs now: {WITHDRAWN}." in said
    assert "It has no vote: whatever it names withdraws nothing and bars no return." in said
    order(test, "it lists what it must not", "spamcop")
    assert "The confirmation is not what must be typed." in texts(test)
    order(test, "it lists what it must not", "spamhaus_zen")
    (given,) = noc.said(ListOrdered)
    assert (given.list, given.action, given.pool, given.operator) == ("spamhaus_zen", "distrust", "", "kim")
    assert "the pool has not answered yet" in texts(test)
    noc.answer(given)
    assert "● pool main: spamhaus_zen has no vote" in again(test, noc, opened)
    next(button for button in test.button if button.label == "Undo: leave").click()
    test.run()
    assert test.radio(f"{PLACE}.action").value == "leave"
    assert "it has a vote as long as it passes its tests" in texts(test)
    order(test, "they mended it")
    noc.answer(*noc.said(ListOrdered))
    assert "● pool main: spamhaus_zen has its vote again" in again(test, noc, opened)


def test_trusting_says_whether_it_alone_suffices(noc: Desk, opened: Open) -> None:
    test = page(noc, opened, "operator")
    test.radio(f"{PLACE}.action").set_value("trust")
    test.run()
    assert "although it may fail its tests or name most of the pool" in texts(test)
    assert "Alone it suffices to withdraw what it names" in texts(test)


def undone(test: AppTest) -> list[str]:
    return [button.label for button in test.button if button.label.startswith("Undo")]


def ordered(noc: Desk, opened: Open, *actions: str) -> AppTest:
    """Give orders on one page, each answered by the pool."""
    test = page(noc, opened, "operator")
    for action in actions:
        test.radio(f"{PLACE}.action").set_value(action)
        test.run()
        order(test, f"it is to {action}", *(["spamhaus_zen"] * (action != "leave")))
        noc.answer(*noc.said(ListOrdered))
        again(test, noc, opened)
    return test


def test_the_undo_brings_back_what_was_in_force_before_and_nothing_else(noc: Desk, opened: Open) -> None:
    assert undone(ordered(noc, opened, "leave", "leave")) == [], "nothing was in force: there is nothing to bring back"
    assert undone(ordered(noc, opened, "trust")) == ["Undo: leave"]
    assert undone(ordered(noc, opened, "distrust")) == ["Undo: trust"]
    assert undone(ordered(noc, opened, "trust")) == ["Undo: distrust"]
    assert undone(ordered(noc, opened, "leave")) == ["Undo: trust"]


def test_a_viewer_sees_no_hand_on_a_list(noc: Desk, opened: Open) -> None:
    assert not page(noc, opened, "viewer").radio
    assert page(noc, opened, "operator").radio


@pytest.mark.parametrize("deed", ["distrust", "trust", "leave"])
def test_about_a_list_a_viewer_may_do_nothing(deed: Deed) -> None:
    may = [access.may(Person("somebody", role), deed) for role in ("viewer", "operator")]
    assert may == [False, True]
