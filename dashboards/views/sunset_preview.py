"""Sunset, a letter as the customer gets it: an example, or the newest that was decided for a customer."""

import os
from pathlib import Path
from typing import get_args

import streamlit as st

from dashboards import elements, preview
from dashboards.elements import Page
from dashboards.preview import Letter, Wish
from dashboards.serve import CONFIG_ENV
from schemas.sunset_settings import Language

_EXAMPLE = "example"
_DECIDED, _NEWEST = "as decided", "newest"
_HIGH = 900


def section(shown: Page, name: str) -> None:
    """Show the choice of a letter, and the letter."""
    sunset = shown.settings.sunset.get(name)
    if sunset is None or sunset.mail is None:
        elements.nothing("No letters are configured: [sunset.NAME.mail] is missing.")
        return
    whose = _whose()
    if whose and shown.past:
        elements.nothing("Not known as of then: a customer's letter is shown as it would be written now.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        languages = [*([_DECIDED] if whose else []), *get_args(Language)]
        language = elements.choice("language", "Language", languages, _DECIDED if whose else sunset.mail.language)
        kind = elements.choice("kind", "Kind", ["letter", "thanks"], "letter")
        numbers = [*([_NEWEST] if whose else []), *map(str, range(1, sunset.letters + 1))]
        number = elements.choice("number", "Number", numbers, numbers[0]) if kind == "letter" else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        form = elements.choice("form", "Form", ["HTML", "Text"], "HTML")
        look = elements.choice("look", "Look", ["Light", "Dark"], "Light") if form == "HTML" else "Light"
    wish = Wish(
        sunset=name,
        customer=whose or _EXAMPLE,
        language="" if language == _DECIDED else language,
        kind=kind,
        number=int(number) if number.isdigit() else 0,
    )
    config = os.environ.get(CONFIG_ENV, "relaywarden.toml")
    try:
        letter = _written(config, Path(config).stat().st_mtime_ns, wish)
    except (ValueError, OSError) as error:
        st.warning("This letter cannot be shown here.", icon=":material/error:")
        st.text(str(error))
        return
    _shown(letter, form, dark=look == "Dark")


@st.cache_data(show_spinner="The letter is written …", ttl=60, max_entries=50)
def _written(config: str, _changed: int, wish: Wish) -> Letter:
    return preview.letter(config, wish)


def _whose() -> str:
    """Return the customer whose letter is shown, "" for an example; show the way back to that."""
    customer = st.query_params.get("customer", "")
    with st.container(horizontal=True, vertical_alignment="center"):
        if not customer:
            st.caption("An example. For a customer's own, search the customer, and pick a mailbox.")
        else:
            st.code(customer, language=None, wrap_lines=True)
            if st.button("An example instead", icon=":material/close:", key="close.customer"):
                elements.lead(part="Preview", sunset=st.query_params.get("sunset", ""))
    return customer


def _shown(letter: Letter, form: str, *, dark: bool) -> None:
    if letter.faults:
        st.warning("A template of your own is not used; ours is in its place.", icon=":material/warning:")
        for fault in letter.faults:
            st.text(fault)
    if not letter.to:
        st.text(f"▲ nobody gets it: {letter.problem}")
    st.text(f"To: {letter.to or 'nobody'}\nSubject: {letter.subject}")
    if form == "HTML":
        st.iframe(preview.framed(letter.html, dark=dark), height=_HIGH)
    else:
        st.code(letter.text, language=None, wrap_lines=True)
