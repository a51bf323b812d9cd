"""Sunset: how far what is going away has gone, its letters, its stages, and one customer's or mailbox's part in it."""

from datetime import date, timedelta
from math import expm1
from typing import Any

import pandas as pd
import streamlit as st

from dashboards import charts_sunset, elements, queries_sunset, words
from dashboards.elements import Page
from dashboards.views import sunset_letters, sunset_preview, sunset_search, sunset_stages
from schemas.sunset_settings import Sunset

_KINDS = {
    "smtp_after_pop": "SMTP after POP",
    "cleartext_login": "passwords in the clear",
    "old_tls": "old TLS",
}
_FIGURES = {
    "open": "open",
    "done": "done",
    "exempt": "exempt",
    "relapsed": "relapsed",
    "customers": "customers who still use it",
    "messages": "messages of the week",
}
_RARELY, _SELDOM = 15.0, 300.0
_DAY = 86_400_000_000
_LINE = 7


@elements.live
def page() -> None:
    """Show the page."""
    elements.title("Sunset")
    shown = Page(1)
    counted = shown.read(queries_sunset.sunsets, every=_RARELY)
    names = list(dict.fromkeys([*shown.settings.sunset, *([] if counted is None else counted["name"])]))
    if not names:
        elements.nothing("No data: the configuration has no table [sunset.NAME], and none was ever counted.")
        shown.close()
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        name = elements.choice("sunset", "Sunset", names, names[0]) if len(names) > 1 else names[0]
        part = elements.choice("part", "Part", list(_PARTS), "Burn-down")
    sunset = shown.settings.sunset.get(name)
    _headline(shown, name, sunset)
    _PARTS[part](shown, name)
    shown.close()


def _headline(shown: Page, name: str, sunset: Sunset | None) -> None:
    if sunset is None:
        st.warning("The configuration has this sunset no more: nothing is decided about it.", icon=":material/warning:")
    elif len(shown.settings.sunset) < 2:  # noqa: PLR2004 one: nothing was chosen that would name it
        st.caption(words.inert(f"{name}: {_KINDS[sunset.kind]}"))
    newest = shown.read(queries_sunset.newest, name, every=_RARELY)
    told = shown.read(queries_sunset.forecast, name, every=_RARELY)
    if newest is None or told is None:
        elements.unread()
        return
    figures = elements.rows(newest)[0] if len(newest) else None
    above, below = st.columns(4), st.columns(4)
    for place, (name_of, label) in zip([*above, *below], _FIGURES.items(), strict=False):
        place.metric(label, figure(figures, name_of))
    _end(below[2], sunset, shown.now)
    left, said = outlook(elements.rows(told)[0] if len(told) else None)
    below[3].metric("nothing left", left)
    _age(shown, figures, said)


def figure(figures: dict[str, Any] | None, name: str) -> str:
    """Return a figure as it is shown: "no data" where nothing was counted, the least it is where a log was not read."""
    if figures is None:
        return "no data"
    at_least = "at least " if name == "done" and figures["unheard"] else ""
    return f"{at_least}{words.count(figures[name])}"


def _end(place: Any, sunset: Sunset | None, now: pd.Timestamp) -> None:  # noqa: ANN401 a column's type is not public
    if sunset is None:
        place.metric("ends", "not known")
        return
    days = (sunset.ends - now.tz_convert(sunset.timezone).date()).days
    left = f"in {days} days" if days > 1 else "tomorrow" if days else "today"
    place.metric(f"ends on {sunset.ends:%d %b %Y}", left if days >= 0 else f"{-days} days ago")


def outlook(told: dict[str, Any] | None) -> tuple[str, str]:
    """Return the day when nothing is left, and what that is made from, or why it cannot be told."""
    if told is None:
        return "no data", "It was never counted: the desk counts once a day, once it has seen all logs of a day."
    if told["nothing_left"]:
        day = f"{date.fromisoformat(told['nothing_left']):%d %b %Y}"
        if not told["open"]:
            return day, "Nothing is left since that day."
        falls = -expm1(told["slope"])
        made = f"{told['days']} days of the last 28 whose logs were all read; {falls:.1%} fewer each day"
        return day, f"The day when nothing is left is made from the open mailboxes of {made}."
    if told["days"] < _LINE:
        why = f"only {told['days']} of the last 28 days were counted with all logs read, and seven are needed"
    elif not told["slope"] < 0:
        why = f"the open mailboxes of {told['days']} days do not fall"
    else:
        why = "at this pace it would take more than ten years"
    return "cannot be told", f"The day when nothing is left cannot be told: {why}."


