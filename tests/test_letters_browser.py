"""Letters of a sunset in a real browser: light and dark, on a screen and on a phone of 320 pixels.

With RELAYWARDEN_SCREENSHOTS=folder the pictures stay there.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from schemas.sunset_events import ClientUse, LetterDue
from streams.letters.examples import example
from streams.notices import LANGUAGES, Language
from tests.parts import require
from tests.sunset_letters import NAME, letters, sunset

HOSTILE = '"><img src=x onerror="window.hurt=1"><a href="https://evil.example">x</a>{{ 7 * 7 }}\u202e'
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(31, 36, 42)"
_CONTRAST = """() => {
  const bright = text => { const [r, g, b] = text.match(/[0-9.]+/g).map(Number).map(
      v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b };
  const behind = node => { const colour = getComputedStyle(node).backgroundColor;
    return /, 0\\)$/.test(colour) ? behind(node.parentElement) : colour };
  const shown = [...document.querySelectorAll('td, span, a, strong, li')].filter(each => each.innerText.trim());
  return Math.min(...shown.map(e => {
    const both = [bright(getComputedStyle(e).color), bright(behind(e))].sort((a, b) => b - a);
    return (both[0] + 0.05) / (both[1] + 0.05) }))
}"""


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


def _letter(language: Language, number: int = 2) -> LetterDue:
    return example(sunset()[0], NAME, "customer@example.net", language, number=number)


def _picture(page: Page, name: str) -> None:
    folder = os.environ.get("RELAYWARDEN_SCREENSHOTS", "")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_is_readable(page: Page, language: Language, request: pytest.FixtureRequest) -> None:
    page.set_content(letters().words(_letter(language)).html)
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing stands out at the side"
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    sheet = page.locator("table.sheet")
    assert sheet.evaluate("each => getComputedStyle(each).backgroundColor") == (DARK if dark else LIGHT)
    assert sheet.evaluate("each => each.offsetWidth") <= 600
    assert page.evaluate(_CONTRAST) >= 4.5, "WCAG 2, 1.4.3"
    assert page.locator("table.card").count() == 4
    assert page.locator("img").count() == 0
    _picture(page, f"letter-{request.node.callspec.id}")


def test_without_its_style_sheet_it_is_still_a_light_letter(page: Page) -> None:
    html = letters().words(_letter("de")).html
    page.set_content(html[: html.index("<style>")] + html[html.index("</style>") :])
    sheet = page.locator("table.sheet")
    assert sheet.evaluate("each => getComputedStyle(each).backgroundColor") == LIGHT
    assert page.evaluate(_CONTRAST) >= 4.5


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
