"""Orders given on a page: a form with its preview and typed confirmation, what became of the last one, and its undo."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import streamlit as st

from dashboards import access, elements, words
from dashboards.access import Deed
from dashboards.acting import MOST_REASON, Made, NotAllowedError, Wish, give
from dashboards.elements import Page
from schemas.events import Event
from schemas.names import derived_id
from schemas.settings import Settings

LASTS = {"until revoked": "", "30 min": "30m", "2 h": "2h", "1 day": "1d", "7 days": "7d"}


@dataclass(frozen=True)
class Draft:
    """An order that is being written at one place of the pages.

    `typed` is what must be typed to confirm it, "" where nothing; `back` is the order that would take it back, "" where
    none does; `deed` tells, when it is given, what it needs to be allowed, and `made` makes it an event. `name` is the
    subject as it is shown, `chosen` is what else was chosen at this place, by the choice, for the order that takes it
    back, and `more` what else the order says: a button orders what it was drawn for, and nothing else.
    """

    place: str
    action: str
    subject: str
    lasts: str
    typed: str
    back: str
    deed: Callable[[], Deed]
    made: Made
    name: str = ""
    chosen: Mapping[str, object] = field(default_factory=dict)
    more: str = ""


@dataclass(frozen=True)
class _Given:
    event: Event
    draft: Draft
    reason: str


@dataclass
class _Form:
    """What is known of the form at one place: which one it is, the last order given there, and what it takes back.

    It is one object that is changed in place: at each look into st.session_state Streamlit may break a run off for the
    next one, also between an order and what is noted of it; and that next one runs beside it (runner.fastReruns).
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    turn: int = 0
    tries: int = 0  # grows as one begins, and as it ends
    given: _Given | None = None
    undoes: tuple[str, str] | None = None
    problem: tuple[str, str] = ("", "")


def _form(place: str) -> _Form:
    form: _Form = st.session_state.setdefault(f"{place}.kept", _Form())
    return form


def shown_to(shown: Page) -> bool:
    """Tell whether who looks at the page may give orders, and then under which name; in the past nobody may."""
    if shown.past or not access.may(shown.person, "withdraw"):
        return False
    st.subheader("Orders", anchor=False)
    st.caption("Each is written down with its reason and your name.")
    st.text(f"{shown.person.name} ({shown.person.role})")
    return True


def action(place: str, actions: Sequence[str]) -> str:
    """Show the choice of what to order; return it."""
    return st.radio("Order", list(actions), key=f"{place}.action", horizontal=True, format_func=str.capitalize)


def lasts(place: str) -> str:
    """Show the choice of how long an order counts; return it as in "2h", "" until revoked."""
    return LASTS[st.selectbox("How long", list(LASTS), key=f"{place}.lasts")]


def ask(draft: Draft, effect: Sequence[str]) -> None:
    """Show what an order would do, and the form that gives it."""
    form = _form(draft.place)
    turn = form.turn
    with st.container(border=True, gap="xsmall"):
        st.caption("What it would do")
        st.text("\n".join(effect))  # one text: of several lines an old one may stand for a moment beside the new
    back = form.undoes == (draft.action, draft.subject)
    # Of two buttons of one form Enter presses the older, which a browser keeps for as long as the page is being drawn.
    with st.form(f"{draft.place}.form.{turn}{'.back' if back else ''}"):
        st.text_input(
            "Why is it taken back?" if back else "Reason",
            key=_reason(draft, turn),
            max_chars=MOST_REASON,
            autocomplete="off",
        )
        if draft.typed:
            st.caption("To confirm it, type what stands here:")
            st.code(draft.typed, language=None, wrap_lines=True)
            st.text_input("Confirmation", key=_typed(draft, turn), autocomplete="off")
        given = (draft, turn, _choices(draft))
        st.form_submit_button(f"Order: {draft.action}", on_click=_pressed, args=given, key=_give(draft, turn))
    of, problem = form.problem
    if problem and of in {"", _typed(draft, turn)}:
        st.error("This was not ordered.", icon=":material/error:")
        st.text(problem)


def _reason(draft: Draft, turn: int) -> str:
    return f"{draft.place}.reason.{turn}"


def _give(draft: Draft, turn: int) -> str:
    """Return the key of a draft's button: a click on one that is not there any more orders nothing.

    With one key for all, a click on what a slow browser still shows would order what the server drew since.
    """
    said = derived_id("hand", draft.action, draft.subject, draft.lasts, draft.typed, draft.more)
    return f"{draft.place}.give.{turn}.{said}"


