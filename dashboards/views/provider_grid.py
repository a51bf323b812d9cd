"""The Providers page's pictures: IPs beside providers, deliveries over time; and the refusals that are new."""

import pandas as pd
import streamlit as st

from dashboards import charts, charts_life, elements, heard, offers, queries, queries_replies, words
from dashboards.elements import Page
from schemas.reasons.words import language

_MOST_IPS, _MOST_PROVIDERS = 60, 25
_DRAWN = ["ip", "provider", "score", "messages", "delivered", "deferred", "bounced", "text"]
_ABOUT = {"listed": "■ our IP is listed", "reputation": "■ our poor name", "volume": "▲ too much at once"}


def show(pairs: pd.DataFrame) -> None:
    """Show each IP at each provider as a grid: the worst providers first, the busiest of those alike."""
    told = pairs.loc[pairs["messages"] > 0, _DRAWN].assign(sign=pairs["score"].str[:1])
    if told.empty:
        return
    providers = list(dict.fromkeys(told["provider"]))
    ips = sorted(set(told["ip"]), key=_by_number)
    drawn = told[told["provider"].isin(providers[:_MOST_PROVIDERS]) & told["ip"].isin(ips[:_MOST_IPS])]
    chart = charts_life.reputations(drawn, ips[:_MOST_IPS], providers[:_MOST_PROVIDERS])
    said = "The reputation of each IP at each provider; the table below says the same"
    elements.chart(chart, offers.made(drawn, pairs), "grid", said)
    left_out = [
        f"{len(names) - most} further {what}"
        for names, most, what in ((providers, _MOST_PROVIDERS, "providers"), (ips, _MOST_IPS, "IPs"))
        if len(names) > most
    ]
    beside = f" {' and '.join(left_out)} stand in the table, or in the CSV, only." if left_out else ""
    st.caption(f"Hover over a cell, or tap it, for its numbers. Empty: nothing was sent there.{beside}")


def _by_number(ip: str) -> tuple[int, ...]:
    """Return what IPv4 addresses sort by as numbers, and IPv6 addresses behind them as they are written."""
    return tuple(map(int, ip.split("."))) if ":" not in ip else (256, *map(ord, ip))


def outcomes(shown: Page, provider: str) -> None:
    """Show what was delivered, deferred and bounced over time, at one provider or at all."""
    with st.container(horizontal=True, vertical_alignment="center"):
        title = f"Deliveries to {words.inert(provider)}" if provider else "Deliveries to all providers"
        st.subheader(title, anchor=False, width="content")
        if provider and st.button("All providers", key="all-providers"):
            elements.keep("provider", "")
            st.rerun(scope="fragment")
    found = shown.read(queries.volume, provider, every=shown.every)
    if found is None:
        elements.unread()
        return
    total = int(found[["sent", "deferred", "bounced"]].to_numpy().sum()) if len(found) else 0
    if not total:
        elements.nothing("No data: no delivery was logged in this time.")
        return
    parts = (("delivered", "sent"), ("deferred", "deferred"), ("bounced", "bounced"))
    said = ", ".join(f"{words.percent(int(found[name].sum()), total)} {label}" for label, name in parts)
    elements.chart(charts.volume(found, shown.span), found, "volume", "Delivery attempts over time by outcome")
    st.caption(
        f"{words.count(total)} attempts: {said}. Pick a row above for one provider. Grey: no log was heard. UTC."
    )


def fresh(shown: Page, provider: str) -> None:
    """Show the refusals whose like did not come in the seven days before the page's hours."""
    st.subheader("New refusals", anchor=False)
    found = shown.read(queries_replies.texts, "", provider, True, every=shown.every)
    counted = shown.read(queries_replies.counted, every=shown.every)
    if found is None or counted is None:
        elements.unread()
        return
    since = None if counted.empty else counted["since"].iloc[0]
    if since is None or since.timestamp() * 1_000_000 > shown.span.since:
        known = (
            "none was counted yet" if since is None else f"they are counted since {words.clock(since, shown.now)} UTC"
        )
        elements.nothing(f"No data: nothing to compare refusals with, {known}.")
        return
    if heard.missing(shown, found, "Each refusal of this time had its like in the seven days before.", "worker"):
        return
    told_as = language("en").words
    told = found.assign(
        about=[_ABOUT.get(kind, f"· {kind}") for kind in found["kind"]],
        reason=[told_as[name].title if name in told_as else name for name in found["reason"]],
        ips=[", ".join(ips) for ips in found["ips"]],
    )
    columns = {
        "about": elements.text("about", 120),
        "provider": elements.text("provider", 110),
        "number": st.column_config.NumberColumn("refusals", format="localized", width=75),
        "text": elements.text("the newest reply", 330),
        "reason": elements.text("reason", 130),
        "named": elements.text("names", 110),
        "ips": elements.text("IPs", 130),
        "first": elements.when("first, UTC"),
        "last": elements.when("last, UTC"),
    }
    elements.table(told, "fresh", columns, ("about",))
    st.caption(f"Compared with the seven days before; refusals are counted since {words.clock(since, shown.now)} UTC.")
