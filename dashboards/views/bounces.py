"""Bounces that came by mail, on the page of the complaints: why, whether for ever, and whose mail it was."""

import pandas as pd
import streamlit as st

from dashboards import elements, offers, queries_bounces
from dashboards.elements import Page

_SAID = "Anybody can write a bounce: they are shown, and count for no score and no IP."


def ahead(shown: Page) -> None:
    """Ask beside what `section` reads first."""
    shown.ahead(queries_bounces.reasons, hours=168, every=shown.every)


def section(shown: Page) -> None:
    """Show the bounces of the page's hours; nothing where none came within seven days."""
    week = shown.read(queries_bounces.reasons, hours=168, every=shown.every)
    if week is None or week.empty:
        return
    st.subheader("Bounces by mail", anchor=False)
    summed, found = shown.read(queries_bounces.reasons), shown.read(queries_bounces.listed)
    if elements.missing(summed, "No bounce in this time.") or summed is None or found is None:
        return
    elements.table(_summed(summed), "bounce-reasons", _reason_columns(), ("reason",))
    elements.table(_listed(found), "bounces", _columns(), ("reason",))
    offers.note("bounces", found)
    st.caption(_SAID)


def _summed(summed: pd.DataFrame) -> pd.DataFrame:
    return summed.assign(reason=[_words(reason) for reason in summed["reason"]])


def _reason_columns() -> dict[str, object]:
    names = {"final": "for ever", "delays": "delays"}
    numbers = ("bounces", "final", "delays", "recipients", "senders")
    return {
        "reason": elements.text("reason", 200),
        **{
            name: st.column_config.NumberColumn(names.get(name, name), format="localized", width="small")
            for name in numbers
        },
    }


def _listed(found: pd.DataFrame) -> pd.DataFrame:
    verdicts = [
        "■ for ever" if final else "▲ delayed" if action == "delayed" else "◆ failed" for final, action in _pairs(found)
    ]
    return pd.DataFrame(
        {
            "time": found["time"],
            "sender": found["sender"].where(found["sender"] != "", "unattributed"),
            "sure": [f"{confidence:.0%}" if confidence else "" for confidence in found["confidence"]],
            "recipient": found["recipient"],
            "verdict": verdicts,
            "reason": [_words(reason) for reason in found["reason"]],
            "reply": found["reply"],
            "reporting_mta": found["reporting_mta"],
            "ip": found["ip"],
            "doubt": found["doubt"],
            "message_id": found["message_id"],
        }
    )


def _pairs(found: pd.DataFrame) -> list[tuple[bool, str]]:
    return list(zip(found["permanent"], found["action"], strict=True))


def _columns() -> dict[str, object]:
    return {
        "time": elements.when("UTC"),
        "sender": elements.text("sender", 200),
        "sure": elements.text("sure", 55),
        "recipient": elements.text("recipient", "medium"),
        "verdict": elements.text("verdict", 90),
        "reason": elements.text("reason", 130),
        "reply": elements.text("reply", 300),
        "reporting_mta": elements.text("told by", "medium"),
        "ip": elements.text("IP"),
        "doubt": elements.text("why no sender, or what speaks against it", 250),
        "message_id": elements.text("Message-ID", "medium"),
    }


def _words(reason: str) -> str:
    return reason.replace("_", " ")
