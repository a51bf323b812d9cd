"""The Pool page's orders: withdraw, restore, pin and unpin an IP."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboards import effect, elements, pools, queries_orders, queries_pool
from dashboards.access import Deed
from dashboards.acting import of_ip
from dashboards.elements import Page
from dashboards.pools import Standing
from dashboards.views import hands
from dashboards.views.hands import Draft
from schemas.observations import OperatorActed, PoolAction

_ACTIONS: tuple[PoolAction, ...] = ("withdraw", "restore", "pin", "unpin")
_CONFIRMED = {"withdraw", "restore"}


def show(shown: Page, pool: str, ips: Sequence[Standing]) -> None:
    """Show the orders about a pool's IPs to whom they are allowed."""
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
    would = effect.of_pool(action, ip, shown.settings.pool[pool], ips, named)
    lines = would.lines if lists is not None else (*would.lines, "What lists say of it could not be read.")
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


def _deed(action: PoolAction, pool: str, ip: str) -> Deed:
    """Return what an order needs to be allowed, as the pool is now; what cannot be read is taken for the worst."""
    if action != "withdraw":
        return action
    settings, warehouse = elements.opened()
    reading = warehouse.read(queries_pool.states, 1)
    states = None if reading.error else reading.frame
    ips = [each for each in pools.standings(settings.pool, states) if each.pool == pool]
    would = effect.of_pool(action, ip, settings.pool[pool], ips, ())
    return "withdraw below min_active" if would.below else "withdraw"


def _answer(shown: Page, event: OperatorActed) -> str:
    """Return what became of an order, in words."""
    said = f"{event.operator}: {event.reason}"
    found = shown.read(queries_orders.of_pool, event.action, event.subject, said, event.at, hours=1)
    taken = shown.read(queries_orders.taken, event.pool, event.subject, event.id, hours=1)
    ignored = " Where the IP is not pinned, the pool ignores it." if event.action == "unpin" else ""
    return hands.answered(shown, found, taken, event.action, ignored)
