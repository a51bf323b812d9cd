"""Orders for one provider and about delistings, as Streamlit runs them: preview, confirmation, outcome and undo."""

import time
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import access
from dashboards.access import Deed, Person
from embedded.clickhouse import ClickHouseServer
from schemas.audit import AUDIT
from schemas.delisting_events import DelistingEvent, DelistingHandled, DelistingOpened
from schemas.names import derived_id
from schemas.observations import TrafficCounted
from streams.delisting import Files, evolve, step
from tests.pages.conftest import Open, store
from tests.pages.hands_scene import LOCAL, Desk, configured, desk, guarded
from tests.pages.scene import IPS, RUDE_REPLY, WITHDRAWN
from tests.pages.test_dashboard_views import shown, texts
from tests.pages.test_hands import choose, drawn, order

MINUTE = 60_000_000
PROVIDER, DELISTING, CASE = "hand.provider", "hand.delisting", "c1"


@pytest.fixture(scope="module")
def noc(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give the pages whose orders all tests of this file give: with mail to a provider, and a listing."""
    with desk(clickhouse, tmp_path_factory.mktemp("hands"), "pages_hands_provider") as made:
        at = made.hall.now - 30 * MINUTE
        counts = [
            TrafficCounted(
                id=derived_id("to", ip), at=at, partition=0, ip=ip, provider="posteo.de", sent=sent, last_at=at
            )
            for ip, sent in ((IPS[0], 30), (IPS[1], 70))
        ]
        store(made.hall.client, "pool_observations", counts)
        store(made.hall.client, "delisting_events", [opening(at)])
        yield made


def opening(at: int) -> DelistingOpened:
    return DelistingOpened(
        id="opened",
        at=at,
        case=CASE,
        pool="main",
        list="spamcop",
        subject=IPS[1],
        scope="ip",
        since=at,
        ips=(IPS[1],),
        reason=RUDE_REPLY,
    )


def again(test: AppTest, noc: Desk, opened: Open) -> str:
    """Draw the page anew, of what the warehouse says by now."""
    opened(configured(noc.hall, LOCAL.format(role="operator"), "operator"))
    test.run()
    assert not test.exception
    return texts(test)


def at_provider(test: AppTest, action: str, ip: str, provider: str = "posteo.de") -> str:
    test.selectbox(f"{PROVIDER}.provider").set_value(provider)
    return choose(test, PROVIDER, action, ip)


def test_an_ip_is_withdrawn_for_one_provider_and_the_undo_restores_it_there(noc: Desk, opened: Open) -> None:
    before = noc.given()
    test = drawn(noc, opened, "operator", "providers")
    said = at_provider(test, "withdraw", IPS[0])
    assert "In the last 6 h 30 of 100 messages to posteo.de (30%) left by 192.0.2.11." in said
    assert f"4 of 5 IPs go on sending to posteo.de: {', '.join((IPS[1], *IPS[3:]))}. To all others" in said
    assert "No hook of the pool can tell posteo.de apart" in said
    order(test, "it greylists this one", f"{IPS[0]} posteo.de")
    event = next(one for one in noc.given() if one not in before)
    parts = (event.action, event.subject, event.provider, event.pool, event.operator)
    assert parts == ("withdraw", IPS[0], "posteo.de", "main", "kim")
    assert "the pool has not answered yet" in texts(test)
    noc.answer(event)
    assert f"■ {IPS[0]} sends nothing to posteo.de until further notice, ordered by kim" in again(test, noc, opened)
    next(button for button in test.button if button.label == "Undo: restore").click()
    test.run()
    places = [test.selectbox(f"{PROVIDER}.{name}").value for name in ("subject", "provider")]
    assert (test.radio(f"{PROVIDER}.action").value, *places) == ("restore", IPS[0], "posteo.de")
    assert f"{IPS[0]} sends to posteo.de again at once" in texts(test)
    order(test, "it does so with all")
    new = [one for one in noc.given() if one not in before]
    assert [(one.action, one.provider) for one in new] == [("withdraw", "posteo.de"), ("restore", "posteo.de")]
    noc.answer(*new)
    assert f"● {IPS[0]} sends to posteo.de again, ordered by kim" in again(test, noc, opened)


@pytest.mark.parametrize(("role", "outcome"), [("operator", "refused"), ("admin", "ordered")])
def test_for_a_provider_only_an_admin_goes_below_min_active(
    noc: Desk, opened: Open, caplog: pytest.LogCaptureFixture, role: str, outcome: str
) -> None:
    hall = guarded(noc.hall, LOCAL.format(role=role), f"guarded-there-{role}")
    opened(hall)
    test = shown("providers")
    said = at_provider(test, "withdraw", IPS[1])
    assert "That is fewer than min_active 5: the pool obeys all the same." in said
    assert "Only an admin may order this." in said
    before = noc.given()
    with caplog.at_level("INFO", AUDIT.name):
        order(test, "it greylists this one", f"{IPS[1]} posteo.de")
    assert f'"outcome":"{outcome}"' in caplog.text
    new = [(one.provider, one.within_guard) for one in noc.given() if one not in before]
    assert new == ([("posteo.de", False)] if role == "admin" else [])
    if role == "operator":
        assert "withdraw below min_active needs the role admin; yours is operator" in texts(test)


def test_for_a_provider_only_an_admin_withdraws_where_the_guard_is_not_known(
    noc: Desk, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """ClickHouse cannot tell any more while the page stands open: what it said before does not count."""
    test = drawn(noc, opened, "operator", "providers")
    at_provider(test, "withdraw", IPS[1])
    before = noc.given()
    noc.hall.client.command("RENAME TABLE pool_events TO pool_events_away")
    try:
        time.sleep(2)  # what was read a moment ago is not asked again
        with caplog.at_level("INFO", AUDIT.name):
            order(test, "it greylists this one", f"{IPS[1]} posteo.de")
    finally:
        noc.hall.client.command("RENAME TABLE pool_events_away TO pool_events")
    assert "withdraw below min_active needs the role admin; yours is operator" in caplog.text
    assert noc.given() == before


def test_for_a_provider_nothing_is_ordered_without_its_confirmation(noc: Desk, opened: Open) -> None:
    before = noc.given()
    test = drawn(noc, opened, "operator", "providers", pair=f"{WITHDRAWN} posteo.de")
    places = [test.selectbox(f"{PROVIDER}.{name}").value for name in ("subject", "provider")]
    assert places == [WITHDRAWN, "posteo.de"], "picked in the table"
    assert f"{WITHDRAWN} is withdrawn altogether: this counts once it sends again." in texts(test)
    order(test, "it greylists this one", WITHDRAWN)
    assert "The confirmation is not what must be typed." in texts(test)
    assert noc.given() == before


def handled(noc: Desk, *events: DelistingHandled) -> None:
    """Have the cases answer what an operator did, and the warehouse keep what they decide."""
    files = evolve(Files("main"), opening(noc.hall.now - 30 * MINUTE))
    told: tuple[DelistingEvent, ...] = ()
    for event in events:
        files, more = step(files, None, event)
        told += more
    store(noc.hall.client, "delisting_events", told)


def test_what_is_done_about_a_listing_stands_in_its_case_and_is_taken_back(noc: Desk, opened: Open) -> None:
    test = drawn(noc, opened, "operator", "delisting", delisting=CASE)
    test.radio(f"{DELISTING}.action").set_value("note")
    test.run()
    assert "It stands in the case, and in the text for the list's form: name no customer." in texts(test)
    order(test, "they answer within a day")
    test.radio(f"{DELISTING}.action").set_value("close")
    test.run()
    assert "It opens again only after spamcop once took the entry back and lists it anew." in texts(test)
    order(test, "no time for it")
    assert "The confirmation is not what must be typed." in texts(test)
    order(test, "no time for it", IPS[1])
    done = noc.said(DelistingHandled)
    assert [(one.action, one.case, one.operator, one.note, one.outcome) for one in done] == [
        ("noted", CASE, "kim", "they answer within a day", ""),
        ("closed", CASE, "kim", "no time for it", "given_up"),
    ]
    assert "the worker has not answered yet" in texts(test)
    handled(noc, *done)
    said = again(test, noc, opened)
    assert "● It stands in the case." in said
    assert "▲ given up, by kim" in said
    next(button for button in test.button if button.label == "Undo: take back").click()
    test.run()
    assert "What kim did counts no more: close (no time for it). It stays written." in texts(test)
    order(test, "there is time")
    done = noc.said(DelistingHandled)
    assert (done[-1].action, done[-1].takes_back) == ("taken_back", done[-2].id)
    handled(noc, *done)
    said = again(test, noc, opened)
    assert "● It counts no more." in said
    assert "no time for it (taken back)" in said
    assert "■ open" in {str(value) for table in test.dataframe for value in table.value.to_numpy().ravel()}


@pytest.mark.parametrize(
    ("page", "query", "place"), [("providers", {}, PROVIDER), ("delisting", {"delisting": CASE}, DELISTING)]
)
def test_a_viewer_sees_none_of_these_hands(
    noc: Desk, opened: Open, page: str, query: dict[str, str], place: str
) -> None:
    test = drawn(noc, opened, "viewer", page, **query)
    assert not [box for box in (*test.radio, *test.text_input) if str(box.key).startswith(place)]
    test = drawn(noc, opened, "operator", page, **query)
    assert [box for box in test.radio if str(box.key).startswith(place)]


@pytest.mark.parametrize("deed", ["requested", "noted", "closed", "taken_back"])
def test_about_a_delisting_a_viewer_may_do_nothing(deed: Deed) -> None:
    may = [access.may(Person("somebody", role), deed) for role in ("viewer", "operator")]
    assert may == [False, True]
