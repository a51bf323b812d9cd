"""The life of one IP on the Pool page: its states, what lists said of it, its traffic, replies, and who sent before."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import (
    charts,
    charts_life,
    elements,
    heard,
    offers,
    queries,
    queries_life,
    queries_pool,
    queries_replies,
    words,
)
from dashboards.elements import Page
from dashboards.palette import ANSWERS, STATES, STEPS
from dashboards.pools import STATE_AFTER, Standing
from dashboards.span import words as hours

_LANES = 12
_RUNS = 60
_MOMENT = "moment"
_STATE_LANE = "state"
_AGAINST = {"listed": "■ listed", "reputation": "■ poor name", "volume": "▲ limited"}


def show(shown: Page, ip: Standing) -> None:
    """Show the life of an IP in the page's hours, up to who sent through it before each listing."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(f"The life of {words.inert(ip.ip)}", anchor=False, width="content")
        if st.button("All IPs", key="all-ips"):
            for name in ("ip", _MOMENT):
                st.query_params.pop(name, None)
            st.rerun(scope="fragment")
    changes = shown.read(queries_life.changes, ip.pool, ip.ip)
    runs = shown.read(queries_life.runs, ip.ip, _RUNS, every=shown.every)
    _stretches(shown, changes, runs)
    _traffic(shown, ip.ip)
    _before(shown, ip.ip, changes)
    _replies(shown, ip.ip)


def _stretches(shown: Page, changes: pd.DataFrame | None, runs: pd.DataFrame | None) -> None:
    """Show its states and the answers of those lists that named it, or did not answer, as lanes over time."""
    if changes is None or runs is None:
        elements.unread()
        return
    lanes, odd = _states(shown, changes), 0
    for row in elements.rows(runs.sort_values(["asked", "list"])):
        if any(answer != "not_listed" for _at, answer, _codes in row["runs"]) and odd < _LANES:
            odd += 1
            lanes += _answers(row, shown.now)
    if not lanes:
        silent = heard.silent(shown, "worker")
        none = "No data: nothing was decided about it, and no list named it in this time."
        elements.nothing(f"Not known: {silent}." if silent else none)
        return
    frame = pd.DataFrame(lanes)
    order = list(dict.fromkeys(frame["lane"]))
    drawn = charts_life.stretches(frame, shown.span, order)
    elements.chart(
        drawn, offers.made(frame, changes, runs), "life", "The states of the IP over time, and what lists said of it"
    )
    others = f"{words.count(len(runs) - odd)} further lists never named it." if len(runs) > odd else ""
    said = others if len(runs) else "No data: no list was asked about it."
    st.caption(f"{said} Empty: not known, or not asked. UTC.".strip())


