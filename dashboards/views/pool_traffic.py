"""The Pool page's traffic: what left through each IP over time, and the complaints that name no sender."""

import pandas as pd
import streamlit as st

from dashboards import charts, elements, folds, heard, queries, queries_life, queries_pool, words
from dashboards.charts import Lanes
from dashboards.elements import Page
from dashboards.pools import Standing
from dashboards.span import Span

NO_VOTE = "Anybody can forge a complaint: they are shown, and withdraw no IP."
_MOST_LANES = 40


def show(shown: Page, pool: str, ips: list[Standing], elsewhere: set[str]) -> None:
    """Show a pool's traffic; `elsewhere` are the IPs of the other pools."""
    _traffic(shown, pool, ips)
    _unattributed(shown, elsewhere)


def complaints(shown: Page) -> dict[str, tuple[int, int]] | None:
    """Return all complaints and the unattributed ones of each IP that had any, None where no complaint ever came."""
    feeds, found = shown.read(queries.feeds, hours=1), shown.read(queries_pool.complaints)
    if feeds is None or found is None or (found.empty and "complaints" not in set(feeds["feed"])):
        return None
    return {row["ip"]: (row["complaints"], row["unattributed"]) for row in elements.rows(found)}


def _traffic(shown: Page, pool: str, ips: list[Standing]) -> None:
    st.subheader("Traffic per IP", anchor=False)
    traffic = shown.read(queries_pool.traffic, every=shown.every)
    if elements.missing(traffic, "No data: no delivery through a known IP was logged in this time.") or traffic is None:
        return
    order = busiest([ip.ip for ip in ips], traffic)
    moves = shown.read(queries_life.moves, pool)
    logged = shown.read(queries.volume, "", every=shown.every)
    absent = None if moves is None else absences(moves, order, shown.span, shown.now)
    chart = charts.lanes(traffic, shown.span, Lanes("ip", "attempts", order, absent, logged))
    elements.chart(chart, traffic, "traffic", "Delivery attempts per IP over time, with the times it was withdrawn")
    silent = heard.silent(shown, "worker")
    st.caption(
        "The stronger, the more; empty: nothing left through this IP. Dashed: withdrawn. Grey: no log was heard. UTC."
        + (f" Who else is withdrawn now is not known ({silent})." if silent else "")
        + (f" The {len(order)} busiest of {len(ips)} IPs; the CSV has all." if len(order) < len(ips) else "")
    )


def busiest(ips: list[str], traffic: pd.DataFrame) -> list[str]:
    """Return the IPs that get a lane, in their order: of a large pool those that sent most."""
    if len(ips) <= _MOST_LANES:
        return ips
    sent = traffic.groupby("ip")["attempts"].sum()
    most = set(sorted(ips, key=lambda ip: -int(sent.get(ip, 0)))[:_MOST_LANES])
    return [ip for ip in ips if ip in most]


def absences(moves: pd.DataFrame, order: list[str], span: Span, now: pd.Timestamp) -> pd.DataFrame:
    """Return from when to when each IP was withdrawn within the span; what was only decided (shadow) sends on."""
    start, rows = pd.Timestamp(span.since, unit="us", tz="UTC"), []
    until = dict.fromkeys(order, now)
    for row in elements.rows(moves):  # the newest first
        ip, since = row["ip"], max(row["time"], start)
        if (ended := until.get(ip)) is None:
            continue
        if row["type"] == "ip_withdrawn" and row["mode"] != "shadow" and ended > since:
            when = f"{words.clock(row['time'], now)} to {words.clock(ended, now)} UTC"
            rows.append({"ip": ip, "start": since, "end": ended, "when": when})
        until[ip] = row["time"]
    return pd.DataFrame(rows)


def _unattributed(shown: Page, elsewhere: set[str]) -> None:
    """List the complaints that name no sender, but for those about an IP of another pool."""
    st.subheader("Unattributed complaints", anchor=False)
    found, said = shown.read(queries_pool.unattributed), complaints(shown)
    if found is not None:
        found = found[~found["ip"].isin(elsewhere)]
    none = "No data: no complaint came." if said is None else "Each complaint of this time names its sender."
    if elements.missing(found, none) or found is None:
        return
    columns = {
        "time": elements.when("UTC"),
        "reporter": elements.text("reporter", "medium"),
        "feedback_type": elements.text("type", "small"),
        "ip": elements.text("IP"),
        "recipient": elements.text("recipient", "medium"),
        "message_id": elements.text("Message-ID", "large"),
    }
    label = f"{words.count(len(found))} complaints name no sender"
    folds.table(label, found, "unattributed", columns)
    st.caption(f"{NO_VOTE} The Message-ID leads to the sender in the mail log.")
