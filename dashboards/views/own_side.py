"""Own side: how each IP of a pool presents itself, and which of our domains lists name; a part of other pages."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import elements, offers, queries_own, words
from dashboards.elements import Page
from dashboards.palette import ANSWERS, OUTCOMES_OF_CHECKS

_CHECKS = {"ptr": "PTR", "forward": "forward", "helo": "HELO", "helo_is_ptr": "HELO is PTR", "spf": "SPF"}


def identities(shown: Page, ips: list[str]) -> None:
    """Show the five checks of each of the IPs, and what was found where one does not pass."""
    st.subheader("Own side", anchor=False)
    found = shown.read(queries_own.identities, hours=1, every=shown.every)
    asked = found
    if found is not None:
        found = found[found["ip"].isin(ips)]
    if elements.missing(found, "No data: no IP was looked at within fourteen days.") or found is None:
        return
    rows = [_row(row) for row in elements.rows(found)]
    columns = {
        "ip": elements.text("IP", pinned=True),
        "helo": elements.text("HELO name"),
        "ptr": elements.text("PTR"),
        **{name: elements.text(label, 90) for name, label in _CHECKS.items()},
        "wrong": elements.text("what does not pass", "large"),
        "asked": elements.when("looked at (UTC)"),
    }
    elements.table(offers.made(pd.DataFrame(rows), asked), "identities", columns, tuple(_CHECKS))
    st.caption("Reverse DNS, its way back, the HELO name and its SPF. None of it withdraws an IP.")


def _row(row: dict[str, Any]) -> dict[str, Any]:
    checks = [_check(each) for each in row["checks"]]
    wrong = "; ".join(f"{_CHECKS.get(name, name)}: {text}" for name, outcome, text in checks if outcome != "pass")
    told = {name: OUTCOMES_OF_CHECKS.get(outcome, OUTCOMES_OF_CHECKS[""]) for name, outcome, _ in checks}
    usual = dict.fromkeys(_CHECKS, OUTCOMES_OF_CHECKS[""])
    return {
        "ip": row["ip"],
        "helo": row["helo"],
        "ptr": ", ".join(row["ptr"]),
        **usual,
        **told,
        "wrong": wrong,
        "asked": row["asked"],
    }


def _check(given: Any) -> tuple[str, str, str]:  # noqa: ANN401 the client gives a named tuple as tuple or dict
    name, outcome, text = given.values() if isinstance(given, dict) else given
    return str(name), str(outcome), str(text)


def domains(shown: Page) -> None:
    """Show which of our domains are listed, and what could not be told."""
    st.subheader("Our domains on lists", anchor=False)
    asked = shown.read(queries_own.asked, hours=1, every=shown.every)
    if elements.missing(asked, "No data: no list of domains was asked within fourteen days.") or asked is None:
        return
    newest = words.age((shown.now - asked["asked"].max()).total_seconds())
    lists = f"{len(asked)} {'list' if len(asked) == 1 else 'lists'}"
    number = int(asked["domains"].max())
    st.caption(f"{lists} asked about {words.count(number)} {'domain' if number == 1 else 'domains'}, {newest} ago.")
    found = shown.read(queries_own.domains, hours=1, every=shown.every)
    if elements.missing(found, "None is listed, and each answer is known.") or found is None:
        return
    told = found.assign(
        answer=found["answer"].map(ANSWERS),
        codes=found["codes"].map(", ".join),
        used_by=found["used_by"].map(", ".join),
    )
    columns = {
        "domain": elements.text("domain", pinned=True),
        "list": elements.text("list"),
        "answer": elements.text("answer"),
        "used_by": elements.text("used by"),
        "codes": elements.text("codes"),
        "reason": elements.text("reason", "large"),
        "asked": elements.when("asked (UTC)"),
    }
    elements.table(told, "domains", columns, ("answer",))


def lists_of_domains(shown: Page) -> set[str]:
    """Return the lists that were asked about domains: what they say is no matter of the IPs."""
    asked = shown.read(queries_own.asked, hours=1, every=shown.every)
    return set() if asked is None else set(asked["list"])


def brief(shown: Page) -> None:
    """Say in a line how many IPs and domains are not in order; nothing where all are, or nobody looked."""
    found = shown.read(queries_own.identities, hours=1, every=shown.every)
    listed = shown.read(queries_own.domains, hours=1, every=shown.every)
    parts = []
    if found is not None and not found.empty:
        wrong = sum(any(_check(each)[1] == "fail" for each in row["checks"]) for row in elements.rows(found))
        parts += [f"{wrong} of {len(found)} IPs do not present themselves as they should"] if wrong else []
    if listed is not None and not listed.empty:
        names = listed[listed["answer"] == "listed"]["domain"].nunique()
        parts += [f"{names} of our domains on lists"] if names else []
    if parts:
        st.caption(f"▲ Own side: {', '.join(parts)} (page Pool, Lists).")
