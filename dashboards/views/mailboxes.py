"""Mailboxes: the scores of all, the cases, and of one mailbox the evidence, what it did, and its newest events."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import (
    casebook,
    charts,
    charts_life,
    elements,
    heard,
    queries_cases,
    queries_logins,
    queries_mailbox,
    tally,
    words,
)
from dashboards.charts import Lanes
from dashboards.elements import Page
from dashboards.palette import STEPS
from dashboards.views import customers, mailbox_hands, mailbox_logins, mailbox_map

_LANES = 11
_OUTCOMES = {"sent": "● delivered", "deferred": "◆ deferred", "bounced": "■ bounced"}
_STEP_OF = {"mailbox_suspended": "suspend", "mailbox_throttled": "throttle", "mailbox_released": ""}
_FILTERS = {"": "All", "suspend": "Suspend", "throttle": "Throttle", "flag": "Flag", "watch": "Watch"}


@elements.live
def page() -> None:
    """Show the page."""
    hours = elements.header("Mailboxes")
    with st.container(horizontal=True, vertical_alignment="center"):
        search = elements.search("Search a mailbox")
        names = {name: step for step, name in _FILTERS.items()}
        step = elements.choice("step", "Step", list(names), "All")
    shown = Page(hours)
    mailbox = st.query_params.get("mailbox", "")
    shown.ahead(queries_cases.cases)
    _scores(shown, search.strip(), names[step])
    casebook.cases(shown)
    if mailbox:
        _one(shown, mailbox)
    else:
        st.caption("Pick a mailbox to see its evidence.")
    shown.close()


def _scores(shown: Page, search: str, step: str) -> None:
    scores = shown.read(queries_mailbox.scores, search, step, hours=1)
    if shown.past:
        st.caption("? Not known as of then: the scores that changed since, for they have no history.")
    if elements.missing(scores, "No data: no such mailbox was seen.") or scores is None:
        return
    listed = scores.assign(
        step=scores["step"].map(STEPS).fillna(scores["step"]),
        decision=[words.standing(*row) for row in zip(scores["decision"], scores["mode"], scores["step"], strict=True)],
    )
    columns = {
        "step": elements.text("step", 90),
        "score": st.column_config.NumberColumn("score", format="%.0f", width=60),
        "mailbox": elements.text("mailbox", 280),
        "decision": elements.text("newest decision", "medium"),
        "decided": elements.when("decided (UTC)"),
        "updated": elements.when("seen (UTC)"),
    }
    tally.show(listed["step"], "with the highest scores" if not search else "that match, the highest scores first")
    mailbox = elements.picked(listed, "scores", columns, "mailbox", ("step",))
    if mailbox is not None:
        st.query_params["mailbox"] = mailbox
        st.rerun(scope="fragment")


def _one(shown: Page, mailbox: str) -> None:
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.code(mailbox, language=None, wrap_lines=True)
        if st.button("Close", icon=":material/close:", key="close"):
            for name in ("mailbox", "part", "by", "map"):
                st.query_params.pop(name, None)
            st.rerun(scope="fragment")
        customers.way(shown, mailbox)
    left, right = st.columns(2, gap="large")
    with left:
        _evidence(shown, mailbox)
        mailbox_hands.show(shown, mailbox)
    with right:
        _score(shown, mailbox)
        _timeline(shown, mailbox)
    mailbox_map.show(shown, mailbox)
    parts = {"Messages": _deliveries, "Logins": mailbox_logins.show, "Complaints": _complaints}
    parts[elements.choice("part", "Part", list(parts), "Messages")](shown, mailbox)


def _evidence(shown: Page, mailbox: str) -> None:
    st.subheader("Evidence", anchor=False)
    evidence = shown.read(queries_mailbox.evidence, mailbox, hours=1)
    if elements.missing(evidence, "Nothing was ever decided about this mailbox.") or evidence is None:
        return
    for number, (_key, reasons) in enumerate(evidence.groupby(["time", "type"], sort=False)):
        first = {str(key): value for key, value in reasons.iloc[0].items()}
        with st.container(border=True, gap="xsmall"):
            said = words.decision({**first, "subject": "Mailbox"}, shown.now)
            elements.said(first["time"], said, shown.now, first["id"])
            for _place, reason in reasons.iterrows():
                if reason["text"]:
                    points = f" ({reason['points']:+.0f} points)" if reason["points"] else ""
                    st.text(f"· {reason['text']}{points}")
        if number == 3:  # noqa: PLR2004 four decisions tell the story, the table has all
            break
    with st.expander("All evidence as a table"):
        columns = {
            "time": elements.when("UTC"),
            "type": elements.text("decision"),
            "rule": elements.text("rule"),
            "text": elements.text("evidence", "large"),
            "value": st.column_config.NumberColumn("seen"),
            "usual": st.column_config.NumberColumn("usual"),
            "points": st.column_config.NumberColumn("points"),
        }
        elements.table(evidence, "evidence", columns)


def _score(shown: Page, mailbox: str) -> None:
    """Show the score at each decision and now; what it was in between nobody keeps."""
    st.subheader("Score", anchor=False)
    found = shown.read(queries_logins.score, mailbox)
    if elements.missing(found, "No data: nothing was decided about it in this time.") or found is None:
        return
    told = found.assign(
        step=[_STEP_OF.get(row["type"], row["step"]) for row in elements.rows(found)],
        said=[_marked(row, shown.now) for row in elements.rows(found)],
        clock=[words.clock(time, shown.now) for time in found["time"]],
    )
    limits = shown.settings.mailboxes
    begins = {
        "watch": limits.watch_score,
        "flag": limits.flag_score,
        "throttle": limits.throttle_score,
        "suspend": limits.suspend_score,
    }
    drawn = charts_life.score(told, shown.span, {step: score for step, score in begins.items() if score})
    elements.chart(drawn, found, "score", "The score at each decision over time, and where each step begins")
    st.caption("Marks: decisions, and the newest score. It is not kept in between: the line only joins them. UTC.")


def _marked(row: dict[str, Any], now: pd.Timestamp) -> str:
    return "as it is now" if row["type"] == "now" else words.decision({**row, "subject": "Mailbox", "share": 0}, now)


def _timeline(shown: Page, mailbox: str) -> None:
    st.subheader("Sent", anchor=False)
    activity = shown.read(queries_mailbox.activity, mailbox, every=shown.every)
    if not elements.missing(activity, "No mail of it was logged in this time.") and activity is not None:
        drawn = charts.activity(activity, shown.span)
        elements.chart(drawn, activity, "activity", "Messages, recipients and unknown users over time")
    st.subheader("Logins by network", anchor=False)
    logins = shown.read(queries_mailbox.logins, mailbox, every=shown.every)
    if elements.missing(logins, "No login was logged in this time.") or logins is None:
        return
    networks, order = _lanes(logins)
    drawn = charts.lanes(networks, shown.span, Lanes("network", "logins", order))
    elements.chart(drawn, logins, "networks", "Logins per network over time")
    failed, total = int(logins["failed"].sum()), int(logins["logins"].sum())
    st.caption(
        f"{logins['network'].nunique()} networks, {words.count(total)} logins, {words.count(failed)} failed. UTC."
    )


def _lanes(logins: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the logins of the busiest networks, all others as one lane, and the order of the lanes."""
    busiest = logins.groupby("network")["logins"].sum().sort_values(ascending=False, kind="stable")
    order = [str(name) for name in busiest.index[:_LANES]]
    others = f"({len(busiest) - _LANES} others)"
    named = logins.assign(network=logins["network"].where(logins["network"].isin(order), others))
    summed = named.groupby(["bucket", "network"], as_index=False)[["logins"]].sum()
    return summed, [*order, others] if len(busiest) > _LANES else order


