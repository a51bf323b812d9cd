"""How a table is drawn: literally, as high as its rows, and coloured by the shapes of its text."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards.palette import shade

_HIGH, _ROWS, _ROW = 3, 11, 35
_MOST_COLOURED = 4000  # cells: colours make pandas look at each of a table's, and send all of them twice


def grid(  # noqa: PLR0913 as many as the two ways to show a table need
    frame: pd.DataFrame,
    key: str,
    columns: dict[str, Any],
    shaded: tuple[str, ...],
    *,
    alarm: bool = False,
    pick: bool = False,
) -> list[int]:
    """Show those of a frame's columns that are configured; return the numbers of the rows that are picked.

    The columns `shaded` are coloured by the shape of their text, with `alarm` only the worst shape; in a very large
    table the shapes stand alone.
    """
    shown = frame[[column for column in columns if column in frame]]
    coloured = shaded and shown.size <= _MOST_COLOURED
    event: Any = st.dataframe(
        shown.style.map(shade, subset=list(shaded), alarm=alarm) if coloured else shown,
        hide_index=True,
        column_config=columns,
        key=key,
        height=_ROW * (min(len(frame), _ROWS) + 1) + _HIGH,
        placeholder="",
        on_select="rerun" if pick else "ignore",
        selection_mode="single-row",
    )
    return list(event.selection.rows) if pick else []
