"""Overview: can we send, what is urgent, how old is what we know, what changed, how mail arrives against last week."""

from collections import Counter

import pandas as pd
import streamlit as st

from dashboards import (
    badges,
    charts,
    counted,
    elements,
    folds,
    heard,
    pools,
    queries,
    queries_cases,
    queries_delisting,
    queries_flags,
    queries_own,
    queries_week,
    span,
    words,
)
from dashboards.counted import Counted
from dashboards.elements import Page
from dashboards.palette import BADGES, STATES, STEPS
from dashboards.pools import Standing
from dashboards.views import ages, delisting, last_hour, own_side, urgent

_STRIP = 24
_ICONS = {
    "good": ":material/check_circle:",
    "warn": ":material/warning:",
    "bad": ":material/error:",
    "unknown": ":material/help:",
}


@elements.live
def page() -> None:
    """Show the page."""
    shown = Page(elements.header("Overview"))
    logs, feeds = shown.read(queries.sources, hours=1, every=shown.every), shown.read(queries.feeds, hours=1)
    told = heard.standings(shown)  # once, so that sentence, strip and numbers tell the same
    everyone = told.now
    _sending(shown, told.last, everyone, feeds)
    _ahead(shown)
    urgent.show(shown)
    _strip(shown, everyone)
    found = ages.show(shown, logs, feeds)
    own_side.brief(shown)
    _numbers(shown, everyone)
    _flags(shown)  # over the whole width: the evidence is a sentence
    left, right = st.columns(2, gap="large")
    with left:
        last_hour.against_last_week(shown)
        _deliverability(shown)
    with right:
        _changes(shown)
    _dead_letters(shown)
    ages.full(shown, found, logs)
    shown.close()


def _ahead(shown: Page) -> None:
    """Ask beside what the page reads, in its order; the alerts come at once."""
    shown.ahead(queries_flags.flags, hours=1)
    shown.ahead(queries_cases.cases, hours=1)
    shown.ahead(queries_delisting.delistings, hours=1)
    shown.ahead(queries_week.ages, hours=1, every=20)
    shown.ahead(queries_own.identities, hours=1, every=shown.every)
    shown.ahead(queries_own.domains, hours=1, every=shown.every)
    shown.ahead(queries_cases.open_cases, hours=1)
    shown.ahead(queries.dead_letters)
    shown.ahead(queries_week.hour, hours=1, every=20)
    shown.ahead(queries.deliverability, every=shown.every)
    shown.ahead(queries.volume, _provider(), every=shown.every)
    shown.ahead(queries.decisions, hours=1)


def _sending(shown: Page, told: list[Standing], everyone: list[Standing], feeds: pd.DataFrame | None) -> None:
    """Say whether each pool can send, as was `told` last; what it carries only where that is known of all its IPs."""
    worker = None if feeds is None else heard.newest(feeds).get("worker")
    age = None if worker is None else (shown.now - worker).total_seconds()
    if not shown.settings.pool:
        elements.nothing("The configuration has no pool.")
    boxes = {"good": st.success, "warn": st.warning, "bad": st.error, "unknown": st.info}
    for name, pool in shown.settings.pool.items():
        own = [ip for ip in everyone if ip.pool == name]
        says = pools.verdict(pool, [ip for ip in told if ip.pool == name], age)
        label = "Can we send?" if len(shown.settings.pool) == 1 else f"Can {name} send?"
        text = f"**{label}** {says.text[0].upper()}{says.text[1:]}."
        more = last_hour.carries(shown, name, own) if says.level != "unknown" else ""
        boxes[says.level](f"{text}  \n{words.inert(more)}" if more else text, icon=_ICONS[says.level])


def _strip(shown: Page, everyone: list[Standing]) -> None:
    """Show the state of each IP; of a large pool some that are not simply active, and how the others stand."""
    for name in shown.settings.pool:
        ips = [ip for ip in everyone if ip.pool == name]
        told = ips if len(ips) <= _STRIP else [ip for ip in ips if ip.state != "active"]
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            if len(shown.settings.pool) > 1:
                st.caption(words.inert(name), width="content")
            named = [(words.inert(words.state(ip.ip, ip.state, ip.share)), BADGES[ip.state]) for ip in told[:_STRIP]]
            more = Counter(ip.state for ip in ips) - Counter(ip.state for ip in told[:_STRIP])
            for state in sorted(more, key=list(STATES).index):
                sign, word = STATES[state].split(" ", 1)
                further = "more " if state != "active" else ""
                named.append((f"{sign} {words.count(more[state])} {further}{word}", BADGES[state]))
            badges.show(named)


def _numbers(shown: Page, everyone: list[Standing]) -> None:
    """Show the counts; 0, and that all send, is said only where a worker, a list or a log is there to tell it."""
    worker, lists = heard.silent(shown, "worker"), heard.silent(shown, "lists", "worker")
    own = {name: [ip for ip in everyone if ip.pool == name] for name in shown.settings.pool}
    sending = sum(pools.sending_now(shown.settings.pool[name], ips) for name, ips in own.items())
    unknown = any(ip.state == "unknown" for ip in everyone)
    out = sum(ip.state == "withdrawn" for ip in everyone)
    numbers = {
        f"of {len(everyone)} IPs send": (None if worker or unknown else Counted(sending), worker),
        "IPs withdrawn": (Counted(out), worker or (heard.UNREAD if unknown else "")),
        "open delistings": (counted.of(delisting.open_ones(shown)), lists),
        "mailboxes flagged": (counted.of(shown.read(queries_flags.flags, hours=1)), worker),
        "open cases": (_total(shown.read(queries_cases.open_cases, hours=1)), worker),
        "dead letters": (_total(shown.read(queries.dead_letters)), heard.silent(shown, "logs")),
    }
    with st.container(horizontal=True, gap="small"):
        for label, (number, silent) in numbers.items():
            _number(label, number, silent)


