"""Pool: the state of each relay IP, what each list says of it, what was decided and why, and the traffic of each."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from dashboards import (
    badges,
    elements,
    folds,
    heard,
    queries,
    queries_decisions,
    queries_delisting,
    queries_life,
    queries_pool,
    words,
)
from dashboards.elements import Page
from dashboards.heard import Told
from dashboards.palette import BADGES, STATES
from dashboards.pools import Standing
from dashboards.views import delisting, own_side, pool_hands, pool_life, pool_lists, pool_traffic

_WEEK = 168
_TOLD = 5
_PARTS = ("IPs", "Lists", "Traffic")


@elements.live
def page() -> None:
    """Show the page."""
    shown = Page(elements.header("Pool"))
    if not shown.settings.pool:
        elements.nothing("The configuration has no pool.")
        return
    names = list(shown.settings.pool)
    name = names[0]
    if len(names) > 1:
        ip = st.query_params.get("ip", "")
        owner = next((each for each, pool in shown.settings.pool.items() if ip in pool.ips), "")
        name = elements.choice("pool", "Pool", names, name, owner)  # a link may name an IP alone
        if owner not in {"", name}:
            elements.keep("ip", "")
    told = heard.standings(shown)
    part = elements.choice("part", "What of the pool", list(_PARTS), _PARTS[0])
    _ahead(shown, name, part)
    everyone = told.now
    ips = [ip for ip in everyone if ip.pool == name]
    _standing(replace(told, now=ips))
    if part == "IPs":
        _ips(shown, name, told, ips)
    elif part == "Lists":
        pool_lists.show(shown, [ip.ip for ip in ips])
        own_side.identities(shown, [ip.ip for ip in ips])
        own_side.domains(shown)
    else:
        pool_traffic.show(shown, name, ips, {ip.ip for ip in everyone} - {ip.ip for ip in ips})
    shown.close()


def _ips(shown: Page, name: str, told: Told, ips: list[Standing]) -> None:
    _states(shown, replace(told, now=ips))
    _history(shown, name)
    pool_hands.show(shown, name, told)
    chosen = next((ip for ip in ips if ip.ip == st.query_params.get("ip", "")), None)
    if chosen is not None:
        pool_life.show(shown, chosen)
    _hooks(shown, name)
    delisting.brief(shown, name)


def _ahead(shown: Page, pool: str, part: str) -> None:
    """Ask beside what this part of the page reads, in its order."""
    if part == "Lists":
        shown.ahead(queries_pool.matrix, hours=1)
        shown.ahead(queries_pool.health, hours=1)
        return
    shown.ahead(queries_pool.traffic, every=shown.every)
    shown.ahead(queries_pool.complaints)
    if part == "IPs":
        shown.ahead(queries_pool.barred, hours=1)
        shown.ahead(queries_decisions.of_pool, pool, st.query_params.get("ip", ""), hours=_WEEK)
        shown.ahead(queries_pool.hooks, hours=1)
        shown.ahead(queries_delisting.delistings, hours=1)
    else:
        shown.ahead(queries.volume, "", every=shown.every)
        shown.ahead(queries_life.moves, pool)
        shown.ahead(queries_pool.unattributed)


def _standing(told: Told) -> None:
    """Show how many of the pool's IPs are in which state, above each part."""
    standing: Counter[str] = Counter(ip.state for ip in told.now)
    badges.show(
        (f"{shape[0]} {words.count(standing[state])} {shape[2:]}", BADGES[state])
        for state, shape in STATES.items()
        if standing[state]
    )
    if told.notice:
        st.caption(told.notice)


def _states(shown: Page, told: Told) -> None:
    ips = told.now
    st.subheader("Relay IPs", anchor=False)
    traffic = shown.read(queries_pool.traffic, every=shown.every)
    sums, said, barred = _sums(traffic), pool_traffic.complaints(shown), _barred(shown)
    none = "?" if told.silent or barred is None else ""
    rows = []
    for ip in ips:
        aged = "not of now" if told.silent and ip.state != "unknown" else ""
        attempts, bounced = sums.get(ip.ip, (None, None))
        rows.append(
            {
                "ip": ip.ip,
                "state": STATES[ip.state],
                "share": f"{ip.share:.0%}" if ip.state != "unknown" else "?",
                "since": words.clock(ip.since, shown.now) if ip.since is not None else "",
                "until": words.clock(ip.until, shown.now) if ip.until is not None and ip.state != "active" else "",
                "relapse": ip.relapse or None,
                "attempts": words.count(attempts) if attempts is not None else "no data",
                "bounced": words.percent(bounced or 0, attempts or 0),
                "complaints": words.complaints(*said.get(ip.ip, (0, 0))) if said is not None else "no data",
                "not_to": (barred or {}).get((ip.pool, ip.ip), none),
                "why": "; ".join(filter(None, (aged, ip.note, ip.why))),
            }
        )
    picked = elements.picked(pd.DataFrame(rows), "ips", _state_columns(), "ip", ("state",))
    if picked is not None:
        st.query_params["ip"] = picked
        st.rerun(scope="fragment")


