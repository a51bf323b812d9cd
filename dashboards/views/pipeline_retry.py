"""Of the Pipeline page: "try again": first what it would give, then the order with its reason, then what came of it."""

import threading
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import streamlit as st

from dashboards import access, elements, queries_letters, words
from dashboards.acting import MOST_REASON, NotAllowedError
from dashboards.elements import Page
from dashboards.retrying import try_again
from schemas.names import derived_id
from schemas.retry_events import MOST_LETTERS
from schemas.retrying import kind_of

_PATIENCE_SECONDS = 30.0
_STATES = {
    "recovered": "● gives events",
    "unread": "■ still unread",
    "nothing": "○ nothing in it",
    "gone": "? no longer there",
}
_PROBLEM = "retry.problem"
_FOREVER = 2**62


@dataclass
class _Buttons:
    """Which buttons are shown: a second click on one, beside the first or after it, is the same order."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    turn: int = 0  # grows with each order, and with each that was refused


def _buttons() -> _Buttons:
    kept: _Buttons = st.session_state.setdefault("retry.kept", _Buttons())
    return kept


def of_one(shown: Page, row: dict[str, Any]) -> None:
    """Offer to try one dead letter again; say why where that cannot be."""
    if not _may(shown):
        return
    if not kind_of(row["id"], row["name"], row["format"], row["place"]):
        elements.nothing("No parser reads this again: it is no line of a log and no mail.")
        return
    _offer("Try again: preview", [row["id"]], row["at"], row["at"])


def of_group(shown: Page, name: str, kind: str, search: str) -> None:
    """Offer to try all again that the filters show and that are not recovered, so many at once."""
    if not _may(shown):
        return
    found = shown.read(queries_letters.open_ones, name, kind, search, MOST_LETTERS)
    if found is None or found.empty:
        return
    total = int(found["total"].iloc[0])
    if total > len(found):
        st.caption(f"{words.count(total)} are unread; {len(found)} are tried at once, the newest first.")
    _offer(f"Try {len(found)} again: preview", list(found["id"]), int(found["at"].min()), int(found["at"].max()))


def _may(shown: Page) -> bool:
    """Tell whether who looks may have it tried again; in the past nobody may."""
    return not shown.past and access.may(shown.person, "try again")


def _offer(label: str, letters: list[str], since: int, until: int) -> None:
    turn = _buttons().turn
    st.button(
        label,
        icon=":material/replay:",
        key=f"retry.preview.{turn}",
        on_click=_ordered,
        args=(turn, letters, "", since, until),
        kwargs={"preview": True},
    )
    if problem := st.session_state.get(_PROBLEM, ""):
        st.error("This was not ordered.", icon=":material/error:")
        st.text(problem)


def _ordered(turn: int, letters: list[str], reason: str, since: int, until: int, *, preview: bool) -> None:  # noqa: PLR0913 an order has that many parts
    """Give the order, and keep its id in the URL; it runs before the page is drawn anew."""
    settings, _ = elements.opened()
    kept = _buttons()
    with kept.lock:
        if kept.turn != turn:
            return
        kept.turn += 1
        st.session_state[_PROBLEM] = ""
        try:
            event = try_again(settings, letters, reason, since=since, until=until, preview=preview)
        except (NotAllowedError, ValueError) as error:
            st.session_state[_PROBLEM] = str(error)
        except OSError as error:
            st.session_state[_PROBLEM] = f"{error}. If it reached the log all the same, it is carried out."
        else:
            elements.keep("asked", event.id)


def asked(shown: Page) -> None:
    """Show what came of the order that the URL names: of a preview what it would give, and the way to do it."""
    order_id = st.query_params.get("asked", "")
    if not order_id:
        return
    orders = shown.read(queries_letters.orders, order_id, "", hours=1, every=1.0)
    answers = shown.read(queries_letters.answers, order_id, hours=1, every=1.0)
    if orders is None or answers is None:
        elements.unread()
        return
    st.subheader("Tried again", anchor="tried")
    if orders.empty:
        st.caption("? Not stored yet: the order is on its way.")
        return
    (order,) = elements.rows(orders)
    what = "Preview: nothing is done yet." if order["preview"] else "Done by the collector as the answers come."
    elements.said(order["time"], f"{order['operator']}: {order['reason'] or 'preview'}", shown.now)
    st.caption(f"{what} {len(answers)} of {order['letters']} answered.")
    if len(answers) < order["letters"]:
        _waits(order, shown.now)
    if answers.empty:
        return
    _answers(answers)
    if order["preview"] and _may(shown):
        _form(answers)


def _waits(order: dict[str, Any], now: pd.Timestamp) -> None:
    if (now - order["time"]).total_seconds() > _PATIENCE_SECONDS:
        st.warning(
            "No answer for some. Their log or Maildir is read by no `relaywarden collect` that runs: an order waits "
            "a week for it, a preview ten minutes.",
            icon=":material/hourglass_empty:",
        )


def _answers(answers: pd.DataFrame) -> None:
    told = answers.assign(
        state=answers["outcome"].map(_STATES),
        gives=[_gives(row) for row in elements.rows(answers)],
    )
    columns = {
        "state": elements.text("state", 150),
        "letter": elements.text("dead letter", 240),
        "name": elements.text("log"),
        "count": st.column_config.NumberColumn("events", format="%d", width=70),
        "gives": elements.text("gives", "large"),
        "host": elements.text("read on"),
    }
    elements.table(told, "answers", columns, ("state",))
    first = next((row for row in elements.rows(answers) if len(row["events"])), None)
    if first is not None:
        st.caption("The first of them, as it is stored:")
        st.code("\n".join(first["events"]), language=None, wrap_lines=True)


def _gives(row: dict[str, Any]) -> str:
    return " ".join(row["events"]) if len(row["events"]) else str(row["reason"])


def _form(answers: pd.DataFrame) -> None:
    """Offer to do what the preview showed, for those letters that would give events."""
    good = list(answers.loc[answers["outcome"] == "recovered", "letter"])
    if not good:
        elements.nothing("Today's parsers read none of them: there is nothing to do.")
        return
    events = int(answers.loc[answers["outcome"] == "recovered", "count"].sum())
    turn = _buttons().turn
    with st.form("retry.form"):
        st.text_input("Reason", key="retry.reason", max_chars=MOST_REASON, autocomplete="off")
        st.form_submit_button(
            f"Try again: {events} events of {len(good)} letters",
            on_click=_pressed,
            args=(turn, good),
            key=f"retry.give.{turn}.{derived_id('retry', *good)}",  # it orders what it was drawn for, and nothing else
        )
    if problem := st.session_state.get("retry.refused", ""):
        st.error("This was not ordered.", icon=":material/error:")
        st.text(problem)


def _pressed(turn: int, letters: list[str]) -> None:
    reason = " ".join(str(st.session_state.get("retry.reason", "")).split())
    if not reason:
        st.session_state["retry.refused"] = "It needs a reason: it is kept with the order."
        return
    st.session_state["retry.refused"] = ""
    _ordered(turn, letters, reason, 0, _FOREVER, preview=False)
    st.session_state["retry.refused"] = st.session_state[_PROBLEM]
