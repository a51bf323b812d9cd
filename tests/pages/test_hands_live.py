"""Orders for a provider and about a stage in a real browser, answered by the real worker and the real desk."""

import http.client
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from embedded.broker import free_port
from schemas.names import derived_id
from schemas.observations import TrafficCounted
from schemas.ordering import publish
from schemas.sunset_events import StagesPlanned, Use, UserFound
from tests.chromium import chromium
from tests.pages import sunset_scene as scene
from tests.pages.browsing import SECONDS, Visitor
from tests.pages.serving import status
from tests.whole.lab import TRANSPORTS, Lab, until

IPS = tuple(TRANSPORTS.values())
ANSWERED = 100 * SECONDS  # the first page of a server, and all the processes, may have to share one core


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Run all that an order passes through, with mail to a provider and a sunset under way."""
    today = datetime.now(UTC).date()
    config: dict[str, Any] = {
        "pool": {"main": {"transports": TRANSPORTS, "min_active": 2}},
        "sunset": {
            "pop": {
                "kind": "smtp_after_pop",
                "begins": today - timedelta(days=28),
                "ends": today + timedelta(days=21),
                "stages": {"count": 3},
            }
        },
    }
    config["dashboard"] = {"port": free_port(), "access": {"name": "kim", "role": "operator"}}
    with Lab(tmp_path_factory.mktemp("live"), config) as running:
        _seeded(running)
        for name in ("sink", "stream", "desk", "dashboard"):
            running.run(name)
        yield running
        assert all(running.alive(name) for name in ("sink", "stream", "desk", "dashboard"))


def _seeded(lab: Lab) -> None:
    now = time.time_ns() // 1000
    for ip, sent in zip(IPS, (30, 70, 50, 50), strict=True):
        identity = derived_id("to", ip, now)
        counted = TrafficCounted(
            id=identity, at=now, partition=0, ip=ip, provider="posteo.de", sent=sent, first_at=now, last_at=now
        )
        publish(lab.settings, counted)
    for mailbox in ("dora@acme.example", "erik@acme.example"):
        use = Use(mailbox=mailbox, messages=1, last=now, confidence=1.0)
        publish(lab.settings, UserFound(id=mailbox, at=now, sunset="pop", mailbox=mailbox, customer="acme", use=use))
    stages = tuple(
        scene.plan(now, number, first, beyond, 10 + number)
        for number, first, beyond in ((1, "", "c"), (2, "c", "m"), (3, "m", ""))
    )
    publish(lab.settings, StagesPlanned(id="p", at=now, sunset="pop", stages=stages, operator="ada"))


@pytest.fixture
def visitor(lab: Lab, tmp_path: Path) -> Iterator[Visitor]:
    pictures = Path(os.environ.get("RELAYWARDEN_SCREENSHOTS", tmp_path)) / "hands-live"
    pictures.mkdir(parents=True, exist_ok=True)
    with chromium() as launched:
        context = launched.new_context(viewport={"width": 1400, "height": 900}, locale="en-GB")
        yield Visitor(context.new_page(), f"http://127.0.0.1:{lab.settings.dashboard.port}", pictures)


@pytest.mark.slow
def test_an_order_for_a_provider_and_one_of_a_stage_are_answered(lab: Lab, visitor: Visitor) -> None:
    page = visitor.page
    until(lambda: _answers(lab), 120, "the dashboard answers")
    page.goto(f"{visitor.home}/providers")
    expect(page.get_by_role("heading", name="Providers", exact=True)).to_be_visible(timeout=ANSWERED)
    expect(page.get_by_text("30 of 200 messages to posteo.de (15%) left by 192.0.2.11.")).to_be_visible(
        timeout=ANSWERED
    )
    page.get_by_label("Reason").fill("it greylists this one")
    page.get_by_label("Confirmation").fill("192.0.2.11 posteo.de")
    visitor.picture("provider")
    page.get_by_role("button", name="Order: withdraw").click()
    said = "192.0.2.11 sends nothing to posteo.de until further notice, ordered by kim"
    expect(page.get_by_text(said).first).to_be_visible(timeout=ANSWERED)
    visitor.go("/sunset?part=Stages&stage=2", "Sunset")
    expect(page.get_by_text("2 mailboxes of 1 customers still use the old way")).to_be_visible(timeout=ANSWERED)
    expect(page.get_by_text("No other stage goes off until it is resumed: 2 wait.")).to_be_visible()
    page.get_by_label("Reason").fill("support is ill")
    visitor.picture("stage")
    page.get_by_role("button", name="Order: pause").click()
    expect(page.get_by_text("The desk followed it: stage 2 is paused.")).to_be_visible(timeout=ANSWERED)
    page.get_by_text("Resume", exact=True).click()
    expect(page.get_by_text("All that waited is laid anew")).to_be_visible(timeout=ANSWERED)
    page.get_by_label("Reason").fill("support is back")
    page.get_by_label("Confirmation").fill("pop stage 2")
    page.get_by_role("button", name="Order: resume").click()
    expect(page.get_by_text("The desk followed it: stage 2 is open.")).to_be_visible(timeout=ANSWERED)
    visitor.picture("resumed")
    visitor.unhurt()
    told = lab.rows("SELECT step, operator, reason FROM sunset_events WHERE type = 'stage_stepped' ORDER BY at")
    assert told == [("paused", "kim", "support is ill"), ("open", "kim", "support is back")]


def _answers(lab: Lab) -> bool:
    """Tell whether the pages are served."""
    try:
        return status(lab.settings.dashboard.port, "/_stcore/health") == http.client.OK
    except OSError:
        return False
