"""Customers: whom to look at first, and a search by name, number, mailbox or domain."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import elements, offers, queries, queries_customers, tally, words
from dashboards.elements import Page
from dashboards.views import customer_picked

_BY_DOMAIN = "▲ by its domain: in no directory"
_MOST_HOURS = 24
_EVERY = 30.0
_LONG = "Of the last 24 hours: a week's mails of everybody are not added up here; one customer's are. "
_SAID = (
    "Those with open cases first, then by flagged mailboxes, complaints, bounces and volume; of fewer than 100 mails a "
    "share says little. Whose a mailbox is says the directory, as relaywarden desk read it last (docs/directory.md)."
)


@elements.live
def page() -> None:
    """Show the page."""
    hours = elements.header("Customers")
    search = elements.search("Search a customer, mailbox or domain").strip()
    shown = Page(hours)
    customer = st.query_params.get("customer", "")
    if not customer and (mailbox := st.query_params.get("mailbox", "")):
        customer = whose(shown, mailbox)
    if customer:
        if st.button("All customers", icon=":material/arrow_back:", key="close"):
            elements.lead(search=search)
        customer_picked.show(shown, customer)
    else:
        _all(shown, search)
    shown.close()


def whose(shown: Page, mailbox: str) -> str:
    """Return the customer of a mailbox or domain, "" where that could not be read."""
    found = shown.read(queries_customers.whose, mailbox, hours=1)
    return "" if found is None or found.empty else str(found["customer"].iloc[0])


def way(shown: Page, mailbox: str) -> None:
    """Show the way from a mailbox or domain to its customer."""
    customer = whose(shown, mailbox)
    if customer and st.button(f"Customer {words.inert(customer)}", icon=":material/arrow_forward:", key="to-customer"):
        elements.go("customers", customer=customer)


def _all(shown: Page, search: str) -> None:
    found = shown.read(queries_customers.needy, search, hours=min(shown.hours, _MOST_HOURS), every=_EVERY)
    none = "No such customer." if search else "No data: nobody sent anything, and no customer has an open case."
    if elements.missing(found, none) or found is None:
        return
    feeds = shown.read(queries.feeds, hours=1)
    heard = bool(found["complained"].sum()) or (feeds is not None and "complaints" in set(feeds["feed"]))
    told = pd.DataFrame([_row(row, heard=heard) for row in elements.rows(found)])
    total = int(found["total"].max())
    tally.show(map(_need, elements.rows(found)), "customers", total)
    customer = elements.picked(offers.made(told, found), "customers", _columns(), "customer", ("cases", "boxes"))
    st.caption(
        f"{words.count(len(found))} of {words.count(total)}. {_LONG if shown.hours > _MOST_HOURS else ''}{_SAID}"
    )
    if customer is not None:
        elements.lead(customer=customer)


def _need(row: dict[str, Any]) -> str:
    return "■ open cases" if row["cases"] else "▲ flagged mailboxes" if row["boxes"] else "● neither"


def _row(row: dict[str, Any], *, heard: bool) -> dict[str, Any]:
    """Return a customer's row; `heard`: complaints came at all of late, so that none is a number."""
    mails = int(row["attempts"])
    return {
        "customer": row["customer"],
        "name": row["name"] or ("" if row["is_known"] else _BY_DOMAIN),
        "cases": f"■ {row['cases']} open" if row["cases"] else "● none",
        "boxes": f"▲ {row['boxes']} flagged" if row["boxes"] else "● none",
        "attempts": mails,
        "complaints": row["complained"] if heard else None,
        "rate": f"{1000 * row['complained'] / mails:.1f}" if mails and heard else "no data",
        "bounced": words.percent(row["bounces"], mails),
        "delivered": words.percent(row["delivered"], mails),
    }


def _columns() -> dict[str, Any]:
    return {
        "customer": elements.text("customer", 190, pinned=True),
        "name": elements.text("name", 220),
        "cases": elements.text("cases", 90),
        "boxes": elements.text("mailboxes", 110),
        "attempts": st.column_config.NumberColumn("attempts", format="localized", width=95),
        "complaints": st.column_config.NumberColumn("complaints", format="localized", width=95),
        "rate": elements.text("per 1000 mails", 115),
        "bounced": elements.text("bounced", 80),
        "delivered": elements.text("delivered", 80),
    }
