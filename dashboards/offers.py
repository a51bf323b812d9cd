"""What a page shows, as CSV: each chart and table notes its frame, and one menu in the header offers them all.

A file is made when somebody asks for it, not at each of the page's runs. The table's own toolbar would offer a file
without the guard against formulas: `app` hides that.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
import streamlit as st

from dashboards import words
from dashboards.queries import CUT

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

_BLANKS = ("\t", "\r")  # a spreadsheet may drop them, and then see how the rest begins
# Where a spreadsheet begins a cell or a row: of the delimiters it takes its own, whichever the file is written with.
_FORMULA = re.compile(r'((?:\A|[;,\t\r\n\v\f\x85\u2028\u2029])[\s\x00-\x1f"]*)(?=[=+\-@])')
_SIGNS = ("=", "+", "-", "@")
_OFFERS, _PLACE = "offers", "offers.place"
# What the menu says where the name of a table or chart alone does not tell what it is.
_LABELS = {
    "answers-chart": "Answers of the lists chart",
    "before": "Who sent before the listing",
    "changes": "Changes of the last hour",
    "dead": "Dead letters",
    "fresh": "New refusals",
    "flags": "Mailboxes in question",
    "grid-chart": "Reputation at each provider chart",
    "history": "Decisions",
    "ips": "Our IPs",
    "life-chart": "Life of the IP chart",
    "listings": "Listings and unknown answers",
    "matrix": "Answers of the lists",
    "moments": "Moments of listing",
    "networks-chart": "Logins by network chart",
    "pairs": "Each IP at each provider",
    "scores": "Mailboxes and their scores",
    "story": "What happened to the alert",
    "through-chart": "Traffic through the IP chart",
    "unattributed": "Unattributed complaints",
    "unknown": "Replies without a pattern",
    "urgent": "What is open",
    "why": "Evidence of the decision",
}


@dataclass(frozen=True)
class Offer:
    """A frame that is shown; `whole` is of how many rows it holds only the first, 0 where it holds all."""

    frame: pd.DataFrame
    what: str
    cut: bool = False
    whole: int = 0

    @classmethod
    def of(cls, frame: pd.DataFrame, what: str) -> "Offer":
        """Return the offer of a frame: cut where its column `total` counts more rows, or it is as long as it may be."""
        whole = int(frame["total"].max()) if "total" in frame and len(frame) else 0
        cut = whole > len(frame) or (not whole and CUT in frame.attrs and len(frame) >= frame.attrs[CUT])
        return cls(frame.drop(columns="total", errors="ignore"), what, cut, whole if cut else 0)

    def file(self, name: str, moment: str) -> str:
        """Return the file's name: it tells what is missing, and of which moment it is where that is not now."""
        of = f"-of-{self.whole}" if self.whole else "-of-more"
        part = f"-first-{len(self.frame)}{of}" if self.cut else ""
        return f"{name}{part}{moment and f'-as-of-{moment}'}.csv"

    @property
    def label(self) -> str:
        """Return what the menu says of it."""
        if not self.cut:
            return self.what
        of = words.count(self.whole) if self.whole else "more"
        return f"{self.what} (the first {words.count(len(self.frame))} of {of})"


def as_csv(found: pd.DataFrame) -> str:
    """Return a frame as CSV in which no cell begins as a formula does: strangers wrote many of them.

    That holds for a spreadsheet that splits at semicolons or tabs, too. Numbers stay numbers: where a row would begin
    with a negative one, and thus with "-" as a formula does, the rows are numbered in a column `row` before it. Lists
    are joined by "; ", times are RFC 3339 in UTC.
    """
    names = [str(_cell(str(name))) for name in found.columns]
    told = found.map(_cell).set_axis(range(1, len(found) + 1))
    numbered = any(str(cell).startswith(_SIGNS) for cell in told.iloc[:, :1].to_numpy().ravel())
    form = "%Y-%m-%dT%H:%M:%SZ"
    return told.to_csv(index=numbered, index_label="row", header=names, lineterminator="\r\n", date_format=form)


def _cell(cell: object) -> object:
    if isinstance(cell, np.ndarray):
        cell = cell.tolist()
    if isinstance(cell, Mapping):
        cell = [f"{name}={value}" for name, value in cell.items()]
    if isinstance(cell, list | tuple):
        cell = "; ".join(" ".join(map(str, part)) if isinstance(part, list | tuple) else str(part) for part in cell)
    if not isinstance(cell, str):
        return cell
    return ("'" if cell.startswith(_BLANKS) else "") + _FORMULA.sub(r"\1'", cell)


def begin() -> None:
    """Forget what an earlier run offered."""
    st.session_state[_OFFERS] = {}
    st.session_state[_PLACE] = None


def head(title: str) -> "DeltaGenerator":
    """Show a page's title and reserve the menu's place; return the place at its right, behind the menu's."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(title, anchor=False, width="content")
        right = st.container(horizontal=True, vertical_alignment="center", width="content", gap="small")
    st.session_state[_PLACE] = right.container(width="content")
    return right


def noted() -> dict[str, Offer]:
    """Return what was offered in this run, by name."""
    return cast("dict[str, Offer]", st.session_state.setdefault(_OFFERS, {}))


def part(frame: pd.DataFrame, chosen: "pd.Series[bool]") -> pd.DataFrame:
    """Return the chosen rows of a frame, which are cut where the whole was."""
    found = frame[chosen]
    if CUT in frame.attrs:
        found.attrs = {CUT: len(found)} if len(frame) >= frame.attrs[CUT] else {}
    return found


def made(told: pd.DataFrame, *sources: pd.DataFrame | None) -> pd.DataFrame:
    """Return a frame that was made of others: it is cut where one of them is, and of how many where that is known."""
    cut = [each for each in (Offer.of(source, "") for source in sources if source is not None) if each.cut]
    whole = cut[0].whole if len(cut) == 1 and len(told) == len(cut[0].frame) else 0
    found = told.assign(total=whole) if whole else told.copy()
    found.attrs = {CUT: len(found)} if cut else {}
    return found


def note(name: str, frame: pd.DataFrame, what: str = "") -> None:
    """Offer a frame as `name`.csv."""
    noted()[name] = Offer.of(frame, what or _LABELS.get(name) or re.sub(r"[-_.]+", " ", name).capitalize())


def menu(moment: str) -> None:
    """Show the menu of what was offered in this run, at the place that `head` reserved."""
    offers = noted()
    place = cast("DeltaGenerator | None", st.session_state.get(_PLACE))
    if not offers or place is None:
        return
    with place.popover("CSV", icon=":material/download:", key="csv"):
        for name, offer in offers.items():
            st.download_button(
                words.inert(offer.label),
                partial(as_csv, offer.frame),
                offer.file(name, moment),
                "text/csv",
                key=f"csv.{name}",
                on_click="ignore",
                type="tertiary",
            )
