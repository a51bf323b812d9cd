"""Orders that somebody makes up, over the WebSocket: of every hand of the pages, by who may not give them."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import msgspec
import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState

import dashboards
from dashboards.access import needs
from embedded.clickhouse import ClickHouseServer
from schemas import codec
from schemas.audit import Audit
from tests.pages.forged_scene import HANDS, Hand, Log, everything
from tests.pages.hands_scene import HEADER, SECRET, SECRET_ENV, Desk, by_name, deeds, served
from tests.pages.serving import serving
from tests.pages.test_hands_access import HANDS as ABOUT_IPS_AND_MAILBOXES
from tests.pages.wire import Session, session

PROXY = "127.0.0.2"
"""The one address that may say who somebody is; all others of this host may not."""


@pytest.fixture(scope="module")
def noc(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give the pages whose orders all tests of this file give."""
    with everything(clickhouse, tmp_path_factory.mktemp("forged")) as made:
        yield made


@dataclass(frozen=True)
class Pages:
    """Where the pages are served, and their log."""

    port: int
    log: Path

    def at(
        self, hand: Hand, name: str, *, resumes: str = "", states: Sequence[WidgetState] = ()
    ) -> AbstractContextManager[Session]:
        """Open a page, with a row picked, as the proxy does for somebody of this name."""
        return session(self.port, hand.url, by_name(name), source=PROXY, resumes=resumes, states=states)

    def audited(self) -> list[Audit]:
        """Return all lines of the audit."""
        found = re.findall(r"relaywarden\.audit: (\{.*\})", self.log.read_text())
        return [msgspec.json.decode(line, type=Audit) for line in found]


@pytest.fixture(scope="module")
def pages(noc: Desk, clickhouse: ClickHouseServer) -> Iterator[Pages]:
    """Serve them behind a proxy of another address than everybody's."""
    with served(noc, clickhouse, HEADER.format(proxy=f"{PROXY}/32"), "forged") as (port, log):
        yield Pages(port, log)


@pytest.fixture(scope="module")
def events(noc: Desk) -> Iterator[Log]:
    """Give all that is written to any topic."""
    log = Log(noc.broker.bootstrap)
    yield log
    log.close()


Others = Callable[[Hand], Sequence[Session]]


@pytest.fixture(scope="module")
def others(pages: Pages) -> Iterator[Others]:
    """Give who looks at a page and may give no orders: a viewer, who has no role, who comes past the proxy."""
    with ExitStack() as all_:

        @cache
        def looking(url: str, by: str) -> Sequence[Session]:
            who = (("vera@example.net", PROXY), ("nils@example.net", PROXY), (by, "127.0.0.1"))
            return [all_.enter_context(session(pages.port, url, by_name(name), source=source)) for name, source in who]

        yield lambda hand: looking(hand.url, hand.by)


def test_each_deed_has_a_forged_order() -> None:
    assert {hand.needs for hand in HANDS} | set(ABOUT_IPS_AND_MAILBOXES) == deeds() - {"look"}


def test_each_place_of_the_pages_where_orders_are_given_has_one() -> None:
    views = Path(str(dashboards.__file__)).with_name("views")
    text = "\n".join(view.read_text() for view in sorted(views.glob("*.py")))
    places = {name.rstrip(".") for name in re.findall(r'"(hand\.[a-z.]+)', text)}
    assert places == {hand.place for hand in HANDS if hand.place != "retry"} | {"hand.mailbox"}
    assert set(re.findall(r'"(retry\.(?:preview|give))\.', text)) == {"retry.preview", "retry.give"}


def forge(pages: Session, pressed: Sequence[WidgetState]) -> None:
    """Send an order three times at once, alone, and together with a rerun that says what is filled in, as a browser's.

    The rerun comes last: Streamlit may break off for it what the order began, which then counts for nobody.
    """
    pages.run(pressed, times=3)
    pages.run(pressed)
    pages.send(pressed)
    pages.run(pressed[:-1])


def until_drawn(pages: Session, hand: Hand, pressed: Sequence[WidgetState]) -> None:
    """Wait for the page with another button than the one that was pressed."""
    for _ in range(20):
        if hand.button(pages) not in {"", pressed[-1].id}:
            return
        pages.run(pressed[:-1])
    pytest.fail(f"the order of {hand} was not taken")


