"""`relaywarden up --demo` as a visitor sees it: a flagged mailbox and a withdrawn IP on the page, and a clean end.

What is promised for two minutes is asked of the events: a browser on a busy machine may be late to show them.
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

from embedded.demo import IPS
from schemas.settings import load
from streams.warehouse_client import connect
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
WIDTH, HEIGHT = 1440, 1100
STEPS = ("listing_observed", "ip_withdrawn", "withdrawal_verified", "ip_probation_started", "ip_restored")


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
        yield browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        browser.close()


def _picture(page: Page, name: str) -> None:
    """Keep what the visitor sees, from top to bottom, where pictures are asked for."""
    folder = os.environ.get("RELAYWARDEN_SCREENSHOTS", "")
    if not folder:
        return
    (ROOT / folder).mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(1500)
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": WIDTH, "height": min(int(height) + 40, 3000)})
    page.wait_for_timeout(2500)
    page.screenshot(path=ROOT / folder / f"{name}.png")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def _labels(folder: Path) -> set[str]:
    rows = (folder / "labels.jsonl").read_text().splitlines()
    return {json.loads(row)["mailbox"] for row in rows}


PROMISED = """
SELECT type, min(at) FROM
(
    SELECT type, at FROM mailbox_events FINAL WHERE type = 'mailbox_flagged' AND mailbox = {taken:String}
    UNION ALL SELECT type, at FROM pool_events FINAL WHERE ip = {ip:String} AND type != 'return_delayed'
    UNION ALL SELECT type, at FROM pool_observations FINAL
    WHERE type = 'listing_observed' AND answer = 'listed' AND ip = {ip:String}
)
GROUP BY type
"""
OTHERS = """
SELECT count(), countIf(outbound_ip = {ip:String}) FROM mail_events FINAL
WHERE type = 'delivery_attempted' AND outbound_ip != ''
      AND at > (SELECT min(at) FROM pool_events WHERE type = 'ip_withdrawn' AND ip = {ip:String}) + 5000000
      AND at < (SELECT min(at) FROM pool_events WHERE type = 'ip_probation_started' AND ip = {ip:String})
"""


OWN_SIDE = """
SELECT ip, groupUniqArrayArray(checks.outcome) FROM pool_observations FINAL
WHERE type = 'ip_identity_observed' GROUP BY ip ORDER BY ip
"""


@pytest.mark.timeout(600)
def test_a_visitor_sees_the_takeover_and_the_withdrawal(
    demo: tuple[str, Path, subprocess.Popen[str]], page: Page
) -> None:
    url, folder, _ = demo
    page.goto(f"{url}/?range=1h")
    expect(page.get_by_role("heading", name="Overview", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    painted = time.time_ns() // 1000
    withdrawn = page.get_by_text(re.compile(r"192\.0\.2\.1[1-4] withdrawn until"))
    expect(withdrawn.first).to_be_attached(timeout=PATIENCE_MS)
    expect(page.locator("td", has_text=re.compile("^(▲ flag|■ suspend)$")).first).to_be_attached(timeout=PATIENCE_MS)
    _picture(page, "overview")
    ip = str(withdrawn.first.text_content()).split()[1]
    page.goto(f"{url}/mailboxes?range=1h")
    taken = re.compile("|".join(re.escape(mailbox) for mailbox in _labels(folder)))
    expect(page.get_by_text(taken).first).to_be_attached(timeout=PATIENCE_MS)
    expect(page.get_by_text("suspension proposed").first).to_be_attached(timeout=PATIENCE_MS)
    mailbox = str(page.get_by_text(taken).first.text_content())
    page.goto(f"{url}/mailboxes?range=1h&mailbox={mailbox}")
    expect(page.get_by_text("usually").first).to_be_visible(timeout=PATIENCE_MS)
    _picture(page, "mailboxes")
    page.goto(f"{url}/pool?range=1h&part=Lists")
    expect(page.get_by_text("trapnet").first).to_be_attached(timeout=PATIENCE_MS)
    _picture(page, "pool-lists")
    page.goto(f"{url}/pool?range=1h")
    expect(page.get_by_text(f"{ip} fully back in the pool").first).to_be_visible(timeout=PATIENCE_MS)
    page.goto(f"{url}/complaints?range=1h")
    expect(page.get_by_text(mailbox).first).to_be_attached(timeout=PATIENCE_MS)
    _picture(page, "complaints")
    with connect(load(folder / "effective.toml")) as client:
        asked = {"ip": ip, "taken": mailbox}
        first = {str(step): int(at) for step, at in client.query(PROMISED, parameters=asked).result_rows}
        ((all_mail, through_it),) = client.query(OTHERS, parameters=asked).result_rows
        own_side = {str(row[0]): list(row[1]) for row in client.query(OWN_SIDE).result_rows}
    assert set(first) == {"mailbox_flagged", *STEPS}
    assert [first[step] for step in STEPS] == sorted(first[step] for step in STEPS)
    late = {step: (at - painted) / 1_000_000 for step, at in first.items()}
    assert all(seconds < 120 for seconds in late.values()), f"two minutes are promised, from the first paint: {late}"
    assert all_mail > 20
    assert through_it == 0, "mail goes on over the others"
    assert own_side == {ip: ["pass"] for ip in IPS.values()}, "each IP presents itself as it should"


@pytest.mark.timeout(120)
def test_ctrl_c_ends_all(demo: tuple[str, Path, subprocess.Popen[str]]) -> None:
    _, _, process = demo
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 8
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
