"""The Customers page: whose mail it is, who needs a look first, the search, and one customer; rude texts do nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import elements, queries_customer, queries_customers
from dashboards.span import Span
from dashboards.views.customer_picked import rules
from embedded.clickhouse import ClickHouseServer
from schemas.settings import load as settings_of
from streams.directory.kept import load
from streams.owners_task import store as store_owners
from tests.migrated import migrate
from tests.pages import customers_scene
from tests.pages.conftest import Hall, Open, furnish, store
from tests.pages.customers_scene import ANNA, BEN, CONFIG, DIRECTORY, GUEST, INFO, MINUTE
from tests.pages.scene import RUDE_REPLY

TABLES = {
    "mail_events": customers_scene.mails,
    "complaints": customers_scene.complaints,
    "mailbox_events": customers_scene.boxes,
    "case_events": customers_scene.cases,
    "sunset_events": customers_scene.letters,
    "domain_checks": customers_scene.domains,
    "bounces": customers_scene.bounces,
}
BAKERY = "Bäckerei <b>Muster</b>"
PARTS = ("Domains", "Complaints", "Bounces", "Cases", "Letters and reports", "Rules")


@pytest.fixture(scope="module")
def desk(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """Give a database with what customers did, each row stored twice, and the directory as the desk stores it."""
    folder = tmp_path_factory.mktemp("customers")
    hall = furnish(clickhouse, folder, "pages_customers")
    for _ in range(2):
        for table, events in TABLES.items():
            store(hall.client, table, events(hall.now))
    (folder / "customers.csv").write_text(DIRECTORY)
    with hall.config.open("a") as config:
        config.write(f'{CONFIG}[directory]\nkind = "csv"\npath = "{folder / "customers.csv"}"\n')
    settings = settings_of(hall.config)
    begun = hall.now - 200 * MINUTE
    assert store_owners(hall.client, settings, load(settings, print), begun, lambda: None) == 7 + 4
    assert store_owners(hall.client, settings, load(settings, print), begun + 1, lambda: None) == 0, "nothing changed"
    return hall


def _shown(**query: str) -> AppTest:
    test = AppTest.from_string("from dashboards.views import customers\ncustomers.page()", default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, [error.value for error in test.exception]
    return test


def _found(test: AppTest) -> dict[str, dict[str, Any]]:
    return {row["customer"]: row for row in elements.rows(test.dataframe[0].value)}


def test_who_needs_a_look_stands_first_and_each_mail_is_one_customers(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown()
    rows = _found(test)
    told = {name: (row["attempts"], row["bounced"], row["complaints"], row["rate"]) for name, row in rows.items()}
    assert list(told.items()) == [
        ("4711", (60, "3.3 %", 2, "33.3")),
        ("4712", (100, "30.0 %", 0, "0.0")),
        ("stranger.example", (5, "100.0 %", 0, "0.0")),
        ("factory", (200, "0.0 %", 0, "0.0")),
        ("4713", (10, "0.0 %", 0, "0.0")),
    ]
    assert (rows["4711"]["cases"], rows["4711"]["boxes"]) == ("■ 1 open", "▲ 1 flagged")
    assert (rows["4712"]["cases"], rows["4712"]["boxes"]) == ("● none", "● none"), "closed, and released"
    assert rows["4713"]["boxes"] == "● none", "a watched mailbox is not flagged"
    assert [rows[name]["name"] for name in ("4711", "stranger.example")] == [
        BAKERY,
        "▲ by its domain: in no directory",
    ]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("bäcker", {"4711"}),
        ("471", {"4711", "4712", "4713"}),
        ("quiet", {"4713"}),
        ("BEN@shared", {"4712"}),
        ("bakery.example", {"4711", "4713"}),
        ("stranger", {"stranger.example"}),
        ("plant", {"factory"}),
        ("' OR 1=1 --", set()),
        ("%", set()),
    ],
)
def test_a_customer_is_found_by_number_name_mailbox_domain_or_network(desk: Hall, search: str, found: set[str]) -> None:
    assert set(queries_customers.needy(desk.client, desk.span, search)["customer"]) == found


@pytest.mark.parametrize(
    ("mailbox", "customer"),
    [
        (ANNA, "4711"),
        ("New@bakery.example", "4711"),
        (GUEST, "4713"),
        ("@bakery.example", "4711"),
        ("plant", "factory"),
        ("x@sub.bakery.example", "sub.bakery.example"),
        (BEN, "4712"),
        ("other@shared.example", "shared.example"),
    ],
)
def test_a_mailbox_is_its_customers_by_its_address_before_its_domain(desk: Hall, mailbox: str, customer: str) -> None:
    assert list(queries_customers.whose(desk.client, desk.span, mailbox)["customer"]) == [customer]


def test_one_customer_has_his_own_and_nothing_of_his_neighbours(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown(mailbox=INFO)
    assert test.code[0].value == "4711"
    parts = {part: _shown(mailbox=INFO, part=part) for part in PARTS}
    by, boxes, domains = (table.value for table in test.dataframe)
    assert [len(each.dataframe) for each in parts.values()] == [3, 3, 3, 3, 3, 2], "only the chosen part is drawn"
    complaints, bounces, cases, letters = (parts[part].dataframe[2].value for part in PARTS[1:5])
    assert list(zip(by["provider"], by["attempts"], by["bounced"], strict=True)) == [
        ("google", 30, "3.3 %"),
        ("telekom", 30, "3.3 %"),
    ]
    assert list(zip(boxes["box"], boxes["step"], boxes["kind"], boxes["mails"], strict=True)) == [
        (ANNA, "■ suspend", "mailbox", 40),
        ("new@bakery.example", "● nothing", "by its domain", 20),
        (INFO, "● nothing", "alias", 0),
    ]
    assert (domains["domain"][0], domains["spf_"][0], domains["dmarc_"][0]) == (
        "bakery.example",
        "■ fail",
        "· not asked",
    )
    assert list(complaints["confidence"]) == ["90 %"] * 3
    assert complaints["recipient"][0] == bounces["said"][0] == RUDE_REPLY
    assert list(cases["mailboxes"]) == [f"{ANNA}, {INFO}"]
    assert (letters["state"][0], letters["letter"][0], letters["about"][0]) == ("● sent", "2 of 6", "pop")
    texts = [str(element.value) for each in parts.values() for element in each.text]
    assert texts[0] == f"{BAKERY}, de, pro, report:7, ● has a contact"
    assert any(text.startswith("Sunset pop: 1 of 2 mailboxes were not seen to stop") for text in texts)
    assert "Report customers: weekly on monday at 7:00 UTC; his own choice report:7 counts before that." in texts
    assert "Suspension and throttling: propose ([mailboxes])" in texts
    assert BAKERY not in str([element.value for each in parts.values() for element in each.markdown])


def test_the_part_of_a_customer_stands_in_the_address(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown(customer="4711")
    test.button_group(key="part").set_value("Bounces").run()
    assert test.query_params["part"] == "Bounces"
    again = _shown(**{name: str(value) for name, value in test.query_params.items()})
    assert [list(table.value) for table in again.dataframe] == [list(table.value) for table in test.dataframe]
    assert "said" in again.dataframe[2].value


def test_a_customer_of_nobody_is_told_as_such(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown(customer="stranger.example")
    assert "In no directory" in str([element.value for element in test.caption])
    assert list(test.dataframe[1].value["box"]) == [customers_scene.STRANGER]
    assert list(test.dataframe[2].value["spf_"]) == ["· not yet checked"]


def test_where_no_complaint_ever_came_their_number_is_no_data(desk: Hall, opened: Open, tmp_path: Path) -> None:
    migrate(desk.client, "pages_customers_mute")
    desk.client.command("INSERT INTO pages_customers_mute.mail_events SELECT * FROM pages_customers.mail_events")
    config = tmp_path / "mute.toml"
    config.write_text(desk.config.read_text().replace('"pages_customers"', '"pages_customers_mute"'))
    opened(replace(desk, config=config))
    rows = _found(_shown())
    assert set(rows) == {"bakery.example", "shared.example", "stranger.example", "plant"}
    assert {(row["rate"], pd.isna(row["complaints"])) for row in rows.values()} == {("no data", True)}


def test_the_rules_of_a_customer_are_his_own_before_all_others(desk: Hall) -> None:
    settings = settings_of(desk.config)
    assert rules(settings, "factory") == {
        "Suspension and throttling": "off ([customers.factory])",
        "Cases of several mailboxes": "no",
    }


def test_in_the_past_it_is_whose_it_was_then(desk: Hall) -> None:
    before = Span.last(6, desk.now - 201 * MINUTE)
    assert list(queries_customers.whose(desk.client, before, BEN)["customer"]) == ["shared.example"]
    assert queries_customer.account(desk.client, before, "4711").empty
    assert queries_customers.needy(desk.client, before, "").empty


def test_nothing_is_no_data(empty_hall: Hall, opened: Open) -> None:
    opened(empty_hall)
    captions = [str(element.value) for element in _shown().caption]
    assert captions == ["○ No data: nobody sent anything, and no customer has an open case."]
    test = _shown(customer="4711", part="Complaints")
    captions = [str(element.value) for element in test.caption]
    assert "○ No data: nothing of this customer was delivered or tried in this time." in captions
    assert "○ No data: no complaint of any kind came for a week." in captions
