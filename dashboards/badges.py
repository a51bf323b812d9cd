"""Several badges in one piece of text: a browser takes as long for each element of a page as for a line of them."""

from collections.abc import Iterable

import streamlit as st

from dashboards.palette import Colour


def show(badges: Iterable[tuple[str, Colour]]) -> None:
    """Show badges side by side, each a text as Markdown takes it (`words.inert`) and a colour; nothing for none."""
    if told := " ".join(f":{colour}-badge[{text}]" for text, colour in badges):
        st.markdown(told)
