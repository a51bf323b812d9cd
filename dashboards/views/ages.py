"""Ages: how old the newest word of each source is, in one line and in full; a part of the Overview."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from dashboards import badges, elements, folds, heard, moment, palette, queries_week, words
from dashboards.elements import Page

_TOLD = 5
_ALWAYS = ("worker", "lists", "sink", "complaints")


@dataclass(frozen=True)
class Age:
    """How old the newest word of a source is; `seconds` is None where there is none, `late` where that is bad."""

    kind: str
    name: str
    seconds: float | None
    late: bool = False
    note: str = "no data"

    @property
    def shape(self) -> str:
        """Return its shape."""
        return "▲" if self.late else "○" if self.seconds is None else "●"

    @property
    def word(self) -> str:
        """Return it in words."""
        if self.seconds is None:
            return self.note
        return f"{words.age(self.seconds)}{', late' if self.late else ''}"

    @property
    def badge(self) -> str:
        """Return it with its name, which may be a stranger's, as Markdown shows it literally."""
        return f"{self.shape} {words.inert(self.name)}{':' if self.seconds is None else ''} {self.word}"


def known(shown: Page, logs: pd.DataFrame, feeds: pd.DataFrame) -> list[Age]:
    """Return the age of each log, of the lists, the worker, the sink, the complaints and of whatever else told."""
    found = [_log(shown, row) for row in elements.rows(logs)] or [Age("log", "logs", None)]
    last = heard.newest(feeds)
    found += [_aged(shown, name, name, last.get(name)) for name in ("lists", "worker", "complaints")]
    more = _others(shown)
    rows = [] if more is None else elements.rows(more)
    sink = next((row["last"] for row in rows if row["kind"] == "sink"), None)
    found.append(_aged(shown, "sink", "sink", sink))
    found += [_aged(shown, row["kind"], row["name"], row["last"]) for row in rows if row["kind"] != "sink"]
    asked = () if shown.settings.dnsbl is None else (*shown.settings.dnsbl.lists, *shown.settings.dnsbl.own)
    told = {row["name"] for row in rows if row["kind"] == "list"}
    return found + [Age("list", name, None, late=True) for name in asked if name not in told and more is not None]


def _others(shown: Page) -> pd.DataFrame | None:
    return shown.read(queries_week.ages, hours=1, every=20)


def _further(frame: pd.DataFrame | None) -> int:
    """Return how many sources there are that an answer has no row of."""
    return 0 if frame is None or frame.empty else max(0, int(frame["total"].max()) - len(frame))


def _log(shown: Page, row: dict[str, pd.Timestamp]) -> Age:
    if pd.isna(row["last"]):
        return Age("log", str(row["name"]), None, late=True, note="nothing for over 1 h")
    return _aged(shown, "log", str(row["name"]), row["last"])


def _aged(shown: Page, kind: str, name: str, last: pd.Timestamp | None) -> Age:
    if last is None or pd.isna(last):
        return Age(kind, name, None)
    seconds = (shown.now - last).total_seconds()
    return Age(kind, name, seconds, heard.late(kind, seconds))


def show(shown: Page, logs: pd.DataFrame | None, feeds: pd.DataFrame | None) -> list[Age]:
    """Say in a line what is late, what never spoke, and how old the rest is; return it all, for `full`."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        moment.stamp(f"{shown.now:%H:%M:%S} UTC", shown.now)
        if logs is None or feeds is None:
            elements.unread()
            return []
        found = known(shown, logs, feeds)
        late = [each for each in found if each.late]
        told: list[tuple[str, palette.Colour]] = [(each.badge, "orange") for each in late[:_TOLD]]
        if len(late) > _TOLD:
            told.append((f"▲ {len(late) - _TOLD} more are late", "orange"))
        for each in found:
            if not each.late and each.seconds is None:
                told.append((each.badge, "gray"))
            elif not each.late and each.kind in _ALWAYS:
                told.append((each.badge, "green"))
        logs_known = [each for each in found if each.kind == "log"]
        if fresh := sum(not each.late and each.seconds is not None for each in logs_known):
            told.append((f"● logs: {fresh} of {len(logs_known)} speak", "green"))
        if further := _further(logs):
            told.append((f"? {words.count(further)} more logs are not looked at", "gray"))
        badges.show(told)
    return found


def full(shown: Page, found: list[Age], logs: pd.DataFrame | None) -> None:
    """Show the age of each source; where there are more logs or reporters than were asked for, it says of how many."""
    if not found:
        return
    rows = [(f"{each.shape} {each.word}", each.kind, each.name) for each in found]
    listed = pd.DataFrame(rows, columns=["age", "kind", "source"])
    columns = {"age": elements.text("newest"), "kind": elements.text("kind"), "source": elements.text("source")}
    further = _further(logs) + _further(_others(shown))
    number = words.count(len(found))
    if further:
        number = f"{number} of {words.count(len(found) + further)}"
        listed["total"] = len(found) + further
    folds.table(
        f"How old the newest word of each source is: {number} sources", listed, "sources", columns, ("age",), alarm=True
    )
