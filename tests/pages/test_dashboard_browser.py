"""The pages in a real browser: what the NOC sees, on a screen and on a phone, and that strangers' text does nothing."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dashboards import moment
from embedded.clickhouse import ClickHouseServer
from tests.pages import test_delisting_page as delistings
from tests.pages import test_providers_page as providers
from tests.pages.alert_scene import GONE, WORSE
from tests.pages.browsing import PHONE, SECONDS, Visitor, served
from tests.pages.scene import RUDE, THIEF, WITHDRAWN


def _raw(message: str | bytes) -> bytes:
    return message.encode() if isinstance(message, str) else message


@pytest.fixture(scope="module")
def port(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve all scenes, for all tests of this file."""
    with served(clickhouse, tmp_path_factory.mktemp("browser")) as where:
        yield where


@pytest.fixture(params=[(1440, "dark"), (PHONE, "light")], ids=["night", "phone"])
def visitor(request: pytest.FixtureRequest, port: int, browser: Browser, tmp_path: Path) -> Iterator[Visitor]:
    """Give a browser on a screen at night and on a phone by day, far from UTC."""
    width, scheme = request.param
    pictures = Path(os.environ.get("RELAYWARDEN_SCREENSHOTS", tmp_path)) / request.node.callspec.id
    pictures.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, timezone_id="Asia/Tokyo", locale="en-GB"
    )
    yield Visitor(context.new_page(), f"http://127.0.0.1:{port}", pictures)
    context.close()


def test_the_pages_show_the_flagged_mailbox_and_the_withdrawn_ip(visitor: Visitor) -> None:
    visitor.go("/", "Overview")
    expect(visitor.page.get_by_text("5 of 6 IPs send")).to_be_visible()
    visitor.table(0, "3 of 6 IPs of the pool main carry mail")
    visitor.table(1, THIEF)
    visitor.table(3, f"{WITHDRAWN} withdrawn until")
    visitor.picture("overview")
    visitor.go(f"/alerts?alert={GONE}", "Alerts")
    visitor.table(0, "■ critical")
    visitor.table(1, "boss did not take it")
    visitor.picture("alerts")
    visitor.go("/pool", "Pool")
    visitor.table(0, WITHDRAWN)
    visitor.table(0, "■ withdrawn")
    expect(visitor.page.get_by_text(re.compile(f"{re.escape(THIEF)}: 112 messages")).first).to_be_visible()
    visitor.picture("pool")
    visitor.go(f"/mailboxes?mailbox={quote(THIEF)}", "Mailboxes")
    expect(visitor.page.get_by_text("41 networks in 10 min, usually 2").first).to_be_visible()
    expect(visitor.page.get_by_text("42 networks, 156 logins, 17 failed. UTC.")).to_be_visible()
    visitor.picture("mailbox")
    visitor.go("/complaints", "Complaints")
    visitor.table(0, THIEF)
    expect(visitor.page.get_by_test_id("stPopoverButton")).to_be_visible()
    visitor.picture("complaints")
    visitor.go("/reports", "Reports")
    wide = visitor.size["width"] > PHONE  # of a table a phone draws the first columns only
    visitor.table(0, "■ blocked: Bot-like behaviour" if wide else "192.0.2.13")
    visitor.table(1, RUDE if wide else "rude.example")
    visitor.picture("reports")
    visitor.go("/domains?domain=rude.example", "Customers' domains")
    visitor.table(0, "■ absent")
    expect(visitor.page.get_by_test_id("stCode").first).to_contain_text("rude.example")
    visitor.picture("domains")
    visitor.go(f"/providers?reply={quote('550 5.7.1 the one that was picked')}", "Providers")
    expect(visitor.page.get_by_test_id("stCode")).to_contain_text("[[replies.own]]")
    visitor.table(0, "■ 0.40")
    visitor.table(2, "■ our poor name")
    visitor.table(3, f"550 5.7.1 {providers.RUDE}")
    visitor.picture("providers")
    visitor.go("/delisting", "Delisting")
    visitor.table(0, "■ open")
    visitor.table(1, "spamcop")
    visitor.picture("delisting")
    visitor.unhurt()


def test_the_lists_and_the_traffic_of_a_pool_are_parts_of_its_page(visitor: Visitor) -> None:
    visitor.go("/pool", "Pool")
    visitor.table(0, WITHDRAWN)
    visitor.page.get_by_role("radio", name="Lists").click()
    visitor.page.get_by_text("The same as a table, with each list's health").click()
    expect(visitor.page.locator("td", has_text="■ listed 127.0.0.3").first).to_be_attached()
    assert parse_qs(urlsplit(visitor.page.url).query) == {"part": ["Lists"]}
    visitor.picture("pool-lists")
    visitor.go("/pool?part=Traffic", "Pool")
    visitor.page.get_by_text("2 complaints name no sender").click()
    visitor.table(0, "gmx.example")
    visitor.picture("pool-traffic")
    visitor.unhurt()