def _state_columns() -> dict[str, Any]:
    return {
        "ip": elements.text("IP", 100, pinned=True),
        "state": elements.text("state", 150),
        "share": elements.text("share", 55),
        "since": elements.text("since, UTC", 90),
        "until": elements.text("until, UTC", 90),
        "relapse": st.column_config.NumberColumn("relapses", format="%d", width=65),
        "attempts": elements.text("attempts", 75),
        "bounced": elements.text("bounced", 70),
        "complaints": elements.text("complaints", 125, help=pool_traffic.NO_VOTE),
        "not_to": elements.text("not to", 80, help="Providers to which it sends nothing for a while"),
        "why": elements.text("note and evidence", 330),
    }


def _barred(shown: Page) -> dict[tuple[str, str], str] | None:
    found = shown.read(queries_pool.barred, hours=1)
    if found is None:
        return None
    return {(row["pool"], row["ip"]): ", ".join(row["providers"]) for row in elements.rows(found)}


def _sums(traffic: pd.DataFrame | None) -> dict[str, tuple[int | None, int | None]]:
    """Return attempts and bounces of each IP that had any."""
    if traffic is None or traffic.empty:
        return {}
    summed = traffic.groupby("ip", as_index=False)[["attempts", "bounced"]].sum()
    return {row["ip"]: (int(row["attempts"]), int(row["bounced"])) for row in elements.rows(summed)}


def _history(shown: Page, pool: str) -> None:
    chosen = st.query_params.get("ip", "")
    st.subheader(f"Decisions about {words.inert(chosen)}" if chosen else "Decisions", anchor=False)
    history = shown.read(queries_decisions.of_pool, pool, chosen, hours=_WEEK)
    none = "Nothing was decided within seven days."
    if heard.missing(shown, history, none, "worker") or history is None:
        return
    rows = elements.rows(history)
    for row in [row for row in rows if row["type"] != "hook_failed"][:_TOLD]:
        with st.container(border=True, gap="xsmall"):
            elements.said(row["time"], words.decision(row, shown.now), shown.now, row["id"])
            reasons = [each for each in (row["reason"], *row["reasons"]) if each]
            if row["culprits"]:
                reasons.append(f"Sent through it before: {words.culprits(row['culprits'])}")
            if reasons:
                st.text("\n".join(f"· {each}" for each in reasons))
    told = pd.DataFrame(
        {
            "time": history["time"],
            "what": [words.decision(row, shown.now) for row in rows],
            "why": [words.why(row) for row in rows],
            "culprits": [words.culprits(row["culprits"]) for row in rows],
            "id": history["id"],
        }
    )
    told.attrs = history.attrs
    columns = {
        "time": elements.when("UTC"),
        "what": elements.text("what", "large"),
        "why": elements.text("why", "large"),
        "culprits": elements.text("sent before", "large"),
    }
    label = f"All {len(rows)} decisions of seven days as a table"
    if identity := folds.picked(label, told, "history", columns, "id", ("what",)):
        elements.go("time_travel", decision=identity)


def _hooks(shown: Page, pool: str) -> None:
    st.subheader("Hooks", anchor=False)
    hooks = shown.read(queries_pool.hooks, hours=1)
    if hooks is not None:
        hooks = hooks[hooks["pool"] == pool]
    none = "No hook told an MTA anything within seven days."
    if heard.missing(shown, hooks, none, "worker") or hooks is None:
        return
    told = hooks.assign(
        took_ms=hooks["took_ms"].where(hooks["type"] == "hook_applied"),  # of a failure nobody took the time
        state=[
            "● applied" if kind == "hook_applied" else f"■ failed, attempt {attempt}"
            for kind, attempt in zip(hooks["type"], hooks["attempt"], strict=True)
        ],
    )
    columns = {
        "state": elements.text("state"),
        "hook": elements.text("hook"),
        "host": elements.text("relay host"),
        "time": elements.when("UTC"),
        "took_ms": st.column_config.NumberColumn("took", format="%d ms", width="small"),
        "reason": elements.text("reason", "large"),
    }
    elements.table(told, "hooks", columns, ("state",))
