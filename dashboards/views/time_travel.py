"""Time travel: any page as of a moment, what was different then, and the decisions of the time to look into."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import streamlit as st

from dashboards import (
    compared,
    elements,
    heard,
    moment,
    queries,
    queries_cases,
    queries_flags,
    queries_pool,
    tally,
    words,
)
from dashboards.compared import Known
from dashboards.elements import Page
from dashboards.palette import STATES, STEPS
from dashboards.views import decision

_STATE, _FLAGGED, _CASE = "state of the IP", "step of the mailbox", "case"
_MOST = 200
_DAY, _TIME, _SLIDER = "travel.day", "travel.time", "travel.slider"


@elements.live
def page() -> None:
    """Show the page."""
    shown = Page(elements.header("Time travel"))
    identity = st.query_params.get("decision", "")
    if identity:
        decision.one(shown, identity)
    else:
        _choose(shown)
        if shown.past:
            _links()
            _differences(shown)
        else:
            st.caption("Choose a moment: then all pages show what was known as of then, until you go back to now.")
        _decisions(shown)
    shown.close()


def _choose(shown: Page) -> None:
    """Show the ways to choose a moment: a day and a time, and a slider over the range that ends now."""
    when = shown.now.to_pydatetime().replace(tzinfo=None, microsecond=0)
    if not shown.past:  # a field whose first value moves on would forget what is being typed
        when = when.replace(minute=when.minute // 10 * 10, second=0)
    end = datetime.fromtimestamp(moment.clock() / 1_000_000, UTC).replace(tzinfo=None, second=0, microsecond=0)
    with st.form("travel.form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.date_input("Day (UTC)", when.date(), key=_DAY, max_value=end.date(), width=160)
        st.time_input("Time (UTC)", when.time(), key=_TIME, step=60, width=140)
        st.form_submit_button("Go there", icon=":material/history:", on_click=_gone, key="travel.go")
    first, key = end - timedelta(hours=shown.hours), f"{_SLIDER}.{shown.at}.{shown.hours}"
    if first <= when <= end:
        st.slider(
            "Within the time range (UTC)", first, end, when, timedelta(minutes=1), "DD MMM HH:mm", key, on_change=_slid,
            args=(key,),
        )  # fmt: skip


def _gone() -> None:
    chosen = datetime.combine(st.session_state[_DAY], st.session_state[_TIME], UTC)
    moment.turn(f"{chosen:%Y-%m-%dT%H:%M:%SZ}")


def _slid(key: str) -> None:
    moment.turn(f"{st.session_state[key]:%Y-%m-%dT%H:%M:%SZ}")


def _links() -> None:
    st.subheader("The pages as of then", anchor=False)
    pages: dict[str, st.Page] = st.session_state.get("pages", {})
    with st.container(horizontal=True, gap="small"):
        for name, each in pages.items():
            if name != "time_travel":
                st.page_link(each, query_params=moment.query())


def _differences(shown: Page) -> None:
    st.subheader("What was different then", anchor=False)
    then, now = _known(shown, shown.at), _known(shown, 0)
    if then is None or now is None:
        elements.unread()
        return
    rows = [
        {"what": what, "which": which, "then": _aged(then, before, "then"), "now": _aged(now, after, "now")}
        for (what, which), before, after in compared.different(then, now)
    ]
    cut = sorted(then.cut | now.cut)
    if cut:
        st.caption(
            f"? Not all is compared: of each {' and each '.join(cut)} only the first {_MOST} of a moment were read; "
            "who is not among them is not known, and is left out."
        )
    for each, when in ((then, "of then"), (now, "of now")):
        if each.silent:
            st.caption(
                f"? Not all {when} is known ({each.silent}): of an IP that was active, a mailbox that was not in "
                "question and a customer without a case nothing is told; what was wrong stays as it was told last."
            )
    if not rows:
        known = "Nothing that is known" if cut or then.silent or now.silent else "Nothing"
        elements.nothing(f"{known}: the pools, the mailboxes in question and the open cases are as they were.")
        return
    columns = {
        "what": elements.text("what", 160),
        "which": elements.text("of", 280, pinned=True),
        "then": elements.text("then", 200),
        "now": elements.text("now", 200),
    }
    elements.table(pd.DataFrame(rows), "differences", columns, ("then", "now"))
    st.caption(
        "Of the states of all IPs, the mailboxes that are watched or worse, and the open cases; ·: none of these."
    )


def _aged(known: Known, said: str, when: str) -> str:
    return f"{said}, not of {when}" if known.silent else said


def _known(shown: Page, at: int) -> Known | None:
    """Return as of a moment (0: now) each IP's state, each mailbox's step and the open cases; None: not read."""
    states, feeds = shown.read(queries_pool.states, hours=1, at=at), shown.read(queries.feeds, hours=1, at=at)
    pools = heard.standings(shown, at)
    flags = shown.read(queries_flags.flags, _MOST, hours=1, at=at)
    cases = shown.read(queries_cases.open_cases, _MOST, hours=1, at=at)
    if states is None or feeds is None or flags is None or cases is None:
        return None
    ips = {ip.ip: STATES[ip.state] for ip in pools.now if ip.state != "unknown"}
    steps = {row["mailbox"]: STEPS.get(row["step"], row["step"]) for row in elements.rows(flags)}
    attacked = {row["customer"]: f"■ open, {row['count']} mailboxes" for row in elements.rows(cases)}
    return compared.joined(
        ((_STATE, ips, False), (_FLAGGED, steps, len(flags) >= _MOST), (_CASE, attacked, len(cases) >= _MOST)),
        pools.silent,
    )


def _decisions(shown: Page) -> None:
    st.subheader("Decisions of this time", anchor=False)
    found = shown.read(queries.decisions, every=shown.every)
    if heard.missing(shown, found, "Nothing was decided in this time.", "worker") or found is None:
        return
    rows = elements.rows(found)
    told = pd.DataFrame(
        {
            "time": found["time"],
            "what": [words.decision(row, shown.now) for row in rows],
            "why": [words.why(row) for row in rows],
            "id": found["id"],
        }
    )
    told.attrs = found.attrs
    columns = {
        "time": elements.when("UTC"),
        "what": elements.text("what", 420),
        "why": elements.text("why", "large"),
    }
    kinds = (f"{row[0][:1]} {row[1].replace('_', ' ')}" for row in zip(told["what"], found["type"], strict=True))
    tally.show(kinds, "newest decisions" if len(found) == found.attrs[queries.CUT] else "decisions")
    identity = elements.picked(told, "decisions", columns, "id", ("what",))
    st.caption("Pick one to see what it was made from, and to make it again.")
    if identity is not None:
        elements.lead(decision=identity)
