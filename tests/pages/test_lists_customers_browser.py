"""The pages Lists and Customers in a real browser, on a phone and on a wall, with one list and one customer picked."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from embedded.clickhouse import ClickHouseServer
from schemas.settings import load as settings_of
from streams.directory.kept import load
from streams.owners_task import store as store_owners
from tests.pages import customers_scene, lists_scene
from tests.pages.browsing import Visitor, grave
from tests.pages.conftest import furnish, store
from tests.pages.serving import serving
from tests.pages.test_customers_page import TABLES

SIZES = {"phone": (390, 844), "wall": (1920, 1080)}


@pytest.fixture(scope="module")
def home(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the pages of a database with both scenes; give the address."""
    folder = tmp_path_factory.mktemp("lists-customers")
    hall = furnish(clickhouse, folder, "pages_lists_customers")
    store(hall.client, "pool_observations", lists_scene.observed(hall.now))
    store(hall.client, "pool_events", lists_scene.decided(hall.now))
    for table, events in TABLES.items():
        store(hall.client, table, events(hall.now))
    (folder / "customers.csv").write_text(customers_scene.DIRECTORY)
    with hall.config.open("a") as config:
        config.write(lists_scene.CONFIG + customers_scene.CONFIG)
        config.write(f'[directory]\nkind = "csv"\npath = "{folder / "customers.csv"}"\n')
    settings = settings_of(hall.config)
    store_owners(hall.client, settings, load(settings, print), hall.now - 99 * 60_000_000, lambda: None)
    with serving(hall, clickhouse.password, folder / "log") as (_process, port):
        yield f"http://127.0.0.1:{port}"
    assert "Traceback" not in (folder / "log").read_text()


@pytest.mark.parametrize("size", SIZES)
def test_a_list_and_a_customer_on_a_phone_and_on_a_wall(
    home: str, browser: Browser, tmp_path: Path, size: Literal["phone", "wall"]
) -> None:
    (width, height), wide = SIZES[size], size == "wall"
    pictures = Path(os.environ.get("RELAYWARDEN_SCREENSHOTS", tmp_path)) / size
    pictures.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
    visitor = Visitor(context.new_page(), home, pictures)
    visitor.go("/lists?list=psbl", "Lists")
    visitor.table(0, "■ 1 IPv4" if wide else "spamcop")
    visitor.table(1, "■ names it")
    expect(visitor.page.get_by_text("■ pool main took its vote").first).to_be_visible()
    expect(visitor.page.get_by_test_id("stVegaLiteChart")).to_have_count(1)
    visitor.picture("psbl")
    visitor.go("/lists?list=spamhaus_zen", "Lists")
    visitor.table(0, "● healthy" if wide else "spamhaus_zen")
    expect(visitor.page.get_by_test_id("stVegaLiteChart")).to_have_count(2)
    visitor.picture("lists")
    found = ["", *grave(visitor.page)]
    visitor.go("/customers", "Customers")
    visitor.table(0, "4711")
    visitor.picture("customers")
    visitor.go("/customers?customer=4711", "Customers")
    visitor.table(1, customers_scene.ANNA if wide else "■ suspend")
    expect(visitor.page.get_by_text("Bäckerei <b>Muster</b>").first).to_be_visible()
    visitor.picture("customer")
    found += grave(visitor.page)
    assert "\n".join(found) == ""
    visitor.unhurt()
    context.close()
