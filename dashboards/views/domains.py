"""Domains: what customers' domains publish for our mail, what is wrong with it, and what is to be published."""

import os

import pandas as pd
import streamlit as st

from dashboards import elements, offers, queries_domains, words
from dashboards.elements import Page
from dashboards.palette import OUTCOMES_OF_DOMAINS, UNSEEN
from dashboards.serve import CONFIG_ENV
from dashboards.views import customers
from schemas import domain_file
from schemas.settings import Settings

_FILTERS: dict[str, tuple[str, ...]] = {
    "All": (),
    "Failing": ("fail", "absent"),
    "Could be better": ("advice",),
    "Unknown": ("unknown",),
    "Not yet checked": (),
}
_SORTS = {"mx": "MX", "spf": "SPF", "dkim": "DKIM", "dmarc": "DMARC"}
_RARELY = 15.0
_MOST_UNSEEN = 1000
_SAID = "Each domain is looked at once an interval, one that fails again after a day. Nothing of it decides anything."


@elements.live
def page() -> None:
    """Show the page."""
    elements.title("Customers' domains")
    with st.container(horizontal=True, vertical_alignment="center"):
        search = elements.search("Search a domain or customer")
        chosen = elements.choice("show", "Show", list(_FILTERS), "All")
    shown = Page(1)
    if not shown.settings.domains.enabled:
        elements.nothing("Switched off: no domain is looked at ([domains] enabled = false).")
        shown.close()
        return
    back = shown.settings.domains.known_for
    unseen = _unseen(shown, back)
    counts = shown.read(queries_domains.counts, back, every=_RARELY)
    if counts is None:
        elements.unread()
    else:
        _numbers(counts, unseen)
        if chosen == "Not yet checked":
            _not_yet(unseen, search.strip())
        else:
            _listed(shown, back, search.strip(), _FILTERS[chosen])
        _sorts(counts)
    if domain := st.query_params.get("domain", ""):
        _one(shown, back, domain)
    st.caption(_SAID)
    shown.close()


def _unseen(shown: Page, back: int) -> list[tuple[str, str]] | None:
    """Return the configured domains, with their customers, that nobody looked at yet; None where that is not known.

    Which domains were configured at an earlier moment is not known.
    """
    if shown.past:
        return None
    seen = shown.read(queries_domains.seen, back, every=_RARELY)
    try:
        config = os.environ.get(CONFIG_ENV, "")
        configured = _configured(config, domain_file.state(shown.settings), shown.settings)
    except ValueError as error:
        st.caption("? Which domains of the file were never looked at is not known: it cannot be read here.")
        st.text(str(error))
        return None
    if seen is None:
        return None
    known = set(seen["domains"][0]) if len(seen) else set()
    return [each for each in configured if each[0] not in known]


@st.cache_data(show_spinner=False, max_entries=4)
def _configured(config: str, state: tuple[int, int], _settings: Settings) -> list[tuple[str, str]]:  # noqa: ARG001 the key of what is kept
    return [(each.domain, each.customer) for each in domain_file.domains(_settings)]


def _numbers(counts: pd.DataFrame, unseen: list[tuple[str, str]] | None) -> None:
    whole = counts[counts["sort"] == "all"]
    total = int(whole["domains"].sum())

    def of(*outcomes: str) -> str:
        return words.count(int(whole["domains"][whole["outcome"].isin(outcomes)].sum())) if total else "no data"

    columns = st.columns(5)
    columns[0].metric("looked at", words.count(total))
    columns[1].metric("failing", of("fail", "absent"))
    columns[2].metric("unknown", of("unknown"))
    columns[3].metric("could be better", of("advice"))
    columns[4].metric("not yet checked", "not known" if unseen is None else words.count(len(unseen)))


