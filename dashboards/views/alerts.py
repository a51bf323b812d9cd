"""Alerts: what is open by urgency, whom it was told, what ended, and one alert with all that happened to it."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import elements, offers, queries_alerts, tally, words
from dashboards.elements import Page
from dashboards.urgency import SEVERITIES, said, way
from dashboards.views import alert_hands

_SHOWN = {"open": "open", "all": "open and ended"}
_TELLINGS = {"raised": "told", "repeated": "told again", "escalated": "handed on", "worsened": "told that it is worse",
             "resolved": "told that it is over"}  # fmt: skip
_STATUSES = {"sent": "● {telling} to {channel}: taken", "failed": "▲ {channel} did not take it (try {attempt})",
             "given_up": "■ {channel} did not take it in a day"}  # fmt: skip
_PAGES = {
    "": "Overview",
    "pipeline": "Pipeline",
    "alerts": "Alerts",
    "pool": "Pool",
    "lists": "Lists",
    "delisting": "Delisting",
    "mailboxes": "Mailboxes",
    "sunset": "Sunset",
}


@elements.live
def page() -> None:
    """Show the page."""
    shown = Page(elements.header("Alerts"))
    if shown.settings.alert is None:
        elements.nothing("No alerts are configured: the configuration has no [alert] (docs/alerts.md).")
    else:
        _list(shown)
    if "alert" in st.query_params:
        _one(shown, st.query_params["alert"])
    shown.close()


def _list(shown: Page) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        chosen = elements.choice("show", "Which", list(_SHOWN), "open")
        searched = elements.search("What, where, by whom")
    found = shown.read(queries_alerts.ended if chosen == "all" else queries_alerts.alerts, searched)
    word = f" that {'matches' if searched else 'is open'}" if chosen == "open" else " in this time"
    if not _watched(shown) and not searched and (found is None or found.empty):
        return
    if elements.missing(found, f"No alert{word}.") or found is None:
        return
    rows = elements.rows(found)
    listed = pd.DataFrame(
        {
            "urgency": [_urgency(row) for row in rows],
            "what": found["text"],
            "for": [_lasted(row, shown.now) for row in rows],
            "seen to": found["operator"],
            "handed": found["handed"],
            "told": [row["told"] or "nobody yet" for row in rows],
            "again": found["again"],
            "rule": found["rule"],
            "since": found["since"],
            "alert": found["alert"],
        }
    )
    columns = {
        "urgency": elements.text("urgency", 90),
        "what": elements.text("what", 360),
        "for": elements.text("for", 60),
        "seen to": elements.text("acknowledged by", 120),
        "handed": elements.text("handed on to", 95),
        "told": elements.text("told, and the answer", 160),
        "again": st.column_config.NumberColumn("repeats", width=65),
        "rule": elements.text("rule", 125),
        "since": elements.when("since (UTC)"),
    }
    total = int(found["total"].max())
    seen_to = (f"{one}, seen to" if who else one for one, who in zip(listed["urgency"], listed["seen to"], strict=True))
    tally.show(seen_to, "alerts", total)
    picked = elements.picked(offers.made(listed, found), "alerts", columns, "alert", ("urgency",))
    if total > len(found):
        st.caption(f"The first {words.count(len(found))} of {words.count(total)}: search, or choose a shorter time.")
    if picked is not None:
        st.query_params["alert"] = picked
        st.rerun(scope="fragment")


def _watched(shown: Page) -> bool:
    """Tell whether somebody is known to look for alerts, and say so where nobody is: "no alert" is no news then."""
    looked = shown.read(queries_alerts.looked)
    if looked is None:
        elements.unread()
        return False
    unwatched = queries_alerts.unwatched(looked, shown.now)
    if unwatched:
        st.caption(f"? {unwatched}")
    return not unwatched


def _urgency(row: dict[str, Any]) -> str:
    if not pd.isna(row["over"]):
        return "○ ended"
    return said(row["severity"], row["operator"])


def _lasted(row: dict[str, Any], now: pd.Timestamp) -> str:
    until = now if pd.isna(row["over"]) else row["over"]
    return words.age((until - row["since"]).total_seconds())


def _one(shown: Page, alert: str) -> None:
    st.subheader("One alert", anchor=False)
    if st.button("Close", icon=":material/close:", key="close.alert"):
        del st.query_params["alert"]
        st.rerun(scope="fragment")
    found = shown.read(queries_alerts.one, alert)
    if elements.missing(found, "There is no such alert.") or found is None:
        return
    (row,) = elements.rows(found)
    with st.container(border=True, gap="xsmall"):
        st.text(f"{_urgency(row)}: {row['text']}")
        st.caption(f"Rule {words.inert(row['rule'])}, since {row['since']:%Y-%m-%d %H:%M:%S} UTC.")
        st.caption("Why?")
        for reason in row["reasons"] or ["no evidence was told beside the sentence"]:
            st.text(f"· {reason}")
        if row["operator"]:
            st.text(f"Acknowledged by {row['operator']}: {row['reason']}")
        if not pd.isna(row["over"]):
            st.text(f"● Ended {row['over']:%Y-%m-%d %H:%M} UTC: {row['ending']}; it began {_times(row['times'])}")
        to, query = way(row)
        if st.button(f"Where it is shown: {_PAGES.get(to, to)}", icon=":material/arrow_forward:", key="alert.page"):
            elements.go(to or "overview", **query)
    if pd.isna(row["over"]):
        alert_hands.show(shown, row)
    _story(shown, alert)


def _times(number: int) -> str:
    return "once" if number <= 1 else f"{words.count(number)} times"


def _story(shown: Page, alert: str) -> None:
    st.subheader("What happened", anchor=False)
    happened = shown.read(queries_alerts.happened, alert)
    if elements.missing(happened, "Nothing is known.") or happened is None:
        return
    told = pd.DataFrame(
        {
            "time": happened["time"],
            "what": [_event(row) for row in elements.rows(happened)],
            "answer": happened["answer"],
            "message": [message[:10] for message in happened["message"]],
        }
    )
    columns = {
        "time": elements.when("UTC"),
        "what": elements.text("what", 480),
        "answer": elements.text("the channel's answer", 300),
        "message": elements.text("message", 100),
    }
    elements.table(offers.made(told, happened), "story", columns, ("what",), alarm=True)


def _event(row: dict[str, Any]) -> str:
    match row["type"]:
        case "alert_delivered":
            telling = _TELLINGS.get(row["telling"], row["telling"])
            words_of = _STATUSES.get(row["status"], "· {channel}")
            return words_of.format(telling=telling, channel=row["channel"], attempt=row["attempt"])
        case "alert_raised" | "alert_worsened":
            head = "" if row["type"] == "alert_raised" else "worse: "
            return f"{SEVERITIES[row['severity']]}: {head}{row['text']}"
        case "alert_resolved":
            return f"○ ended, it began {_times(row['times'])}: {row['text']}"
        case "alert_acknowledged":
            return f"◆ acknowledged by {row['operator']}: {row['reason']}"
        case _:
            return f"◆ {row['operator']} took the acknowledgement back: {row['reason']}"
