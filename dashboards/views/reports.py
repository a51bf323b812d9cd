"""Reports: what receivers say of our IPs and of mail in domains' names: DMARC, SNDS, TLS, Postmaster Tools."""

import pandas as pd
import streamlit as st

from dashboards import elements, offers, queries_reports, tally, words
from dashboards.elements import Page

_LEAST_HOURS = 168
_COLOURS = {"GREEN": "● green", "YELLOW": "▲ yellow", "RED": "■ red"}
_REPUTATIONS = {"HIGH": "● high", "MEDIUM": "◆ medium", "LOW": "▲ low", "BAD": "■ bad"}
_SAID = "Most reports come once a day: seven days are shown at least. They decide nothing."


@elements.live
def page() -> None:
    """Show the page."""
    shown = Page(max(_LEAST_HOURS, elements.header("Reports")))
    ours = tuple(sorted(set(shown.settings.outbound_ips.values())))
    st.caption(_SAID)
    st.subheader("Our IPs", anchor=False)
    found = shown.read(queries_reports.ips, ours, every=shown.every)
    shown.ahead(queries_reports.domains, ours, every=shown.every)
    shown.ahead(queries_reports.tls, every=shown.every)
    shown.ahead(queries_reports.google, every=shown.every)
    if not elements.missing(found, "No data: no report names one of our IPs.") and found is not None:
        tally.show((_COLOURS.get(each, "· no colour of SNDS") for each in found["snds"]), "IPs that receivers tell of")
        elements.table(_ips(found), "ips", _ip_columns(), ("snds", "blocked", "google"))
        offers.note("ips", found)
    st.subheader("DMARC", anchor=False)
    domains = shown.read(queries_reports.domains, ours, every=shown.every)
    if not elements.missing(domains, "No data: no DMARC report came.") and domains is not None:
        elements.table(_domains(domains), "domains", _domain_columns(), ("passed",))
        offers.note("domains", domains)
    st.subheader("TLS", anchor=False)
    tls = shown.read(queries_reports.tls, every=shown.every)
    if not elements.missing(tls, "No data: no TLS report came.") and tls is not None:
        elements.table(_tls(tls), "tls", _tls_columns(), ("failed",))
        offers.note("tls", tls)
    st.subheader("Google Postmaster Tools", anchor=False)
    google = shown.read(queries_reports.google, every=shown.every)
    if not elements.missing(google, "No data: nothing of Postmaster Tools came.") and google is not None:
        elements.table(_google(google), "google", _google_columns(), ("value",))
        offers.note("google", google)
    shown.close()


def _number(label: str) -> object:
    return st.column_config.NumberColumn(label, format="localized", width=90)


def _ips(found: pd.DataFrame) -> pd.DataFrame:
    blocked = [
        f"■ blocked: {comment}" if told == "yes" else "● not blocked" if told == "no" else "· not told"
        for told, comment in zip(found["blocked_"], found["comment_"], strict=True)
    ]
    return pd.DataFrame(
        {
            "ip": found["ip"],
            "snds": [_COLOURS.get(each, "· not told") for each in found["snds"]],
            "complaints": found["complaints"],
            "traps": found["traps"].where(found["snds"] != ""),  # of a day that is not told nothing is known
            "blocked": blocked,
            "google": [_REPUTATIONS.get(each, "· not told") for each in found["google"]],
            "messages": found["mails"],
            "share": [words.percent(*row) for row in zip(found["passed"], found["mails"], strict=True)],
            "reporters": found["reporters"],
            "time": found["time"],
        }
    )


def _ip_columns() -> dict[str, object]:
    return {
        "ip": elements.text("IP", 130),
        "snds": elements.text("SNDS", 90),
        "complaints": elements.text("complaints", 85),
        "traps": _number("traps"),
        "blocked": elements.text("Microsoft", 260),
        "google": elements.text("Google", 90),
        "messages": _number("DMARC mails"),
        "share": elements.text("passed DMARC", 95),
        "reporters": _number("receivers"),
        "time": elements.when("newest, UTC"),
    }


def _domains(found: pd.DataFrame) -> pd.DataFrame:
    passed = [
        f"{'●' if good == all_ else '▲' if ours else '◆'} {words.percent(good, all_)}"
        for good, all_, ours in zip(found["passed"], found["mails"], found["ours"], strict=True)
    ]
    return pd.DataFrame(
        {
            "domain": found["domain"],
            "through": ["our IPs" if ours else "others" for ours in found["ours"]],
            "mails": found["mails"],
            "passed": passed,
            "refused": found["refused"],
            "ips": found["ips"],
            "asked": found["asked"],
            "reporters": [", ".join(each) for each in found["reporters"]],
            "time": found["time"],
        }
    )


def _domain_columns() -> dict[str, object]:
    return {
        "domain": elements.text("domain", 200),
        "through": elements.text("through", 80),
        "mails": _number("mails"),
        "passed": elements.text("passed", 90),
        "refused": _number("refused"),
        "ips": _number("IPs"),
        "asked": elements.text("policy", 90),
        "reporters": elements.text("receivers", 300),
        "time": elements.when("newest, UTC"),
    }


def _tls(found: pd.DataFrame) -> pd.DataFrame:
    failed = [f"{'▲' if number else '●'} {words.count(number)}" for number in found["failures"]]
    told = {name: [", ".join(each) for each in found[name]] for name in ("results", "reporters")}
    kept = {"domain": found["domain"], "policy": found["newest"], "sent": found["sent"]}
    return pd.DataFrame({**kept, "failed": failed, **told, "time": found["time"]})


def _tls_columns() -> dict[str, object]:
    return {
        "domain": elements.text("domain", 200),
        "policy": elements.text("policy", 110),
        "sent": _number("sessions"),
        "failed": elements.text("failed", 80),
        "results": elements.text("why", 280),
        "reporters": elements.text("senders", 240),
        "time": elements.when("newest, UTC"),
    }


def _google(found: pd.DataFrame) -> pd.DataFrame:
    value = [
        f"{'▲' if told == 'NEEDS_WORK' else '●' if told == 'COMPLIANT' else '·'} {_value(number, told)}"
        for told, number in zip(found["told"], found["newest"], strict=True)
    ]
    return pd.DataFrame({"domain": found["domain"], "metric": found["metric"], "value": value, "time": found["time"]})


def _value(number: float, told: str) -> str:
    return " ".join(filter(None, (f"{number:g}" if number or not told else "", told)))


def _google_columns() -> dict[str, object]:
    return {
        "domain": elements.text("domain", 200),
        "metric": elements.text("metric", 240),
        "value": elements.text("value", 200),
        "time": elements.when("of, UTC"),
    }