def _not_yet(unseen: list[tuple[str, str]] | None, search: str) -> None:
    wanted = [each for each in unseen or [] if any(search.lower() in part.lower() for part in each)]
    if unseen is None:
        elements.nothing("Not known.")
    elif not wanted:
        elements.nothing("Each configured domain was looked at." if not search else "No such domain.")
    else:
        found = pd.DataFrame(wanted[:_MOST_UNSEEN], columns=["domain", "customer"]).assign(outcome=UNSEEN)
        columns = {
            "outcome": elements.text("outcome", 140),
            "domain": elements.text("domain", 260),
            "customer": elements.text("customer", 200),
        }
        elements.table(found, "unseen", columns, ("outcome",))


def _listed(shown: Page, back: int, search: str, outcomes: tuple[str, ...]) -> None:
    found = shown.read(queries_domains.listed, back, search, outcomes, every=_RARELY)
    none = "No data: no such domain was looked at." if not outcomes else "No domain comes to that."
    if elements.missing(found, none) or found is None:
        return
    told = pd.DataFrame(
        {
            "domain": found["domain"],
            "customer": found["customer"],
            **{name: [_shown(each) for each in found[name]] for name in ("outcome", *_SORTS)},
            "wrong": found["wrong"],
            "publish": found["publish"],
            "time": found["time"],
        }
    )
    domain = elements.picked(told, "customer-domains", _columns(), "domain", ("outcome", *_SORTS))
    total = int(found["total"].max())
    said = f"{words.count(len(found))} of {words.count(total)}, the worst first. Pick a row for its records."
    offers.note("customer-domains", found)
    st.caption(said)
    if domain:
        st.query_params["domain"] = domain
        st.rerun(scope="fragment")


def _shown(outcome: str) -> str:
    return OUTCOMES_OF_DOMAINS.get(outcome, f"? {outcome}")


def _columns() -> dict[str, object]:
    return {
        "domain": elements.text("domain", 200, pinned=True),
        "outcome": elements.text("outcome", 95),
        "customer": elements.text("customer", 120),
        **{name: elements.text(label, 95) for name, label in _SORTS.items()},
        "wrong": elements.text("what does not pass", 420),
        "publish": elements.text("to be published", 320),
        "time": elements.when("looked at (UTC)"),
    }


def _sorts(counts: pd.DataFrame) -> None:
    """Show how many domains come to each outcome, a row for each sort of check."""
    if counts.empty:
        return
    st.subheader("By check", anchor=False)
    table = counts.pivot_table(index="sort", columns="outcome", values="domains", aggfunc="sum", fill_value=0)
    outcomes = ("pass", "advice", "fail", "absent", "unknown", "")
    filled = table.reindex(index=list(_SORTS), columns=list(outcomes), fill_value=0)
    told = pd.DataFrame({"sort": list(_SORTS.values()), **{each or "none": list(filled[each]) for each in outcomes}})
    numbers = {
        each or "none": st.column_config.NumberColumn(_shown(each), format="localized", width=110) for each in outcomes
    }
    elements.table(told, "sorts", {"sort": elements.text("check", 90), **numbers})


def _one(shown: Page, back: int, domain: str) -> None:
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.code(domain, language=None, wrap_lines=True)
        if st.button("Close", icon=":material/close:", key="close"):
            del st.query_params["domain"]
            st.rerun(scope="fragment")
        customers.way(shown, f"@{domain}")
    found = shown.read(queries_domains.one, back, domain, every=_RARELY)
    none = "No data: this domain was not looked at yet, or is configured no more."
    if elements.missing(found, none) or found is None:
        return
    told = found.assign(
        sort=[_SORTS.get(each, "DNS") for each in found["sort"]], result=[_shown(each) for each in found["result"]]
    )
    columns = {
        "sort": elements.text("check", 80),
        "result": elements.text("outcome", 95),
        "found": elements.text("found", 560),
        "record": elements.text("published now", 420),
    }
    elements.table(told, "findings", columns, ("result",))
    if records := list(dict.fromkeys(each for each in found["publish"] if each)):
        st.caption("To be published, as lines of a zone file:")
        st.code("\n".join(records), language=None, wrap_lines=True)
