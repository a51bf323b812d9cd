"""Delisting: what lists name now and what was done about it, and how long each list takes to let go."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import counted, elements, heard, offers, queries_delisting, tally, words
from dashboards.elements import Page
from dashboards.views import delisting_hands

_STATES = {
    "open": "■ open",
    "requested": "◆ requested",
    "delisted": "● delisted",
    "expired": "● expired",
    "given_up": "▲ given up",
    "not_ours": "○ not ours",
}
_OPEN = ("open", "requested")
_TOLD = 4
_NOTES = {
    "joined": "▲ a further IP",
    "withdrawn": "◆ withdrawn",
    "stopped": "● sends no more",
    "drifted": "■ still sends",
    "stays": "■ stays in the pool",
    "returned": "◆ back in the pool",
    "culprit": "◆ a culprit",
}


def open_ones(shown: Page, pool: str = "") -> pd.DataFrame | None:
    """Return the open delistings, the newest first: all, or those of one pool and of domains."""
    found = shown.read(queries_delisting.delistings, hours=1)
    if found is None:
        return None
    here = found["pool"].isin([pool, ""]) if pool else True
    return found[found["state"].isin(_OPEN) & here]


def brief(shown: Page, pool: str) -> None:
    """Show the way to each of a pool's newest open delistings, and to all where there are more."""
    found, every = open_ones(shown, pool), open_ones(shown)
    if found is None or found.empty or every is None:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for row in elements.rows(found[:_TOLD]):
            said = f"{row['list']} lists {row['subject']}" + (", removal asked for" if row["requests"] else "")
            label = f"{_STATES[row['state']][0]} {words.inert(said)}"
            if st.button(label, icon=":material/arrow_forward:", key=f"delisting.{row['case']}"):
                elements.go("delisting", delisting=row["case"])
        number = words.count(len(found)) + (" or more" if counted.cut(every, len(every)) else "")
        if len(found) > _TOLD and st.button(f"All {number} delistings", key="delistings.all"):
            elements.go("delisting")


@elements.live
def page() -> None:
    """Show the page."""
    shown = Page(elements.header("Delisting"))
    _delistings(shown)
    if "delisting" in st.query_params:
        _one(shown, st.query_params["delisting"])
    _times(shown)
    shown.close()


def _delistings(shown: Page) -> None:
    found = shown.read(queries_delisting.delistings)
    none = "No list that is believed names an IP or a domain of ours."
    if heard.missing(shown, found, none, "lists", "worker") or found is None:
        return
    told = found.drop(columns="states").assign(
        state=found["state"].map(_STATES),
        lasted=[_lasted(row, shown.now) for row in elements.rows(found)],
        relapse=found["relapse"].replace(0, None),
        removal=found["removal"].replace("", "not known"),
    )
    columns = {
        "state": elements.text("state", 120),
        "subject": elements.text("IP, network or domain", pinned=True),
        "list": elements.text("list"),
        "since": elements.when("listed since (UTC)"),
        "relapse": st.column_config.NumberColumn("relapse", format="%d", width=70),
        "requests": st.column_config.NumberColumn("requests", format="%d", width=80),
        "lasted": elements.text("lasted", 100),
        "removal": elements.text("removal is asked for at", "large"),
    }
    states = elements.rows(found)[0]["states"]
    tally.show({_STATES[state]: number for state, number in states.items()}, "delistings")
    case = elements.picked(told, "delistings", columns, "case", ("state",))
    if case is not None:
        st.query_params["delisting"] = case
        st.rerun(scope="fragment")
    total = int(found["total"].max())
    first = f"The first {words.count(len(found))} of {words.count(total)}. " if total > len(found) else ""
    st.caption(f"{first}What is open, and what ended within the range. Pick one to see what happened, and what to do.")


def _lasted(row: dict[str, Any], now: pd.Timestamp) -> str:
    if row["state"] in _OPEN:
        return f"{words.age((now - row['since']).total_seconds())} so far"
    return words.age(row["seconds"]) if row["seconds"] else ""


