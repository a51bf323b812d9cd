"""Mailed reports in a real browser: light and dark, on a screen and on a phone of 320 pixels, without pictures, too.

With RELAYWARDEN_SCREENSHOTS=folder the pictures stay there.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from schemas.report_settings import Audience
from streams.notice_files import built_in
from streams.notices import LANGUAGES, Language
from streams.notices.filling import Filling
from streams.reports.posting import inline
from streams.reports.reading import words
from tests.mail_browser import DARK, LIGHT, LOOKS, contrast, page_of, picture
from tests.mailed_reports import written

_TEXT = "td, th, div, bdi"
_FILLING = Filling(built_in("streams.reports"))


@pytest.fixture(params=LOOKS, ids=lambda each: f"{each[0]}-{each[1]}")
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """Give a page of each look."""
    width, scheme = request.param
    with page_of(browser, width, scheme) as opened:
        yield opened


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
    assert contrast(page, _TEXT) >= 4.5, "WCAG 2, 1.4.3"
    charts = page.locator("img")
    assert charts.count() == len(document.charts)
    assert charts.first.evaluate("each => each.naturalWidth") == 1120
    picture(page, f"{audience}-{language}-{'dark' if dark else 'light'}-{width}")


def test_without_its_pictures_a_mail_tells_their_figures(page: Page) -> None:
    document, _, _ = written("noc", "en")
    page.set_content(words(document, _FILLING, ["cid:gone"] * len(document.charts)).html)
    assert page.locator("img").first.get_attribute("alt") == document.charts[0].alt
    assert "142,500 delivered, 4,200 deferred, 1,200 refused" in document.charts[0].alt
