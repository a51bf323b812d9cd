"""The Sunset page's orders: about a stage, an exemption, and a letter of which nobody knows more."""

from collections.abc import Sequence
from datetime import date
from typing import get_args

import pandas as pd
import streamlit as st

from dashboards import effect_sunset, elements, queries_sunset, queries_sunset_orders, stages
from dashboards.acting import Made, Wish
from dashboards.effect_sunset import Concerned
from dashboards.elements import Page
from dashboards.stages import Standing
from dashboards.views import hands
from dashboards.views.hands import Draft
from schemas.events import Event
from schemas.ordering import now
from schemas.settings import Settings
from schemas.sunset_events import LetterOutcome, LetterSettled, StageAction, StageOrdered, UserExempted
from schemas.sunset_orders import exemption, last_day, settlement, stage_order

_STAGE, _EXEMPT, _LETTER = "hand.stage", "hand.exempt", "hand.letter"
_STAGES: tuple[StageAction, ...] = ("pause", "resume", "rollback", "open", "close")
_CUTTING: frozenset[StageAction] = frozenset(("close", "resume"))
_EXEMPTIONS = ("exempt", "unexempt")
_SELDOM = 60.0


def of_stage(shown: Page, name: str, one: Standing, every: Sequence[Standing]) -> None:
    """Show the orders about a stage to whom they are allowed; the desk answers."""
    if name not in shown.settings.sunset or not hands.shown_to(shown):
        return
    chosen = hands.action(_STAGE, _STAGES)
    action = next(each for each in _STAGES if each == chosen)
    number = one.stage.number
    whom = _concerned(shown, name, "", one.stage.first, one.stage.beyond)
    draft = Draft(
        _STAGE,
        action,
        f"{name} {number}",
        "",
        f"{name} stage {number}" if action in _CUTTING else "",
        effect_sunset.back(action, one.step),
        lambda: action,
        _ordering(name, number, action),
        name=f"stage {number} of {name}",
    )
    at = int(shown.now.timestamp() * 1_000_000)
    hands.ask(draft, effect_sunset.of_stage(action, one, every, whom, at))
    hands.last(_STAGE, draft.subject, lambda event: _answer(shown, event))


def _ordering(name: str, number: int, action: StageAction) -> Made:
    def made(_settings: Settings, wish: Wish, operator: str) -> Event:
        return stage_order(name, number, action, wish.reason, operator=operator)

    return made


def _concerned(shown: Page, name: str, subject: str, first: str = "", beyond: str = "") -> Concerned | None:
    """Return whom a subject covers, or a stage has, by what was decided so far; None where that could not be read."""
    sunset = shown.settings.sunset[name]
    versions = tuple(sorted(sunset.old_tls))
    values = (name, sunset.kind, versions, _today(shown, name).isoformat(), subject, first, beyond)
    found = shown.read(queries_sunset_orders.concerned, *values, hours=1, every=_SELDOM)
    if found is None or found.empty:
        return None
    row = elements.rows(found)[0]
    return Concerned(**{each: int(row[each]) for each in ("found", "open", "customers", "messages", "busy")})


def _today(shown: Page, name: str) -> date:
    return shown.now.tz_convert(shown.settings.sunset[name].timezone).date()


def _answer(shown: Page, event: StageOrdered) -> str:
    """Return what became of an order about a stage, in words."""
    found = shown.read(queries_sunset_orders.answer, event.sunset, event.id, hours=1)
    if found is None:
        return "? What became of it could not be read yet."
    for row in elements.rows(found):
        if row["type"] == "stage_refused":
            return f"▲ The desk did not follow it: {row['reason']}"
        return f"● The desk followed it: stage {event.stage} is {row['step'].replace('_', ' ')}."
    return "◆ It is in the log; the desk has not answered yet. While no desk runs, give the command."


def of_exemption(shown: Page, name: str, subjects: Sequence[str]) -> None:
    """Show the orders about an exemption of one of the `subjects` to whom they are allowed."""
    if name not in shown.settings.sunset or not subjects or not hands.shown_to(shown):
        return
    left, middle, right = st.columns([3, 2, 2])
    if st.session_state.get(f"{_EXEMPT}.subject") not in subjects:
        st.session_state[f"{_EXEMPT}.subject"] = subjects[0]
    with left:
        subject: str = st.selectbox("Mailbox, domain or customer", subjects, key=f"{_EXEMPT}.subject")
    with middle:
        action = hands.action(_EXEMPT, _EXEMPTIONS)
    until, today = "", _today(shown, name)
    exempt = shown.read(queries_sunset.exempt, name, every=5.0)
    if action == "exempt":
        with right:
            day = st.date_input("Last day (none: till it ends)", None, min_value=today, key=f"{_EXEMPT}.until")
            until = day.isoformat() if isinstance(day, date) else ""
    draft = Draft(
        _EXEMPT,
        action,
        subject,
        "",
        subject if action == "unexempt" else "",
        "unexempt" if action == "exempt" else "exempt",
        lambda: "exempt" if action == "exempt" else "unexempt",
        _exempting(name, until, today, ended=action == "unexempt"),
        chosen={"until": _until(exempt, subject)} if action == "unexempt" else {},
        more=f"{name} {until}",
    )
    hands.ask(draft, _exempted(shown, name, subject, until, exempt, ended=action == "unexempt"))
    hands.last(_EXEMPT, subject, lambda event: _stored(shown, event))


