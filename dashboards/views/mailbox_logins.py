"""The logins of a mailbox: over time, by network, AS, country, protocol; the newest; the programs that it sent with."""

from typing import Any

import pandas as pd
import streamlit as st
from babel import Locale

from dashboards import charts_life, elements, queries_logins, queries_mailbox, words
from dashboards.elements import Page

_LOGINS = {"succeeded": "● succeeded", "failed": "■ failed", "unavailable": "? server unavailable"}
_UNTOLD = "(the log does not tell it)"


def show(shown: Page, mailbox: str) -> None:
    """Show the logins in the page's hours."""
    times = shown.read(queries_logins.over_time, mailbox, every=shown.every)
    if not elements.missing(times, "No login in this time.") and times is not None:
        elements.chart(charts_life.logins(times, shown.span), times, "outcomes", "Logins over time by outcome")
        _by(shown, mailbox)
        _recent(shown, mailbox)
    _programs(shown, mailbox)


def _by(shown: Page, mailbox: str) -> None:
    chosen = elements.choice("by", "By", list(queries_logins.BY), queries_logins.BY[0])
    found = shown.read(queries_logins.by, mailbox, chosen, every=shown.every)
    if found is None:
        elements.unread()
        return
    names = Locale("en").territories
    values = [names.get(value, value) if chosen == "country" else value for value in found["value"]]
    told = found.assign(
        value=[value or _UNTOLD for value in values],
        share=[
            words.percent(row["failed"], row["succeeded"] + row["failed"]) if row["succeeded"] + row["failed"] else ""
            for row in elements.rows(found)
        ],
        countries=[", ".join(names.get(each, each) for each in some) for some in found["countries"]],
    )
    columns = {
        "value": elements.text(chosen, 220),
        "succeeded": _number("succeeded"),
        "failed": _number("failed"),
        "share": elements.text("failed of both", 95),
        "unavailable": _number("no answer"),
        "networks": _number("networks"),
        "countries": elements.text("countries", 220),
        "first": elements.when("first, UTC"),
        "last": elements.when("last, UTC"),
    }
    elements.table(told, "logins-by", columns)
    many = int(found["total"].max())
    if many > len(found):
        st.caption(f"The busiest {words.count(len(found))} of {words.count(many)}.")


def _number(label: str) -> Any:  # noqa: ANN401 Streamlit's column type is not public
    return st.column_config.NumberColumn(label, format="localized", width=85)


def _recent(shown: Page, mailbox: str) -> None:
    st.caption("The newest logins")
    frame = shown.read(queries_mailbox.recent_logins, mailbox)
    if frame is None:
        elements.unread()
        return
    columns = {
        "time": elements.when("UTC"),
        "outcome": elements.text("outcome", 150),
        "client_ip": elements.text("client IP", 130),
        "country": elements.text("country", 130),
        "system": elements.text("AS", 90),
        "service": elements.text("protocol", 90),
        "method": elements.text("method", 90),
        "tls": st.column_config.CheckboxColumn("TLS", width="small"),
        "reason": elements.text("reason", "medium"),
        "host": elements.text("host", "small"),
    }
    names = Locale("en").territories
    told = frame.assign(
        outcome=frame["outcome"].map(_LOGINS),
        country=[names.get(each, each) for each in frame["country"]],
        system=[f"AS{number}" if number else "" for number in frame["asn"]],
    )
    elements.table(told, "logins", columns, ("outcome",))


def _programs(shown: Page, mailbox: str) -> None:
    st.caption("The programs that it sent with")
    found = shown.read(queries_logins.programs, mailbox, every=shown.every)
    if elements.missing(found, "No data: it handed in nothing in this time.") or found is None:
        return
    untold = found["program"].where(found["program"] != "", _UNTOLD)
    columns = {
        "program": elements.text("program, as it says of itself", 320),
        "helo": elements.text("EHLO name", 240),
        "messages": _number("messages"),
        "recipients": _number("recipients"),
        "networks": _number("networks"),
        "first": elements.when("first, UTC"),
        "last": elements.when("last, UTC"),
    }
    elements.table(pd.DataFrame(found.assign(program=untold)), "programs", columns)
