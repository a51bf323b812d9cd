"""How soon a page is there: `python -m bench.pages FOLDER [LOADS]`, FOLDER as `bench.dashboard` filled it.

Each page is loaded in Chromium so many times, and once as the first visitor's of a dashboard that was just started.
Told are, in ms since the address was entered, when the first value stood there (a number, a verdict, a chart, a table,
or that there is none), and when the page was drawn whole: the medians and the slowest.
"""

import statistics
import sys
import time
from pathlib import Path

import psutil
from playwright.sync_api import Browser, sync_playwright

from embedded.broker import free_port
from embedded.clickhouse import ClickHouseServer
from tests.pages.conftest import Hall
from tests.pages.serving import serving

PAGES = ("", "pool", "delisting", "providers", "mailboxes", "complaints", "domains", "reports", "sunset")
_POOL = "".join(f'out{n} = "192.0.{2 + n // 100}.{n % 100 + 1}", ' for n in range(200))
_CONFIG = """[clickhouse]
host = "{host}"
port = {port}
database = "bench"
[dashboard]
port = {own}
[pool.main]
min_active = 3
transports = {{ {pool} }}
"""
_VALUE = "[data-testid=stMetric], [data-testid=stAlert], [data-testid=stDataFrame], [data-testid=stVegaLiteChart]"
_WHOLE = "[data-testid=stApp][data-test-script-state=notRunning]"
_SLOWEST_MS = 120_000
_MS = 1000


def loaded(browser: Browser, url: str) -> tuple[float, float]:
    """Load a page as a new visitor; return when its first value stood there and when it was whole, in ms."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    begun = time.monotonic()
    page.goto(url, wait_until="commit")
    page.wait_for_selector(f"{_VALUE}, [data-testid=stCaptionContainer]", timeout=_SLOWEST_MS)
    first = time.monotonic() - begun
    page.wait_for_selector(_WHOLE, timeout=_SLOWEST_MS)
    whole = time.monotonic() - begun
    context.close()
    return first * _MS, whole * _MS


def main(folder: Path, loads: int) -> None:
    """Measure and print."""
    with ClickHouseServer(folder / "data") as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        config = folder / "pages.toml"
        config.write_text(_CONFIG.format(host=server.host, port=server.port, own=free_port(), pool=_POOL.rstrip(", ")))
        hall = Hall(server.connect("bench"), config, time.time_ns() // 1000)  # noqa: TID251 pages look at now
        print(f"load {psutil.getloadavg()[0]:.1f}; ms: first value, whole (median, slowest); the first visitor's")
        for page in PAGES:
            with serving(hall, server.password, folder / "pages.log") as (_, port):
                url = f"http://127.0.0.1:{port}/{page}"
                cold = loaded(browser, url)
                warm = [loaded(browser, url) for _ in range(loads)]
            told = [f"{statistics.median(each):6.0f} {max(each):6.0f}" for each in zip(*warm, strict=True)]
            print(f"{page or 'overview':12} {'  '.join(told)}   cold {cold[0]:6.0f} {cold[1]:6.0f}", flush=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5)  # noqa: PLR2004 the loads are named
