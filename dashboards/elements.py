"""What all pages share: the header, the notice when ClickHouse is away, tables whose rows can be picked."""

import os
from collections.abc import Callable, Hashable
from functools import wraps
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboards import moment, offers, unanswered, words
from dashboards.access import Person, may, person
from dashboards.answers import Answers
from dashboards.charts import Chart
from dashboards.connection import Query, Reading, Warehouse
from dashboards.grid import grid
from dashboards.serve import CONFIG_ENV
from dashboards.span import Span
from schemas.access_settings import Access
from schemas.settings import Settings, SettingsError, load

RANGES = {"1h": 1, "6h": 6, "24h": 24, "7d": 168}
CLOCK = "DD MMM HH:mm:ss"
_TURN = "turn"
EVERY, _EVERY_PAST = 4.0, 30.0  # seconds from one drawing of a page to the next


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
def live(page: Callable[[], None]) -> Callable[[], None]:
    """Return a page that is drawn anew each four seconds; of the past it is rarely, for facts that come late."""

    @wraps(page)
    def drawn() -> None:
        offers.begin()
        page()

    @wraps(page)
    def shown() -> None:
        moment.enter(page.__module__)
        st.fragment(drawn, run_every=_EVERY_PAST if moment.past() else EVERY)()

    return shown


class Page:
    """One run of a page: what it read, so that a single notice tells what could not be read anew.

    `now` is the moment it is looked at: with `past` not the clock's, but what the URL says.
    """

    def __init__(self, hours: int) -> None:
        try:
            self.settings, warehouse = opened()
        except SettingsError as error:
            st.error("The configuration cannot be used.", icon=":material/error:")
            st.text(str(error))
            st.stop()
        self._answers = Answers(warehouse)
        self.person = admitted(self.settings.dashboard.access)
        self.hours = hours
        self._clock = moment.clock()
        try:
            self.at = moment.chosen(self._clock)
        except ValueError as error:
            moment.refused(error)
            st.stop()
        self.past = self.at > 0
        moment.keep_pace()
        self.now = pd.Timestamp(self.at or self._clock, unit="us", tz="UTC")
        self.span = Span.last(hours, self.at or self._clock, past=self.past)
        if self.past:
            moment.strip(self.at, self._clock)
        self._notice = st.container()
        self._stale: list[Reading] = []

    def read(
        self, query: Query, *values: Hashable, hours: int = 0, every: float = 1.5, at: int | None = None
    ) -> pd.DataFrame | None:
        """Return what a query says of the page's (or the given) hours; `None` where it never could be read.

        `at` (µs, 0: now) is as of another moment than the page's. What is read twice in a run is asked once.
        """
        moment_of = self.at if at is None else at
        reading = self._answers.read(query, hours or self.hours, *values, every=every, at=moment_of)
        if reading.error:
            self._stale.append(reading)
        return reading.frame

    def ahead(self, query: Query, *values: Hashable, hours: int = 0, every: float = 1.5) -> None:
        """Have ClickHouse asked beside what the page will `read` later, with the same words; the soonest first."""
        self._answers.ahead(query, hours or self.hours, *values, every=every, at=self.at)

    @property
    def every(self) -> float:
        """Return how often what reads many rows is asked: the longer the range, the rarer."""
        return max(1.5, self.hours * 0.6)

    def close(self) -> None:
        """Offer what was shown as CSV, and tell on top what could not be read anew, and from when the values are."""
        offers.menu(f"{self.now:%Y%m%dT%H%M%SZ}" if self.past else "")
        if self.settings.dashboard.access.mode == "oidc":
            st.button("Log out", on_click=st.logout, key="log-out", icon=":material/logout:")
        if not self._stale:
            return
        away = any(reading.away for reading in self._stale)
        with self._notice:
            st.warning(unanswered.said(self._stale, self._clock), icon=f":material/{'cloud_off' if away else 'help'}:")
            for error in dict.fromkeys(each.error for each in self._stale if each.away or not away):
                st.text(error)


