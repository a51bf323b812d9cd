"""Tables that most people do not open: a browser draws them once somebody does."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import offers
from dashboards.grid import grid


def table(  # noqa: PLR0913 a table and what it is called
    label: str,
    frame: pd.DataFrame,
    name: str,
    columns: dict[str, Any],
    shaded: tuple[str, ...] = (),
    *,
    alarm: bool = False,
) -> None:
    """Show what opens a table, and the table as `elements.table` does once it is open; the CSV has it at once."""
    fold = st.expander(label, key=f"{name}.fold", on_change="rerun")
    offers.note(name, frame)
    if fold.open:
        with fold:
            grid(frame, name, columns, shaded, alarm=alarm)
