"""Orders on the pages, as Streamlit runs them: each by each role, its preview, confirmation, outcome and undo."""

import logging
from collections.abc import Iterator

import msgspec
import pytest
from streamlit.testing.v1 import AppTest

from embedded.broker import free_port
from embedded.clickhouse import ClickHouseServer
from schemas.audit import Audit
from tests.pages.conftest import Open
from tests.pages.hands_scene import LOCAL, Desk, configured, desk, guarded
from tests.pages.scene import IPS, KEPT, RUDE, THIEF, WITHDRAWN
from tests.pages.test_dashboard_views import shown, texts

POOL, MAILBOX = "hand.pool.main", "hand.mailbox"


@pytest.fixture(scope="module")
def noc(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give the pages whose orders all tests of this file give."""
    with desk(clickhouse, tmp_path_factory.mktemp("hands"), "pages_hands") as made:
        yield made


@pytest.fixture
def audit(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "relaywarden.audit")
    return caplog


def told(audit: pytest.LogCaptureFixture) -> list[Audit]:
    return [msgspec.json.decode(line.getMessage(), type=Audit) for line in audit.records if "audit" in line.name]


def drawn(noc: Desk, opened: Open, role: str, page: str, **query: str) -> AppTest:
    opened(configured(noc.hall, LOCAL.format(role=role), role))
    return shown(page, **query)


def choose(test: AppTest, place: str, action: str, subject: str = "", lasts: str = "until revoked") -> str:
    """Choose an order and return what the page says of its effect."""
    if subject:
        test.selectbox(f"{place}.subject").set_value(subject)
    test.radio(f"{place}.action").set_value(action)
    if action != "unpin":
        test.run()
        test.selectbox(f"{place}.lasts").set_value(lasts)
    test.run()
    assert not test.exception
    return texts(test)


def order(test: AppTest, reason: str, typed: str = "") -> None:
    fields = {field.label: field for field in test.text_input}
    why = fields.get("Reason") or fields["Why is it taken back?"]
    why.set_value(reason)
    if "Confirmation" in fields:
        fields["Confirmation"].set_value(typed)
    next(button for button in test.button if button.label.startswith("Order: ")).click()
    test.run()
    assert not test.exception


@pytest.mark.parametrize(
    ("action", "subject", "typed", "lasts"),
    [
        ("withdraw", IPS[0], IPS[0], "2 h"),
        ("restore", WITHDRAWN, WITHDRAWN, "until revoked"),
        ("pin", IPS[1], "", "7 days"),
        ("unpin", IPS[1], "", "until revoked"),
    ],
)
@pytest.mark.parametrize("role", ["operator", "admin"])
def test_an_order_about_an_ip_is_an_event_with_the_operators_name(  # noqa: PLR0913, PLR0917 a row of the table
    noc: Desk,
    opened: Open,
    audit: pytest.LogCaptureFixture,
    role: str,
    action: str,
    subject: str,
    typed: str,
    lasts: str,
) -> None:
    before = noc.given()
    test = drawn(noc, opened, role, "pool")
    choose(test, POOL, action, subject, lasts)
    order(test, f"told so by {role}", typed)
    event = next(one for one in noc.given() if one not in before)
    assert (event.action, event.subject, event.pool, event.operator) == (action, subject, "main", "kim")
    assert event.reason == f"told so by {role}"
    hours = {"2 h": 2, "7 days": 168}.get(lasts, 0)
    assert event.expires_at == (event.at + hours * 3_600_000_000 if hours else 0)
    assert told(audit) == [
        Audit(
            who="kim",
            role=role,
            peer=told(audit)[0].peer,
            action=action,
            subject=subject,
            reason=f"told so by {role}",
            outcome="ordered",
            id=event.id,
        )
    ]
    assert f"{action} {subject}: told so by {role}" in texts(test)


SILENT = ("shop@boutique.example", "club@verein.example")


@pytest.mark.parametrize(
    ("action", "mailbox", "now", "became"),
    [
        ("suspend", THIEF, "suspension proposed, step suspend", "■ {} suspended"),
        ("throttle", "shop@boutique.example", "watched, step watch", "■ {} throttled"),
        ("watch", "club@verein.example", "released", "◆ {} watched"),
        ("release", "user1@customer.example", "never seen before", "● {} released"),
    ],
)
def test_an_order_about_a_mailbox_is_an_event_and_the_page_shows_what_became_of_it(  # noqa: PLR0913, PLR0917 likewise
    noc: Desk, opened: Open, action: str, mailbox: str, now: str, became: str
) -> None:
    before = noc.given()
    test = drawn(noc, opened, "operator", "mailboxes", mailbox=mailbox)
    said = choose(test, MAILBOX, action)
    assert f"Now: {now}." in said
    assert ("In the last 6 h it sent" in said) is (mailbox not in SILENT)
    assert ("No mail of it was logged in the last 6 h." in said) is (mailbox in SILENT)
    order(test, "stolen", mailbox)
    event = next(one for one in noc.given() if one not in before)
    assert (event.action, event.subject, event.operator, event.pool) == (action, mailbox, "kim", "")
    assert "no decision has answered it yet" in texts(test)
    noc.answer(event)
    opened(configured(noc.hall, LOCAL.format(role="operator"), "operator"))
    test.run()
    assert became.format(mailbox) in texts(test)
    assert "answered it yet" not in texts(test)


def test_the_preview_tells_who_stays_what_capacity_falls_to_and_what_the_guard_does(noc: Desk, opened: Open) -> None:
    test = drawn(noc, opened, "operator", "pool")
    said = choose(test, POOL, "withdraw", IPS[0])
    assert f"4 of 6 IPs go on sending: {', '.join((IPS[1], IPS[3], KEPT, IPS[5]))}." in said
    assert "Capacity falls from 68 % to 52 % (each IP counted alike)." in said
    assert "min_active" not in said.split("What it would do")[-1]
    said = choose(test, POOL, "restore", WITHDRAWN)
    assert "Capacity rises from 68 % to 85 %" in said
    assert "It is named by spamhaus_zen: that counts no more until it is named anew." in said


def test_a_viewer_sees_no_hands_and_can_do_nothing(noc: Desk, opened: Open) -> None:
    for page, query in (("pool", {}), ("mailboxes", {"mailbox": THIEF})):
        test = drawn(noc, opened, "viewer", page, **query)
        assert not [box for box in (*test.radio, *test.text_input) if str(box.key).startswith("hand.")]
        assert not [button for button in test.button if button.label.startswith(("Order: ", "Undo: "))]


def test_without_a_table_everybody_is_a_viewer(noc: Desk, opened: Open) -> None:
    opened(noc.hall)
    assert not shown("pool").radio


def test_who_is_a_viewer_by_the_time_he_presses_orders_nothing(
    noc: Desk, opened: Open, audit: pytest.LogCaptureFixture
) -> None:
    """His page was drawn for an operator: what it kept, widgets and state, is not what counts."""
    before = noc.given()
    test = drawn(noc, opened, "operator", "pool")
    choose(test, POOL, "withdraw", IPS[0])
    opened(configured(noc.hall, LOCAL.format(role="viewer"), "viewer"))
    order(test, "still a page with buttons", IPS[0])
    assert noc.given() == before
    assert [(one.outcome, one.role, one.why) for one in told(audit)] == [
        ("refused", "viewer", "withdraw needs the role operator; yours is viewer")
    ]
    assert "Your last order" not in texts(test)


def test_nothing_is_ordered_without_a_reason_or_its_confirmation(noc: Desk, opened: Open) -> None:
    before = noc.given()
    test = drawn(noc, opened, "operator", "pool")
    choose(test, POOL, "withdraw", IPS[0])
    order(test, "  ", IPS[0])
    assert "It needs a reason" in texts(test)
    order(test, "spam", IPS[1])
    assert "The confirmation is not what must be typed." in texts(test)
    assert "This was not ordered." not in choose(test, POOL, "pin", IPS[0]), "it was of another order"
    test = drawn(noc, opened, "operator", "mailboxes", mailbox=THIEF)
    choose(test, MAILBOX, "suspend")
    order(test, "stolen", "anna")
    assert "The confirmation is not what must be typed." in texts(test)
    assert noc.given() == before


@pytest.mark.parametrize(("name", "value"), [("action", "restore"), ("subject", IPS[1])])
def test_a_button_that_a_slow_browser_still_shows_orders_nothing_once_something_else_is_chosen(
    noc: Desk, opened: Open, name: str, value: str
) -> None:
    before = noc.given()
    test = drawn(noc, opened, "admin", "pool")
    choose(test, POOL, "withdraw", IPS[0])
    chosen = test.radio if name == "action" else test.selectbox
    chosen(f"{POOL}.{name}").set_value(value)
    order(test, "its rack is moved", IPS[0])
    assert not test.exception
    assert noc.given() == before
    assert "Something else was chosen meanwhile" in texts(test)
    choose(test, POOL, "withdraw", IPS[0])
    order(test, "its rack is moved", IPS[0])
    (given,) = (one for one in noc.given() if one not in before)
    assert (given.action, given.subject, given.reason) == ("withdraw", IPS[0], "its rack is moved")
    assert "Something else was chosen meanwhile" not in texts(test)


def test_the_page_shows_the_decision_and_undo_is_the_opposite_order(noc: Desk, opened: Open) -> None:
    before = noc.given()
    test = drawn(noc, opened, "operator", "pool")
    choose(test, POOL, "withdraw", IPS[5], "2 h")
    order(test, "moved to another rack", IPS[5])
    assert "the pool has not answered yet" in texts(test)
    noc.answer(*(one for one in noc.given() if one not in before))
    opened(configured(noc.hall, LOCAL.format(role="operator"), "operator"))
    test.run()
    assert f"■ {IPS[5]} withdrawn until " in texts(test)
    assert "ordered by kim" in texts(test)
    next(button for button in test.button if button.label == "Undo: restore").click()
    test.run()
    assert (test.radio(f"{POOL}.action").value, test.selectbox(f"{POOL}.subject").value) == ("restore", IPS[5])
    assert test.selectbox(f"{POOL}.lasts").value == "until revoked", "the end of what is undone is not its own"
    order(test, "", IPS[5])
    assert "It needs a reason" in texts(test)
    order(test, "it was the wrong rack", IPS[5])
    new = [one for one in noc.given() if one not in before]
    assert [(one.action, one.subject, one.reason) for one in new] == [
        ("withdraw", IPS[5], "moved to another rack"),
        ("restore", IPS[5], "it was the wrong rack"),
    ]
    noc.answer(*new)
    opened(configured(noc.hall, LOCAL.format(role="operator"), "operator"))
    test.run()
    assert f"● {IPS[5]} fully back in the pool, ordered by kim" in texts(test)


def test_a_pin_is_held_by_the_pool(noc: Desk, opened: Open) -> None:
    test = drawn(noc, opened, "operator", "pool")
    choose(test, POOL, "pin", IPS[4])
    order(test, "under test")
    noc.answer(next(one for one in noc.given() if one.reason == "under test"))
    opened(configured(noc.hall, LOCAL.format(role="operator"), "operator"))
    test.run()
    assert "● The pool holds to it: pin" in texts(test)


@pytest.mark.parametrize(("role", "outcome"), [("operator", "refused"), ("admin", "ordered")])
def test_below_min_active_only_an_admin_withdraws(
    noc: Desk, opened: Open, audit: pytest.LogCaptureFixture, role: str, outcome: str
) -> None:
    hall = guarded(noc.hall, LOCAL.format(role=role), f"guarded-{role}")
    opened(hall)
    test = shown("pool")
    said = choose(test, POOL, "withdraw", IPS[1])
    assert "fewer than min_active 5: the pool obeys all the same." in said
    assert "it withdraws no other IP by itself" in said
    assert "Only an admin may order this." in said
    order(test, "its rack burns", IPS[1])
    assert [one.outcome for one in told(audit)] == [outcome]


def test_with_kafka_away_the_order_is_refused_in_a_clear_sentence(
    noc: Desk, opened: Open, audit: pytest.LogCaptureFixture
) -> None:
    hall = configured(noc.hall, LOCAL.format(role="operator"), "away")
    dead = f"127.0.0.1:{free_port()}"
    hall.config.write_text(hall.config.read_text().replace(noc.broker.bootstrap, dead))
    opened(hall)
    test = shown("pool")
    choose(test, POOL, "withdraw", IPS[0])
    order(test, "spam", IPS[0])
    assert f"Kafka at {dead} did not confirm the order" in texts(test)
    assert "This was not ordered." in texts(test)
    assert "Your last order" not in texts(test)
    assert [one.outcome for one in told(audit)] == ["unconfirmed"]
    assert {field.label: field.value for field in test.text_input}["Reason"] == "spam", "it can be tried again"


def test_with_clickhouse_away_only_an_admin_withdraws_since_the_guard_is_not_known(
    noc: Desk, opened: Open, audit: pytest.LogCaptureFixture
) -> None:
    hall = configured(noc.hall, LOCAL.format(role="operator"), "blind")
    port = next(line for line in hall.config.read_text().splitlines() if line.startswith("port = "))
    hall.config.write_text(hall.config.read_text().replace(port, f"port = {free_port()}", 1))
    opened(hall)
    test = shown("pool")
    assert "what this would do is not known" in choose(test, POOL, "withdraw", IPS[0])
    order(test, "spam", IPS[0])
    assert [(one.outcome, one.why) for one in told(audit)] == [
        ("refused", "withdraw below min_active needs the role admin; yours is operator")
    ]


def test_hostile_reasons_and_names_are_text_and_one_line_of_the_audit(
    noc: Desk, opened: Open, audit: pytest.LogCaptureFixture
) -> None:
    hostile = f'{RUDE}\n2026-01-01 INFO relaywarden.audit: {{"who":"root"}}\x1b[31m'
    before = noc.given()
    test = drawn(noc, opened, "operator", "pool")
    choose(test, POOL, "pin", IPS[0])
    order(test, hostile)
    assert "the reason must be one line" in texts(test)
    order(test, RUDE)
    assert next(one for one in noc.given() if one not in before).reason == RUDE
    assert f"pin {IPS[0]}: {RUDE}" in [element.value for element in test.text]
    assert all("\n" not in line.getMessage() and "\x1b" not in line.getMessage() for line in audit.records)
    test = drawn(noc, opened, "operator", "mailboxes", mailbox=RUDE)
    choose(test, MAILBOX, "suspend")
    order(test, "takes part in it", RUDE)
    assert "is no mailbox: say its login or address" in texts(test)
