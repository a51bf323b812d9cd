"""What all pages share: the header, the notice when ClickHouse is away, tables whose rows can be picked."""

import os
import time
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboards import words
from dashboards.access import Person, may, person
from dashboards.connection import Query, Reading, Warehouse
from dashboards.palette import shade
from dashboards.serve import CONFIG_ENV
from dashboards.span import Span
from schemas.access_settings import Access
from schemas.settings import Settings, SettingsError, load

RANGES = {"1h": 1, "6h": 6, "24h": 24, "7d": 168}
CLOCK = "DD MMM HH:mm:ss"
_TURN = "turn"
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@st.cache_resource(show_spinner=False)
def _opened(path: str) -> tuple[Settings, Warehouse]:
    settings = load(Path(path))
    return settings, Warehouse(settings.clickhouse)


def opened() -> tuple[Settings, Warehouse]:
    """Return the configuration and the warehouse of this process. SettingsError where the one cannot be used."""
    return _opened(os.environ.get(CONFIG_ENV, "relaywarden.toml"))


def admitted(access: Access) -> Person:
    """Return who looks at this page; it ends here for whoever may not."""
    who = person(access)
    if not may(who, "look"):
        st.error("You may not see these pages.", icon=":material/lock:")
        st.text(who.why)
        if access.mode == "oidc":
            st.button("Log in", on_click=st.login, key="log-in")
        st.stop()
    return who


# A page is one fragment, from its header down, and nothing stands beside it. When a row that was picked leads to
# another page, the browser may just have asked for the old page's next refresh. Streamlit answers that too, the browser
# takes it for a change of page, and at the new page's next refresh it empties all that is not drawn anew. A fragment
# that is drawn whole fills the page again; one below a header found its place gone ("Bad delta path index").
live = st.fragment(run_every="2s")


class Page:
    """One run of a page: what it read, so that a single notice tells what could not be read anew."""

    def __init__(self, hours: int) -> None:
        try:
            self.settings, self._warehouse = opened()
        except SettingsError as error:
            st.error("The configuration cannot be used.", icon=":material/error:")
            st.text(str(error))
            st.stop()
        self.person = admitted(self.settings.dashboard.access)
        self.hours = hours
        self.now = pd.Timestamp.fromtimestamp(time.time(), tz="UTC")  # noqa: TID251 pages look at the hours before now
        self.span = Span.last(hours, int(self.now.timestamp() * 1_000_000))
        self._notice = st.container()
        self._stale: list[Reading] = []

    def read(self, query: Query, *values: Hashable, hours: int = 0, every: float = 1.5) -> pd.DataFrame | None:
        """Return what a query says of the page's (or the given) hours; `None` where it never could be read."""
        reading = self._warehouse.read(query, hours or self.hours, *values, every=every)
        if reading.error:
            self._stale.append(reading)
        return reading.frame

    @property
    def every(self) -> float:
        """Return how often what reads many rows is asked: the longer the range, the rarer."""
        return max(1.5, self.hours * 0.6)

    def close(self) -> None:
        """Tell on top of the page what could not be read anew, and from when the values are."""
        if self.settings.dashboard.access.mode == "oidc":
            st.button("Log out", on_click=st.logout, key="log-out", icon=":material/logout:")
        if not self._stale:
            return
        good = [reading.read_at for reading in self._stale if reading.frame is not None]
        text = "ClickHouse does not answer; nothing was read yet."
        if good:
            oldest = pd.Timestamp.fromtimestamp(min(good), tz="UTC")
            passed = words.age(self.now.timestamp() - min(good))
            text = f"ClickHouse does not answer. The values are from {oldest:%H:%M:%S} UTC, {passed} ago."
        with self._notice:
            st.warning(text, icon=":material/cloud_off:")
            st.text(self._stale[0].error)


def header(title: str) -> int:
    """Show the title and the choice of the time range, which the URL and the session keep; return its hours."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(title, anchor=False, width="content")
        chosen = choice("range", "Time range", list(RANGES), "6h", st.session_state.get("kept.range", ""))
    st.session_state["kept.range"] = chosen
    return RANGES[chosen]


def choice(name: str, label: str, options: list[str], usual: str, kept: str = "") -> str:
    """Show a choice that begins with what the URL says, else `kept`, else `usual`, and that the URL then keeps.

    Streamlit's own binding to the URL is of no use here: it forbids `switch_page` while such a widget is shown.
    """
    given = st.query_params.get(name) or kept
    first = given if given in options else usual
    chosen = st.segmented_control(label, options, default=first, key=_key(name), label_visibility="collapsed") or usual
    keep(name, "" if chosen == usual else chosen)
    return chosen


def search(placeholder: str) -> str:
    """Show a field to search by, which the page's address keeps; return what stands there."""
    typed = st.text_input(
        "Search",
        key=_key("search"),
        placeholder=placeholder,
        label_visibility="collapsed",
        value=st.query_params.get("search", ""),
        max_chars=200,
    )
    keep("search", typed)
    return typed


