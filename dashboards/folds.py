"""Tables that most people do not open: a browser draws them once somebody does."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import elements, offers
from dashboards.grid import grid


def opened(label: str, name: str) -> Any | None:  # noqa: ANN401 Streamlit's container is not public
    """Show what somebody can open, and return the place in it once somebody did."""
    fold = st.expander(label, key=f"{name}.fold", on_change="rerun")
    return fold if fold.open else None


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
    place = opened(label, name)
    offers.note(name, frame)
    if place:
        with place:
            grid(frame, name, columns, shaded, alarm=alarm)


def picked(  # noqa: PLR0913, PLR0917 likewise, and what is picked in it
    label: str, frame: pd.DataFrame, name: str, columns: dict[str, Any], subject: str, shaded: tuple[str, ...] = ()
) -> str | None:
    """Show what opens a table in which a row can be picked; return the picked row's `subject`, once."""
    place = opened(label, name)
    offers.note(name, frame)
    if not place:
        return None
    with place:
        return elements.picked(frame, name, columns, subject, shaded)
