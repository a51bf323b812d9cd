"""One customer: his mailboxes, domains, traffic, complaints, cases, letters, and by which rules he is treated."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import charts, elements, offers, queries, queries_customer, words
from dashboards.elements import Page
from dashboards.palette import OUTCOMES_OF_DOMAINS, STEPS, UNSEEN
from schemas.settings import Settings

_STATES = {"intended": "◆ on its way", "sent": "● sent", "refused": "■ refused"}
_CASES = {"open": "■ open", "closed": "● closed"}
_SORTS = {"all_": "outcome", "spf_": "SPF", "dkim_": "DKIM", "dmarc_": "DMARC"}


def show(shown: Page, customer: str) -> None:
    """Show all that is known of a customer."""
    st.code(customer, language=None, wrap_lines=True)
    _account(shown, customer)
    _traffic(shown, customer)
    _boxes(shown, customer)
    parts = {
        "Domains": _domains,
        "Complaints": _complaints,
        "Bounces": _bounces,
        "Cases": _cases,
        "Letters and reports": _letters,
        "Rules": _rules,
    }
    parts[elements.choice("part", "What of the customer", list(parts), "Domains")](shown, customer)


def _account(shown: Page, customer: str) -> None:
    found = shown.read(queries_customer.account, customer, hours=1)
    if found is None:
        elements.unread()
    elif found.empty:
        st.caption("▲ In no directory: named by its domain, or read by the desk only later (docs/directory.md).")
    else:
        (row,) = elements.rows(found)
        contact = "● has a contact" if row["reachable"] else "▲ nobody to write to: customer care has to call"
        parts = (row["name"], row["language"], row["tariff"], row["flags"], contact)
        st.text(", ".join(each for each in parts if each))


def _traffic(shown: Page, customer: str) -> None:
    st.subheader("Traffic", anchor=False)
    found = shown.read(queries_customer.traffic, customer, every=shown.every)
    heard = shown.read(queries.volume, "", every=shown.every)
    if (
        elements.missing(found, "No data: nothing of this customer was delivered or tried in this time.")
        or found is None
    ):
        return
    outcomes = ["sent", "deferred", "bounced"]
    summed = found.loc[~found["whole"], ["bucket", *outcomes]]
    if heard is not None:  # a time in which a log was heard, and nothing of his: empty, not grey
        summed = heard[["bucket"]].merge(summed, on="bucket", how="left").fillna(0).astype("int64")
    left, right = st.columns([3, 2], gap="large")
    with left:
        drawn = charts.volume(summed, shown.span)
        elements.chart(
            drawn, offers.made(summed, found), "customer-traffic", "The customer's deliveries over time, by outcome"
        )
    with right:
        by = found.loc[found["whole"], ["provider", *outcomes]]
        by = by.assign(attempts=by[outcomes].sum(axis=1))
        for outcome in outcomes:
            by[outcome] = [words.percent(*row) for row in zip(by[outcome], by["attempts"], strict=True)]
        columns = {
            "provider": elements.text("provider", 150),
            "attempts": st.column_config.NumberColumn("attempts", format="localized", width=85),
            "sent": elements.text("delivered", 80),
            "deferred": elements.text("deferred", 80),
            "bounced": elements.text("bounced", 80),
        }
        elements.table(offers.made(by, found), "customer-providers", columns)


def _boxes(shown: Page, customer: str) -> None:
    st.subheader("Mailboxes", anchor=False)
    found = shown.read(queries_customer.boxes, customer, every=shown.every)
    if elements.missing(found, "No data: no mailbox of this customer is known.") or found is None:
        return
    told = found.assign(
        step=[STEPS.get(step, step) for step in found["step"]],
        decision=[_decided(*row) for row in zip(found["step"], found["mode"], strict=True)],
        kind=[kind or "by its domain" for kind in found["kind"]],
        bounced=[words.percent(*row) for row in zip(found["bounces"], found["mails"], strict=True)],
        score=found["score"].where(found["step"] != ""),
    )
    columns = {
        "step": elements.text("step", 95),
        "box": elements.text("mailbox", 280, pinned=True),
        "kind": elements.text("kind", 100),
        "behind": elements.text("alias of", 200),
        "decision": elements.text("decision", 120),
        "score": st.column_config.NumberColumn("score then", format="%.0f", width=80),
        "mails": st.column_config.NumberColumn("attempts", format="localized", width=85),
        "bounced": elements.text("bounced", 80),
        "sent": elements.when("last mail (UTC)"),
    }
    box = elements.picked(told, "customer-boxes", columns, "box", ("step",))
    st.caption(f"{words.count(len(found))} of {words.count(int(found['total'].max()))}. Pick one for its evidence.")
    if box is not None:
        elements.go("mailboxes", mailbox=box)


def _decided(step: str, mode: str) -> str:
    return "" if step not in {"suspend", "throttle"} else "proposed" if mode != "enforce" else "in force"


def _domains(shown: Page, customer: str) -> None:
    back = shown.settings.domains.known_for
    found = shown.read(queries_customer.domains, back, customer, every=15.0)
    named = shown.read(queries_customer.names, customer, every=15.0)
    if found is None or named is None:
        elements.unread()
        return
    rows = [
        {
            "domain": row["domain"],
            "looked": row["looked"],
            **{name: OUTCOMES_OF_DOMAINS.get(row[name], f"? {row[name]}") for name in _SORTS},
        }
        for row in elements.rows(found)
    ]
    unseen = sorted(set(named["name"]) - set(found["domain"]))
    rows += [{"domain": name, "looked": pd.NaT, **dict.fromkeys(_SORTS, UNSEEN)} for name in unseen]
    if not rows:
        elements.nothing("No domain is this customer's alone.")
        return
    columns = {
        "domain": elements.text("domain", 220, pinned=True),
        **{name: elements.text(label, 100) for name, label in _SORTS.items()},
        "looked": elements.when("looked at (UTC)"),
    }
    domain = elements.picked(
        offers.made(pd.DataFrame(rows), found, named), "customer-own-domains", columns, "domain", tuple(_SORTS)
    )
    if domain is not None:
        elements.go("domains", domain=domain)


def _complaints(shown: Page, customer: str) -> None:
    found = shown.read(queries_customer.complaints, customer, every=shown.every)
    feeds = shown.read(queries.feeds, hours=1)
    came = feeds is None or "complaints" in set(feeds["feed"])
    none = "No complaint about this customer's mail." if came else "No data: no complaint of any kind came for a week."
    if elements.missing(found, none) or found is None:
        return
    told = found.assign(confidence=[f"{100 * each:.0f} %" if each else "" for each in found["confidence"]])
    columns = {
        "time": elements.when("UTC"),
        "sender": elements.text("mailbox", 240),
        "feedback_type": elements.text("type", 90),
        "attribution": elements.text("found by", 150),
        "confidence": elements.text("sure", 65),
        "reporter": elements.text("reporter", 200),
        "recipient": elements.text("recipient", 200),
    }
    elements.table(told, "customer-complaints", columns)
    st.caption(
        f"{words.count(len(found))} of {words.count(int(found['total'].max()))}; each also stands on Complaints."
    )


def _bounces(shown: Page, customer: str) -> None:
    found = shown.read(queries_customer.bounces, customer, every=shown.every)
    if elements.missing(found, "No bounce came back for this customer in this time.") or found is None:
        return
    told = found.assign(least=[f"{100 * each:.0f} %" if each else "" for each in found["least"]])
    columns = {
        "sender": elements.text("mailbox", 240),
        "reason": elements.text("reason", 150),
        "enhanced_status": elements.text("status", 70),
        "number": st.column_config.NumberColumn("bounces", format="localized", width=80),
        "lasting": st.column_config.NumberColumn("permanent", format="localized", width=85),
        "least": elements.text("sure at least", 95),
        "said": elements.text("newest reply", 420),
        "last": elements.when("last (UTC)"),
    }
    elements.table(told, "customer-bounces", columns)


def _cases(shown: Page, customer: str) -> None:
    found = shown.read(queries_customer.cases, customer)
    if elements.missing(found, "This customer never had several mailboxes flagged at once.") or found is None:
        return
    told = found.assign(state=found["state"].map(_CASES), mailboxes=[", ".join(each) for each in found["members"]])
    columns = {
        "state": elements.text("state", 90),
        "opened": elements.when("opened (UTC)"),
        "changed": elements.when("changed (UTC)"),
        "mailboxes": elements.text("mailboxes", "large"),
    }
    case = elements.picked(told, "customer-cases", columns, "case", ("state",))
    if case is not None:
        elements.go("mailboxes", case=case)


def _letters(shown: Page, customer: str) -> None:
    left = shown.read(queries_customer.left, customer)
    for row in [] if left is None else elements.rows(left):
        st.text(
            f"Sunset {row['sunset']}: {row['open']} of {row['found']} mailboxes were not seen to stop (exempt ones "
            f"too), {row['done']} are done. Newest word {words.clock(row['last'], shown.now)} UTC."
        )
    found = shown.read(queries_customer.letters, customer)
    if not elements.missing(found, "No mail went to this customer.") and found is not None:
        told = found.assign(
            state=found["state"].map(_STATES).fillna(found["state"]),
            about=[ending or sort for ending, sort in zip(found["ending"], found["sort"], strict=True)],
            letter=[f"{n} of {of}" if n else "" for n, of in zip(found["letter"], found["whole"], strict=True)],
        )
        columns = {
            "time": elements.when("UTC"),
            "state": elements.text("state", 110),
            "about": elements.text("about", 150),
            "sort": elements.text("kind", 90),
            "letter": elements.text("letter", 70),
            "to": elements.text("to", 220),
            "spoken": elements.text("language", 75),
            "said": elements.text("server's reply", 300),
        }
        elements.table(told, "customer-letters", columns, ("state",))
    for text in _reports(shown, customer):
        st.text(text)


def _reports(shown: Page, customer: str) -> list[str]:
    """Return a sentence for each report that the customer gets, by the configuration and his flags."""
    found = shown.read(queries_customer.account, customer, hours=1)
    if found is None or found.empty or not found["reachable"].iloc[0]:
        return []
    flags = {each.partition(":")[0]: each for each in str(found["flags"].iloc[0]).split()}
    told = []
    for name, report in shown.settings.report.items():
        if report.audience != "customer" or report.mail is None or (report.flag and report.flag not in flags):
            continue
        hours = ", ".join(f"{hour}:00" for hour in report.hours)
        day = {"weekly": f" on {report.weekday}", "monthly": f" on day {report.day}"}.get(report.every, "")
        own = flags.get(report.flag, "")
        choice = f"; his own choice {own} counts before that" if ":" in own else ""
        told.append(f"Report {name}: {report.every}{day} at {hours} {report.timezone}{choice}.")
    return told


def _rules(shown: Page, customer: str) -> None:
    for label, text in rules(shown.settings, customer).items():
        st.text(f"{label}: {text}")


def rules(settings: Settings, customer: str) -> dict[str, Any]:
    """Return by which rules a customer's mailboxes are treated, and where that is said."""
    usual, own = settings.mailboxes, settings.customers.get(customer)
    action = usual.action if own is None or own.action is None else own.action
    place = "[mailboxes]" if own is None or own.action is None else f"[customers.{customer}]"
    cases = "no" if own is not None and not own.cases else "yes"
    told = {"Suspension and throttling": f"{action} ({place})", "Cases of several mailboxes": cases}
    if own is None:
        told["In the configuration"] = "no: all as for everybody"
    return told
