"""Sunset, one customer or mailbox: where it stands, by what clients it uses the old way, which letters it got."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import elements, queries_sunset, words
from dashboards.elements import Page
from dashboards.views import sunset_hands
from dashboards.views.sunset_letters import STATES
from schemas.checked import canonical_address
from schemas.names import domain_of

_RARELY = 15.0
_LIKELY = 0.5


def section(shown: Page, name: str) -> None:
    """Show the search for a customer or mailbox, and the one that was picked."""
    search = elements.search("Search a customer or mailbox").strip()
    if mailbox := st.query_params.get("mailbox", ""):
        _one(shown, name, mailbox)
    if not search:
        if not mailbox:
            st.caption("A part of a customer's number or of an address is enough.")
            _exempt(shown, name)
        return
    found = shown.read(queries_sunset.found, name, search, every=_RARELY)
    exempt = shown.read(queries_sunset.exempt, name, every=_RARELY)
    none = "No such mailbox was found to use it, nor any of such a customer."
    if exempt is None:
        elements.unread()
        return
    if elements.missing(found, none) or found is None:
        return
    told = found.assign(
        state=[state_of(row, exempt, _today(shown, name)) for row in elements.rows(found)],
        sure=[surely(each) for each in found["confidence"]],
    )
    picked = elements.picked(told, "found", _columns(), "mailbox", ("state",))
    said = f"{words.count(len(found))} of {words.count(int(found['total'].max()))}. Pick one for its uses and letters."
    st.caption(said)
    if picked:
        st.query_params["mailbox"] = picked
        st.rerun(scope="fragment")


def _exempt(shown: Page, name: str) -> None:
    """Show what is exempt, and the orders about the one that is picked."""
    st.subheader("Exempt", anchor=False)
    found = shown.read(queries_sunset.exempt, name, every=_RARELY)
    if elements.missing(found, "Nobody is exempt.") or found is None:
        return
    columns = {
        "subject": elements.text("mailbox, domain or customer", 260),
        "until_day": elements.text("last day, or till it ends", 160),
        "why": elements.text("why", 400),
    }
    picked = elements.picked(found, "exempt", columns, "subject")
    if picked:
        st.query_params["exempt"] = picked
        st.rerun(scope="fragment")
    if (subject := st.query_params.get("exempt", "")) in set(found["subject"]):
        sunset_hands.of_exemption(shown, name, [subject])


def _subjects(shown: Page, name: str, mailbox: str) -> list[str]:
    """Return by what a mailbox can be exempt: itself, its domain, and the customer with whom it was found."""
    found = shown.read(queries_sunset.found, name, mailbox, every=_RARELY)
    rows = [] if found is None else elements.rows(found)
    customer = [row["customer"] for row in rows if row["mailbox"] == mailbox and row["customer"]]
    domain = domain_of(canonical_address(mailbox))
    return list(dict.fromkeys([mailbox, *([f"@{domain}"] if domain else []), *customer]))


def _today(shown: Page, name: str) -> str:
    sunset = shown.settings.sunset.get(name)
    return f"{shown.now.tz_convert(sunset.timezone if sunset else 'UTC'):%Y-%m-%d}"


def _columns() -> dict[str, object]:
    return {
        "mailbox": elements.text("mailbox", 260, pinned=True),
        "state": elements.text("state", 230),
        "customer": elements.text("customer", 150),
        "language": elements.text("language", 80),
        "since": elements.when("since (UTC)"),
        "seen": elements.when("last use known (UTC)"),
        "sure": elements.text("how sure", 130),
    }


def state_of(row: dict[str, Any], exempt: pd.DataFrame, today: str) -> str:
    """Return where a mailbox stands: exempt by what and until when, done, back, or open."""
    address = canonical_address(row["mailbox"])
    subjects = {row["mailbox"], address, f"@{domain_of(address)}", row["customer"]} - {""}
    for each in elements.rows(exempt):
        if each["subject"] in subjects and (not each["until_day"] or today <= each["until_day"]):
            until = f"until {each['until_day']}" if each["until_day"] else "till it ends"
            return f"○ exempt {until}: {each['why']}"
    if row["done"]:
        return "● done"
    return "▲ back: it was done before" if row["back"] else "◆ open"


def surely(confidence: float) -> str:
    """Return in words how sure it is that it was this mailbox."""
    if confidence >= 1:
        return "sure"
    return f"{'probably' if confidence >= _LIKELY else 'perhaps'}, {confidence:.0%}"


def _one(shown: Page, name: str, mailbox: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.code(mailbox, language=None, wrap_lines=True)
        if st.button("Close", icon=":material/close:", key="close.mailbox"):
            del st.query_params["mailbox"]
            st.rerun(scope="fragment")
    sunset_hands.of_exemption(shown, name, _subjects(shown, name, mailbox))
    st.subheader("Its clients", anchor=False)
    uses = shown.read(queries_sunset.uses, name, mailbox, every=_RARELY)
    if not elements.missing(uses, "No data: no decision names a client of it.") and uses is not None:
        first = elements.rows(uses)[0]
        sure = surely(first["confidence"])
        said = f"As a decision of {first['told']:%d %b %H:%M} UTC told it. That it was this mailbox: {sure}."
        columns = {
            "ip": elements.text("client", 150),
            "helo": elements.text("EHLO name", 200),
            "program": elements.text("program", 260),
            "message_host": elements.text("host in its Message-IDs", 200),
            "messages": st.column_config.NumberColumn("messages", format="localized", width=85),
            "last": elements.when("last use (UTC)"),
        }
        elements.table(uses, "uses", columns)
        st.caption(said)
    _letters(shown, name, mailbox)


def _letters(shown: Page, name: str, mailbox: str) -> None:
    st.subheader("Its letters", anchor=False)
    found = shown.read(queries_sunset.letters, name, mailbox, every=_RARELY)
    if elements.missing(found, "No letter named it.") or found is None:
        return
    told = found.assign(
        state=[STATES.get(each, f"? {each}") for each in found["state"]],
        letter=[_letter(row) for row in elements.rows(found)],
    )
    columns = {
        "goes": elements.when("due (UTC)"),
        "letter": elements.text("letter", 140),
        "state": elements.text("state", 160),
        "recipient": elements.text("to", 220),
        "customer": elements.text("customer", 150),
        "language": elements.text("language", 75),
        "words": elements.text("what was answered, or why nobody", 340),
    }
    elements.table(told, "mailbox-letters", columns, ("state",))
    customer = str(found["customer"][0])
    if customer and st.button("Show the newest letter", icon=":material/arrow_forward:", key="to.letter"):
        elements.lead(part="Preview", customer=customer, sunset=st.query_params.get("sunset", ""))


def _letter(row: dict[str, Any]) -> str:
    if row["kind"] == "thanks":
        return "thanks"
    named = f"{row['number']} of {row['of']}" if row["number"] else "no number"
    return f"{named}, with thanks" if row["thanks"] else named
