"""The Providers page in a real browser: the worst first, a row to copy, and strangers' text does nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from embedded.clickhouse import ClickHouseServer
from tests.conftest import require
from tests.pages.serving import serving
from tests.pages.test_dashboard_browser import ARGUMENTS, Visitor
from tests.pages.test_providers_page import scene


@pytest.fixture(scope="module")
def port(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve the pages of a database with what providers said."""
    folder = tmp_path_factory.mktemp("browser")
    for hall in scene(clickhouse, folder, "pages_providers_browser"):
        with serving(hall, clickhouse.password, folder / "log") as (_process, where):
            yield where
        assert "Traceback" not in (folder / "log").read_text()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light")])
def test_the_worst_pair_stands_first_and_a_row_can_be_copied(
    width: int, scheme: str, port: int, tmp_path: Path
) -> None:
    pictures = Path(os.environ.get("RELAYWARDEN_SCREENSHOTS", tmp_path)) / f"providers-{width}-{scheme}"
    pictures.mkdir(parents=True, exist_ok=True)
    program = require("chromium", "chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=ARGUMENTS)
        size = {"width": width, "height": 900}
        dark = scheme == "dark"
        page = browser.new_page(viewport=size, color_scheme="dark" if dark else "light", timezone_id="Asia/Tokyo")  # type: ignore[arg-type]  # a size is a plain dict
        visitor = Visitor(page, f"http://127.0.0.1:{port}", pictures)
        visitor.go("/providers", "Providers")
        visitor.table(0, "■ 0.40")
        visitor.table(1, "550 5.7.1 <script>alert(1)</script>")
        expect(page.get_by_test_id("stCode")).to_contain_text("[[replies.own]]")
        visitor.picture("providers")
        visitor.unhurt()
        browser.close()
