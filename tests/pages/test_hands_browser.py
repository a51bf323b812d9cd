"""Orders in a real browser behind a real proxy: by keyboard alone, on a screen and a phone; hostile text is inert."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from embedded.broker import free_port
from embedded.clickhouse import ClickHouseServer
from tests.conftest import require
from tests.pages.browsing import PHONE, SECONDS, Visitor, tab_to
from tests.pages.hands_scene import HEADER, SECRET, SECRET_ENV, Desk, configured, desk
from tests.pages.scene import IPS, RUDE
from tests.pages.serving import serving, status

_PROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
frontend pages
  bind 127.0.0.1:{port}
  http-request set-header X-Forwarded-User kim@example.net
  http-request del-header X-Forwarded-Groups
  http-request set-header X-Relaywarden-Secret "{secret}"
  default_backend dashboard
backend dashboard
  server here 127.0.0.1:{behind}
"""


@pytest.fixture(scope="module")
def noc(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give the pages whose orders all tests of this file give."""
    with desk(clickhouse, tmp_path_factory.mktemp("keys"), "pages_keys") as made:
        yield made


@pytest.fixture(scope="module")
def port(noc: Desk, clickhouse: ClickHouseServer) -> Iterator[int]:
    """Serve the pages behind HAProxy, which says that everybody is kim."""
    program = require("haproxy", "haproxy")
    hall = configured(noc.hall, HEADER.format(proxy="127.0.0.1/32"), "proxied")
    folder, front = hall.config.parent, free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SECRET_ENV, SECRET)
        with serving(hall, clickhouse.password, folder / "pages.log") as (_process, behind):
            place = folder / "haproxy.cfg"
            place.write_text(_PROXY.format(port=front, behind=behind, secret=SECRET))
            proxy = subprocess.Popen([program, "-db", "-f", str(place)])
            try:
                _answers(front)
                yield front
            finally:
                proxy.terminate()
                proxy.wait(timeout=15)
    assert "Traceback" not in (folder / "pages.log").read_text()


def _answers(port: int) -> None:
    for _ in range(200):
        try:
            if status(port, "/_stcore/health") == 200:
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail("HAProxy does not answer")


@pytest.fixture(params=[(1400, "light"), (PHONE, "light")], ids=["screen", "phone"])
def visitor(request: pytest.FixtureRequest, port: int, browser: Browser, tmp_path: Path) -> Iterator[Visitor]:
    """Give a browser on a screen and on a phone."""
    width, scheme = request.param
    pictures = Path(os.environ.get("RELAYWARDEN_SCREENSHOTS", tmp_path)) / f"hands-{request.node.callspec.id}"
    pictures.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, locale="en-GB")
    yield Visitor(context.new_page(), f"http://127.0.0.1:{port}", pictures)
    context.close()


def test_an_order_and_its_undo_by_keyboard_alone(noc: Desk, visitor: Visitor) -> None:
    before = noc.given()
    visitor.go("/pool", "Pool")
    page = visitor.page
    expect(page.get_by_text("Capacity falls from 68 % to 52 % (each IP counted alike).")).to_be_visible()
    tab_to(page, page.get_by_role("radio", name="Withdraw"))
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("Capacity stays 68 %")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("Capacity falls from 68 % to 52 %")).to_be_visible()
    tab_to(page, page.get_by_label("Reason"))
    page.keyboard.type("its rack is moved")
    page.wait_for_timeout(5 * SECONDS)  # the page refreshes meanwhile, and what was typed stays
    tab_to(page, page.get_by_label("Confirmation"))
    page.keyboard.type(IPS[0])
    visitor.picture("order")
    tab_to(page, page.get_by_role("button", name="Order: withdraw"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your last order")).to_be_visible()
    given = [one for one in noc.given() if one not in before]
    assert [(one.action, one.subject, one.reason, one.operator) for one in given] == [
        ("withdraw", IPS[0], "its rack is moved", "kim@example.net")
    ]
    noc.answer(*given)
    expect(
        page.get_by_text(f"{IPS[0]} withdrawn until further notice, ordered by kim@example.net").first
    ).to_be_visible()
    visitor.picture("ordered")
    tab_to(page, page.get_by_role("button", name="Undo: restore"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Order: restore")).to_be_visible()  # until then the form is the old order's
    tab_to(page, page.get_by_label("Why is it taken back?"))
    page.keyboard.type("it stays where it is")
    tab_to(page, page.get_by_label("Confirmation"))
    page.keyboard.type(IPS[0])
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"restore {IPS[0]}: it stays where it is")).to_be_visible()
    given = [one for one in noc.given() if one not in before]
    noc.answer(*given)
    expect(page.get_by_text(f"{IPS[0]} fully back in the pool, ordered by kim@example.net").first).to_be_visible()
    assert [one.action for one in given] == ["withdraw", "restore"]
    visitor.unhurt()


def test_a_mailbox_with_a_hostile_name_is_released_for_a_hostile_reason(noc: Desk, visitor: Visitor) -> None:
    before = noc.given()
    visitor.go(f"/mailboxes?mailbox={quote(RUDE, safe='')}", "Mailboxes")
    page = visitor.page
    page.get_by_text("Release", exact=True).click()
    expect(page.get_by_role("button", name="Order: release")).to_be_visible()
    page.get_by_label("Reason").fill(RUDE)
    page.get_by_role("button", name="Order: release").click()
    expect(page.get_by_text("Your last order")).to_be_visible()
    given = [one for one in noc.given() if one not in before]
    assert [(one.action, one.subject, one.reason) for one in given] == [("release", RUDE, RUDE)]
    visitor.picture("released")
    visitor.unhurt()
