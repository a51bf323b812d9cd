"""Mailed reports in a real browser: light and dark, on a screen and on a phone of 320 pixels, without pictures, too.

With RELAYWARDEN_SCREENSHOTS=folder the pictures stay there.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from schemas.report_settings import Audience
from streams.notice_files import built_in
from streams.notices import LANGUAGES, Language
from streams.notices.filling import Filling
from streams.reports.posting import inline
from streams.reports.reading import words
from tests.mailed_reports import written
from tests.parts import require

LIGHT, DARK = "rgb(255, 255, 255)", "rgb(31, 36, 42)"
_CONTRAST = """() => {
  const bright = text => { const [r, g, b] = text.match(/[0-9.]+/g).map(Number).map(
      v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b };
  const behind = node => { const colour = getComputedStyle(node).backgroundColor;
    return /, 0\\)$/.test(colour) ? behind(node.parentElement) : colour };
  const shown = [...document.querySelectorAll('td, th, div, bdi')].filter(each => each.innerText.trim());
  return Math.min(...shown.map(e => {
    const both = [bright(getComputedStyle(e).color), bright(behind(e))].sort((a, b) => b - a);
    return (both[0] + 0.05) / (both[1] + 0.05) }))
}"""
_FILLING = Filling(built_in("streams.reports"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give one Chromium to all tests of this file."""
    program = require("chromium", "chromium")
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@pytest.fixture(
    params=[(720, "light"), (720, "dark"), (320, "light"), (320, "dark")], ids=lambda each: f"{each[0]}-{each[1]}"
)
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """Give a page of a width in a colour scheme, that reaches no other host."""
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    opened = context.new_page()
    opened.route("**/*", lambda route: route.abort())
    yield opened
    context.close()


def _picture(page: Page, name: str) -> None:
    folder = os.environ.get("RELAYWARDEN_SCREENSHOTS", "")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("audience", ["noc", "customer"])
def test_a_report_is_readable(page: Page, audience: Audience, language: Language) -> None:
    document, _, _ = written(audience, language)
    page.set_content(inline(document, _FILLING))
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing stands out at the side"
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    sheet = page.locator("table.sheet")
    assert sheet.evaluate("each => getComputedStyle(each).backgroundColor") == (DARK if dark else LIGHT)
    assert sheet.evaluate("each => each.offsetWidth") <= 600
    assert page.evaluate(_CONTRAST) >= 4.5, "WCAG 2, 1.4.3"
    charts = page.locator("img")
    assert charts.count() == len(document.charts)
    assert charts.first.evaluate("each => each.naturalWidth") == 1120
    _picture(page, f"{audience}-{language}-{'dark' if dark else 'light'}-{width}")


def test_without_its_pictures_a_mail_tells_their_figures(page: Page) -> None:
    document, _, _ = written("noc", "en")
    page.set_content(words(document, _FILLING, ["cid:gone"] * len(document.charts)).html)
    assert page.locator("img").first.get_attribute("alt") == document.charts[0].alt
    assert "142,500 delivered, 4,200 deferred, 1,200 refused" in document.charts[0].alt
