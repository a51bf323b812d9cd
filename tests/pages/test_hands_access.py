"""Who may act, against a real server: by a proxy's header from trusted and untrusted peers, and by forged messages."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, get_args

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState

from dashboards import serve
from embedded.clickhouse import ClickHouseServer
from schemas.observations import MailboxAction, PoolAction
from schemas.settings import SettingsError, load, parse
from tests.pages.hands_scene import HEADER, LOCAL, PROOF, SECRET_ENV, Desk, by_name, configured, deeds, desk, served
from tests.pages.scene import IPS, THIEF, WITHDRAWN
from tests.pages.wire import Session, session

ORDER = "Order: withdraw"
SEEN = "Relay IPs"


KIM, VERA = by_name("kim@example.net"), by_name("vera@example.net")


@pytest.fixture(scope="module")
def noc(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give the pages whose orders all tests of this file give."""
    with desk(clickhouse, tmp_path_factory.mktemp("access"), "pages_access") as made:
        yield made


@pytest.fixture(scope="module")
def trusting(noc: Desk, clickhouse: ClickHouseServer) -> Iterator[tuple[int, Path]]:
    """Serve pages that trust a proxy on this host."""
    with served(noc, clickhouse, HEADER.format(proxy="127.0.0.1/32"), "trusting") as made:
        yield made


@pytest.mark.parametrize(
    ("headers", "sees", "acts"),
    [
        (KIM, True, True),
        (by_name("ada@example.net"), True, True),
        (by_name("nils@example.net", ("X-Forwarded-Groups", "sales, noc")), True, True),
        (VERA, True, False),
        (by_name("nils@example.net"), False, False),
        (by_name("nils@example.net", ("X-Forwarded-Groups", "not-noc,noc2")), False, False),
        (by_name("group:noc"), False, False),
        (by_name("*"), False, False),
        (by_name(""), False, False),
        ([*KIM, ("X-Forwarded-User", "ada@example.net")], False, False),
        ([("X-Forwarded-User", "kim@example.net")], False, False),
        ([("X-Forwarded-User", "kim@example.net"), ("X-Relaywarden-Secret", "guess")], False, False),
        ([*KIM, PROOF], False, False),
        ([PROOF], False, False),
        ([], False, False),
    ],
)
def test_who_the_proxy_says_it_is(
    trusting: tuple[int, Path], headers: list[tuple[str, str]], *, sees: bool, acts: bool
) -> None:
    with session(trusting[0], "pool", headers) as one:
        assert ("You may not see these pages." in one.texts()) is not sees
        assert any(each.heading.body == SEEN for each in one.elements) is sees
        assert (one.widget(ORDER) != "") is acts


@pytest.mark.parametrize(
    "page",
    ["", "pool", "delisting", "providers", "mailboxes", "complaints", "domains", "reports", "sunset"],
)
def test_who_has_no_role_sees_none_of_any_page(trusting: tuple[int, Path], page: str) -> None:
    with session(trusting[0], page, by_name("nils@example.net")) as one:
        assert [each.alert.body for each in one.elements if each.alert.body] == ["You may not see these pages."]
        kinds = {each.WhichOneof("type") for each in one.elements}
        assert not {"dataframe", "table", "vega_lite_chart", "metric", "download_button"} & kinds
        assert "nils@example.net has no role in dashboard.access.roles" in one.texts()
        assert not {THIEF, IPS[0], WITHDRAWN} & set(re.split(r"[\s:,]+", one.texts()))


@pytest.mark.parametrize("forwarded", [(), (("X-Forwarded-For", "192.0.2.1"),)])
def test_from_an_address_that_is_no_trusted_proxy_nobody_is_anybody(
    noc: Desk, clickhouse: ClickHouseServer, forwarded: tuple[tuple[str, str], ...]
) -> None:
    distant = served(noc, clickhouse, HEADER.format(proxy="192.0.2.1/32"), f"distant{len(forwarded)}")
    with distant as (port, _log), session(port, "pool", [*KIM, *forwarded]) as one:
        assert "127.0.0.1 is no proxy of dashboard.access.proxies" in one.texts()
        assert one.widget(ORDER) == ""
        assert not any(each.heading.body == SEEN for each in one.elements)


class Hand(NamedTuple):
    """Where the pages have a button for a deed, and about what it is pressed here."""

    page: str
    subject: str
    typed: bool = False


HANDS: dict[str, Hand] = {
    "withdraw": Hand("pool", IPS[0], typed=True),
    "restore": Hand("pool", WITHDRAWN, typed=True),
    "pin": Hand("pool", IPS[1]),
    "unpin": Hand("pool", IPS[1]),
    "suspend": Hand(f"mailboxes?mailbox={THIEF}", THIEF, typed=True),
    "throttle": Hand(f"mailboxes?mailbox={THIEF}", THIEF),
    "watch": Hand(f"mailboxes?mailbox={THIEF}", THIEF),
    "release": Hand(f"mailboxes?mailbox={THIEF}", THIEF),
}