def keep(name: str, value: str) -> None:
    """Keep a value in the URL, or take it out where it is empty."""
    if value and st.query_params.get(name) != value:
        st.query_params[name] = value
    elif not value and name in st.query_params:
        del st.query_params[name]


def _key(name: str) -> str:
    """Return the key of a choice: another after each `lead`, since a choice that stays keeps what it was."""
    turn = st.session_state.get(_TURN, 0)
    return f"{name}.{turn}" if turn else name


def lead(**query: str) -> None:
    """Show the same page anew, with this in its URL and nothing else; its choices begin with that."""
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    st.query_params.from_dict({name: value for name, value in query.items() if value})
    st.rerun(scope="fragment")


def go(page: str, **query: str) -> None:
    """Go to a page of `app`, with what its URL shall say beside the time range."""
    st.switch_page(st.session_state["pages"][page], query_params=query)


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame by the names of its columns."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def nothing(text: str) -> None:
    """Say what there is none of."""
    st.caption(f"○ {text}")


def unread() -> None:
    """Say that a value could not be read yet."""
    st.caption("? Not read yet")


def missing(frame: pd.DataFrame | None, text: str) -> bool:
    """Say so where there is nothing to show, and tell whether that is the case."""
    if frame is None:
        unread()
    elif frame.empty:
        nothing(text)
    return frame is None or frame.empty


def said(time: pd.Timestamp, sentence: str, now: pd.Timestamp) -> None:
    """Show a decision's time and sentence, literally, on one line."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption(words.clock(time, now), width="content")
        st.text(sentence, width="stretch")


def table(
    frame: pd.DataFrame, name: str, columns: dict[str, Any], shaded: tuple[str, ...] = (), *, alarm: bool = False
) -> None:
    """Show a table, literally; the columns named in `shaded` are coloured by the shape of their text.

    With `alarm` only the worst shape is.
    """
    shown = frame[[column for column in columns if column in frame]]
    st.dataframe(
        _shaded(shown, shaded, alarm=alarm),
        hide_index=True,
        column_config=columns,
        key=name,
        height=_height(len(frame)),
        placeholder="",
    )


def _shaded(frame: pd.DataFrame, columns: tuple[str, ...], *, alarm: bool = False) -> Any:  # noqa: ANN401 a Styler's type is not public
    return frame.style.map(shade, subset=list(columns), alarm=alarm) if columns else frame


def _height(length: int) -> int:
    return 35 * (min(length, 11) + 1) + 3


def picked(
    frame: pd.DataFrame, name: str, columns: dict[str, Any], subject: str, shaded: tuple[str, ...] = ()
) -> str | None:
    """Show a table in which a row can be picked; return the picked row's `subject`, once.

    Streamlit tells the number of the row only, and the table may have been sorted anew since: the number is looked up
    in what the person saw.
    """
    turn = st.session_state.setdefault(f"{name}.turn", 0)
    key = f"{name}.{turn}"
    seen: list[str] = st.session_state.get(f"{name}.seen", [])
    st.session_state[f"{name}.seen"] = list(frame[subject])
    shown = frame[[column for column in columns if column in frame]]
    event: Any = st.dataframe(
        _shaded(shown, shaded),
        hide_index=True,
        column_config=columns,
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        height=_height(len(frame)),
        placeholder="",
    )
    chosen: list[int] = event.selection.rows
    if not chosen or chosen[0] >= len(seen):
        return None
    st.session_state[f"{name}.turn"] = turn + 1
    return seen[chosen[0]]


def as_csv(found: pd.DataFrame) -> str:
    """Return a frame as CSV in which no cell begins as a formula does: strangers wrote many of them."""
    inert = found.map(lambda cell: f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULAS) else cell)
    return inert.to_csv(index=False, lineterminator="\r\n", date_format="%Y-%m-%dT%H:%M:%SZ")


def download(found: pd.DataFrame, name: str, said: str = "") -> None:
    """Show the way to a frame as `name`.csv, and beside it what is said of it."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(said)
        st.download_button(
            "CSV", as_csv(found), f"{name}.csv", "text/csv", icon=":material/download:", key=f"{name}-csv"
        )


def when(label: str) -> Any:  # noqa: ANN401 Streamlit's column type is not public
    """Return the configuration of a column of times, shown in UTC."""
    return st.column_config.DatetimeColumn(label, format=CLOCK, timezone="UTC", width=125)


def text(label: str, width: Any = None, **more: Any) -> Any:  # noqa: ANN401 likewise
    """Return the configuration of a column of text, shown literally."""
    return st.column_config.TextColumn(label, width=width, **more)
