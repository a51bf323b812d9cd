"""One list of the page Lists: its history, how fast it answered, whom it named and when, what its codes mean."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import charts_lists, elements, heard, listbook, offers, queries_lists, words
from dashboards.elements import Page
from dashboards.palette import ANSWERS
from schemas.observations import ANSWER_MS


def show(shown: Page, name: str) -> None:
    """Show all that is known of a list."""
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.code(name, language=None, wrap_lines=True)
        if st.button("Close", icon=":material/close:", key="close"):
            del st.query_params["list"]
            st.rerun(scope="fragment")
        if st.button("Delistings", icon=":material/arrow_forward:", key="to-delisting"):
            elements.go("delisting")
    history = shown.read(queries_lists.history, name, every=shown.every)
    turns = shown.read(queries_lists.turns, name, every=shown.every)
    left, right = st.columns(2, gap="large")
    with left:
        _history(shown, history, turns)
    with right:
        _latency(shown, history)
    _listings(shown, name)
    _codes(shown, name)
    _turns(shown, turns)


def _history(shown: Page, history: pd.DataFrame | None, turns: pd.DataFrame | None) -> None:
    st.subheader("History", anchor=False)
    if elements.missing(history, "No data: this list was not asked.") or history is None:
        return
    lanes = [listbook.spells(history, shown.span)]
    lanes += [] if turns is None or turns.empty else [listbook.distrust(turns, shown.span)]
    told = pd.concat([lane for lane in lanes if not lane.empty])
    drawn = charts_lists.strip(told, shown.span)
    elements.chart(
        drawn,
        offers.made(told, history, turns),
        "list-history",
        "When the list was healthy, sick, distrusted or not asked",
    )
    st.caption("The taller, the worse. A thin line: nobody knows, the list was not asked. UTC.")


def _latency(shown: Page, history: pd.DataFrame | None) -> None:
    st.subheader("How fast it answers", anchor=False)
    cells = _cells(history, shown)
    if history is None:
        elements.unread()
    elif cells.empty:
        elements.nothing("No data: no answer was timed in this time.")
    else:
        drawn = charts_lists.latency(cells, shown.span)
        elements.chart(drawn, cells, "list-latency", "How many of the answers took how long, by round")
        asked, silence = int(history["asked"].sum()), int(history["silence"].sum())
        failures = int(history["failures"].sum())
        st.caption(
            f"Each column is a round; the stronger, the more of its answers. {words.count(asked)} questions, "
            f"{words.count(silence)} without a reply in time, {words.count(failures)} with one that is no answer."
        )


def _cells(history: pd.DataFrame | None, shown: Page) -> pd.DataFrame:
    labels = [*(f"≤ {limit:g} ms" for limit in ANSWER_MS), f"> {ANSWER_MS[-1]:g} ms"]
    rows: list[dict[str, Any]] = []
    wide = shown.span.bucket_seconds * 1_000_000
    for row in [] if history is None else elements.rows(history[history["at"] > shown.span.since]):
        start, whole = pd.Timestamp(row["at"], unit="us", tz="UTC"), sum(row["times"])
        rows += [
            {
                "start": start,
                "end": start + pd.Timedelta(microseconds=wide),
                "when": f"{start:%d %b %H:%M:%S} UTC",
                "within": label,
                "answers": number,
                "share": number / whole,
            }
            for label, number in zip(labels, row["times"], strict=False)
            if number
        ]
    return pd.DataFrame(rows)


def _listings(shown: Page, name: str) -> None:
    st.subheader("What it names of ours", anchor=False)
    found = shown.read(queries_lists.listings, name, every=shown.every)
    none = "It named nothing of ours within seven days, as far as it answered."
    if heard.missing(shown, found, none, "lists") or found is None:
        return
    told = pd.DataFrame(
        {
            "state": ["● ended" if not pd.isna(until) else "■ names it" for until in found["until"]],
            "subject": found["subject"],
            "began": found["began"],
            "begin": ["" if seen else "or earlier" for seen in found["seen_begin"]],
            "until": found["until"],
            "named": found["named"],
            "codes": found["codes"].map(", ".join),
            "reason": found["reason"],
        }
    )
    columns = {
        "state": elements.text("state", 100),
        "subject": elements.text("IP or domain", 180),
        "began": elements.when("from (UTC)"),
        "begin": elements.text("", 80),
        "until": elements.when("until (UTC)"),
        "named": elements.when("last named"),
        "codes": elements.text("codes", 110),
        "reason": elements.text("reason of the list", "large"),
    }
    elements.table(offers.made(told, found), "list-listings", columns, ("state",))
    st.caption("By its own answers, whether it had a vote or not. Unknown answers neither begin a listing nor end one.")


def _codes(shown: Page, name: str) -> None:
    st.subheader("What it answered", anchor=False)
    found = shown.read(queries_lists.codes, name, every=shown.every)
    none = 'Nothing but "not listed" in this time, or it was not asked: see its history.'
    if elements.missing(found, none) or found is None:
        return
    told = found.assign(answer=found["answer"].map(ANSWERS), codes=found["codes"].map(", ".join))
    columns = {
        "answer": elements.text("answer", 100),
        "codes": elements.text("codes", 110),
        "newest": elements.text("what it means, and the newest text", 460),
        "subjects": st.column_config.NumberColumn("IPs or domains", format="localized", width=110),
        "times": st.column_config.NumberColumn("answers", format="localized", width=80),
        "last": elements.when("last (UTC)"),
    }
    elements.table(told, "list-codes", columns, ("answer",))
    listed = found[found["answer"] == "listed"]
    for removal in dict.fromkeys(each for each in listed["way"] if each):
        st.text(f"Removal: {removal}")
    lasts = {(row["stays"], row["hours"]) for row in elements.rows(listed) if row["stays"] or row["hours"]}
    for text, hours in sorted(lasts):
        st.text(f"Ends by itself: {text or f'{hours} h after the last hit'}")


def _turns(shown: Page, turns: pd.DataFrame | None) -> None:
    st.subheader("Whether it is believed", anchor=False)
    if heard.missing(shown, turns, "No pool ever took its vote.", "worker") or turns is None:
        return
    for row in elements.rows(turns.sort_values("at", ascending=False)[:8]):
        time = pd.Timestamp(row["at"], unit="us", tz="UTC")
        verb = "■ pool {} took its vote" if row["lost"] else "● pool {} gave its vote back"
        elements.said(time, f"{verb.format(row['pool'])}: {row['why']}", shown.now, row["id"])
