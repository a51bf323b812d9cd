"""The Pool page's lists: what each says of each IP and said before, whether it can be believed, and its reasons."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import charts_life, elements, folds, offers, queries_life, queries_pool, span, words
from dashboards.elements import Page
from dashboards.grid import grid
from dashboards.palette import ANSWERS
from dashboards.views import own_side

_MOST_CELLS = 3000


def show(shown: Page, ips: list[str]) -> None:
    """Show what each list says of each IP, and what it said in the page's hours."""
    st.subheader("Lists (DNSBLs)", anchor=False)
    answers = shown.read(queries_pool.matrix, hours=1)
    health = shown.read(queries_pool.health, hours=1)
    if answers is None or health is None:
        elements.unread()
        return
    if answers.empty and health.empty:
        elements.nothing("No data: no list was asked within two days.")
        return
    sound = {row["list"]: row for row in elements.rows(health)}
    lists = sorted({*answers["list"], *sound} - own_side.lists_of_domains(shown))
    drawn = _matrix(shown, ips, lists, answers)
    _table(shown, ips, lists, answers, sound, folded=drawn)
    _listings(offers.part(answers, answers["answer"] != "not_listed"))


def _table(  # noqa: PLR0913 what it is made of, and where it stands
    shown: Page, ips: list[str], lists: list[str], answers: pd.DataFrame, sound: dict[str, Any], *, folded: bool
) -> None:
    cells = {(row["ip"], row["list"]): _cell(row) for row in elements.rows(answers)}
    told = pd.DataFrame({name: [cells.get((ip, name), ANSWERS[""]) for ip in ips] for name in lists})
    told.insert(0, "ip", ips)
    columns = {"ip": elements.text("IP", pinned=True)}
    for name in lists:
        state, how = _health(sound.get(name), shown.now)
        columns[name] = elements.text(f"{state} {name}", help=f"{words.inert(name)}: {words.inert(how)}")
    told = offers.made(told, answers)
    offers.note("matrix", told)  # the CSV has it, whether it is open or not
    place = folds.opened("The same as a table, with each list's health", "matrix") if folded else st.container()
    if place:
        with place:
            grid(told, "matrix", columns, tuple(lists))
            _read_as(answers, shown.now)


def _read_as(answers: pd.DataFrame, now: pd.Timestamp) -> None:
    st.caption(
        "Header: ● the list passes its test points and votes, ◐ it does over one IP version, ▲ it does not and has no "
        "vote, ? not tested yet. "
        f"Newest answer {_newest(answers, now)}."
    )
    if st.button("More about the lists", key="to-lists"):
        elements.go("lists")


def _matrix(shown: Page, ips: list[str], lists: list[str], answers: pd.DataFrame) -> bool:
    """Show the newest answers as a grid in which hovering (on a phone: tapping) tells what each list said before.

    False where it cannot be drawn: where they are not read, none, or too many.
    """
    if not 0 < len(ips) * len(lists) <= _MOST_CELLS:
        return False
    runs = shown.read(queries_life.runs, every=shown.every)
    if runs is None:
        return False
    before = {(row["ip"], row["list"]): row for row in elements.rows(runs)}
    cells = []
    for row in elements.rows(answers[answers["ip"].isin(ips) & answers["list"].isin(lists)]):
        known = before.get((row["ip"], row["list"]))
        told = words.runs(known["runs"], known["asked"], shown.now) if known else "it was not asked in this time"
        asked = f"{words.clock(row['asked'], shown.now)} UTC"
        what = {"what": ANSWERS[row["answer"]], "codes": " ".join(row["codes"]), "asked": asked, "history": told}
        cells.append({"ip": row["ip"], "list": row["list"], **what})
    if not cells:
        return False
    drawn = charts_life.answers(pd.DataFrame(cells), ips, lists)
    said = "The newest answer of each list about each IP, and what it said before"
    elements.chart(drawn, offers.made(pd.DataFrame(cells), answers, runs), "answers", said)
    st.caption(
        f"Hover over a cell, or tap it: what the list said within {span.words(shown.hours)}. Empty: never asked. UTC."
    )
    return True


def _cell(row: dict[str, Any]) -> str:
    return " ".join((ANSWERS[row["answer"]], *row["codes"]))


def _health(row: dict[str, Any] | None, now: pd.Timestamp) -> tuple[str, str]:
    if row is None:
        return "?", "not tested yet"
    ago = words.age((now - row["asked"]).total_seconds())
    if row["healthy"] and row["reason"]:
        return "◐", f"asked {ago} ago: no vote over {row['reason']}"
    if row["healthy"]:
        return "●", f"passed its test {ago} ago"
    return "▲", f"failed its test {ago} ago, {row['reason']}"


def _newest(answers: pd.DataFrame, now: pd.Timestamp) -> str:
    return "none" if answers.empty else f"{words.age((now - answers['asked'].max()).total_seconds())} ago"


def _listings(answers: pd.DataFrame) -> None:
    if answers.empty:
        return
    listed = int((answers["answer"] == "listed").sum())
    with st.expander(f"{listed} listed, {len(answers) - listed} unknown: codes and reasons", expanded=listed > 0):
        told = answers.assign(
            answer=answers["answer"].map(ANSWERS),
            codes=answers["codes"].map(", ".join),
            rank=answers["answer"] != "listed",
        ).sort_values(["rank", "ip", "list"])
        columns = {
            "ip": elements.text("IP"),
            "list": elements.text("list"),
            "answer": elements.text("answer"),
            "codes": elements.text("codes"),
            "reason": elements.text("reason of the list", "large"),
            "scope": elements.text("scope", "small"),
            "weight": st.column_config.NumberColumn("weight", format="%.1f", width="small"),
            "asked": elements.when("asked (UTC)"),
        }
        elements.table(told, "listings", columns, ("answer",))
