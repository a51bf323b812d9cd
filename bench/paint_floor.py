"""What plain Streamlit takes for nearly nothing: two pages for `bench.paint`, beside which ours are measured.

One shows a word, the other a table of ten rows and a chart of sixty bars too. Nothing is asked of anybody.
"""

import altair as alt
import pandas as pd
import streamlit as st


def word() -> None:
    """Show a word."""
    st.markdown("**1** value")


def table() -> None:
    """Show a word, a table and a chart."""
    word()
    frame = pd.DataFrame({"minute": range(60), "attempts": [minute % 7 for minute in range(60)]})
    st.dataframe(frame.head(10))
    st.altair_chart(alt.Chart(frame).mark_bar().encode(x="minute:Q", y="attempts:Q"))


st.navigation(
    [st.Page(word, title="floor", url_path="floor"), st.Page(table, title="table", url_path="floor-table")],
    position="top",
).run()