def offered(pages: Session) -> list[list[str]]:
    """Return the orders that a page lets choose from."""
    return [[option.lower() for option in each.radio.options] for each in pages.elements if each.radio.label == "Order"]


@pytest.mark.parametrize("hand", HANDS, ids=str)
def test_what_an_operators_browser_sends_counts_from_him_only(
    pages: Pages, events: Log, hand: Hand, others: Others
) -> None:
    """Not from a viewer, from whom nobody gave a role, or from an address that is no proxy's and says it is he.

    Nor from a viewer who takes up the operator's own session, where the very button is known. From himself, who clicks
    three times faster than Kafka confirms, it is one order.
    """
    before = len(pages.audited())
    assert events.new() == []
    with pages.at(hand, hand.by) as operator:
        operator.run(hand.choosing(operator))
        if hand.place.startswith("hand."):
            here = [each.action for each in HANDS if each.place == hand.place]
            assert offered(operator) == [here] or (hand.place == "hand.pool" and here[0] in offered(operator)[0])
        forged = hand.pressing(operator, f"forged: {hand}")
        assert all(state.id for state in forged)
        viewer, *strangers = others(hand)
        for other in (viewer, *strangers):
            assert other.widget("Order") == hand.button(other) == ""
        forge(viewer, forged)
        for stranger in strangers:
            stranger.run(forged)
        assert (events.new(), pages.audited()[before:]) == ([], [])
        pressed = hand.pressing(operator, f"{hand} by who may")
        operator.run(pressed, times=3)
        until_drawn(operator, hand, pressed)
        (event,) = events.new()
        told = msgspec.json.decode(codec.encode(event), type=dict[str, object])
        assert hand.says.items() <= told.items()
        why = f"{hand} by who may" if hand.reasoned else ""
        assert (told["operator"], told.get("reason") or told.get("note") or "") == (hand.by, why)
        taken = hand.pressing(operator, f"taken over: {hand}")
        assert all(state.id for state in taken)
        lesser = "kim@example.net" if hand.by.startswith("ada") else "vera@example.net"
        with pages.at(hand, lesser, resumes=operator.identity, states=taken) as thief:
            assert thief.identity == operator.identity
    assert events.new() == []
    given, refused = pages.audited()[before:]
    assert (given.who, given.action, given.reason, given.outcome, given.id, given.role, given.peer) == (
        hand.by, hand.action, why, "ordered", event.id, needs(hand.needs), PROXY,
    )  # fmt: skip
    assert (refused.who, refused.action, refused.outcome) == (lesser, hand.action, "refused")
    assert refused.why.startswith(f"{hand.needs} needs the role {needs(hand.needs)}; yours is ")


def test_roles_are_those_of_the_start_whatever_is_sent_and_an_open_page_outlives_none_of_them(
    noc: Desk, clickhouse: ClickHouseServer, events: Log
) -> None:
    """Who lost his role orders nothing from what he has open, once the dashboard was restarted."""
    hand = next(each for each in HANDS if each.needs == "noted")
    events.new()
    with served(noc, clickhouse, HEADER.format(proxy=f"{PROXY}/32"), "roles") as (port, log):
        config = noc.hall.config.with_name("roles.toml")
        pages = Pages(port, log)
        with pages.at(hand, hand.by) as operator:
            operator.run(hand.choosing(operator))
            config.write_text(config.read_text().replace(f'operator = ["{hand.by}", "group:noc"]\n', ""))
            with session(port, hand.url, by_name("nils@example.net")) as stranger:
                stranger.drop_caches()
                stranger.run()
            operator.run(hand.pressing(operator, "as it was at the start"))
            assert [getattr(event, "note", "") for event in events.new()] == ["as it was at the start"]
            kept, open_ = hand.pressing(operator, "from an open page"), operator.identity
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SECRET_ENV, SECRET)
        anew = serving(replace(noc.hall, config=config), clickhouse.password, log)
        with anew as (_process, port), Pages(port, log).at(hand, hand.by, resumes=open_, states=kept) as operator:
            assert f"{hand.by} has no role in dashboard.access.roles" in operator.texts()
    assert events.new() == []
