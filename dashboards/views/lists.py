"""Lists: which DNSBLs can be believed, how fast they answer, what they say of us, and how often others agreed."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import elements, heard, listbook, queries_lists, words
from dashboards.elements import Page
from dashboards.views import list_hands, list_picked

_KINDS = {"": "All", "no vote": "Without a vote", "listing": "List us now"}
_SAID = (
    "Within: how long half and 95 % of the answers took at most, repeats of a question included. Agreed: of the IPs "
    "that a list named, against how many another list or a provider's reply spoke as well; lists of one operator agree "
    "by themselves, and who is alone is not wrong by that. An unknown answer is neither clean nor listed."
)


@elements.live
def page() -> None:
    """Show the page."""
    hours = elements.header("Lists")
    with st.container(horizontal=True, vertical_alignment="center"):
        search = elements.search("Search a list").strip().lower()
        chosen = elements.choice("show", "Show", list(_KINDS.values()), "All")
    shown = Page(hours)
    for each in (queries_lists.answers, queries_lists.now, queries_lists.caused, queries_lists.agreed):
        shown.ahead(each, every=shown.every)
    rounds = shown.read(queries_lists.rounds, every=shown.every)
    if rounds is None:
        elements.unread()
    else:
        told = _told(shown, rounds)
        _clocks(shown)
        _all(told, search, chosen)
    if name := st.query_params.get("list", ""):
        list_picked.show(shown, name)
        list_hands.show(shown, name)
    elif rounds is not None and not rounds.empty:
        st.caption("Pick a list to see its history.")
    shown.close()


def _told(shown: Page, rounds: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each list that is configured, or was asked or judged."""
    done = _by_list(rounds)
    said, now = (_by_list(shown.read(each, every=shown.every)) for each in (queries_lists.answers, queries_lists.now))
    caused, agreed = (
        _by_list(shown.read(each, every=shown.every)) for each in (queries_lists.caused, queries_lists.agreed)
    )
    trust = shown.read(queries_lists.trust, hours=1)
    judged = [] if trust is None else elements.rows(trust)
    configured = {*shown.settings.dnsbl.lists, *shown.settings.dnsbl.own}
    rows, worker = [], heard.silent(shown, "worker")
    for name in sorted({*configured, *done, *said, *(row["list"] for row in judged)}):
        round_, answers, names = done.get(name), said.get(name), now.get(name)
        state, known = listbook.state(round_, shown.now), round_ is not None and not worker
        believed, why = listbook.trust([row for row in judged if row["list"] == name], round_, shown.now)
        rows.append(
            {
                "list": name,
                "state": state,
                "trust": believed,
                **_healthy(round_),
                **_pace(round_),
                **_answers(answers, names, of_now=not state.startswith(listbook.UNASKED)),
                "withdrawals": _number(caused, name, "withdrawals", known=known),
                "taken_back": _number(caused, name, "taken_back", known=known),
                "agreed": _agreed(agreed.get(name), round_),
                "note": _note(round_, why, configured=name in configured),
            }
        )
    return pd.DataFrame(rows)


def _by_list(found: pd.DataFrame | None) -> dict[str, dict[str, Any]]:
    return {} if found is None else {row["list"]: row for row in elements.rows(found)}


