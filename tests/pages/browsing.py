"""What tests of the pages in a real browser share: Chromium, a dashboard with all scenes, a visitor that looks."""

import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from embedded.clickhouse import ClickHouseServer
from tests.pages import alert_scene as alerts
from tests.pages import sunset_scene as sunsets
from tests.pages import test_delisting_page as delistings
from tests.pages import test_domains_page as domains
from tests.pages import test_providers_page as providers
from tests.pages import test_reports_page as reports
from tests.pages.conftest import fill, furnish, spoken, store
from tests.pages.life_scene import life
from tests.pages.scene import THIEF
from tests.pages.serving import serving

PHONE = 390  # pixels
GRAVE = ("serious", "critical")
SECONDS = 1000.0
_CLOCK = re.compile(r"^\d\d:\d\d:\d\d UTC$")
_DRAWN = """() => document.querySelector('[data-test-script-state=notRunning]')
    && !document.querySelector('[data-testid=stSkeleton]') && [...document.querySelectorAll(
    '[data-testid=stDataFrame], [data-testid=stVegaLiteChart]')].every(each => each.querySelector('canvas, svg'))"""
_PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
_SEARCH = re.compile(r"/[a-z-]+/_stcore/(health|host-config)$")
_WHERE_TO = """one => one === document.activeElement ? '' :
    one.compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_FOLLOWING ? 'Shift+Tab' : 'Tab'"""
expect.set_options(timeout=60 * SECONDS)


class Visitor:
    """A browser at the dashboard; `abroad` and `errors` keep what it should not have seen."""

    def __init__(self, page: Page, home: str, pictures: Path) -> None:
        self.page = page
        self.home = home
        self.pictures = pictures
        self.size = page.viewport_size or {"width": 1440, "height": 900}
        self.abroad: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self._note(request.url))
        page.on("response", lambda response: self._missed(response.status, response.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note(self, url: str) -> None:
        if not re.match(rf"({re.escape(self.home)}|ws://127\.0\.0\.1:|data:|blob:)", url):
            self.abroad.append(url)

    def _missed(self, status: int, url: str) -> None:
        """Note what was not found, but for Streamlit's own search for its server beneath the page's path."""
        if status >= http.client.BAD_REQUEST and not _SEARCH.search(url):
            self.errors.append(f"{status} {url}")

    def go(self, path: str, title: str) -> None:
        """Open a page and wait until it is drawn."""
        self.page.set_viewport_size(self.size)
        self.page.goto(f"{self.home}{path}")
        expect(self.page).to_have_title("Relaywarden")
        expect(self.page.get_by_role("heading", name=title, exact=True)).to_be_visible()

    def open(self, path: str) -> None:
        """Open a page, whatever its title, and wait until all that it shows is drawn."""
        self.page.set_viewport_size(self.size)
        self.page.goto(f"{self.home}{path}")
        expect(self.page.locator("h2").first).to_be_visible()
        self.drawn()

    def drawn(self) -> None:
        """Wait until all that the page shows is drawn, and nothing of it is being drawn anew."""
        self.page.wait_for_function(_DRAWN, timeout=60 * SECONDS)
        self.page.evaluate(_PAINTED)

    def table(self, number: int, text: str) -> None:
        """Wait until a cell of a table says this (tables are canvases; their cells stand beside, for readers)."""
        cell = self.page.get_by_test_id("stDataFrame").nth(number).locator("td", has_text=text).first
        expect(cell).to_be_attached()

    def refreshed(self) -> None:
        """Wait until the page has refreshed by itself."""
        clock = self.page.get_by_text(_CLOCK)
        first = clock.inner_text()
        expect(clock).not_to_have_text(first)

    def follow(self, query: str) -> None:
        """Pick the first mailbox in question on the Overview, and wait until its page is there."""
        for _ in range(4):  # a click is lost when the table is drawn anew under the pointer: a visitor tries again
            self.go(f"/{query}", "Overview")
            self.table(1, THIEF)
            self.refreshed()
            box = self.page.get_by_test_id("stDataFrame").nth(1)
            box.scroll_into_view_if_needed()
            box.click(position={"x": 16, "y": 52})
            with suppress(PlaywrightTimeout):
                self.page.get_by_test_id("stCode").wait_for(timeout=60 * SECONDS)
                break
        expect(self.page.get_by_test_id("stCode")).to_have_text(THIEF)

    def picture(self, name: str) -> None:
        """Keep what it sees, from top to bottom, and check that nothing stands out at the side."""
        width = self.size["width"]
        for _ in range(2):  # what is drawn may be higher than what was reserved for it
            self.page.wait_for_function(_DRAWN)
            inner = self.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
            self.page.set_viewport_size({"width": width, "height": min(int(inner) + 40, 6000)})
            self.page.evaluate(_PAINTED)
        self.page.screenshot(path=str(self.pictures / f"{name}.png"))
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width

    def unhurt(self) -> None:
        """Check that no text ran, and that nothing was asked of another host."""
        assert self.page.evaluate("window.hurt") is None
        assert self.page.locator("img[src=x]").count() == 0
        assert self.page.locator("a[href*='evil.example']").count() == 0
        assert self.page.locator("strong", has_text="bold").count() == 0
        assert self.abroad == []
        assert self.errors == []


@contextmanager
def served(clickhouse: ClickHouseServer, folder: Path) -> Iterator[int]:
    """Serve the pages of a database with all scenes; give the port. Nothing may have gone wrong at the end."""
    hall = furnish(clickhouse, folder, f"pages_{folder.name}")
    fill(hall.client, hall.now)
    store(hall.client, "pool_observations", [*providers.scene(hall.now), *life(hall.now)])
    store(hall.client, "delisting_events", delistings.scene(hall.now))
    store(hall.client, "reports", reports.scene(hall.now))
    store(hall.client, "domain_checks", domains.scene(hall.now))
    store(hall.client, "alert_events", alerts.alerts(hall.now))
    store(hall.client, "pool_observations", alerts.looked(hall.now))
    sunsets.fill(hall.client, hall.now)
    for minute in range(60):
        spoken(hall, hall.now - minute * 60_000_000)
    hall.config.write_text(hall.config.read_text() + sunsets.config(hall.now) + alerts.CONFIG)
    with serving(hall, clickhouse.password, folder / "log") as (_process, where):
        yield where
    assert "Traceback" not in (folder / "log").read_text()


def grave(page: Page) -> list[str]:
    """Return what axe finds grave on a page: the rule, what it says of the element, and the element."""
    return [
        f"{each['id']} ({each['impact']}): {node['failureSummary']} {node['html'][:200]}"
        for each in Axe().run(page).response["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab, or Shift+Tab where it is above, until this has the focus."""
    for _ in range(150):
        expect(target).to_have_count(1)  # what a page draws anew under another key stands there twice for a moment
        key: str = target.evaluate(_WHERE_TO)
        if not key:
            return
        page.keyboard.press(key)
    pytest.fail("the keyboard does not get there")
