"""The Pool page's orders: withdraw, restore, pin and unpin an IP."""

from collections.abc import Iterator, Sequence

import pandas as pd
import streamlit as st

from dashboards import effect, elements, heard, queries_orders, queries_pool
from dashboards.access import Deed
from dashboards.acting import of_ip
from dashboards.elements import Page
from dashboards.heard import Told
from dashboards.views import hands
from dashboards.views.hands import Draft
from schemas.observations import OperatorActed, PoolAction

_ACTIONS: tuple[PoolAction, ...] = ("withdraw", "restore", "pin", "unpin")
_CONFIRMED = {"withdraw", "restore"}


def show(shown: Page, pool: str, told: Told) -> None:
    """Show the orders about a pool's IPs to whom they are allowed."""
    ips = [each for each in told.weighed if each.pool == pool]
    if not hands.shown_to(shown):
        return
    place = f"hand.pool.{pool}"
    _follow(place, [each.ip for each in ips])
    left, middle, right = st.columns([2, 3, 2])
    with left:
        ip: str = st.selectbox("IP", [each.ip for each in ips], key=f"{place}.subject")
    with middle:
        chosen = hands.action(place, _ACTIONS)
    action = next(each for each in _ACTIONS if each == chosen)
    with right:
        lasts = "" if action == "unpin" else hands.lasts(place)
    lists = shown.read(queries_pool.matrix, hours=1)
    named = _named(ip, lists)
    would = effect.of_pool(action, ip, shown.settings.pool[pool], ips, named, told.silent)
    lines = (*would.lines, *_unsaid(shown, lists))
    draft = Draft(
        place,
        action,
        ip,
        lasts,
        ip if action in _CONFIRMED else "",
        effect.OPPOSITE[action],
        lambda: _deed(action, pool, ip),
        of_ip(action),
    )
    if would.below and action == "withdraw":
        lines = (*lines, "Only an admin may order this.")
    hands.ask(draft, lines)
    hands.last(place, "", lambda event: _answer(shown, event))


def _follow(place: str, ips: Sequence[str]) -> None:
    """Have the IP chosen that was picked in the table."""
    picked = st.query_params.get("ip", "")
    if picked in ips and st.session_state.get(f"{place}.picked") != picked:
        st.session_state[f"{place}.subject"] = picked
    st.session_state[f"{place}.picked"] = picked


def _named(ip: str, lists: pd.DataFrame | None) -> list[str]:
    if lists is None:
        return []
    return [row["list"] for row in elements.rows(lists) if row["ip"] == ip and row["answer"] == "listed"]


def _unsaid(shown: Page, lists: pd.DataFrame | None) -> Iterator[str]:
    """Give why it is not known what lists say now."""
    if lists is None:
        yield "What lists say of it could not be read."
    elif silent := heard.silent(shown, "lists"):
        yield f"What lists say of it now is not known ({silent})."


def _deed(action: PoolAction, pool: str, ip: str) -> Deed:
    """Return what an order needs to be allowed, as the pool is now; what cannot be read is taken for the worst."""
    if action != "withdraw":
        return action
    settings, warehouse = elements.opened()
    ips = [each for each in heard.at_once(settings, warehouse).weighed if each.pool == pool]
    would = effect.of_pool(action, ip, settings.pool[pool], ips, ())
    return "withdraw below min_active" if would.below else "withdraw"


def _answer(shown: Page, event: OperatorActed) -> str:
    """Return what became of an order, in words."""
    said = f"{event.operator}: {event.reason}"
    found = shown.read(queries_orders.of_pool, event.action, event.subject, said, event.at, hours=1)
    taken = shown.read(queries_orders.taken, event.pool, event.subject, event.id, hours=1)
    ignored = " Where the IP is not pinned, the pool ignores it." if event.action == "unpin" else ""
    return hands.answered(shown, found, taken, event.action, ignored)
