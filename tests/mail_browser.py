"""What the tests of mails in a real browser share: Chromium, pages that reach no other host, contrast, pictures."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.parts import require

LIGHT, DARK = "rgb(255, 255, 255)", "rgb(31, 36, 42)"
LOOKS = [(720, "light"), (720, "dark"), (320, "light"), (320, "dark")]
"""A screen and a phone, each in both colour schemes."""
_CONTRAST = """selectors => {
  const bright = text => { const [r, g, b] = text.match(/[0-9.]+/g).map(Number).map(
      v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b };
  const behind = node => { const colour = getComputedStyle(node).backgroundColor;
    return /, 0\\)$/.test(colour) ? behind(node.parentElement) : colour };
  const shown = [...document.querySelectorAll(selectors)].filter(each => each.innerText.trim());
  return Math.min(...shown.map(e => {
    const both = [bright(getComputedStyle(e).color), bright(behind(e))].sort((a, b) => b - a);
    return (both[0] + 0.05) / (both[1] + 0.05) }))
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a Chromium."""
    program = require("chromium", "chromium")
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@contextmanager
def page_of(browser: Browser, width: int, scheme: str) -> Iterator[Page]:
    """Give a page of a width in a colour scheme, that reaches no other host."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    opened = context.new_page()
    opened.route("**/*", lambda route: route.abort())
    yield opened
    context.close()


def contrast(page: Page, selectors: str) -> float:
    """Return the least contrast of text in these elements (WCAG 2, 1.4.3)."""
    return float(page.evaluate(_CONTRAST, selectors))


def picture(page: Page, name: str) -> None:
    """Keep a picture of the whole page where RELAYWARDEN_SCREENSHOTS names a folder."""
    folder = os.environ.get("RELAYWARDEN_SCREENSHOTS", "")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
