"""Urgent: all that is open in one calm list, the most urgent first; a part of the Overview."""

import pandas as pd
import streamlit as st

from dashboards import elements, queries_alerts, queries_cases, queries_flags, words
from dashboards.elements import Page
from dashboards.urgency import Urgent, ordered
from dashboards.views import delisting

_MOST = 40


def show(shown: Page, heard: set[str]) -> None:
    """Show what is open, each a way to its page; nothing is said to be calm of what nobody could read or told."""
    worker = "worker" in heard
    alerts = shown.read(queries_alerts.alerts, hours=1) if shown.settings.alert else None
    flags = shown.read(queries_flags.flags, hours=1) if worker else None
    cases = shown.read(queries_cases.cases, hours=1) if worker else None
    named = delisting.open_ones(shown) if {"worker", "lists"} <= heard else None
    found = ordered(alerts, flags, cases, named)
    if found:
        _table(shown, found)
    unknown = _unknown(shown, alerts, worker=worker, lists="lists" in heard)
    if unknown:
        st.caption(f"? Not known: {', '.join(unknown)}")
    elif not found:
        st.caption("● Nothing is open: no alert, no case, no mailbox in question, no listing.")


def _table(shown: Page, found: list[Urgent]) -> None:
    listed = pd.DataFrame(
        {
            "urgency": [each.kind for each in found],
            "what": [each.what for each in found],
            "for": [words.age((shown.now - each.since).total_seconds()) for each in found],
            "seen to": [each.seen_to for each in found],
            "key": [str(place) for place in range(len(found))],
        }
    )
    columns = {
        "urgency": elements.text("urgency", 85),
        "what": elements.text("what is open", 480),
        "for": elements.text("for", 70),
        "seen to": elements.text("seen to by", 130),
    }
    seen = st.session_state.get("urgent.found", found)
    st.session_state["urgent.found"] = found
    picked = elements.picked(listed[:_MOST], "urgent", columns, "key", ("urgency",))
    if len(found) > _MOST:
        st.caption(f"and {words.count(len(found) - _MOST)} more, on their pages")
    if picked is not None and int(picked) < len(seen):
        chosen = seen[int(picked)]
        elements.go(chosen.page, **chosen.query)


def _unknown(shown: Page, alerts: pd.DataFrame | None, *, worker: bool, lists: bool) -> list[str]:
    """Return what of it could not be read, or nobody tells of."""
    missing = [] if worker else ["mailboxes and cases (no data of the worker)"]
    missing += [] if lists else ["listings (no data of the lists)"]
    if shown.settings.alert is None:
        return [*missing, "alerts (none are configured)"]
    return missing if alerts is not None else [*missing, "alerts"]
