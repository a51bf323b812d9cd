"""One decision: its evidence in sentences and numbers, what it was made from, and whether it comes out again."""

import os
from typing import Any

import pandas as pd
import streamlit as st

from dashboards import elements, moment, queries_decisions, queries_mailbox, replayed, words
from dashboards.elements import Page
from dashboards.serve import CONFIG_ENV
from schemas.replay_shapes import Again

_RESULTS = {
    "same": "● The same decision comes out, with the same evidence.",
    "differs": "▲ The decision comes out, but not the same.",
    "not decided": "■ The decision does not come out.",
}
_NO_DECISIONS = {
    "operator_acted": "An order: the decision that answers it is one of its own, with this as its evidence.",
    "hook_failed": "A hook's word, no decision: it is tried again until it succeeds.",
    "hook_drifted": "A hook's word, no decision: what it had brought in force was not any more.",
}


def one(shown: Page, identity: str) -> None:
    """Show a decision."""
    if st.button("All decisions", icon=":material/arrow_back:", key="all-decisions"):
        elements.lead()
    found = shown.read(queries_decisions.one, identity, hours=1, every=30.0)
    if found is None:
        elements.unread()
        return
    if found.empty:
        elements.nothing("There is no such decision about a pool or a mailbox." + (" Not as of then." * shown.past))
        st.text(identity)
        return
    row = elements.rows(found)[0]
    subject = row["host"] or row["mailbox"] or row["ip"] or row["list"] or row["pool"]
    told = {**row, "subject": subject}
    elements.said(row["time"], words.decision(told, shown.now), shown.now)
    _ways(row)
    if row["type"] in _NO_DECISIONS:
        _known(row, shown.now)
        return
    _evidence(row)
    _inputs(shown, row)
    _replay(identity)


def _ways(row: dict[str, Any]) -> None:
    """Show the ways to the page that it is about, and to the moment of the decision."""
    then = moment.written(row["moment"] + 999_999)
    with st.container(horizontal=True, gap="small"):
        if row["mailbox"] and st.button("The mailbox as of then", key="to.mailbox"):
            elements.go("mailboxes", mailbox=row["mailbox"], at=then)
        if row["pool"] and st.button("The pool as of then", key="to.pool"):
            elements.go("pool", pool=row["pool"], ip=row["ip"], at=then)
        if row["follows"] and st.button("The decision that it carries out", key="to.followed"):
            elements.lead(decision=row["follows"])
        if st.button("What was different then", key="to.then"):
            elements.lead(at=then)


def _known(row: dict[str, Any], now: pd.Timestamp) -> None:
    """Show all that is known of what a hook told, or of an order: neither is made from anything, nor made again."""
    st.subheader("What is known of it", anchor=False)
    ordered = row["type"] == "operator_acted"
    until = pd.Timestamp(row["until"], unit="us", tz="UTC") if row["until"] else None
    told = {
        "When": f"{row['time']:%Y-%m-%d %H:%M:%S} UTC",
        "By": row["operator"],
        "Order" if ordered else "Hook": row["step"],
        "About": row["ip"] or row["mailbox"],
        "Only what it sends to": row["provider"],
        "Host": row["host"],
        "Pool": row["pool"],
        "Attempt": row["relapse"] or "",
        "It should let send": ", ".join(f"{ip} {share:.0%}" for ip, share in sorted(row["active"].items())),
        "Counts until": "" if not ordered else "revoked" if until is None else words.clock(until, now) + " UTC",
        "Reason" if ordered else "What it said": row["reason"],
    }
    st.text("\n".join(f"{label}: {text}" for label, text in told.items() if text))
    st.caption(_NO_DECISIONS[row["type"]])


