"""Sunset, the letters: what became of them week by week, and whom they did not reach, for customer care."""

import pandas as pd
import streamlit as st

from dashboards import charts_sunset, elements, offers, queries_sunset, words
from dashboards.elements import Page
from dashboards.views import sunset_hands

_SELDOM = 300.0  # it reads the mail log of all that time
_BACK = {"4 weeks": 28, "12 weeks": 84, "a year": 366}
_SAID = (
    "Thanks are letters, too. Withdrawn: wanted no more. Sent: the mail server took it, and no log tells more. "
    "Looked at every five minutes."
)
STATES = {
    "delivered": "● delivered",
    "sent": "○ sent",
    "on its way": "◆ on its way",
    "waiting": "· waiting",
    "withdrawn": "○ withdrawn",
    "bounced": "■ bounced",
    "refused": "■ refused",
    "nobody to write to": "▲ nobody to write to",
}


def section(shown: Page, name: str) -> None:
    """Show the letters of a sunset by week, and those that reached nobody."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("What became of the letters", anchor=False, width="content")
        hours = 24 * _BACK[elements.choice("back", "How far back", list(_BACK), "4 weeks")]
    weeks = shown.read(queries_sunset.letter_weeks, name, hours=hours, every=_SELDOM)
    if elements.missing(weeks, "No data: no letter was decided in this time.") or weeks is None:
        return
    elements.chart(charts_sunset.letters(weeks), weeks, "letters", "Letters of each week by what became of them")
    summed = _by_week(weeks)
    columns = {
        "week": st.column_config.NumberColumn("week", format="%d", width=60),
        "first": elements.when("the first was due (UTC)"),
        **{name: st.column_config.NumberColumn(label, format="localized", width=115) for name, label in STATES.items()},
    }
    others = {name: st.column_config.NumberColumn(f"? {name}", width=115) for name in set(weeks["state"]) - set(STATES)}
    elements.table(offers.made(summed, weeks), "letter-weeks", columns | others)
    st.caption(_SAID)
    _failed(shown, name, hours)
    sunset_hands.of_letters(shown, name, hours)


def _by_week(weeks: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each week: how many letters came to each state."""
    table = weeks.pivot_table(index="week", columns="state", values="letters", aggfunc="sum", fill_value=0)
    counts = table.reindex(columns=[*STATES, *sorted(set(table.columns) - set(STATES))], fill_value=0)
    first = pd.to_datetime(weeks.groupby("week")["first"].min().astype("int64"), unit="us", utc=True)
    return counts.assign(first=first).reset_index()


def _failed(shown: Page, name: str, hours: int) -> None:
    st.subheader("Whom they did not reach", anchor=False)
    found = shown.read(queries_sunset.failed, name, hours=hours, every=_SELDOM)
    if elements.missing(found, "Each letter reached somebody, or is still on its way.") or found is None:
        return
    told = found.assign(shape=[STATES.get(each, f"? {each}") for each in found["state"]])
    columns = {
        "decided": elements.when("decided (UTC)"),
        "shape": elements.text("state", 155),
        "customer": elements.text("customer", 150),
        "name": elements.text("name", 150),
        "recipient": elements.text("address", 200),
        "words": elements.text("why", 340),
        "boxes": elements.text("mailboxes", 300),
        "number": st.column_config.NumberColumn("letter", format="%d", width=60),
        "language": elements.text("language", 75),
        "kind": elements.text("kind", 70),
        "message_id": elements.text("Message-ID", "medium"),
    }
    customer = elements.picked(told, "failed", columns, "customer", ("shape",))
    total = words.count(int(found["total"].max()))
    said = f"The newest {words.count(len(found))} of {total}. Pick one to see its mailboxes."
    st.caption(said)
    if customer:
        elements.lead(part="Search", search=customer, sunset=st.query_params.get("sunset", ""))
