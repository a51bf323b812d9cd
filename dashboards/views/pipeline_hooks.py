"""Of the Pipeline page: each hook of each host: what it brought in force and when, failures, drift, the logs' word."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import elements, offers, queries_pipeline, words
from dashboards.elements import Page

_STATES = {"hook_applied": "● in force", "hook_failed": "■ failed", "hook_drifted": "▲ drifted"}
_SAID = {
    "withdrawal_verified": "● {ip} sends no more",
    "withdrawal_drifted": "■ {ip} still sends",
    "provider_verified": "● {ip} sends no more to {provider}",
    "provider_drifted": "■ {ip} still sends to {provider}",
}


def show(shown: Page) -> None:
    """Show the section."""
    st.subheader("Hooks", anchor="hooks")
    found = shown.read(queries_pipeline.hooks, every=5.0)
    if not elements.missing(found, "No data: no hook told anything yet.") and found is not None:
        rows = [_hook(row, shown.now) for row in elements.rows(found)]
        columns = {
            "state": elements.text("state", 110),
            "host": elements.text("host", pinned=True),
            "hook": elements.text("hook"),
            "pool": elements.text("pool", 90),
            "applied": elements.text("last applied", 120),
            "set": elements.text("IPs of the set", 100),
            "decision": elements.text("by decision", 130),
            "slowest": elements.text("slowest", 90),
            "runs": st.column_config.NumberColumn("applied", format="%d", width=80),
            "failed": st.column_config.NumberColumn("failed", format="%d", width=70),
            "drifted": st.column_config.NumberColumn("drifted", format="%d", width=70),
            "heard": elements.text("last heard of", 120),
            "reason": elements.text("why it failed or drifted last", "large"),
        }
        elements.table(offers.made(pd.DataFrame(rows), found), "hooks", columns, ("state",))
        st.caption("Counts are of the range. A hook speaks when it does something: silence is no failure by itself.")
    st.subheader("What the logs say of withdrawals", anchor="verified")
    told = shown.read(queries_pipeline.verified)
    if elements.missing(told, "No data: no withdrawal was verified within the range.") or told is None:
        return
    for row in elements.rows(told):
        elements.said(row["time"], f"{_SAID[row['type']].format(**row)} (pool {row['pool']})", shown.now, row["id"])


def _hook(row: dict[str, Any], now: pd.Timestamp) -> dict[str, Any]:
    applied = row["applied"]
    return row | {
        "state": _STATES[row["state"]],
        "applied": "never" if pd.isna(applied) else f"{words.age((now - applied).total_seconds())} ago",
        "set": "no data" if pd.isna(applied) else str(row["ips"]),
        "slowest": f"{row['slowest']} ms" if row["runs"] else "no data",
        "heard": f"{words.age((now - row['heard']).total_seconds())} ago",
    }