def header(title: str) -> int:
    """Show the title, the place of the CSV menu and the choice of the time range; return its hours.

    The URL and the session keep the range, and the moment as of which the page is.
    """
    with offers.head(title):
        chosen = choice("range", "Time range", list(RANGES), "6h", st.session_state.get("kept.range", ""))
    st.session_state["kept.range"] = chosen
    return RANGES[chosen]


def title(text: str) -> None:
    """Show the title of a page that has no time range, and the place of the CSV menu."""
    offers.head(text)


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
    """Show the same page anew, with this and the moment in its URL; its choices begin with that."""
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    st.query_params.from_dict({name: value for name, value in (moment.query() | query).items() if value})
    st.rerun(scope="fragment")


def go(page: str, **query: str) -> None:
    """Go to a page of `app`, with what its URL shall say beside the time range and the moment."""
    st.switch_page(st.session_state["pages"][page], query_params=moment.query() | query)


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


def said(time: pd.Timestamp, sentence: str, now: pd.Timestamp, decision: str = "") -> None:
    """Show a decision's time and sentence, literally, on one line, and with its id the way to why."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        moment.stamp(words.clock(time, now), time)
        st.text(sentence, width="stretch")
        if decision and (pages := st.session_state.get("pages")):
            query = moment.query() | {"decision": decision}
            st.page_link(pages["time_travel"], label="why?", query_params=query, width="content")


def table(
    frame: pd.DataFrame, name: str, columns: dict[str, Any], shaded: tuple[str, ...] = (), *, alarm: bool = False
) -> None:
    """Show a table, literally, and offer it as CSV; the columns in `shaded` are coloured by the shape of their text.

    With `alarm` only the worst shape is. The CSV holds the whole frame, with the columns that are not shown.
    """
    offers.note(name, frame)
    grid(frame, name, columns, shaded, alarm=alarm)


def picked(  # noqa: PLR0913 a table and what is picked in it
    frame: pd.DataFrame,
    name: str,
    columns: dict[str, Any],
    subject: str,
    shaded: tuple[str, ...] = (),
    *,
    alarm: bool = False,
) -> str | None:
    """Show a table in which a row can be picked, and offer it as CSV; return the picked row's `subject`, once.

    Streamlit tells the number of the row only, and the table may have been sorted anew since: the number is looked up
    in what the person saw.
    """
    offers.note(name, frame)
    turn = st.session_state.setdefault(f"{name}.turn", 0)
    key = f"{name}.{turn}"
    seen: list[str] = st.session_state.get(f"{name}.seen", [])
    st.session_state[f"{name}.seen"] = list(frame[subject])
    chosen = grid(frame, key, columns, shaded, alarm=alarm, pick=True)
    if not chosen or chosen[0] >= len(seen):
        return None
    st.session_state[f"{name}.turn"] = turn + 1
    return seen[chosen[0]]


def chart(drawn: Chart, frame: pd.DataFrame, name: str, alt: str) -> None:
    """Show a chart with what it is in words, and offer as CSV the frame it is drawn from."""
    offers.note(f"{name}-chart", frame)
    st.altair_chart(drawn, alt=alt, key=name)


def when(label: str, form: str = CLOCK, width: int = 125) -> Any:  # noqa: ANN401 Streamlit's column type is not public
    """Return the configuration of a column of times, shown in UTC; the head's help tells the local zone's offset."""
    now = pd.Timestamp(moment.clock(), unit="us", tz="UTC")
    return st.column_config.DatetimeColumn(
        label, format=form, timezone="UTC", width=width, help=words.inert(moment.offset(now))
    )


def text(label: str, width: Any = None, **more: Any) -> Any:  # noqa: ANN401 likewise
    """Return the configuration of a column of text, shown literally."""
    return st.column_config.TextColumn(label, width=width, **more)
