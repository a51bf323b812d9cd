"""Orders about a list: distrust it, trust it, or leave it to its tests."""

import streamlit as st

from dashboards import effect, elements, queries_list_orders, queries_pool
from dashboards.acting import Made, Wish
from dashboards.effect import OfList
from dashboards.elements import Page
from dashboards.views import hands
from dashboards.views.hands import Draft
from schemas.events import Event
from schemas.list_orders import list_order
from schemas.observations import ListAction, ListOrdered
from schemas.settings import Settings

_PLACE = "hand.list"
_ACTIONS: tuple[ListAction, ...] = ("distrust", "trust", "leave")
_ALL = "all pools"


def show(shown: Page, list_name: str) -> None:
    """Show the orders about a list to whom they are allowed; none about one that is not asked by the configuration."""
    asked = {*shown.settings.dnsbl.lists, *shown.settings.dnsbl.own}
    pools = list(shown.settings.pool)
    if list_name not in asked or not pools or not hands.shown_to(shown):
        return
    left, middle, right = st.columns([3, 2, 2])
    with left:
        chosen = hands.action(_PLACE, _ACTIONS)
    action = next(each for each in _ACTIONS if each == chosen)
    pool = ""
    with middle:
        if len(pools) > 1:
            which: str = st.selectbox("In", [_ALL, *pools], key=f"{_PLACE}.pool")
            pool = "" if which == _ALL else which
    with right:
        lasts = "" if action == "leave" else hands.lasts(_PLACE)
    draft = Draft(
        _PLACE,
        action,
        list_name,
        lasts,
        "" if action == "leave" else list_name,
        _back(shown, action, list_name, [pool] if pool else pools),
        lambda: action,
        _made(action, pool),
        chosen={"pool": pool or _ALL} if len(pools) > 1 else {},
        more=pool,
    )
    hands.ask(draft, _would(shown, action, list_name, [pool] if pool else pools))
    hands.last(_PLACE, list_name, lambda event: _answer(shown, event))


def _back(shown: Page, action: ListAction, name: str, pools: list[str]) -> str:
    """Return the order that brings back what is in force now; "" if it is the same, pools differ, or nobody knows."""
    found = shown.read(queries_list_orders.in_force, name, hours=1)
    if found is None:
        return ""
    holds = dict(zip(found["pool"], found["action"], strict=True))
    (before, *others) = {holds.get(pool, "leave") for pool in pools}
    return "" if others or before == action else str(before)


def _made(action: ListAction, pool: str) -> Made:
    def made(settings: Settings, wish: Wish, operator: str) -> Event:
        return list_order(settings, action, wish.subject, wish.reason, pool=pool, lasts=wish.lasts, operator=operator)

    return made


def _would(shown: Page, action: ListAction, name: str, pools: list[str]) -> tuple[str, ...]:
    answers = shown.read(queries_pool.matrix, hours=1)
    health = shown.read(queries_pool.health, hours=1)
    rests = shown.read(queries_list_orders.rests, name, hours=1)
    if answers is None or health is None or rests is None:
        return ("What rests on it could not be read: what this would do is not known.",)
    ours = {ip for pool in pools for ip in shown.settings.pool[pool].ips}
    naming = [row for row in elements.rows(answers) if row["list"] == name and row["answer"] == "listed"]
    out = [row for row in elements.rows(rests) if row["pool"] in pools]
    known = OfList(
        names=tuple(row["ip"] for row in naming if row["ip"] in ours),
        alone=tuple(row["ip"] for row in out if list(row["lists"]) == [name]),
        others=tuple(row["ip"] for row in out if list(row["lists"]) != [name]),
        weight=max((float(row["weight"]) for row in naming), default=0.0),
        fault=next((row["reason"] for row in elements.rows(health) if row["list"] == name and not row["healthy"]), ""),
    )
    return effect.of_list(action, known, min(shown.settings.pool[pool].threshold for pool in pools))


def _answer(shown: Page, event: ListOrdered) -> str:
    """Return what became of an order, in words."""
    said = f"{event.operator}: {event.reason}"
    found = shown.read(queries_list_orders.answer, event.pool, event.list, said, event.at, hours=1)
    taken = shown.read(queries_list_orders.taken, event.pool, event.list, event.id, hours=1)
    if found is None or taken is None:
        return "? What became of it could not be read yet."
    told = {row["pool"]: row["type"] == "list_trusted" for row in elements.rows(found)}
    if told:
        words = ("has its vote again" if has else "has no vote" for has in told.values())
        return "; ".join(f"● pool {pool}: {event.list} {word}" for pool, word in zip(told, words, strict=True))
    return hands.held(taken, event.action)