def _exempting(name: str, until: str, today: date, *, ended: bool) -> Made:
    def made(_settings: Settings, wish: Wish, operator: str) -> Event:
        day = last_day(until, today) if until else ""
        return exemption(name, wish.subject, wish.reason, until=day, ended=ended, operator=operator)

    return made


def _until(exempt: pd.DataFrame | None, subject: str) -> date | None:
    """Return the last day of an exemption, None where it has none."""
    rows = [] if exempt is None else elements.rows(exempt)
    day = next((row["until_day"] for row in rows if row["subject"] == subject), "")
    return date.fromisoformat(day) if day else None


def _exempted(  # noqa: PLR0913 what an order meets has that many parts
    shown: Page, name: str, subject: str, until: str, exempt: pd.DataFrame | None, *, ended: bool
) -> list[str]:
    """Return what an exemption would do, or its end, in words."""
    told = shown.read(queries_sunset.steps, name, every=5.0)
    at = int(shown.now.timestamp() * 1_000_000)
    off = None if told is None else sum(each.off(at) for each in stages.standings(elements.rows(told)))
    lines = effect_sunset.of_exemption(subject, _concerned(shown, name, subject), until, ended=ended, off=off)
    if exempt is None:
        return [*lines, "Whether it is exempt already could not be read."]
    is_exempt = subject in set(exempt["subject"])
    if is_exempt is not ended:
        lines.insert(
            0, "It is exempt already: this replaces its end." if is_exempt else "It is not exempt by this name."
        )
    return lines


def _stored(shown: Page, event: UserExempted) -> str:
    """Return what became of an exemption, in words: it is a fact once it is in the log."""
    found = shown.read(queries_sunset_orders.stored, event.sunset, event.id, hours=1)
    if found is None:
        return "? What became of it could not be read yet."
    if any(row["stored"] for row in elements.rows(found)):
        return "● It counts: the switches follow at once, letters and counts with the desk's next look."
    return "◆ It is in the log, and counts; the warehouse does not have it yet."


def of_letters(shown: Page, name: str, hours: int) -> None:
    """Show the letters of which nobody knows more, and the orders about the one that is picked."""
    if name not in shown.settings.sunset:
        return
    st.subheader("Of which nobody knows more", anchor=False)
    found = shown.read(queries_sunset_orders.held, name, hours=hours, every=_SELDOM)
    if elements.missing(found, "Of each letter that was tried it is known what became of it.") or found is None:
        return
    columns = {
        "last": elements.when("tried last (UTC)"),
        "customer": elements.text("customer", 150),
        "recipient": elements.text("address", 220),
        "kind": elements.text("kind", 70),
        "number": st.column_config.NumberColumn("letter", format="%d", width=60),
        "message_id": elements.text("Message-ID", "medium"),
    }
    picked = elements.picked(found, "held", columns, "message_id")
    st.caption("Your server may have it, or not. The desk looks into the mail log, and tries none twice by itself.")
    if picked:
        st.query_params["letter"] = picked
        st.rerun(scope="fragment")
    letter = st.query_params.get("letter", "")
    if letter in set(found["message_id"]) and hands.shown_to(shown):
        _of_letter(shown, name, letter)


def _of_letter(shown: Page, name: str, letter: str) -> None:
    actions: tuple[LetterOutcome, ...] = get_args(LetterOutcome)
    chosen = hands.action(_LETTER, actions)
    action = next(each for each in actions if each == chosen)

    def made(_settings: Settings, wish: Wish, operator: str) -> Event:
        return settlement(
            LetterSettled(
                id="",
                at=now(),
                sunset=name,
                message_id=letter,
                status=action,
                operator=operator,
                reason=wish.reason,
            )
        )

    typed = letter if action == "again" else ""
    draft = Draft(_LETTER, action, letter, "", typed, "", lambda: action, made, name=f"letter {letter}")
    hands.ask(draft, (effect_sunset.OF_LETTER[action], "What the desk made of it is not taken back."))
    hands.last(_LETTER, letter, lambda event: _settled(shown, event))


def _settled(shown: Page, event: LetterSettled) -> str:
    """Return what became of an operator's word about a letter."""
    values = (event.sunset, event.message_id, event.at - 60_000_000)
    found = shown.read(queries_sunset_orders.ended, *values, hours=1)
    if found is None:
        return "? What became of it could not be read yet."
    for row in elements.rows(found):
        return f"● It is {row['state']}: {row['words']}"
    return "◆ It is in the log; the desk has not followed it yet."
