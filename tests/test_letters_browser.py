"""Letters of a sunset in a real browser: light and dark, on a screen and on a phone of 320 pixels.

With RELAYWARDEN_SCREENSHOTS=folder the pictures stay there.
"""

from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Browser, Page

from schemas.sunset_events import ClientUse, LetterDue
from streams.letters.examples import example
from streams.notices import LANGUAGES, Language
from tests.mail_browser import DARK, LIGHT, LOOKS, contrast, page_of, picture
from tests.sunset_letters import NAME, letters, sunset

HOSTILE = '"><img src=x onerror="window.hurt=1"><a href="https://evil.example">x</a>{{ 7 * 7 }}\u202e'
_TEXT = "td, span, a, strong, li"


@pytest.fixture(params=LOOKS, ids=lambda each: f"{each[0]}-{each[1]}")
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """Give a page of each look."""
    width, scheme = request.param
    with page_of(browser, width, scheme) as opened:
        yield opened


def _letter(language: Language, number: int = 2) -> LetterDue:
    return example(sunset()[0], NAME, "customer@example.net", language, number=number)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_is_readable(page: Page, language: Language, request: pytest.FixtureRequest) -> None:
    page.set_content(letters().words(_letter(language)).html)
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing stands out at the side"
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    sheet = page.locator("table.sheet")
    assert sheet.evaluate("each => getComputedStyle(each).backgroundColor") == (DARK if dark else LIGHT)
    assert sheet.evaluate("each => each.offsetWidth") <= 600
    assert contrast(page, _TEXT) >= 4.5, "WCAG 2, 1.4.3"
    assert page.locator("table.card").count() == 4
    assert page.locator("img").count() == 0
    picture(page, f"letter-{request.node.callspec.id}")


def test_without_its_style_sheet_it_is_still_a_light_letter(page: Page) -> None:
    html = letters().words(_letter("de")).html
    page.set_content(html[: html.index("<style>")] + html[html.index("</style>") :])
    sheet = page.locator("table.sheet")
    assert sheet.evaluate("each => getComputedStyle(each).backgroundColor") == LIGHT
    assert contrast(page, _TEXT) >= 4.5


def test_names_of_strangers_are_text_in_a_browser(page: Page) -> None:
    due = _letter("en")
    client = ClientUse(ip=HOSTILE, helo=HOSTILE, message_host=HOSTILE, program=HOSTILE)
    use = msgspec.structs.replace(due.uses[0], mailbox=HOSTILE + "a" * 400, clients=(client,))
    page.set_content(letters().words(msgspec.structs.replace(due, name=HOSTILE, uses=(use,))).html)
    page.wait_for_timeout(100)
    assert page.evaluate("window.hurt") is None
    assert page.locator("img").count() == 0
    assert [each.get_attribute("href") for each in page.locator("a").all()] == ["https://isp.example/smtp-auth"]
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert "{{ 7 * 7 }}" in page.locator("table.card strong").first.inner_text()