def _healthy(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None or not row["rounds"]:
        return {"healthy": "no data", "refused": None, "last": None if row is None else row["last"]}
    share = words.percent(row["sound"], row["rounds"])
    return {"healthy": f"{share} of {row['rounds']}", "refused": row["refused"], "last": row["last"]}


def _pace(row: dict[str, Any] | None) -> dict[str, Any]:
    """Return the questions a round, those without an answer, and the times of the answers."""
    if row is None or not row["asked"]:
        return dict.fromkeys(("questions", "unanswered", "half", "most", "slowest"), "no data")
    return {
        "questions": f"{row['asked'] / max(1, row['rounds']):.0f}",
        "unanswered": words.percent(row["silence"] + row["failures"], row["asked"]),
        "half": listbook.within(row["times"], 0.5),
        "most": listbook.within(row["times"], 0.95),
        "slowest": listbook.slowest(row["slowest"]),
    }


def _answers(said: dict[str, Any] | None, now: dict[str, Any] | None, *, of_now: bool) -> dict[str, Any]:
    unknown = words.percent(said["unknown"], said["told"]) if said else "no data"
    weight = None if said is None or said["of_domains"] else said["weighs"]
    return {"weight": weight, "unknown": unknown, "names": _names(now, of_now=of_now)}


def _names(now: dict[str, Any] | None, *, of_now: bool) -> str:
    """Return whom it names; of a list that was not asked of late what it named last, and never that it names none."""
    if now is None:
        return "no data"
    parts = [(now["four"], "IPv4"), (now["six"], "IPv6"), (now["names"], "domains")]
    told = [f"{number} {what}" for number, what in parts if number]
    if told:
        return f"■ {', '.join(told)}{'' if of_now else ', not of now'}"
    if not of_now:
        return "? not of now"
    if now["open"] == now["subjects"]:
        return "? unknown"
    return "○ none" if not now["open"] else f"○ none, {now['open']} unknown"


def _number(found: dict[str, dict[str, Any]], name: str, column: str, *, known: bool) -> int | None:
    return found[name][column] if name in found else 0 if known else None


def _agreed(row: dict[str, Any] | None, round_: dict[str, Any] | None) -> str:
    if row is None:
        return "no data" if round_ is None else "named none"
    return f"{row['agreed']} of {row['ips']}"


def _note(row: dict[str, Any] | None, why: str, *, configured: bool) -> str:
    parts = [] if configured else ["not configured now"]
    if row is not None:
        parts += [row["said"]] if row["said"] else []
        again = row["again"]
        parts += [f"asked again {again:%d %b %H:%M} UTC"] if not pd.isna(again) and row["wrong"] == "refused" else []
    return "; ".join(dict.fromkeys([*parts, *([why] if why else [])]))


def _clocks(shown: Page) -> None:
    """Tell whose clock was not believed: what it dated counts as of when it came."""
    found = shown.read(queries_lists.clocks)
    for row in [] if found is None else elements.rows(found):
        whose = f"▲ pool {row['pool']} did not believe the clock of {row['clock'] or 'whoever told it'}: {row['why']}"
        elements.said(row["last"], whose, shown.now, row["decision"])


def _all(told: pd.DataFrame, search: str, chosen: str) -> None:
    if told.empty:
        elements.nothing("No list is configured, and none was asked within seven days.")
        return
    sound, lost = told["state"].str[0].isin(["●", "◐"]), told["trust"].str.startswith(listbook.LOST)
    columns = st.columns(4)
    columns[0].metric("lists", words.count(len(told)))
    columns[1].metric("vote", words.count(int((sound & ~lost).sum())))
    columns[2].metric("have no vote", words.count(int((told["state"].str.startswith("▲") | lost).sum())))
    columns[3].metric("not known", words.count(int(told["state"].str.startswith("?").sum())))
    wanted = told[told["list"].str.lower().str.contains(search, regex=False)]
    if chosen == _KINDS["no vote"]:
        wanted = wanted[~sound | lost]
    elif chosen == _KINDS["listing"]:
        wanted = wanted[wanted["names"].str.startswith("■")]
    if wanted.empty:
        elements.nothing("No list comes to that.")
        return
    rank = wanted["state"].str[0].map({"▲": 0, "?": 1, "◐": 2}).fillna(3) - wanted["names"].str.startswith("■")
    ordered = wanted.assign(rank=rank).sort_values(["rank", "list"])
    name = elements.picked(ordered, "lists", _columns(), "list", ("state", "trust", "names"))
    st.caption(_SAID)
    if name is not None:
        st.query_params["list"] = name
        st.rerun(scope="fragment")


def _columns() -> dict[str, Any]:
    return {
        "list": elements.text("list", 150, pinned=True),
        "state": elements.text("health", 150),
        "trust": elements.text("trust", 200),
        "names": elements.text("names now", 110),
        "healthy": elements.text("healthy rounds", 110),
        "half": elements.text("half within", 90),
        "most": elements.text("95 % within", 90),
        "slowest": elements.text("slowest", 80),
        "questions": elements.text("questions a round", 120),
        "unanswered": elements.text("not answered", 95),
        "unknown": elements.text("unknown answers", 115),
        "refused": _count("rounds refused", "Rounds in which it refused to answer"),
        "withdrawals": _count("withdrawals", "Withdrawals that it is evidence of"),
        "taken_back": _count("taken back", "Of them doubted, as it lost its vote"),
        "agreed": elements.text("agreed", 90),
        "weight": st.column_config.NumberColumn("weight", format="%.2f", width=70),
        "last": elements.when("last asked (UTC)"),
        "note": elements.text("what is wrong", 420),
    }


def _count(label: str, told: str) -> object:
    return st.column_config.NumberColumn(label, help=told, format="localized", width=90)
