"""Complaints: which came, about whom, by what that is known and how sure it is, and which name nobody."""

import pandas as pd
import streamlit as st

from dashboards import elements, offers, queries, queries_complaints, words
from dashboards.elements import Page
from dashboards.views import bounces, complaint_trends
from schemas.attribution import WAYS

_FILTERS = {"All": False, "Unattributed": True}
_REPORTS = "https://www.spamcop.net/"  # other links are what a stranger wrote
_SAID = "Anybody can forge a complaint: only what the log confirms counts for a score, and none withdraws an IP."


@elements.live
def page() -> None:
    """Show the page."""
    hours = elements.header("Complaints")
    chosen = elements.choice("show", "Show", list(_FILTERS), "All")
    shown = Page(hours)
    feeds, told = shown.read(queries.feeds, hours=1), shown.read(queries_complaints.ways)
    ever = feeds is not None and "complaints" in set(feeds["feed"])
    if not shown.settings.complaints and not ever:
        elements.nothing("No data: the configuration names no Maildir of complaints.")
    elif feeds is None or told is None:
        elements.unread()
    elif told.empty and not ever:
        elements.nothing("No data: no complaint came within seven days.")
    else:
        _numbers(told)
        shown.ahead(queries_complaints.listed, _FILTERS[chosen])
        complaint_trends.ahead(shown)
        bounces.ahead(shown)
        _listed(shown, unattributed=_FILTERS[chosen])
        _ways(told)
        st.caption(_SAID)
        complaint_trends.show(shown)
    bounces.section(shown)
    shown.close()


def _numbers(told: pd.DataFrame) -> None:
    total = int(told["complaints"].sum())
    unknown = int(told["complaints"][told["attribution"] == ""].sum())
    left, middle, right = st.columns(3)
    left.metric("complaints", words.count(total))
    middle.metric("with a sender", words.percent(total - unknown, total))
    right.metric("unattributed", words.count(unknown) if total else "no data")


def _listed(shown: Page, *, unattributed: bool) -> None:
    found = shown.read(queries_complaints.listed, unattributed)
    none = "Each complaint of this time names its sender." if unattributed else "No complaint in this time."
    if elements.missing(found, none) or found is None:
        return
    told = pd.DataFrame(
        {
            "time": found["time"],
            "sender": found["sender"].where(found["sender"] != "", "unattributed"),
            "way": [_way(*row) for row in zip(found["attribution"], found["confidence"], strict=True)],
            "sure": [f"{confidence:.0%}" if confidence else "" for confidence in found["confidence"]],
            "reason": found["reason"],
            "ip": found["ip"],
            "kind": found["feedback_type"].where(
                found["failure"] == "", found["feedback_type"] + ": " + found["failure"]
            ),
            "reporter": found["reporter"],
            "recipient": found["recipient"],
            "report": found["report_url"].where(found["report_url"].str.startswith(_REPORTS), None),
            "message_id": found["message_id"],
            "subject": found["sender"],
        }
    )
    mailbox = elements.picked(told, "complaints", _columns(), "subject", ("way",))
    total = int(found["total"].max())
    said = f"The newest {words.count(len(found))} of {words.count(total)}. Pick a row to see its mailbox."
    offers.note("complaints", found)
    st.caption(said)
    if mailbox:
        elements.go("mailboxes", mailbox=mailbox)


def _columns() -> dict[str, object]:
    return {
        "time": elements.when("UTC"),
        "sender": elements.text("sender", 230),
        "way": elements.text("told by", 200),
        "sure": elements.text("sure", 55),
        "reason": elements.text("why not, or what speaks against it", 300),
        "ip": elements.text("IP"),
        "kind": elements.text("kind", 75),
        "reporter": elements.text("reporter", "medium"),
        "recipient": elements.text("recipient", "medium"),
        "report": st.column_config.LinkColumn("report", display_text="answer it", width=80),
        "message_id": elements.text("Message-ID", "medium"),
    }


def _way(attribution: str, confidence: float) -> str:
    doubtful = 0 < confidence < complaint_trends.LIKELY  # 0: an older release, which did not say it
    shape = "?" if not attribution else "◆" if doubtful else "●"
    return f"{shape} {WAYS.get(attribution, attribution)}"


def _ways(told: pd.DataFrame) -> None:
    if told.empty:
        return
    with st.expander("By what the senders are known"):
        summed = pd.DataFrame(
            {
                "way": [_way(*row) for row in zip(told["attribution"], told["most"], strict=True)],
                "complaints": told["complaints"],
                "sure": [_between(*row) for row in zip(told["least"], told["most"], strict=True)],
            }
        )
        number = st.column_config.NumberColumn("complaints", format="localized", width="small")
        columns = {"way": elements.text("told by", 260), "complaints": number, "sure": elements.text("sure", 120)}
        elements.table(summed, "ways", columns, ("way",))


def _between(least: float, most: float) -> str:
    if not most:
        return ""
    return f"{most:.0%}" if least == most else f"{least:.0%} to {most:.0%}"