def _one(shown: Page, case: str) -> None:
    happened = shown.read(queries_delisting.happened, case)
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if happened is not None and not happened.empty:
            newest = elements.rows(happened)[0]
            st.subheader(words.inert(f"{newest['subject']} on {newest['list']}"), anchor=False, width="content")
            _to_the_pool(shown, newest["subject"])
        if st.button("Close", icon=":material/close:", key="close.delisting"):
            del st.query_params["delisting"]
            st.rerun(scope="fragment")
    if elements.missing(happened, "There is no such delisting.") or happened is None:
        return
    for row in elements.rows(happened):
        with st.container(border=True, gap="xsmall"):
            elements.said(row["time"], _sentence(row) + (" (taken back)" if row["void"] else ""), shown.now)
            for reason in row["reasons"]:
                st.text(f"· {reason}")
            if row["removal"]:
                st.text(f"· removal: {row['removal']}")
    st.caption("Whether to ask now, and the text for the list's form:")
    st.code(f"relaywarden delisting show {''.join(filter(str.isalnum, case))}", language=None)
    delisting_hands.show(shown, case, elements.rows(happened))


def _to_the_pool(shown: Page, subject: str) -> None:
    """Show the way to what was decided about an IP, if it is one of a pool's."""
    for name, pool in shown.settings.pool.items():
        if subject in pool.ips and st.button(f"{subject} in the pool", icon=":material/arrow_forward:", key="to.pool"):
            elements.go("pool", ip=subject, **({"pool": name} if len(shown.settings.pool) > 1 else {}))


def _sentence(row: dict[str, Any]) -> str:
    match row["type"]:
        case "delisting_opened":
            relapse = f", relapse {row['relapse']}" if row["relapse"] else ""
            return f"■ {row['list']} lists {row['subject']}{relapse}"
        case "delisting_requested":
            said = ", ".join(filter(None, (row["how"], row["reference"], row["note"])))
            return f"◆ {row['operator']} asked for removal" + (f": {said}" if said else "")
        case "delisting_closed":
            by = f", by {row['operator']}" if row["operator"] else ""
            note = f": {row['note']}" if row["note"] else ""
            return f"{_STATES[row['outcome']]}{by}, {words.age(row['seconds'])} after the listing began{note}"
        case "delisting_taken_back":
            return f"◆ {row['operator']} took back what was {row['what']}: {row['note']}"
    return f"◆ noted by {row['operator']}" if row["operator"] else _NOTES.get(row["kind"], f"◆ {row['kind']}")


def _times(shown: Page) -> None:
    st.subheader("Times to delist", anchor=False)
    found = shown.read(queries_delisting.times, hours=1, every=shown.every)
    if elements.missing(found, "No data: there was no delisting yet.") or found is None:
        return
    rows = [_row(row) for row in elements.rows(found)]
    columns = {
        "list": elements.text("list", pinned=True),
        "opened": st.column_config.NumberColumn("listings", format="%d", width=80),
        "relapses": st.column_config.NumberColumn("relapses", format="%d", width=80),
        "delisted": st.column_config.NumberColumn("delisted", format="%d", width=80),
        "expired": st.column_config.NumberColumn("expired", format="%d", width=80),
        "given_up": st.column_config.NumberColumn("given up", format="%d", width=80),
        "took": elements.text("median, to the end", 140),
        "longer": elements.text("of relapses", 100),
        "waited": elements.text("median, from the request", 170),
        "says": elements.text("its operator says", 130),
    }
    elements.table(offers.made(pd.DataFrame(rows), found), "times", columns)
    st.caption("Of all time. Behind each median: of how many listings it is.")


def _row(row: dict[str, Any]) -> dict[str, Any]:
    ended = row["delisted"] + row["expired"]
    return row | {
        "took": f"{words.age(row['took'])} of {ended}" if ended else "no data",
        "longer": f"{words.age(row['longer'])} of {row['again']}" if row["again"] else "no data",
        "waited": f"{words.age(row['waited'])} of {row['asked']}" if row["asked"] else "no data",
        "says": f"{row['hours']} h" if row["hours"] else "",
    }