def _states(shown: Page, changes: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a stretch for each state within the page's hours, up to the worker's last word.

    Before the first change nothing is known, and nothing after the last word of a worker that is silent.
    """
    start, ended, found = pd.Timestamp(shown.span.since, unit="us", tz="UTC"), _told_until(shown, changes), []
    for row in elements.rows(changes):
        what = STATES[STATE_AFTER.get(row["type"], "active")]
        said = "decided only (shadow)" if row["mode"] == "shadow" else ""
        said = f"{row['share']:.0%} of an IP's traffic" if what == STATES["probation"] and not said else said
        if ended > start:
            found.append(_stretch(_STATE_LANE, what, (max(row["time"], start), ended), said, shown.now))
        ended = row["time"]
    return found[::-1]


def _told_until(shown: Page, changes: pd.DataFrame) -> pd.Timestamp:
    """Return up to when the worker told how the IP stands: its newest decision is a word, too."""
    last = heard.until(shown, "worker")
    if changes.empty:
        return shown.now
    least: pd.Timestamp = min(changes["time"].iloc[0] + pd.Timedelta(minutes=1), shown.now)
    return least if last is None else max(last, least)


def _answers(row: dict[str, Any], now: pd.Timestamp) -> list[dict[str, Any]]:
    begun = [pd.Timestamp(at, unit="us", tz="UTC") for at, _answer, _codes in row["runs"]]
    ends = [*begun[1:], row["newest"]]
    return [
        _stretch(row["list"], ANSWERS[answer], (begin, max(end, begin + pd.Timedelta(minutes=1))), codes, now)
        for (_at, answer, codes), begin, end in zip(row["runs"], begun, ends, strict=True)
    ]


def _stretch(
    lane: str, what: str, times: tuple[pd.Timestamp, pd.Timestamp], said: str, now: pd.Timestamp
) -> dict[str, Any]:
    start, end = times
    when = f"{words.clock(start, now)} to {words.clock(end, now)} UTC"
    return {"lane": lane, "what": what, "start": start, "end": end, "when": when, "said": said}


def _traffic(shown: Page, ip: str) -> None:
    """Show what left through it by outcome, and what came back of it."""
    traffic = shown.read(queries_pool.traffic, every=shown.every)
    logged = shown.read(queries.volume, "", every=shown.every)
    if traffic is None or logged is None:
        elements.unread()
        return
    own = traffic[traffic["ip"] == ip]
    if own.empty:
        elements.nothing("No data: no delivery through it was logged in this time.")
        return
    total = int(own["attempts"].sum())
    numbers = st.columns(4)
    numbers[0].metric("attempts", words.count(total))
    for place, (label, name) in enumerate((("delivered", "sent"), ("deferred", "deferred"), ("bounced", "bounced"))):
        numbers[place + 1].metric(label, words.percent(int(own[name].sum()), total))
    drawn = charts.volume(own, shown.span, logged)
    elements.chart(drawn, own, "through", "Delivery attempts through the IP over time by outcome")
    st.caption("Empty: nothing left through it. Grey: no log was heard. UTC.")


def _before(shown: Page, ip: str, changes: pd.DataFrame | None) -> None:
    """Show when it was listed or withdrawn in these hours, and who sent through it before the moment that is picked."""
    st.subheader("Who sent through it before each listing", anchor=False)
    found = shown.read(queries_life.listings, ip, every=shown.every)
    if found is None or changes is None:
        elements.unread()
        return
    moments = _moments(shown, found, changes)
    if heard.missing(shown, moments, "It was neither listed nor withdrawn in this time.", "worker", "lists"):
        return
    columns = {
        "time": elements.when("UTC"),
        "what": elements.text("what", 230),
        "codes": elements.text("codes", 130),
        "ended": elements.text("until (UTC)", 110),
        "reason": elements.text("reason of the list", "large"),
    }
    picked = elements.picked(offers.made(moments, found, changes), "moments", columns, "key", ("what",))
    if picked is not None:
        st.query_params[_MOMENT] = picked
        st.rerun(scope="fragment")
    asked = moments[moments["key"] == st.query_params.get(_MOMENT, "")]
    chosen = elements.rows(asked if len(asked) else moments)[0]
    _senders(shown, ip, chosen)


def _moments(shown: Page, found: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {
            "key": f"{row['at']}.{row['list']}",
            "at": row["at"],
            "time": row["time"],
            "what": f"■ {'named' if row['seen_coming'] else 'already named'} by {row['list']}",
            "codes": row["codes"],
            "ended": "still" if pd.isna(row["ended"]) else words.clock(row["ended"], shown.now),
            "reason": row["reason"],
        }
        for row in elements.rows(found)
    ]
    withdrawn = changes[(changes["type"] == "ip_withdrawn") & (changes["at"] > shown.span.since)]
    for row in elements.rows(withdrawn):
        moment = {"key": str(row["at"]), "at": row["at"], "time": row["time"], "what": "■ withdrawn", "codes": ""}
        rows.append({**moment, "ended": "", "reason": row["reason"]})
    frame = pd.DataFrame(rows, columns=["key", "at", "time", "what", "codes", "ended", "reason"])
    return frame.sort_values("at", ascending=False, kind="stable")


def _senders(shown: Page, ip: str, moment: dict[str, Any]) -> None:
    before = hours(queries_life.BEFORE_HOURS)
    st.text(f"In the {before} before {words.clock(moment['time'], shown.now)} UTC ({moment['what'][2:]}):")
    found = shown.read(queries_life.senders, ip, int(moment["at"]), every=60)
    if (
        elements.missing(found, f"No data: nothing that left through it in the {before} before is known.")
        or found is None
    ):
        return
    told = pd.DataFrame(
        {
            "sender": found["sender"],
            "step": [STEPS.get(step, step) if step else "" for step in found["step"]],
            "share": [words.percent(*row) for row in zip(found["attempts"], found["of"], strict=True)],
            "attempts": found["attempts"],
            "recipients": found["recipients"],
            "bounced": [words.percent(*row) for row in zip(found["bounced"], found["attempts"], strict=True)],
            "unknown_users": found["unknown_users"],
            "clients": found["clients"].where(found["clients"] > 0),
            "complaints": found["complaints"],
            "last": found["last"],
        }
    )
    mailbox = elements.picked(offers.made(told, found), "before", _sender_columns(), "sender", ("step",))
    many = int(found["total"].max())
    st.caption(f"The busiest {words.count(len(found))} of {words.count(many)} senders. Pick a row to see its mailbox.")
    if mailbox:
        elements.go("mailboxes", mailbox=mailbox)


def _number(label: str, **more: Any) -> Any:  # noqa: ANN401 Streamlit's column type is not public
    return st.column_config.NumberColumn(label, format="localized", width=85, **more)


def _sender_columns() -> dict[str, Any]:
    return {
        "sender": elements.text("sender", 230),
        "step": elements.text("step now", 90),
        "share": elements.text("of all", 65),
        "attempts": _number("attempts"),
        "recipients": _number("recipients"),
        "bounced": elements.text("bounced", 70),
        "unknown_users": _number("nobody there", help="Refused since the recipient does not exist (5.1.1, 5.1.10)"),
        "clients": _number("clients", help="From how many addresses it was handed in; empty: not in the log"),
        "complaints": _number("complaints", help="Of these mails through this IP, or through one not told, until now"),
        "last": elements.when("last, UTC"),
    }


def _replies(shown: Page, ip: str) -> None:
    st.subheader("Refusals that it got", anchor=False)
    found = shown.read(queries_replies.texts, ip, every=shown.every)
    if elements.missing(found, "No data: no refusal of mail through it was counted in this time.") or found is None:
        return
    counted = shown.read(queries_replies.counted, every=shown.every)
    since = shown.now if counted is None or counted.empty else counted["since"].iloc[0]
    told = found.assign(
        kind=[_AGAINST.get(kind, f"· {kind}") for kind in found["kind"]],
        before=[words.earlier(int(number), since, shown.span) for number in found["before"]],
    )
    columns = {
        "kind": elements.text("about", 100),
        "before": elements.text("7 days before", 105),
        "number": _number("refusals"),
        "provider": elements.text("provider", 130),
        "named": elements.text("names", 110),
        "text": elements.text("newest text", 480),
        "first": elements.when("first, UTC"),
        "last": elements.when("last, UTC"),
    }
    elements.table(told, "refusals", columns, ("kind",))
