"""Of the Pipeline page: what could not be read, by kind and one by one, each line literally."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import elements, heard, queries_letters, words
from dashboards.elements import Page
from dashboards.views import pipeline_retry

_STATES = {
    "recovered": "● recovered",
    "unread": "■ still unread",
    "nothing": "○ nothing in it",
    "gone": "? no longer there",
    "": "▲ unread",
}


def show(shown: Page) -> None:
    """Show the section."""
    st.subheader("Dead letters", anchor="dead-letters")
    search = elements.search("Search in reason, line, log or place").strip()
    _groups(shown)
    name, kind = st.query_params.get("log", ""), st.query_params.get("kind", "")
    _listed(shown, name, kind, search)
    if letter := st.query_params.get("letter", ""):
        _one(shown, letter)
    elif name or kind or search:
        pipeline_retry.of_group(shown, name, kind, search)
    pipeline_retry.asked(shown)


def _groups(shown: Page) -> None:
    found = shown.read(queries_letters.groups, every=shown.every)
    none = "Nothing could not be read within the range: each line was an event, or nothing we want."
    if heard.missing(shown, found, none, "logs") or found is None:
        return
    told = found.assign(
        group=[f"{row['name']}\0{row['kind']}" for row in elements.rows(found)],
        state=["● all recovered" if row["letters"] == row["recovered"] else "▲ unread" for row in elements.rows(found)],
    )
    columns = {
        "state": elements.text("state", 130),
        "kind": elements.text("reason", "large", pinned=True),
        "letters": st.column_config.NumberColumn("letters", format="%d", width=80),
        "recovered": st.column_config.NumberColumn("recovered", format="%d", width=90),
        "name": elements.text("log"),
        "format": elements.text("format"),
        "newest": elements.when("newest (UTC)"),
        "sample": elements.text("a sample", "large"),
    }
    group = elements.picked(told, "groups", columns, "group", ("state",))
    if group is not None:
        name, _, kind = group.partition("\0")
        elements.keep("log", name)
        elements.keep("kind", kind)
        elements.keep("letter", "")
        st.rerun(scope="fragment")
    st.caption(
        "Grouped by log and reason; what stands in quotes, and numbers, is left out. Pick a group to see its lines."
    )


def _listed(shown: Page, name: str, kind: str, search: str) -> None:
    if name or kind:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.text(f"Only {name}: {kind}" if name else f"Only {kind}", width="content")
            if st.button("All groups", icon=":material/close:", key="letters.all"):
                for each in ("log", "kind"):
                    elements.keep(each, "")
                st.rerun(scope="fragment")
    found = shown.read(queries_letters.letters, name, kind, search)
    if elements.missing(found, "No dead letter of this kind within the range.") or found is None:
        return
    total = int(found["total"].iloc[0])
    if total > len(found):
        st.caption(f"The newest {len(found)} of {words.count(total)}.")
    told = found.assign(state=[_state(row) for row in elements.rows(found)])
    columns = {
        "state": elements.text("state", 150),
        "time": elements.when("time (UTC)"),
        "name": elements.text("log"),
        "reason": elements.text("reason", "medium"),
        "text": elements.text("the line", "large"),
        "format": elements.text("format"),
        "place": elements.text("place"),
    }
    letter = elements.picked(told, "letters", columns, "id", ("state",))
    if letter is not None:
        elements.keep("letter", letter)
        elements.keep("asked", "")
        st.rerun(scope="fragment")


def _state(row: dict[str, Any]) -> str:
    return _STATES[row["outcome"]]


def _one(shown: Page, letter: str) -> None:
    found = shown.read(queries_letters.one, letter, hours=1)
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader("One dead letter", anchor="letter", width="content")
        if st.button("Close", icon=":material/close:", key="close.letter"):
            elements.keep("letter", "")
            elements.keep("asked", "")
            st.rerun(scope="fragment")
    if elements.missing(found, "There is no such dead letter.") or found is None:
        return
    (row,) = elements.rows(found)
    elements.said(row["time"], f"{row['name']}, {row['format']}, {row['place']}", shown.now)
    st.text(f"Why: {row['reason']}")
    st.code(row["text"] or "(nothing was kept of it)", language=None, wrap_lines=True)
    if row["cut"]:
        st.caption("Only its beginning was kept.")
    _history(shown, letter)
    pipeline_retry.of_one(shown, row)


def _history(shown: Page, letter: str) -> None:
    """Show who had it tried again, and what came of the last time."""
    orders = shown.read(queries_letters.orders, "", letter, hours=1)
    for row in [] if orders is None else elements.rows(orders):
        if row["preview"]:
            continue
        answers = shown.read(queries_letters.answers, row["id"], hours=1)
        mine = [] if answers is None else [each for each in elements.rows(answers) if each["letter"] == letter]
        elements.said(row["time"], said(row, mine[0] if mine else None), shown.now)


def said(order: dict[str, Any], answer: dict[str, Any] | None) -> str:
    """Return what became of a dead letter by an order, as a sentence."""
    by = f"by {order['operator']} ({order['reason']})"
    if answer is None:
        return f"? tried again {by}: no answer yet"
    if answer["outcome"] == "recovered":
        return f"● recovered {answer['count']} events at {pd.Timestamp(answer['time']):%d %b %H:%M:%S} UTC {by}"
    return f"■ tried again {by}, {_STATES[answer['outcome']][2:]}: {answer['reason']}"