def test_the_table_has_a_hand_for_each_deed_about_an_ip_or_a_mailbox() -> None:
    """The same is tried with all others, which is asserted there, in tests/pages/test_hands_forged.py."""
    about = {*get_args(PoolAction), *get_args(MailboxAction)}
    assert set(HANDS) == deeds() & about


def chosen(pages: Session, deed: str) -> list[WidgetState]:
    """Return what a browser sends when somebody chooses an order, and about what."""
    states = [WidgetState(id=pages.widget("Order"), string_value=deed)]
    if HANDS[deed].page == "pool":
        states.append(WidgetState(id=pages.widget("IP"), string_value=HANDS[deed].subject))
    return states


def pressed(pages: Session, deed: str, reason: str) -> list[WidgetState]:
    """Return what a browser sends when the order that is shown is given."""
    typed = [WidgetState(id=pages.widget("Confirmation"), string_value=HANDS[deed].subject)]
    return [
        *chosen(pages, deed),
        WidgetState(id=pages.widget("Reason"), string_value=reason),
        *(typed if HANDS[deed].typed else []),
        WidgetState(id=pages.widget(f"Order: {deed}"), trigger_value=True),
    ]


@pytest.mark.parametrize("deed", HANDS)
def test_a_viewer_who_forges_an_operators_message_orders_nothing(
    noc: Desk, trusting: tuple[int, Path], deed: str
) -> None:
    """And an operator who clicks three times, faster than Kafka confirms, orders once."""
    (port, log), hand = trusting, HANDS[deed]
    before = noc.given()
    with session(port, hand.page, KIM) as operator, session(port, hand.page, VERA) as viewer:
        operator.run(chosen(operator, deed))
        forged = pressed(operator, deed, f"forged {deed}")
        assert all(state.id for state in forged)
        assert viewer.widget("Order") == viewer.widget(f"Order: {deed}") == ""
        viewer.run(forged)
        viewer.run(forged, times=3)
        viewer.run()
        assert noc.given() == before
        operator.run(pressed(operator, deed, f"{deed} by who may"), times=3)
        for _ in range(2):
            operator.run()
        given = [one for one in noc.given() if one not in before]
        assert [(one.operator, one.action, one.subject, one.reason, one.within_guard) for one in given] == [
            ("kim@example.net", deed, hand.subject, f"{deed} by who may", hand.page == "pool")
        ]
    audited = [line for line in log.read_text().splitlines() if "relaywarden.audit" in line and f'"{deed}"' in line]
    assert len(audited) == 1
    for part in ('"who":"kim@example.net"', '"peer":"127.0.0.1"', f'"id":"{given[0].id}"', '"outcome":"ordered"'):
        assert part in audited[0]


def test_without_logins_who_comes_through_a_proxy_only_looks(noc: Desk, clickhouse: ClickHouseServer) -> None:
    with served(noc, clickhouse, LOCAL.format(role="admin"), "local") as (port, _log):
        with session(port, "pool", []) as one:
            assert one.widget(ORDER)
        for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
            with session(port, "pool", [(header, "192.0.2.9")]) as one:
                assert any(each.heading.body == SEEN for each in one.elements)
                assert one.widget(ORDER) == ""


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('[dashboard.access]\nrole = "operator"', "role 'operator' needs a name"),
        (
            '[dashboard]\nhost = "0.0.0.0"\n' + LOCAL.format(role="admin"),
            "'admin' without logins: only on 127.0.0.1, not on 0.0.0.0",
        ),
        ('[dashboard.access]\nmode = "header"', "needs hosts, roles, proxies, secret_env or secret_file"),
        ('[dashboard.access]\nmode = "oidc"', "needs hosts, roles, oidc_file"),
        ('[dashboard.access.roles]\nadmin = [" kim"]', "' kim' is no name of a person or a group"),
        ('[dashboard.access]\nproxies = ["10.0.0.1/8"]', "'10.0.0.1/8' is no network"),
        ('[dashboard.access]\nmode = "ldap"', "dashboard.access.mode"),
    ],
)
def test_access_that_would_be_open_or_useless_is_refused(text: str, error: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(text, "test")
    assert error in str(refused.value)


def test_the_server_does_not_start_without_the_proxys_secret(noc: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SECRET_ENV, raising=False)
    hall = configured(noc.hall, HEADER.format(proxy="127.0.0.1/32"), "secretless")
    with pytest.raises(ValueError, match=f"dashboard.access.secret_env: the environment has no {SECRET_ENV}"):
        serve.run(load(hall.config), hall.config)
