"""How many rows of a table say what, above the table: a browser fetches what draws tables last of all."""

from collections import Counter
from collections.abc import Iterable, Mapping

import streamlit as st

from dashboards import badges, words
from dashboards.palette import Colour

_MOST = 6
_COLOURS: dict[str, Colour] = {
    "■": "red",
    "▲": "orange",
    "◆": "orange",
    "◐": "orange",
    "●": "green",
}
_ORDER = "■▲◆◐?●○·"


def show(values: Iterable[str] | Mapping[str, int], noun: str, whole: int | None = None) -> None:
    """Show how many rows there are, of `whole` where that is more, and how many say each of the few different things.

    Where a table has not all rows the values are a mapping of each to how many there are, as ClickHouse counted them.
    The values begin with a shape ("■ suspend"); the worst come first.
    """
    counts = Counter(values)
    rows = counts.total()
    cut = f" of {words.count(whole)}" if whole is not None and whole > rows else ""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(f"**{words.count(rows)}{cut} {words.inert(noun)}**", width="content")
        ordered = sorted(counts, key=lambda value: ((_ORDER + value[:1]).index(value[:1]), value))
        told = [
            (f"{words.inert(value)}: {words.count(counts[value])}", _COLOURS.get(value[:1], "gray"))
            for value in ordered[:_MOST]
        ]
        if others := sum(counts[value] for value in ordered[_MOST:]):
            told.append((f"others: {words.count(others)}", "gray"))
        badges.show(told)