def _age(shown: Page, figures: dict[str, Any] | None, said: str) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if figures is None:
            st.badge("○ never counted", color="gray")
        else:
            seconds = (shown.now - figures["time"]).total_seconds()
            late = seconds > 2 * _DAY / 1_000_000
            text = f"figures of {figures['day']}, counted {figures['time']:%d %b %H:%M} UTC, {words.age(seconds)} ago"
            st.badge(f"▲ {text}, late" if late else f"● {text}", color="orange" if late else "green")
            if figures["unheard"]:
                days = f"{figures['unheard']} of the 7 days before"
                st.badge(f"? on {days} a log was not read: how many are done since is not known", color="orange")
    st.caption(words.inert(said))


def _burndown(shown: Page, name: str) -> None:
    weeks = shown.read(queries_sunset.weeks, name, every=_RARELY)
    told = shown.read(queries_sunset.forecast, name, every=_RARELY)
    sunset = shown.settings.sunset.get(name)
    st.subheader("Open mailboxes at each week's end", anchor=False)
    if not elements.missing(weeks, "No data: it was never counted.") and weeks is not None:
        line = elements.rows(told)[0] if told is not None and len(told) else None
        drawn = charts_sunset.burndown(weeks, line, sunset.ends if sunset else None)
        elements.chart(drawn, weeks, "burndown", "Open mailboxes at each week's end by language, and the forecast")
        said = "By the language of the customers. Pale in a dashed frame: a log of the week before was not read."
        st.caption(said)
        with st.expander("As a table"):
            shapes = [f"? {days} days not read" if days else "● all read" for days in weeks["unheard"]]
            elements.table(weeks.assign(log=shapes), "weeks", _week_columns(), ("log",))
    _responses(shown, name, sunset)


def _number(label: str, width: int = 85) -> object:
    return st.column_config.NumberColumn(label, format="localized", width=width)


def _week_columns() -> dict[str, object]:
    counts = ("found", "open", "done", "exempt", "relapsed", "customers", "messages")
    return {
        "monday": elements.text("week from", 100, pinned=True),
        "language": elements.text("language", 80),
        "counted": elements.text("counted on", 100),
        **{name: _number(name) for name in counts},
        "log": elements.text("logs", 140),
    }


def _responses(shown: Page, name: str, sunset: Sunset | None) -> None:
    st.subheader("What each letter brought", anchor=False)
    found = shown.read(queries_sunset.responses, name, every=_SELDOM)
    if elements.missing(found, "No data: no letter was decided.") or found is None:
        return
    quiet = timedelta(days=7 + (sunset.quiet_days if sunset else 7) + 1)
    told = settled(found, shown.now, quiet)
    if told["mailboxes"].any():
        alt = "The share of mailboxes that stopped after each letter, by language"
        elements.chart(charts_sunset.responses(told), told, "responses", alt)
    columns = {
        "number": _number("letter", 65),
        "language": elements.text("language", 80),
        "letters": _number("letters"),
        "sent": _number("sent"),
        "mailboxes": _number("mailboxes", 95),
        "stopped": _number("stopped"),
        "share": elements.text("stopped within a week", 160),
        "state": elements.text("known", 200),
    }
    elements.table(told, "responses", columns, ("state",))
    said = "Of the mailboxes that a letter named while they were in use: those that stopped within a week."
    st.caption(said)


def settled(found: pd.DataFrame, now: pd.Timestamp, after: timedelta) -> pd.DataFrame:
    """Return what letters brought, and whether that can still grow: so long `after` the newest went it is settled."""
    known = pd.to_datetime(found["gone"].astype("int64"), unit="us", utc=True) + after <= now
    shares = [words.percent(*row) for row in zip(found["stopped"], found["mailboxes"], strict=True)]
    said = ["● to its end" if each else "? not yet, so far: more may stop" for each in known]
    return found.assign(settled=known, share=shares, state=said)


_PARTS = {
    "Burn-down": _burndown,
    "Stages": sunset_stages.section,
    "Letters": sunset_letters.section,
    "Search": sunset_search.section,
    "Preview": sunset_preview.section,
}