def _typed(draft: Draft, turn: int) -> str:
    return f"{draft.place}.typed.{draft.action}.{draft.subject}.{turn}"


def _choices(draft: Draft) -> dict[str, object]:
    """Return what is chosen at the place of an order, by the choice's key."""
    keys = [f"{draft.place}.{name}" for name in ("action", "subject", "lasts", *draft.chosen)]
    return {key: st.session_state[key] for key in keys if key in st.session_state}


def _pressed(draft: Draft, turn: int, drawn_for: Mapping[str, object]) -> None:
    """Give the order that the form showed, or tell why not; it runs before the page is drawn anew.

    What is chosen is what it was drawn for: a slow browser shows for a while the form of one order beneath the choice
    of another, such as that of the order which an undo takes back.
    """
    form = _form(draft.place)
    tries = form.tries
    reason = " ".join(str(st.session_state.get(_reason(draft, turn), "")).split())
    typed = str(st.session_state.get(_typed(draft, turn), "")).strip()
    if any(drawn_for.get(key, value) != value for key, value in _choices(draft).items()):
        form.problem = ("", "Something else was chosen meanwhile. Look at what it would do, and confirm that.")
    elif not reason:
        form.problem = (_typed(draft, turn), "It needs a reason: it is kept with the decision.")
    elif typed != draft.typed:
        form.problem = (_typed(draft, turn), "The confirmation is not what must be typed.")
    else:
        settings, _ = elements.opened()
        wish = Wish(draft.action, draft.subject, reason, draft.lasts, draft.deed(), draft.made)
        with form.lock:  # Streamlit runs a second click beside the first: it waits, and is the same order
            if (form.turn, form.tries) == (turn, tries):
                form.tries += 1
                form.problem = (_typed(draft, turn), _given(settings, wish, draft, form))
                form.tries += 1


def _given(settings: Settings, wish: Wish, draft: Draft, form: _Form) -> str:
    """Give an order and keep it to be shown; return why it was not given, "" where it was."""
    try:
        event = give(settings, wish)
    except (NotAllowedError, ValueError) as error:
        return str(error)
    except OSError as error:
        return f"{error}. If it reached the log all the same, it will stand among the decisions."
    form.given, form.undoes = _Given(event, draft, wish.reason), None
    form.turn += 1
    return ""


def last(place: str, subject: str, answer: Callable[[Any], str]) -> None:
    """Show the order that was given last here (of one subject, unless ""), what became of it, and its undo.

    `answer` returns what became of the event, in words.
    """
    given = _form(place).given
    if given is None or subject not in {"", given.draft.subject}:
        return
    draft = given.draft
    with st.container(border=True, gap="xsmall"):
        st.caption("Your last order")
        st.text(f"{draft.action} {draft.name or draft.subject}: {given.reason}")
        st.text(answer(given.event))
        if draft.back:
            st.button(f"Undo: {draft.back}", key=f"{place}.undo", on_click=_undo, args=(draft,), icon=":material/undo:")


def answered(shown: Page, found: pd.DataFrame | None, taken: pd.DataFrame | None, ordered: str, more: str = "") -> str:
    """Return what became of an order of a pool in words: its decision, whether the pool holds to it, else `more`."""
    if found is None or taken is None:
        return "? What became of it could not be read yet."
    for row in elements.rows(found):
        reason = f": {row['reason']}" if row["reason"] else ""
        return f"{words.decision(row, shown.now)}{reason}"
    return held(taken, ordered, more)


def held(taken: pd.DataFrame, ordered: str, more: str = "") -> str:
    """Return whether a pool holds to an order that no decision answers."""
    if any(row["taken"] for row in elements.rows(taken)):
        return f"● The pool holds to it: {ordered}"
    return f"◆ It is in the log; the pool has not answered yet.{more}"


def _undo(draft: Draft) -> None:
    """Have the form ready for the order that takes another back; it needs a reason of its own."""
    place = draft.place
    st.session_state[f"{place}.action"] = draft.back
    st.session_state[f"{place}.subject"] = draft.subject
    form = _form(place)
    form.undoes, form.problem = (draft.back, draft.subject), ("", "")
    st.session_state[f"{place}.lasts"] = next(iter(LASTS))
    for name, value in draft.chosen.items():
        st.session_state[f"{place}.{name}"] = value
