"""The Delisting page's orders: removal was asked for, a note, an end by hand, and taking one of these back."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboards import elements, queries_delisting, words
from dashboards.acting import MOST_REASON, Made, Wish
from dashboards.elements import Page
from dashboards.views import hands
from dashboards.views.hands import Draft
from schemas.delisting_events import DelistingHandled
from schemas.delisting_orders import Action, handling
from schemas.events import Event
from schemas.settings import Settings

_PLACE = "hand.delisting"
_ACTIONS: dict[str, Action] = {"asked": "requested", "note": "noted", "close": "closed", "take back": "taken_back"}
_HOW = ("form", "mail", "phone")
_OUTCOMES = {"given up": "given_up", "delisted": "delisted", "expired": "expired"}
_DEEDS = {"delisting_requested": "asked", "delisting_noted": "note", "delisting_closed": "close"}


def show(shown: Page, case: str, happened: Sequence[dict[str, Any]]) -> None:
    """Show the orders about a case, given all that `happened` in it (the newest first), to whom they are allowed."""
    if not hands.shown_to(shown):
        return
    chosen = hands.action(_PLACE, list(_ACTIONS))
    told = {"how": "", "reference": "", "outcome": "", "takes_back": ""}
    if chosen == "asked":
        left, right = st.columns(2)
        with left:
            told["how"] = st.selectbox("By what", _HOW, key=f"{_PLACE}.how")
        with right:
            told["reference"] = st.text_input("Its ticket number", key=f"{_PLACE}.reference", max_chars=MOST_REASON)
    elif chosen == "close":
        told["outcome"] = _OUTCOMES[st.selectbox("It is", list(_OUTCOMES), key=f"{_PLACE}.outcome")]
    newest = happened[0]
    last = _last(happened)
    told["takes_back"] = last["id"] if last and chosen == "take back" else ""
    draft = Draft(
        _PLACE,
        chosen,
        case,
        "",
        newest["subject"] if chosen == "close" else "",
        "" if chosen == "take back" else "take back",
        lambda: _ACTIONS[chosen],
        _made(_ACTIONS[chosen], told),
        name=f"{newest['subject']} on {newest['list']}",
        more=" ".join(told.values()),
    )
    hands.ask(draft, _would(chosen, newest["list"], happened, last))
    hands.last(_PLACE, case, lambda event: _answer(shown, event))


def _made(action: Action, told: dict[str, str]) -> Made:
    def made(_settings: Settings, wish: Wish, operator: str) -> Event:
        return handling(wish.subject, action, operator=operator, note=wish.reason, **told)

    return made


def _open(happened: Sequence[dict[str, Any]]) -> bool:
    turning = (row for row in happened if row["type"] in {"delisting_opened", "delisting_closed"} and not row["void"])
    return next((str(row["type"]) for row in turning), "") == "delisting_opened"


def _last(happened: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return what an operator did last since it was opened, and nobody took back."""
    for row in happened:
        if row["type"] == "delisting_opened":
            return None
        if row["operator"] and row["type"] in _DEEDS and not row["void"]:
            return row
    return None


def _would(chosen: str, name: str, happened: Sequence[dict[str, Any]], last: dict[str, Any] | None) -> Sequence[str]:
    """Return what an order would do, in words."""
    if chosen == "take back":
        if last is None:
            return ("Nobody did anything about it since it was opened: there is nothing to take back.",)
        what = f"What {last['operator']} did counts no more: {_deed(last)}. It stays written."
        return (what, *(("The case is open again, while the list still names it.",) if _ended(last) else ()))
    if not _open(happened):
        return ("The case is closed: this will not count.",)
    asked = sum(row["type"] == "delisting_requested" and not row["void"] for row in happened)
    if chosen == "asked":
        before = f" It was asked {words.count(asked)} times before." if asked else ""
        return (f"Written down only: {name} is told nothing.{before} Once it lets go, the case counts as delisted.",)
    if chosen == "note":
        return ("It stands in the case, and in the text for the list's form: name no customer.",)
    return (
        f"Nobody works on it any more. It opens again only after {name} once took the entry back and lists it anew.",
        "Whether an IP may return is not decided by that.",
    )


def _ended(row: dict[str, Any]) -> bool:
    return bool(row["type"] == "delisting_closed")


def _deed(row: dict[str, Any]) -> str:
    said = ", ".join(filter(None, (row["how"], row["reference"], row["note"], *row["reasons"])))
    return f"{_DEEDS[row['type']]}{f' ({said})' if said else ''}"


def _answer(shown: Page, event: DelistingHandled) -> str:
    """Return what became of an order: the id of what was done is that of the decision, too."""
    found = shown.read(queries_delisting.happened, event.case, hours=1)
    if found is None:
        return "? What became of it could not be read yet."
    if any(row["id"] == event.id for row in elements.rows(found)):
        return "● It stands in the case." if event.action != "taken_back" else "● It counts no more."
    return "◆ It is in the log; the worker has not answered yet. What no case is open for, it leaves out."