def _number(label: str, number: Counted | None, silent: str) -> None:
    """Show a count: of who is `silent` what was bad, with that it is not of now, and no zero."""
    known = number is not None and (number.number > 0 or not silent)
    st.metric(
        label, number.word if known and number else "no data", "not of now" if known and silent else None,
        delta_color="off", delta_arrow="off", help=silent or None, border=True, width=150,
    )  # fmt: skip


def _total(found: pd.DataFrame | None) -> Counted | None:
    return None if found is None else Counted(0 if found.empty else int(found["total"].max()))


def _provider() -> str:
    """Return the provider that was chosen just now, else the one of the page's address, "" for all."""
    return st.session_state.get("provider", st.query_params.get("provider", "")) or ""


def _deliverability(shown: Page) -> None:
    st.subheader("Deliverability", anchor=False)
    providers = shown.read(queries.deliverability, every=shown.every)
    if elements.missing(providers, "No data: no delivery was logged in this time.") or providers is None:
        return
    names = [name for name in providers["provider"] if name and not name.startswith("(")]
    before = _provider()
    names += [before] if before and before not in names else []  # its address holds, though others have more mail now
    if "provider" not in st.session_state:
        st.session_state["provider"] = before or None  # not by its index: what has one cannot be emptied
    chosen: str = (
        st.selectbox(
            "Provider", names, index=None, placeholder="All providers", key="provider", label_visibility="collapsed"
        )
        or ""
    )
    elements.keep("provider", chosen)
    volume = shown.read(queries.volume, chosen, every=shown.every)
    if volume is not None and not volume.empty:
        drawn = charts.volume(volume, shown.span)
        elements.chart(drawn, volume, "volume", "Delivery attempts over time by outcome")
        st.caption("Grey: no log was heard. UTC.")
    shares = providers.assign(
        **{
            name: 100 * providers[column] / providers["attempts"]
            for name, column in {"delivered": "sent", "deferral": "deferred", "bounce": "bounced"}.items()
        }
    )
    share = {
        "delivered": st.column_config.ProgressColumn("delivered", format="%.1f %%", min_value=0, max_value=100),
        "deferral": st.column_config.NumberColumn("deferred", format="%.1f %%", width="small"),
        "bounce": st.column_config.NumberColumn("bounced", format="%.1f %%", width="small"),
    }
    attempts = st.column_config.NumberColumn("attempts", format="localized", width="small")
    columns = {"provider": elements.text("provider"), "attempts": attempts, **share}
    folds.table(f"By provider, within {span.words(shown.hours)}", shares, "providers", columns)


def _flags(shown: Page) -> None:
    st.subheader("Mailboxes in question", anchor=False)
    flags = shown.read(queries_flags.flags, hours=1)
    none = "No mailbox is watched, flagged or suspended."
    if heard.missing(shown, flags, none, "worker") or flags is None:
        return
    listed = flags.assign(
        step=flags["step"].map(STEPS).fillna(flags["step"]),
        why=flags["reasons"].map("; ".join),
        age=[words.age((shown.now - since).total_seconds()) for since in flags["since"]],
    )
    columns = {
        "step": elements.text("step", 90),
        "score": st.column_config.NumberColumn("score", format="%.0f", width=55),
        "mailbox": elements.text("mailbox", 210),
        "age": elements.text("for", 70),
        "why": elements.text("why", 800),
    }
    mailbox = elements.picked(listed, "flags", columns, "mailbox", ("step",))
    if mailbox is not None:
        elements.go("mailboxes", mailbox=mailbox)


def _changes(shown: Page) -> None:
    st.subheader("Changes of the last hour", anchor=False)
    changes = shown.read(queries.decisions, hours=1)
    none = "Nothing was decided in the last hour."
    if heard.missing(shown, changes, none, "worker") or changes is None:
        return
    rows = elements.rows(changes)
    said = pd.DataFrame(
        {
            "time": changes["time"],
            "what": [words.decision(row, shown.now) for row in rows],
            "why": [words.why(row) for row in rows],
            "id": changes["id"],
        }
    )
    columns = {
        "time": elements.when("UTC", "HH:mm", 60),
        "what": elements.text("what", 390),
        "why": elements.text("why", "large"),
    }
    said.attrs = changes.attrs
    identity = elements.picked(said, "changes", columns, "id", ("what",), alarm=True)
    st.caption("Pick one to see why.")
    if identity is not None:
        elements.go("time_travel", decision=identity)


def _dead_letters(shown: Page) -> None:
    dead = shown.read(queries.dead_letters)
    if dead is None or dead.empty:
        return
    total = int(dead["total"].max())
    columns = {
        "time": elements.when("UTC"),
        "name": elements.text("source", "small"),
        "format": elements.text("format", "small"),
        "reason": elements.text("reason", "medium"),
        "text": elements.text("text", "large"),
        "place": elements.text("place"),
    }
    folds.table(f"Dead letters: {words.count(total)} lines of ours that could not be read", dead, "dead", columns)