def _deliveries(shown: Page, mailbox: str) -> None:
    frame = shown.read(queries_mailbox.recent_deliveries, mailbox)
    if elements.missing(frame, "No delivery in this time.") or frame is None:
        return
    columns = {
        "time": elements.when("UTC"),
        "outcome": elements.text("outcome"),
        "enhanced_status": elements.text("status", "small"),
        "recipient": elements.text("recipient", "medium"),
        "outbound_ip": elements.text("IP"),
        "reply": elements.text("reply of the remote server", "large"),
        "provider": elements.text("provider"),
        "host": elements.text("host", "small"),
        "queue_id": elements.text("queue id"),
    }
    elements.table(frame.assign(outcome=frame["outcome"].map(_OUTCOMES)), "deliveries", columns, ("outcome",))


def _complaints(shown: Page, mailbox: str) -> None:
    frame = shown.read(queries_mailbox.complaints, mailbox)
    if heard.missing(shown, frame, "No complaint in this time.", "complaints") or frame is None:
        return
    columns = {
        "time": elements.when("UTC"),
        "feedback_type": elements.text("kind", "small"),
        "reporter": elements.text("reporter", "medium"),
        "attribution": elements.text("sender told by", "medium"),
        "outbound_ip": elements.text("IP"),
        "recipient": elements.text("recipient", "medium"),
        "message_id": elements.text("Message-ID", "medium"),
    }
    elements.table(frame, "complaints", columns)
