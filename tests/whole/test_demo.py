"""`relaywarden up --demo` as a visitor sees it: a flagged mailbox and a withdrawn IP on the page, and a clean end.

`RELAYWARDEN_SCREENSHOTS=docs/screenshots` keeps the pictures there.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.parts import require
from tests.whole.lab import ROOT

pytestmark = [pytest.mark.real, pytest.mark.slow]
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 120_000


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, subprocess.Popen[str]]]:
    """Run the demo and give the URL that it prints, its folder and its process."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    process = subprocess.Popen(
        [sys.executable, "-m", "relaywarden", "up", "--demo", "--data", str(folder)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = next((match.group() for line in process.stdout if (match := re.search(r"http://\S+", line))), "")
        assert said, "the demo printed no URL"
        yield said, folder, process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """Open a wall-sized Chromium."""
    program = require("chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser.new_page(viewport={"width": 1440, "height": 1100})
        browser.close()


def _picture(page: Page, name: str) -> None:
    folder = os.environ.get("RELAYWARDEN_SCREENSHOTS", "")
    if folder:
        (ROOT / folder).mkdir(parents=True, exist_ok=True)
        time.sleep(1)
        page.screenshot(path=ROOT / folder / f"{name}.png", full_page=True)


def _labels(folder: Path) -> set[str]:
    rows = (folder / "labels.jsonl").read_text().splitlines()
    return {json.loads(row)["mailbox"] for row in rows}


@pytest.mark.timeout(400)
def test_a_visitor_sees_the_takeover_and_the_withdrawal(
    demo: tuple[str, Path, subprocess.Popen[str]], page: Page
) -> None:
    url, folder, _ = demo
    begun = time.monotonic()
    page.goto(url)
    withdrawn = page.get_by_text(re.compile(r"192\.0\.2\.1[1-4] withdrawn until"))
    expect(withdrawn.first).to_be_attached(timeout=PATIENCE_MS)
    _picture(page, "overview")
    ip = str(withdrawn.first.text_content()).split()[1]
    page.goto(f"{url}/mailboxes")
    taken = re.compile("|".join(re.escape(mailbox) for mailbox in _labels(folder)))
    expect(page.get_by_text(taken).first).to_be_attached(timeout=PATIENCE_MS)
    expect(page.get_by_text("suspension proposed").first).to_be_attached(timeout=PATIENCE_MS)
    page.goto(f"{url}/mailboxes?mailbox={page.get_by_text(taken).first.text_content()}")
    expect(page.get_by_text("usually").first).to_be_visible(timeout=PATIENCE_MS)
    _picture(page, "mailboxes")
    page.goto(f"{url}/pool")
    expect(page.get_by_text("trapnet").first).to_be_attached(timeout=PATIENCE_MS)
    _picture(page, "pool")
    expect(page.get_by_text(f"{ip} fully back in the pool").first).to_be_visible(timeout=PATIENCE_MS)
    assert time.monotonic() - begun < 120, "two minutes are promised"


@pytest.mark.timeout(120)
def test_ctrl_c_ends_all(demo: tuple[str, Path, subprocess.Popen[str]]) -> None:
    _, _, process = demo
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 8
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
