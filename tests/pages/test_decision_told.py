"""What stands among the decisions and is none: a hook's word and an order have their page, too."""

import pytest

from dashboards import queries
from embedded.clickhouse import ClickHouseServer
from schemas import observations as o
from schemas.pool_events import IpWithdrawn
from tests.pages.conftest import Hall, Open, furnish
from tests.pages.law_scene import put
from tests.pages.scene import IPS, MINUTE, THIEF
from tests.pages.test_dashboard_views import shown, texts

HOOK = {"pool": "main", "hook": "postfix_randmap", "host": "mx2", "active": {IPS[1]: 0.25, IPS[0]: 1.0}}


@pytest.fixture(scope="module")
def told(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """Give a database with a decision, what a hook told of it, and orders."""
    hall = furnish(clickhouse, tmp_path_factory.mktemp("told"), "pages_told")
    at = hall.now - MINUTE
    put(
        hall.client,
        [
            IpWithdrawn(id="out", at=at, pool="main", ip=IPS[0], until=0),
            o.HookFailed(id="failed", at=at, decision="out", reason="reload: exit status 1", attempt=4, **HOOK),  # type: ignore[arg-type]
            o.HookDrifted(id="drifted", at=at, reason="the map was edited", **HOOK),  # type: ignore[arg-type]
            o.OperatorActed(
                id="ordered",
                at=at,
                action="withdraw",
                subject=IPS[0],
                pool="main",
                provider="google",
                expires_at=hall.now + 10 * MINUTE,
                operator="kim",
                reason="<b>spam</b>",
            ),
            o.OperatorActed(id="boxed", at=at, action="suspend", subject=THIEF, operator="kim", reason="<b>spam</b>"),
        ],
    )
    return hall


def test_each_row_of_the_decisions_has_a_page(told: Hall, opened: Open) -> None:
    opened(told)
    listed = queries.decisions(told.client, told.span)
    assert {"failed", "drifted", "ordered", "out"} <= set(listed["id"])
    for identity in [*listed["id"], "boxed"]:
        assert "There is no such decision" not in texts(shown("time_travel", decision=identity)), identity


def test_what_a_hook_told_names_host_hook_and_its_words(told: Hall, opened: Open) -> None:
    opened(told)
    test = shown("time_travel", decision="failed")
    said = texts(test)
    for part in (
        "▲ hook postfix_randmap failed on mx2 (attempt 4)",
        "Hook: postfix_randmap\nHost: mx2\nPool: main\nAttempt: 4",
        f"It should let send: {IPS[0]} 100%, {IPS[1]} 25%\nWhat it said: reload: exit status 1",
        "it is tried again until it succeeds",
    ):
        assert part in said
    assert "replay" not in {button.key for button in test.button}, "only decisions are made again"
    test.button(key="to.followed").click().run()
    assert test.query_params["decision"] == "out"
    assert "What it said: the map was edited" in texts(shown("time_travel", decision="drifted"))


def test_an_order_names_who_gave_it_and_why(told: Hall, opened: Open) -> None:
    opened(told)
    test = shown("time_travel", decision="ordered")
    said = texts(test)
    assert (
        f"By: kim\nOrder: withdraw\nAbout: {IPS[0]}\nOnly what it sends to: google\nPool: main\nCounts until: " in said
    )
    assert "Reason: <b>spam</b>" in [line for each in test.text for line in each.value.split("\n")], "literally"
    box = texts(shown("time_travel", decision="boxed"))
    assert f"● kim ordered: suspend {THIEF}" in box
    assert "Counts until: revoked" in box
