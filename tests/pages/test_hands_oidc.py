"""Logins by OpenID Connect, in a browser against a provider: who logged in acts by his role, and nobody else does."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from embedded.clickhouse import ClickHouseServer
from schemas.settings import load
from tests.chromium import ARGUMENTS
from tests.conftest import require
from tests.pages.hands_scene import Desk, configured, desk
from tests.pages.oidc_provider import CLIENT, PASSWORD, Provider, provider
from tests.pages.serving import serving
from tests.pages.wire import session

_ACCESS = """[dashboard.access]
mode = "oidc"
hosts = ["noc.example.net"]
oidc_file = "{file}"
groups_claim = "groups"
[dashboard.access.roles]
viewer = ["vera@example.net"]
operator = ["group:noc"]
"""
_AUTH = """[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "a secret of this test, which nobody else knows"
client_id = "{client}"
client_secret = "{password}"
server_metadata_url = "{url}/.well-known/openid-configuration"
"""
REFUSED = "You may not see these pages."


@dataclass(frozen=True)
class Pages:
    """Pages with logins, their port and their provider."""

    desk: Desk
    port: int
    provider: Provider


@pytest.fixture(scope="module")
def pages(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """Serve pages with logins."""
    folder = tmp_path_factory.mktemp("oidc")
    with desk(clickhouse, folder, "pages_oidc") as noc, provider() as who:
        file = folder / "streamlit.toml"
        hall = configured(noc.hall, _ACCESS.format(file=file), "oidc")
        port = load(hall.config).dashboard.port
        file.touch(0o600)
        file.write_text(_AUTH.format(port=port, client=CLIENT, password=PASSWORD, url=who.url))
        with serving(hall, clickhouse.password, folder / "log"):
            yield Pages(noc, port, who)
        assert "Traceback" not in (folder / "log").read_text()


@pytest.fixture
def page() -> Iterator[Page]:
    """Give a browser that was never here."""
    program = require("chromium", "chromium")
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield launched.new_page(viewport={"width": 1400, "height": 900})
        launched.close()


def log_in(pages: Pages, page: Page, age: int = 0, **claims: object) -> None:
    """Log in as somebody, whose login is so many seconds old, and look at the pool."""
    pages.provider.claims, pages.provider.age = claims, age
    page.goto(f"http://127.0.0.1:{pages.port}/pool")
    expect(page.get_by_text(REFUSED)).to_be_visible()
    expect(page.get_by_text("not logged in")).to_be_visible()
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"http://127.0.0.1:{pages.port}/")
    page.goto(f"http://127.0.0.1:{pages.port}/pool")


def test_an_operator_logs_in_orders_and_logs_out(pages: Pages, page: Page) -> None:
    log_in(pages, page, email="kim@example.net", email_verified=True, groups=["sales", "noc"])
    page.get_by_text("Pin", exact=True).click()
    expect(page.get_by_role("button", name="Order: pin")).to_be_visible()
    page.get_by_label("Reason").fill("under test")
    page.get_by_role("button", name="Order: pin").click()
    expect(page.get_by_text("Your last order")).to_be_visible()
    assert [(one.operator, one.action) for one in pages.desk.given()] == [("kim@example.net", "pin")]
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text(REFUSED)).to_be_visible()
    assert len(pages.desk.given()) == 1


def test_a_viewer_looks_and_has_no_hands(pages: Pages, page: Page) -> None:
    log_in(pages, page, email="vera@example.net", email_verified=True, groups="noc")
    expect(page.get_by_role("heading", name="Relay IPs")).to_be_visible()
    expect(page.get_by_role("heading", name="Hooks")).to_be_visible()
    expect(page.get_by_role("heading", name="Orders")).to_have_count(0)


@pytest.mark.parametrize(
    ("claims", "age", "why"),
    [
        ({"email": "vera@example.net"}, 0, "email_verified"),
        ({"email": "vera@example.net", "email_verified": "true"}, 0, "email_verified"),
        ({"email": "eve@example.org", "email_verified": True}, 0, "eve@example.org has no role"),
        ({"email": "vera@example.net", "email_verified": True}, 13 * 3600, "the login is older than 12 h"),
        ({"email_verified": True, "groups": ["noc"]}, 0, "is no name of a person"),
    ],
)
def test_who_is_logged_in_and_has_no_role_sees_nothing(
    pages: Pages, page: Page, claims: dict[str, object], age: int, why: str
) -> None:
    log_in(pages, page, age, **claims)
    expect(page.get_by_text(REFUSED)).to_be_visible()
    expect(page.get_by_text(why)).to_be_visible()
    expect(page.get_by_role("heading", name="Relay IPs")).to_have_count(0)


def test_a_cookie_that_nobody_signed_logs_nobody_in(pages: Pages) -> None:
    forged = '"{\\"is_logged_in\\": true, \\"email\\": \\"kim@example.net\\", \\"email_verified\\": true}"'
    headers = [("Cookie", f"_streamlit_user={forged}"), ("Origin", f"http://127.0.0.1:{pages.port}")]
    with session(pages.port, "pool", headers) as one:
        assert REFUSED in one.texts()
