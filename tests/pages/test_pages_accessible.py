"""Every page for everybody: axe finds nothing grave, no size cuts it, and the keyboard alone reaches what it offers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from embedded.clickhouse import ClickHouseServer
from tests.pages.browsing import Visitor, grave, served
from tests.pages.scene import THIEF, WITHDRAWN

PHONE, WALL = (390, 844), (1920, 1080)
LOOKS: dict[str, tuple[tuple[int, int], Literal["light", "dark"]]] = {"phone": (PHONE, "light"), "wall": (WALL, "dark")}
MOST_TABS = 1600  # a crowded machine draws late, and what has the focus anew
DEEP = (
    f"/pool?ip={WITHDRAWN}",
    "/pool?part=Lists",
    "/pool?part=Traffic",
    f"/mailboxes?mailbox={quote(THIEF)}&part=Logins&map=Closer",
)


@pytest.fixture(scope="module")
def home(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve all scenes; give the address."""
    with served(clickhouse, tmp_path_factory.mktemp("accessible")) as port:
        yield f"http://127.0.0.1:{port}"


def _visitor(browser: Browser, home: str, folder: Path, look: str) -> Visitor:
    (width, height), scheme = LOOKS[look]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, timezone_id="Europe/Zurich"
    )
    return Visitor(context.new_page(), home, folder)


def _paths(visitor: Visitor) -> list[tuple[str, str]]:
    """Return each page's path and title, as the navigation of a wide screen names them."""
    visitor.go("/", "Overview")
    links = visitor.page.get_by_test_id("stTopNavLink")
    expect(links.first).to_be_visible()
    return [(urlsplit(each.get_attribute("href") or "").path, each.inner_text().strip()) for each in links.all()]


def _look(visitor: Visitor, paths: list[str], look: str) -> str:
    """Look at pages; return all that is grave of them, a line each."""
    found = [""]
    for path in paths:
        visitor.open(path)
        found += [f"{path} {fault}" for fault in grave(visitor.page)]
        visitor.picture(f"{look}{path.replace('/', '-').replace('?', '-')}")
    visitor.unhurt()
    visitor.page.context.close()
    return "\n".join(found)


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_grave_on_any_page(home: str, browser: Browser, tmp_path: Path, look: str) -> None:
    wide = _visitor(browser, home, tmp_path, "wall")
    paths = [path for path, _ in _paths(wide)]
    wide.page.context.close()
    assert len(paths) >= 9
    assert not _look(_visitor(browser, home, tmp_path, look), paths, look)


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_grave_where_one_ip_or_mailbox_is_picked(
    home: str, browser: Browser, tmp_path: Path, look: str
) -> None:
    visitor = _visitor(browser, home, tmp_path, look)
    visitor.open(DEEP[0])
    expect(visitor.page.get_by_role("heading", name=f"The life of {WITHDRAWN}")).to_be_visible()
    assert not _look(visitor, list(DEEP), look)


# What Tab shall reach: seen, enabled, in the order of tabs. Of a group of radio buttons Tab reaches the chosen one.
_OFFERED = """() => [...document.querySelectorAll('button, a[href], input, textarea, summary, [tabindex="0"]')]
    .filter(each => each.tabIndex >= 0 && !each.disabled && each.checkVisibility({visibilityProperty: true})
        && each.getClientRects().length && !each.matches('main, [role=radio]')
        && !each.closest('[aria-hidden=true], [inert]'))"""
_NAMED = """each => (`${each.tagName} ` + (each.getAttribute('aria-label') || each.innerText || each.title
    || each.value)).slice(0, 80)"""
_WATCH = f"""() => {{ window.reached = new Set(); const named = {_NAMED};
    document.addEventListener('focusin', told => window.reached.add(named(told.target))); }}"""
_MISSED = f"() => ({_OFFERED})().map({_NAMED}).filter(name => !window.reached.has(name))"


def _unreached(visitor: Visitor) -> list[str]:
    """Go on by Tab until all that the page offers was reached; return what was not.

    What ends it is a look at a page that is drawn: one at another moment has what was drawn since the last Tab.
    """
    for _ in range(0, MOST_TABS, 10):  # what is drawn late is reached in a second round
        for _ in range(10):
            visitor.page.keyboard.press("Tab")
        if not visitor.page.evaluate(_MISSED):
            visitor.drawn()
            if not visitor.page.evaluate(_MISSED):
                return []
    missed: list[str] = visitor.page.evaluate(_MISSED)
    return missed


def test_the_keyboard_alone_reaches_all_that_a_page_offers(home: str, browser: Browser, tmp_path: Path) -> None:
    visitor = _visitor(browser, home, tmp_path, "wall")
    missed: list[str] = []
    for path, _ in _paths(visitor):
        visitor.open(path)
        visitor.page.evaluate(_WATCH)
        missed += [f"{path} {name}" for name in _unreached(visitor)]
    assert not missed, "\n".join(missed)
    visitor.page.context.close()


def test_a_mailbox_is_picked_and_closed_by_keys(home: str, browser: Browser, tmp_path: Path) -> None:
    visitor = _visitor(browser, home, tmp_path, "wall")
    visitor.open("/mailboxes")
    visitor.table(0, THIEF)
    grid = visitor.page.get_by_test_id("stDataFrame").nth(0).locator("canvas").first
    for _ in range(60):
        visitor.page.keyboard.press("Tab")
        if grid.evaluate(
            "each => each === document.activeElement || each.parentElement.contains(document.activeElement)"
        ):
            break
    visitor.page.keyboard.press("Shift+Space")
    expect(visitor.page.get_by_test_id("stCode")).to_have_text(THIEF)
    visitor.page.context.close()
