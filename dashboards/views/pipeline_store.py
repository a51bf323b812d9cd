"""Of the Pipeline page: what stands in ClickHouse twice until it is merged, and what was lost on the way."""

import pandas as pd
import streamlit as st

from dashboards import elements, heard, queries_letters, queries_pipeline, words
from dashboards.elements import Page


def show(shown: Page) -> None:
    """Show the section."""
    _doubles(shown)
    _losses(shown)


def _doubles(shown: Page) -> None:
    st.subheader("Stored twice", anchor="duplicates")
    found = shown.read(queries_pipeline.doubles, every=max(10.0, shown.every))
    if elements.missing(found, "No data: nothing was stored within the range.") or found is None:
        return
    twice = found["rows"] - found["facts"]
    told = found.assign(twice=twice, state=["● each once" if not each else "◆ merged soon" for each in twice])
    columns = {
        "state": elements.text("state", 130),
        "table": elements.text("table", pinned=True),
        "facts": st.column_config.NumberColumn("facts", format="%d"),
        "rows": st.column_config.NumberColumn("rows", format="%d"),
        "twice": st.column_config.NumberColumn("delivered twice, not merged yet", format="%d"),
    }
    elements.table(told, "doubles", columns, ("state",))
    st.caption(
        "At most of the last day. A row that was delivered twice has the same id and counts once everywhere; "
        "ClickHouse drops it when it merges. What the sink knew already it did not store at all."
    )


def _losses(shown: Page) -> None:
    st.subheader("Lost on the way", anchor="losses")
    found = shown.read(queries_letters.losses)
    if heard.missing(shown, found, "Nothing was told as lost within the range.", "logs") or found is None:
        return
    total = int(found["total"].iloc[0])
    st.caption(
        f"{words.count(total)} told within the range, the newest first: a log cut off before it was read, "
        "a full spool, what an input refused."
    )
    columns = {
        "time": elements.when("time (UTC)"),
        "name": elements.text("log or input", pinned=True),
        "reason": elements.text("what was lost", "large"),
        "text": elements.text("how it began", "medium"),
        "place": elements.text("place"),
    }
    elements.table(pd.DataFrame(found), "losses", columns)