def _evidence(row: dict[str, Any]) -> None:
    st.subheader("Why", anchor=False)
    if row["reason"]:
        st.text(f"· {row['reason']}")
    for each in row["evidence"]:
        st.text(f"· {each['text'] if isinstance(each, dict) else each[1]}")
    if row["culprits"]:
        st.text(f"· Sent through it before: {words.culprits(row['culprits'])}")
    if not len(row["evidence"]):
        elements.nothing("It names no evidence beside this." if row["reason"] else "It names no evidence.")
        return
    names = ("rule", "text", "value", "usual", "points")
    told = pd.DataFrame(
        [each if isinstance(each, dict) else dict(zip(names, each, strict=False)) for each in row["evidence"]]
    )
    columns = {
        "rule": elements.text("rule", 130),
        "text": elements.text("evidence", "large"),
        **{name: st.column_config.NumberColumn(name, width=80) for name in names[2:]},
    }
    elements.table(told, "why", columns)


_NONE = {
    "Deliveries": "No delivery of it was logged in this time.",
    "Logins": "No login of it was logged in this time.",
    "Complaints": "No complaint about it came in this time.",
}


def _inputs(shown: Page, row: dict[str, Any]) -> None:
    """Show what was known in the day before the decision: of the IP or the list, or what the mailbox did."""
    st.subheader("What it was made from", anchor=False)
    st.caption("The newest of the 24 hours before it.")
    at = int(row["moment"])
    if row["mailbox"]:
        parts = {
            "Deliveries": queries_mailbox.recent_deliveries,
            "Logins": queries_mailbox.recent_logins,
            "Complaints": queries_mailbox.complaints,
        }
        part = elements.choice("part", "What of the mailbox", list(parts), "Deliveries")
        found = shown.read(parts[part], row["mailbox"], hours=24, every=30.0, at=at)
        if not elements.missing(found, _NONE[part]) and found is not None:
            _table(found, part.lower())
        return
    found = shown.read(queries_decisions.observed, row["ip"], row["list"], hours=24, every=30.0, at=at)
    if not elements.missing(found, "No data: nothing was observed of it in this time.") and found is not None:
        _table(found, "observations")


def _table(found: pd.DataFrame, name: str) -> None:
    columns: dict[str, Any] = {
        str(each): elements.when("UTC") if each == "time" else elements.text(str(each).replace("_", " "))
        for each in found.columns
        if each != "total"
    }
    elements.table(found.astype({each: str for each in columns if each != "time"}), f"inputs-{name}", columns)


def _replay(identity: str) -> None:
    st.subheader("Made again", anchor=False)
    st.caption("By the functions that decide live, from all that ClickHouse holds of its inputs. Nothing is written.")
    key = f"replayed.{identity}"
    if st.button("Replay", icon=":material/replay:", key="replay"):
        try:
            with st.spinner("The decision is made again …"):
                st.session_state[key] = replayed.again(os.environ.get(CONFIG_ENV, "relaywarden.toml"), identity)
        except ValueError as error:
            st.session_state[key] = error
    result: Again | ValueError | None = st.session_state.get(key)
    if isinstance(result, ValueError):
        st.error("It cannot be made again.", icon=":material/error:")
        st.text(str(result))
    elif result is not None:
        _told(result)


def _told(result: Again) -> None:
    st.text(_RESULTS[result.outcome])
    if result.differences:
        rows = pd.DataFrame([{"field": d.field, "then": d.then, "again": d.now} for d in result.differences])
        columns = {name: elements.text(name, "medium") for name in ("field", "then", "again")}
        elements.table(rows, "replay-differences", columns)
    if result.reasons:
        st.text("What may be why:\n" + "\n".join(f"· {reason}" for reason in result.reasons))
    if not result.inputs:
        elements.nothing("No data: ClickHouse holds none of its inputs.")
        return
    rows = pd.DataFrame(
        {
            "type": [each.type for each in result.inputs],
            "count": [each.count for each in result.inputs],
            **{
                name: pd.to_datetime([getattr(each, name) for each in result.inputs], unit="us", utc=True)
                for name in ("first", "last")
            },
        }
    )
    numbers = {
        "type": elements.text("inputs", 220),
        "count": st.column_config.NumberColumn("number", format="localized", width=90),
        "first": elements.when("the first (UTC)"),
        "last": elements.when("the last (UTC)"),
    }
    elements.table(rows, "replay-inputs", numbers)
    since = moment.written(result.since)
    st.caption(f"Only the newest were read, from {since} on." if result.cut else f"They begin at {since}.")
