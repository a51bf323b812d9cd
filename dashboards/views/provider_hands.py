"""The Providers page's orders: withdraw an IP for one provider, and restore it there."""

import pandas as pd
import streamlit as st

from dashboards import effect, elements, heard, queries_orders, queries_pool
from dashboards.access import Deed
from dashboards.acting import of_ip
from dashboards.effect import Effect, Sent
from dashboards.elements import Page
from dashboards.views import hands
from dashboards.views.hands import Draft
from schemas.observations import OperatorActed, PoolAction

_ACTIONS: tuple[PoolAction, ...] = ("withdraw", "restore")
_PLACE = "hand.provider"


def show(shown: Page, pairs: pd.DataFrame) -> None:
    """Show the orders about what an IP of the `pairs` sends to a provider to whom they are allowed."""
    owners = {ip: name for name, pool in shown.settings.pool.items() for ip in pool.ips}
    providers = sorted(set(pairs["provider"]) - {""})
    if not owners or not providers or not hands.shown_to(shown):
        return
    _follow(list(owners), providers)
    left, middle, right, last = st.columns([2, 2, 2, 2])
    with left:
        ip: str = st.selectbox("IP", list(owners), key=f"{_PLACE}.subject")
    with middle:
        provider: str = st.selectbox("Provider", providers, key=f"{_PLACE}.provider")
    with right:
        chosen = hands.action(_PLACE, _ACTIONS)
    action = next(each for each in _ACTIONS if each == chosen)
    with last:
        lasts = hands.lasts(_PLACE)
    draft = Draft(
        _PLACE,
        action,
        ip,
        lasts,
        f"{ip} {provider}" if action == "withdraw" else "",
        effect.OPPOSITE[action],
        lambda: _deed(action, owners[ip], ip, provider),
        of_ip(action, provider),
        name=f"{ip} for {provider}",
        chosen={"provider": provider},
        more=provider,
    )
    would = _would(shown, action, owners[ip], ip, provider, pairs)
    guarded = would.below and action == "withdraw"
    hands.ask(draft, (*would.lines, "Only an admin may order this.") if guarded else would.lines)
    hands.last(_PLACE, "", lambda event: _answer(shown, event))


def _follow(ips: list[str], providers: list[str]) -> None:
    """Have the pair chosen that was picked in the table."""
    picked = st.query_params.get("pair", "")
    ip, _, provider = picked.partition(" ")
    if ip in ips and provider in providers and st.session_state.get(f"{_PLACE}.picked") != picked:
        st.session_state[f"{_PLACE}.subject"], st.session_state[f"{_PLACE}.provider"] = ip, provider
    st.session_state[f"{_PLACE}.picked"] = picked


def _would(  # noqa: PLR0913, PLR0917 what an order meets has that many parts
    shown: Page, action: PoolAction, pool: str, ip: str, provider: str, pairs: pd.DataFrame
) -> Effect:
    told = heard.standings(shown)
    ips = [each for each in told.weighed if each.pool == pool]
    found = shown.read(queries_pool.barred, hours=1)
    if found is None:
        return Effect(("Who is barred where could not be read: what this would do is not known.",), below=True)
    barred = _barred(found, pool, provider)
    there = pairs[(pairs["provider"] == provider) & pairs["ip"].isin([each.ip for each in ips])]
    sent = Sent({row["ip"]: int(row["messages"]) for row in elements.rows(there)}, shown.hours)
    return effect.of_provider(action, ip, provider, shown.settings.pool[pool], ips, barred, sent, told.silent)


def _barred(found: pd.DataFrame, pool: str, provider: str) -> set[str]:
    """Return the IPs of a pool that send nothing to a provider."""
    return {row["ip"] for row in elements.rows(found) if row["pool"] == pool and provider in row["providers"]}


def _deed(action: PoolAction, pool: str, ip: str, provider: str) -> Deed:
    """Return what an order needs to be allowed, as it is now; what cannot be read is taken for the worst."""
    if action != "withdraw":
        return action
    settings, warehouse = elements.opened()
    told, found = heard.at_once(settings, warehouse), warehouse.read(queries_pool.barred, 1)
    if found.error or found.frame is None:
        return "withdraw below min_active"
    ips = [each for each in told.weighed if each.pool == pool]
    barred = _barred(found.frame, pool, provider)
    would = effect.of_provider(action, ip, provider, settings.pool[pool], ips, barred, Sent({}, 1))
    return "withdraw below min_active" if would.below else "withdraw"


def _answer(shown: Page, event: OperatorActed) -> str:
    """Return what became of an order, in words."""
    said = f"{event.operator}: {event.reason}"
    values = (event.action, event.subject, event.provider, said, event.at)
    found = shown.read(queries_orders.of_provider, *values, hours=1)
    taken = shown.read(queries_orders.taken_there, event.pool, event.subject, event.provider, event.id, hours=1)
    return hands.answered(shown, found, taken, event.action)
