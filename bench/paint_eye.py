"""A visitor's eye for `bench.paint`: one page in a browser, and when what stood there."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.chromium import ARGUMENTS
from tests.parts import require

WIDE, PHONE = (1440, 900), (390, 844)  # pixels
_LONGEST_MS, _SETTLED_MS = 60_000, 1000
_ZONE = "Europe/Zurich"
_EYE = Path(__file__).with_suffix(".js")
_METRIC = "[data-testid=stMetricValue]"
_STANDING = (".stMarkdownBadge", r"\d+ (active|withdrawn)")
_TALLY = ("[data-testid=stMarkdown] strong", r"\d")
PLACES: dict[str, tuple[str, str]] = {
    "": ("[data-testid=stAlert]", r"\d+ of \d+ IPs send"),
    "alerts": _TALLY,
    "pool": _STANDING,
    "pool?part=Lists": _STANDING,
    "pool?part=Traffic": _STANDING,
    "delisting": _TALLY,
    "lists": (_METRIC, r"\d"),
    "providers": (_METRIC, r"\d"),
    "mailboxes": _TALLY,
    "customers": _TALLY,
    "complaints": (_METRIC, r"\d"),
    "domains": (_METRIC, r"\d"),
    "reports": _TALLY,
    "pipeline": (_METRIC, r"\d"),
    "sunset": (_METRIC, r"\d"),
    "time-travel": _TALLY,
}
"""Where each page's first useful value stands, and what it looks like."""
FLOOR: dict[str, tuple[str, str]] = {"floor": _TALLY, "floor-table": _TALLY}
"""The same of the pages of `bench.paint_floor`."""
ALL = FLOOR | PLACES


@dataclass(frozen=True)
class Sight:
    """What a visit saw, in ms since the navigation began, None where it never came.

    `socket` is what came through the WebSocket, in bytes; `cpu` Chromium's CPU seconds.
    """

    painted: float | None
    useful: float | None
    whole: float | None
    socket: int = 0
    cpu: float = 0.0


@contextmanager
def stranger(browser: Browser, size: tuple[int, int]) -> Iterator[BrowserContext]:
    """Give a context of somebody who was never there: nothing is cached."""
    context = browser.new_context(viewport=_viewport(size), timezone_id=_ZONE, has_touch=size == PHONE)
    with closing(context):
        yield context


@contextmanager
def regular(browser: Browser, size: tuple[int, int]) -> Iterator[BrowserContext]:
    """Give one more browser of this kind, which keeps what it fetched and compiled, as the NOC's own does."""
    with (
        TemporaryDirectory() as folder,
        closing(
            browser.browser_type.launch_persistent_context(
                folder,
                executable_path=require("chromium", "chromium"),
                args=ARGUMENTS,
                viewport=_viewport(size),
                timezone_id=_ZONE,
                has_touch=size == PHONE,
            )
        ) as context,
    ):
        yield context


def visit(context: BrowserContext, home: str, name: str) -> Sight:
    """Open a page in a new tab; wait until it is whole, a minute at the most.

    The browser was there before: what it does for the new tab itself has ended when the navigation begins.
    """
    with closing(context.new_page()) as page:
        page.goto("about:blank")
        page.wait_for_timeout(_SETTLED_MS)
        before = _spent()
        page.add_init_script(_eye(*ALL[name]))
        page.goto(f"{home}/{name}", wait_until="commit")
        with suppress(PlaywrightTimeout):
            page.wait_for_function("window.relaywardenPaint.whole !== null", timeout=_LONGEST_MS, polling=50)
        return _seen(page, _spent() - before)


def _viewport(size: tuple[int, int]) -> ViewportSize:
    return {"width": size[0], "height": size[1]}


def _eye(place: str, pattern: str) -> str:
    script = _EYE.read_text(encoding="utf-8")
    return f"(() => {{\nconst PLACE = {place!r}, PATTERN = /{pattern or '(?!)'}/;\n{script}\n}})();"


def _spent() -> float:
    """Return the CPU seconds of all processes of this process's Chromium that still run."""
    spent = 0.0
    for each in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            spent += sum(each.cpu_times()[:2]) if "chrom" in each.name() else 0.0
    return spent


def _seen(page: Page, cpu: float) -> Sight:
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null")
    told = page.evaluate("window.relaywardenPaint")
    useful = told["value"] if told["value"] is not None and told["value"] > 0 else None
    whole = None if told["whole"] is None else max(told["whole"], useful or 0.0)
    return Sight(painted, useful, whole, int(told["socket"]), cpu)
