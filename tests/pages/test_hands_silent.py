"""Orders while the worker is silent: their preview is of its last word and says so, and they are given all the same."""

import re
from collections.abc import Iterator

import pytest

from dashboards import effect
from dashboards.pools import Standing
from embedded.clickhouse import ClickHouseServer
from schemas.names import derived_id
from schemas.observations import TrafficCounted
from tests.pages.conftest import Open, store
from tests.pages.hands_scene import LOCAL, Desk, configured, desk, guarded
from tests.pages.scene import IPS, MINUTE, WITHDRAWN
from tests.pages.test_dashboard_views import cells, shown, texts
from tests.pages.test_hands import POOL, choose, order
from tests.pages.test_hands_provider import PROVIDER, at_provider
from tests.pages.test_worker_silent import AGO, RULES, WHY

WAITS = "The order waits in the log until a worker reads it; by then all this may be otherwise."


def test_what_an_order_would_do_is_told_of_the_last_word_and_said_to_be() -> None:
    ips = [Standing("main", "192.0.2.1", "active"), Standing("main", "192.0.2.2", "active")]
    why = "the worker told nothing for 3 min"
    would = effect.of_pool("withdraw", "192.0.2.1", RULES["main"], ips, (), why)
    assert would.lines[0] == f"How the pool stands now is not known, for {why}. As of its last word:"
    assert "Capacity falls from 100 % to 50 % (each IP counted alike)." in would.lines
    assert would.lines[-1] == WAITS
    doubted = [Standing("main", each.ip, "unknown") for each in ips]
    for told in (
        effect.of_pool("withdraw", "192.0.2.1", RULES["main"], doubted, (), "no data of the worker"),
        effect.of_provider(
            "withdraw", "192.0.2.1", "google", RULES["main"], doubted, (), effect.Sent({}, 6), "no data of the worker"
        ),
    ):
        assert told.lines[0] == (
            "How the pool stands is not known (no data of the worker): what this would do is not known."
        )
        assert told.below, "taken for the worst"


@pytest.fixture(scope="module")
def noc(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give pages on which orders are given while the worker is silent, with mail to a provider that it counted."""
    with desk(clickhouse, tmp_path_factory.mktemp("quiet"), "pages_hands_quiet", AGO) as made:
        at = made.hall.now - 30 * MINUTE
        counts = [
            TrafficCounted(
                id=derived_id("to", ip), at=at, partition=0, ip=ip, provider="posteo.de", sent=50, last_at=at
            )
            for ip in IPS[:2]
        ]
        store(made.hall.client, "pool_observations", counts)
        yield made


@pytest.mark.parametrize(
    ("action", "subject", "said"),
    [
        ("withdraw", IPS[0], "Capacity falls from 68 % to 52 % (each IP counted alike)."),
        ("restore", WITHDRAWN, "Capacity rises from 68 % to 85 % (each IP counted alike)."),
        ("pin", IPS[1], f"{IPS[1]} stays active, whatever lists say"),
        ("unpin", IPS[1], f"Lists decide about {IPS[1]} again."),
    ],
)
def test_orders_are_given_to_a_silent_worker_with_what_is_known_of_their_effect(
    noc: Desk, opened: Open, action: str, subject: str, said: str
) -> None:
    opened(configured(noc.hall, LOCAL.format(role="operator"), "operator"))
    before = noc.given()
    test = shown("pool")
    told = choose(test, POOL, action, subject)
    assert re.search(rf"How the pool stands now is not known, for {WHY}\. As of its last word:", told)
    assert said in told
    assert WAITS in told
    assert "Only an admin may order this." not in told
    order(test, "it is on fire", subject if action in {"withdraw", "restore"} else "")
    (event,) = [one for one in noc.given() if one not in before]
    assert (event.action, event.subject, event.operator) == (action, subject, "kim")
    assert event.within_guard, "the pool looks again as it reads it"
    assert "◆ It is in the log; the pool has not answered yet." in texts(test)


def test_at_a_provider_the_order_says_so_too_and_is_given(noc: Desk, opened: Open) -> None:
    opened(configured(noc.hall, LOCAL.format(role="operator"), "operator"))
    before = noc.given()
    test = shown("providers")
    said = at_provider(test, "withdraw", IPS[0])
    assert re.search(rf"How the pool stands now is not known, for {WHY}\. As of its last word:", said)
    assert f"4 of 5 IPs go on sending to posteo.de: {', '.join((IPS[1], *IPS[3:]))}." in said
    order(test, "it greylists this one", f"{IPS[0]} posteo.de")
    assert [(one.action, one.provider) for one in noc.given() if one not in before] == [("withdraw", "posteo.de")]
    assert test.selectbox(f"{PROVIDER}.subject").value == IPS[0]


def test_below_min_active_by_the_last_word_only_an_admin_withdraws(noc: Desk, opened: Open) -> None:
    opened(guarded(noc.hall, LOCAL.format(role="operator"), "guarded-quiet"))
    before = noc.given()
    test = shown("pool")
    assert "Only an admin may order this." in choose(test, POOL, "withdraw", IPS[1])
    order(test, "its rack burns", IPS[1])
    assert "withdraw below min_active needs the role admin; yours is operator" in texts(test)
    assert noc.given() == before


def test_of_a_worker_that_nobody_heard_a_withdrawal_is_taken_for_the_worst(noc: Desk, opened: Open) -> None:
    """Page and order agree: what the page said nobody knew, the order took for all IPs active."""
    noc.hall.client.command(
        "ALTER TABLE pool_observations DELETE WHERE type IN ('clock_ticked', 'traffic_counted')"
        " SETTINGS mutations_sync = 2"
    )
    opened(configured(noc.hall, LOCAL.format(role="operator"), "operator"))
    before = noc.given()
    test = shown("pool")
    told = choose(test, POOL, "withdraw", IPS[0])
    assert "How the pool stands is not known (no data of the worker): what this would do is not known." in told
    assert "Only an admin may order this." in told
    order(test, "spam", IPS[0])
    assert "withdraw below min_active needs the role admin; yours is operator" in texts(test)
    assert noc.given() == before
    choose(test, POOL, "restore", WITHDRAWN)
    order(test, "it is clean", WITHDRAWN)
    assert [(one.action, one.subject) for one in noc.given() if one not in before] == [("restore", WITHDRAWN)]
    assert "● active" not in cells(test)
