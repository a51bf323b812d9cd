"""The Complaints page's trends: over time, and by the provider that told us and by IP, beside the span before."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import charts_life, elements, queries_complaint_trends, queries_pool, words
from dashboards.elements import Page
from dashboards.palette import BOUNCED, DEFERRED, DELIVERED
from dashboards.span import words as hours
from schemas.names import provider_of

LIKELY = 0.7
"""So sure a sender must be not to be called doubtful."""
_KINDS = {
    "sure": ("● with a sender", DELIVERED),
    "doubtful": ("◆ with a doubtful one", DEFERRED),
    "unattributed": ("? unattributed", BOUNCED),
}
_BY = {"Provider": "reporter", "IP": "ip"}


def ahead(shown: Page) -> None:
    """Ask beside what `show` reads."""
    shown.ahead(queries_complaint_trends.over_time, LIKELY, every=shown.every)
    shown.ahead(queries_complaint_trends.by, _BY.get(st.query_params.get("by", ""), "reporter"), every=shown.every)


def show(shown: Page) -> None:
    """Show the trends of the page's hours."""
    st.subheader("Trends", anchor=False)
    times = shown.read(queries_complaint_trends.over_time, LIKELY, every=shown.every)
    if not elements.missing(times, "No complaint against anybody in this time.") and times is not None:
        drawn = charts_life.stacked(times, shown.span, _KINDS, "complaints")
        said = "Complaints over time, with a sender, with a doubtful one, and without"
        elements.chart(drawn, times, "times", said)
        st.caption("Empty: none came. Reports that blame nobody (not-spam, opt-out, auth-failure) are left out. UTC.")
    chosen = _BY[elements.choice("by", "By", list(_BY), "Provider")]
    found = shown.read(queries_complaint_trends.by, chosen, every=shown.every)
    if found is None:
        elements.unread()
        return
    if found.empty:
        return
    told = _told(shown, found, chosen)
    columns: dict[str, Any] = {
        "value": elements.text("IP" if chosen == "ip" else "told us", 200),
        "provider": elements.text("provider", 150),
        "complaints": _number("complaints"),
        "before": elements.text(f"{hours(shown.hours)} before", 130),
        "unattributed": _number("unattributed"),
        "senders": _number("senders"),
        "rate": elements.text("of delivered", 110, help="Complaints by the mails that this IP delivered in this time"),
        "last": elements.when("last, UTC"),
    }
    elements.table(told, "trends", columns)


def _told(shown: Page, found: pd.DataFrame, by: str) -> pd.DataFrame:
    told = found.assign(
        value=found["value"].where(found["value"] != "", "(not told)"),
        before=[
            words.count(number) if known else "no data"
            for number, known in zip(found["before"], found["known_before"], strict=True)
        ],
    )
    if by != "ip":
        return told.assign(provider=[provider_of("", f"@{domain}") for domain in found["value"]])
    traffic = shown.read(queries_pool.traffic, every=shown.every)
    sent: dict[str, int] = {}
    if traffic is not None and not traffic.empty:
        sent = {str(ip): int(number) for ip, number in traffic.groupby("ip")["sent"].sum().items()}
    return told.assign(rate=[_rate(row["complaints"], sent.get(row["value"], 0)) for row in elements.rows(found)])


def _rate(complaints: int, delivered: int) -> str:
    """Return the share in percent with two digits: providers ask for less than 0.1 %, and block from 0.3 %."""
    return f"{100 * complaints / delivered:.2f} %" if delivered else "no data"


def _number(label: str) -> Any:  # noqa: ANN401 Streamlit's column type is not public
    return st.column_config.NumberColumn(label, format="localized", width=95)
