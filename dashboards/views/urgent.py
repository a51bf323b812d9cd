"""Urgent: all that is open in one calm list, the most urgent first; a part of the Overview."""

import pandas as pd
import streamlit as st

from dashboards import counted, elements, heard, offers, queries, queries_alerts, queries_cases, queries_flags, words
from dashboards.elements import Page
from dashboards.urgency import Urgent, ordered
from dashboards.views import delisting

_MOST = 40
_TOLD_BY = {"mailboxes": ("worker",), "cases": ("worker",), "listings": ("lists", "worker")}


def show(shown: Page) -> None:
    """Show what is open, each a way to its page; nothing is said to be calm of what nobody could read or told of late.

    What a silent worker told last stays in the list: it was wrong then, and nobody said since that it is mended.
    """
    alerts = shown.read(queries_alerts.alerts, hours=1) if shown.settings.alert else None
    flags, cases = shown.read(queries_flags.flags, hours=1), shown.read(queries_cases.cases, hours=1)
    named = delisting.open_ones(shown)
    found = ordered(alerts, flags, cases, named)
    if found:
        _table(shown, found, (alerts, flags, cases), more=cut(alerts, flags, cases, named))
    unknown = _unknown(shown, alerts, {"mailboxes": flags, "cases": cases, "listings": named})
    if unknown:
        st.caption(f"? Not known: {unknown}")
    elif not found:
        st.caption("● Nothing is open: no alert, no case, no mailbox in question, no listing.")


def cut(
    alerts: pd.DataFrame | None,
    flags: pd.DataFrame | None,
    cases: pd.DataFrame | None,
    named: pd.DataFrame | None,
) -> bool:
    """Return whether more is open than these answers hold."""
    return (
        (alerts is not None and len(alerts) >= alerts.attrs.get(queries.CUT, len(alerts) + 1))
        or counted.cut(flags, 0 if flags is None else int((flags["step"] != "watch").sum()))
        or counted.cut(cases, 0 if cases is None else int((cases["state"] == "open").sum()))
        or counted.cut(named, 0 if named is None else len(named))
    )


def _table(shown: Page, found: list[Urgent], told: tuple[pd.DataFrame | None, ...], *, more: bool) -> None:
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
    offers.note("urgent", offers.made(listed, *told))  # the file has all that is known to be open
    if more or len(found) > _MOST:
        left = words.count(max(0, len(found) - _MOST))
        st.caption(f"and {left} or more besides, on their pages" if more else f"and {left} more, on their pages")
    if picked is not None and int(picked) < len(seen):
        chosen = seen[int(picked)]
        elements.go(chosen.page, **chosen.query)


def _unwatched(shown: Page, alerts: pd.DataFrame | None) -> str:
    """Return why it is not known which alerts are open, "" where it is."""
    if shown.settings.alert is None:
        return "none are configured"
    looked = shown.read(queries_alerts.looked, hours=1)
    if alerts is None or looked is None:
        return heard.UNREAD
    silence = queries_alerts.nobody(looked, shown.now)
    return f"{silence}: {queries_alerts.ASKS}" if silence else ""


def _unknown(shown: Page, alerts: pd.DataFrame | None, told: dict[str, pd.DataFrame | None]) -> str:
    """Return what of it could not be read, or is told by nobody now, each with why; "" where all is known."""
    why = {
        name: heard.UNREAD if frame is None else heard.silent(shown, *_TOLD_BY[name]) for name, frame in told.items()
    } | {"alerts": _unwatched(shown, alerts)}
    reasons = [each for each in dict.fromkeys(why.values()) if each]
    return ", ".join(f"{', '.join(name for name, each in why.items() if each == one)} ({one})" for one in reasons)
