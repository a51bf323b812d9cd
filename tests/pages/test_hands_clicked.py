"""Every hand in a real browser, at phone and wall size: its preview, its event in Kafka, its undo; axe looks at it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from embedded.clickhouse import ClickHouseServer
from schemas.events import Event
from schemas.retry_events import RetryOrdered
from tests.pages.browsing import Visitor, grave
from tests.pages.clicking import PRESSES, SIZES, Hands, Press, follow, told
from tests.pages.forged_scene import PREVIEW, Log, everything
from tests.pages.hands_scene import LOCAL, Desk, deeds, served
from tests.pages.test_pipeline_page import LINE

USUAL = ("alert", "list", "exempt", "letter")
"""What each run presses. All takes some minutes: `make hands`, which sets RELAYWARDEN_HANDS=all."""


@pytest.fixture(scope="module")
def noc(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give the pages whose orders all tests of this file give."""
    with everything(clickhouse, tmp_path_factory.mktemp("clicked")) as made:
        yield made


@pytest.fixture(scope="module")
def home(noc: Desk, clickhouse: ClickHouseServer) -> Iterator[str]:
    """Serve them to kim, an admin, who has every hand; give the address. Which role has which: test_hands_forged."""
    with served(noc, clickhouse, LOCAL.format(role="admin"), "clicked") as (port, log):
        yield f"http://127.0.0.1:{port}"
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def events(noc: Desk) -> Iterator[Log]:
    """Give all that is written to any topic."""
    log = Log(noc.broker.bootstrap)
    yield log
    log.close()


@pytest.fixture
def visitor(browser: Browser, home: str, tmp_path: Path) -> Iterator[Visitor]:
    """Give a browser with a mouse, keys, and a screen that is touched."""
    pictures = Path(os.environ.get("RELAYWARDEN_SCREENSHOTS", tmp_path)) / "clicked"
    pictures.mkdir(parents=True, exist_ok=True)
    width, height = SIZES["wall"]
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True, locale="en-GB")
    yield Visitor(context.new_page(), home, pictures)
    context.close()


def test_each_deed_is_pressed_here() -> None:
    """None is forgotten of those that `make hands` presses."""
    every = [press for presses in PRESSES.values() for press in presses]
    every += [press.undo for press in every if press.undo]
    elsewhere = {"look", "withdraw", "try again"}  # withdraw: test_hands_browser; again: the last test of this file
    assert {press.hand.needs for press in every} == deeds() - elsewhere


def _written(events: Log, press: Press, reason: str) -> Event:
    """Return the one event that an order wrote, with who gave it and why."""
    (event,) = events.new()
    said = told(event)
    assert press.hand.says.items() <= said.items()
    assert (said["operator"], said.get("reason") or said.get("note")) == ("kim", reason)
    return event


def _looked_at(hands: Hands) -> None:
    """Check that axe finds nothing grave of a form that is open, on a wall and then on a phone."""
    for size in ("wall", "phone"):
        hands.on(size)
        hands.visitor.drawn()
        assert grave(hands.visitor.page) == [], size


@pytest.mark.slow
@pytest.mark.parametrize("place", PRESSES if os.environ.get("RELAYWARDEN_HANDS") == "all" else USUAL)
def test_each_hand_is_pressed_and_taken_back(noc: Desk, events: Log, visitor: Visitor, place: str) -> None:
    """The first, which hurts most, by finger on a phone; the others by mouse on a wall; each undo by the keyboard."""
    events.new()
    given: list[Event] = []
    hands = Hands(visitor)
    visitor.open(f"/{PRESSES[place][0].hand.url}")
    for number, press in enumerate(PRESSES[place]):
        reason = f"{place} clicked: {press.hand.action}"
        hands.choose(press)
        if not number:
            _looked_at(hands)
        hands.give(press, reason)
        given.append(_written(events, press, reason))
        follow(noc, given)
        hands.said(press.followed or "It is in the log")
        hands.on("wall")
        if press.undo:
            hands.take_back(press.undo, f"back: {reason}")
            given.append(_written(events, press.undo, f"back: {reason}"))
            follow(noc, given)
            hands.said(press.undo.followed or "It is in the log")
    visitor.unhurt()


@pytest.mark.slow
def test_a_dead_letter_is_tried_again(events: Log, visitor: Visitor) -> None:
    events.new()
    hands = Hands(visitor)
    visitor.open(f"/pipeline?section=Dead+letters&letter={LINE}&asked={PREVIEW}")
    page = visitor.page
    expect(page.get_by_text("Preview: nothing is done yet. 1 of 1 answered.")).to_be_visible()
    _looked_at(hands)
    page.get_by_label("Reason").fill("the parser was mended")
    hands.push(page.get_by_role("button", name="Try again: 1 events of 1 letters"))
    expect(page.get_by_text("Not stored yet: the order is on its way.")).to_be_visible()
    (order,) = events.new()
    assert isinstance(order, RetryOrdered)
    assert (order.operator, order.reason, order.letters, order.preview) == (
        "kim",
        "the parser was mended",
        (LINE,),
        False,
    )
    hands.on("wall")
    hands.push(page.get_by_role("button", name="Try again: preview"))
    page.wait_for_url(lambda url: f"asked={order.id}" not in url)
    (preview,) = events.new()
    assert isinstance(preview, RetryOrdered)
    assert (preview.operator, preview.letters, preview.preview) == ("kim", (LINE,), True)
    visitor.unhurt()