def test_a_sunset_its_stages_and_a_customers_letter(visitor: Visitor) -> None:
    visitor.go("/sunset", "Sunset")
    expect(visitor.page.get_by_text("in 21 days")).to_be_visible()
    age = visitor.page.locator(".stMarkdownBadge").filter(has_text=re.compile(r"^● figures of .* ago$"))
    assert age.evaluate("each => each.scrollWidth <= each.clientWidth"), "on a phone it stands in two lines, uncut"
    expect(visitor.page.get_by_role("heading", name="What each letter brought")).to_be_visible()
    visitor.picture("sunset")
    visitor.go("/sunset?part=Stages", "Sunset")
    visitor.table(0, "▲ paused")
    expect(visitor.page.get_by_test_id("stCode").first).to_contain_text("relaywarden sunset stage close 2")
    visitor.picture("sunset-stages")
    visitor.go("/sunset?part=Letters", "Sunset")
    visitor.table(1, "■ refused")
    visitor.picture("sunset-letters")
    visitor.go(f"/sunset?part=Search&search=img&mailbox={quote(RUDE, safe='')}", "Sunset")
    visitor.table(0, "OFFICE-PC")
    visitor.picture("sunset-search")
    visitor.go(f"/sunset?part=Preview&look=Dark&customer={quote(RUDE, safe='')}", "Sunset")
    letter = visitor.page.frame_locator("[data-testid=stIFrame]").frame_locator("iframe")
    expect(letter.get_by_text("Example ISP").first).to_be_visible()
    assert letter.locator(".page").first.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(21, 24, 28)"
    visitor.picture("sunset-preview")
    visitor.unhurt()


@pytest.mark.parametrize("visitor", [(1440, "light")], indirect=True, ids=["screen"])
def test_the_way_from_a_letter_that_failed_to_the_customer_and_from_a_mailbox_to_its_letter(visitor: Visitor) -> None:
    found = visitor.page.get_by_text("Pick one for its uses and letters.")
    for _ in range(3):  # as in `follow`: a visitor whose click was lost tries again
        visitor.go("/sunset?part=Letters", "Sunset")
        visitor.table(1, "■ refused")
        visitor.page.get_by_test_id("stDataFrame").nth(1).click(position={"x": 16, "y": 52})
        with suppress(PlaywrightTimeout):
            found.wait_for(timeout=60 * SECONDS)
            break
    expect(found).to_be_visible()
    assert parse_qs(urlsplit(visitor.page.url).query) == {"part": ["Search"], "search": [RUDE]}
    visitor.go("/sunset?part=Search&mailbox=bert@acme.example", "Sunset")
    visitor.page.get_by_role("button", name="Show the newest letter").click()
    letter = visitor.page.frame_locator("[data-testid=stIFrame]").frame_locator("iframe")
    expect(letter.get_by_text("anna@acme.example").first).to_be_visible()
    assert parse_qs(urlsplit(visitor.page.url).query) == {"part": ["Preview"], "customer": ["acme"]}
    visitor.unhurt()


@pytest.mark.parametrize("visitor", [(1440, "light")], indirect=True, ids=["screen"])
def test_an_open_delisting_is_one_click_away(visitor: Visitor) -> None:
    story = visitor.page.get_by_text(f"■ spamcop lists {delistings.A}, relapse 1")
    for _ in range(3):  # as in `follow`: a visitor whose click was lost tries again
        visitor.go("/pool?range=24h", "Pool")
        visitor.page.get_by_role("button", name=f"spamcop lists {delistings.A}").click()
        with suppress(PlaywrightTimeout):
            story.wait_for(timeout=60 * SECONDS)
            break
    expect(story).to_be_visible()
    address = urlsplit(visitor.page.url)
    assert address.path == "/delisting"
    assert parse_qs(address.query) == {"delisting": ["aaaaaaaaaaaa"], "range": ["24h"]}
    visitor.unhurt()


@pytest.mark.parametrize("visitor", [(PHONE, "light")], indirect=True, ids=["phone"])
def test_a_phones_first_screen_says_whether_we_can_send_and_what_is_urgent_which_is_one_click_away(
    visitor: Visitor,
) -> None:
    visitor.size["height"] = 844
    for _ in range(3):  # as in `follow`
        visitor.go("/", "Overview")
        visitor.table(0, "■ critical")
        for seen in (visitor.page.get_by_text("Can we send?"), visitor.page.get_by_test_id("stDataFrame").first):
            place = seen.bounding_box()
            assert place is not None
            assert place["y"] + 80 < 844, "on the first screen"
        visitor.refreshed()
        visitor.page.get_by_test_id("stDataFrame").nth(0).click(position={"x": 16, "y": 52})
        with suppress(PlaywrightTimeout):
            visitor.page.get_by_role("heading", name="One alert").wait_for(timeout=60 * SECONDS)
            break
    address = urlsplit(visitor.page.url)
    assert (address.path, parse_qs(address.query)) == ("/alerts", {"alert": [WORSE]})
    visitor.page.get_by_role("button", name="Where it is shown: Pool").click()
    expect(visitor.page.get_by_role("heading", name="Pool", exact=True)).to_be_visible()
    visitor.unhurt()


