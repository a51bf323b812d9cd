"""Delisting: what lists name now and what was done about it, and how long each list takes to let go."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import elements, queries_delisting, words
from dashboards.elements import Page

_STATES = {
    "open": "■ open",
    "requested": "◆ requested",
    "delisted": "● delisted",
    "expired": "● expired",
    "given_up": "▲ given up",
    "not_ours": "○ not ours",
}
_NOTES = {
    "joined": "▲ a further IP",
    "withdrawn": "◆ withdrawn",
    "stopped": "● sends no more",
    "drifted": "■ still sends",
    "stays": "■ stays in the pool",
    "returned": "◆ back in the pool",
    "culprit": "◆ a culprit",
}


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
    if elements.missing(found, "No list that is believed names an IP or a domain of ours.") or found is None:
        return
    told = found.assign(
        state=found["state"].map(_STATES),
        took=[words.age(each) if each else "" for each in found["seconds"]],
        relapse=found["relapse"].replace(0, None),
    )
    columns = {
        "state": elements.text("state", 120),
        "subject": elements.text("IP, network or domain", pinned=True),
        "list": elements.text("list"),
        "since": elements.when("listed since (UTC)"),
        "relapse": st.column_config.NumberColumn("relapse", format="%d", width=70),
        "requests": st.column_config.NumberColumn("requests", format="%d", width=80),
        "took": elements.text("took", 80),
        "removal": elements.text("removal", "large"),
    }
    case = elements.picked(told, "delistings", columns, "case", ("state",))
    if case is not None:
        st.query_params["delisting"] = case
        st.rerun(scope="fragment")


def _one(shown: Page, case: str) -> None:
    if st.button("Close the delisting's story", icon=":material/close:", key="close.delisting"):
        del st.query_params["delisting"]
        st.rerun(scope="fragment")
    happened = shown.read(queries_delisting.happened, case)
    if elements.missing(happened, "There is no such delisting.") or happened is None:
        return
    st.caption("Whether to ask now, and the text for the list's form:")
    st.code(f"relaywarden delisting show {''.join(filter(str.isalnum, case))}", language=None)
    for row in elements.rows(happened):
        with st.container(border=True, gap="xsmall"):
            elements.said(row["time"], _sentence(row), shown.now)
            for reason in row["reasons"]:
                st.text(f"· {reason}")
            if row["removal"]:
                st.text(f"· removal: {row['removal']}")


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
    elements.table(pd.DataFrame(rows), "times", columns)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    ended = row["delisted"] + row["expired"]
    return row | {
        "took": f"{words.age(row['took'])} of {ended}" if ended else "no data",
        "longer": f"{words.age(row['longer'])} of {row['again']}" if row["again"] else "no data",
        "waited": f"{words.age(row['waited'])} of {row['asked']}" if row["asked"] else "no data",
        "says": f"{row['hours']} h" if row["hours"] else "",
    }
