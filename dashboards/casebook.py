"""The cases on the Mailboxes page: the customers under attack, and what happened in the case that was picked."""

import streamlit as st

from dashboards import elements, heard, queries_cases, words
from dashboards.elements import Page

_STATES = {"open": "■ open", "closed": "● closed"}
_HAPPENED = {
    "case_opened": "■ {count} mailboxes of {customer} are under attack",
    "case_grown": "■ another mailbox of {customer}, {count} now",
    "case_closed": "● closed: no mailbox of {customer} is flagged any more",
}


def cases(shown: Page) -> None:
    """Show the cases, and the one that the URL names with all that happened in it."""
    st.subheader("Cases", anchor=False)
    found = shown.read(queries_cases.cases)
    none = "No customer has several mailboxes flagged at once."
    if heard.missing(shown, found, none, "worker") or found is None:
        return
    listed = found.assign(
        state=found["state"].map(_STATES), mailboxes=[", ".join(members) for members in found["members"]]
    )
    columns = {
        "state": elements.text("state", 90),
        "customer": elements.text("customer", 200),
        "count": st.column_config.NumberColumn("mailboxes", width=90),
        "opened": elements.when("opened (UTC)"),
        "changed": elements.when("changed (UTC)"),
        "mailboxes": elements.text("which", "large"),
    }
    case = elements.picked(listed, "cases", columns, "case", ("state",))
    if case is not None:
        st.query_params["case"] = case
        st.rerun(scope="fragment")
    if "case" in st.query_params:
        _one(shown, st.query_params["case"])


def _one(shown: Page, case: str) -> None:
    if st.button("Close the case's story", icon=":material/close:", key="close.case"):
        del st.query_params["case"]
        st.rerun(scope="fragment")
    happened = shown.read(queries_cases.happened, case)
    if elements.missing(happened, "There is no such case.") or happened is None:
        return
    for row in elements.rows(happened):
        with st.container(border=True, gap="xsmall"):
            sentence = _HAPPENED[row["type"]].format(count=words.count(row["count"]), customer=row["customer"])
            elements.said(row["time"], sentence, shown.now)
            for reason in row["reasons"]:
                st.text(f"· {reason}")