@pytest.mark.parametrize("visitor", [(1920, "light"), (PHONE, "light")], indirect=True, ids=["wall", "phone"])
def test_a_moment_stays_on_the_way_from_page_to_page_until_it_is_now_again(visitor: Visitor) -> None:
    at = moment.written(moment.clock() - 50 * 60_000_000)
    visitor.go(f"/time-travel?at={at}", "Time travel")
    visitor.table(0, THIEF if visitor.size["width"] > PHONE else "customer.example")
    visitor.picture("time-travel")
    visitor.page.get_by_role("link", name="Providers").last.click()
    expect(visitor.page.get_by_role("heading", name="Providers", exact=True)).to_be_visible()
    expect(visitor.page.get_by_text("As of", exact=False).first).to_be_visible()
    assert parse_qs(urlsplit(visitor.page.url).query) == {"at": [at]}
    visitor.page.get_by_role("button", name="Back to now").click()
    expect(visitor.page.get_by_test_id("stMarkdown").filter(has_text="As of")).to_have_count(0)
    assert "at=" not in visitor.page.url
    csv = visitor.page.get_by_test_id("stDataFrame").first
    csv.hover()
    expect(visitor.page.get_by_role("button", name="Download as CSV").first).to_be_hidden()
    visitor.unhurt()


@pytest.mark.parametrize("visitor", [(1440, "light")], indirect=True, ids=["screen"])
def test_a_strangers_text_is_shown_and_does_nothing(visitor: Visitor) -> None:
    visitor.go(f"/mailboxes?mailbox={quote(RUDE, safe='')}", "Mailboxes")
    expect(visitor.page.get_by_text(f"{RUDE} sent from 9 networks")).to_be_visible()
    expect(visitor.page.get_by_test_id("stCode")).to_contain_text(RUDE)
    visitor.picture("rude")
    visitor.unhurt()
    visitor.go("/", "Overview")
    visitor.page.get_by_text("Dead letters: 3 lines").click()
    visitor.table(4, f"{RUDE} 0")
    visitor.unhurt()


@pytest.mark.parametrize("visitor", [(1440, "light")], indirect=True, ids=["screen"])
def test_a_picked_mailbox_opens_and_the_url_keeps_it(visitor: Visitor) -> None:
    visitor.follow("?range=24h")
    address = urlsplit(visitor.page.url)
    assert address.path == "/mailboxes"
    assert parse_qs(address.query) == {"mailbox": [THIEF], "range": ["24h"]}
    visitor.page.get_by_role("button", name="Close").click()
    expect(visitor.page.get_by_text("Pick a mailbox to see its evidence.")).to_be_visible()
    assert "mailbox=" not in visitor.page.url
    visitor.unhurt()


@pytest.mark.parametrize("visitor", [(1440, "light")], indirect=True, ids=["screen"])
def test_a_refresh_asked_for_while_a_picked_row_leads_elsewhere_leaves_the_new_page_whole(visitor: Visitor) -> None:
    def between(browser: WebSocketRoute) -> None:
        """Pass on what browser and server say, and ask for the old page's refresh as soon as the address changes."""
        server = browser.connect_to_server()
        refresh: list[bytes] = []

        def ask(message: str | bytes) -> None:
            server.send(message)
            if BackMsg.FromString(_raw(message)).rerun_script.is_auto_rerun and not late:
                refresh[:] = [_raw(message)]

        def answer(message: str | bytes) -> None:
            browser.send(message)
            if "mailbox=" in ForwardMsg.FromString(_raw(message)).page_info_changed.query_string and not late:
                late.extend(refresh)
                server.send(late[0])

        browser.on_message(ask)
        server.on_message(answer)

    late: list[bytes] = []
    visitor.page.route_web_socket(re.compile("/_stcore/stream"), between)
    visitor.follow("")
    assert len(late) == 1
    visitor.page.wait_for_timeout(5 * SECONDS)  # two refreshes of the new page
    expect(visitor.page.get_by_role("heading", name="Mailboxes", exact=True)).to_be_visible()
    expect(visitor.page.get_by_placeholder("Search a mailbox")).to_be_visible()
    expect(visitor.page.get_by_test_id("stCode")).to_have_text(THIEF)
    assert urlsplit(visitor.page.url).path == "/mailboxes"
    visitor.unhurt()


@pytest.mark.parametrize("visitor", [(1440, "light")], indirect=True, ids=["screen"])
def test_the_page_refreshes_by_itself(visitor: Visitor) -> None:
    visitor.go("/", "Overview")
    visitor.refreshed()
    visitor.unhurt()
