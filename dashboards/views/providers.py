"""Providers: what each makes of each of our IPs, by its replies, and the replies that no row of the table knows."""

import pandas as pd
import streamlit as st

from dashboards import elements, heard, offers, queries, queries_providers, queries_replies, words
from dashboards.elements import Page
from dashboards.views import provider_grid, provider_hands
from schemas.reasons.words import language
from schemas.reply_settings import suggested

_BLOCKED, _DOUBTFUL = 0.7, 0.95
_MOST = 250
_SAID = (
    "■ below 0.70, ▲ below 0.95, ● better. "
    "Reputation: 1 less the share of the deliveries, each counting half after six hours, that is surely blocked "
    "(Wilson's 95 % interval; a limit weighs 0.6). Greylisting, recipients and content do not lower it."
)


@elements.live
def page() -> None:
    """Show the page."""
    hours = elements.header("Providers")
    shown = Page(hours)
    found = shown.read(queries_providers.pairs, every=shown.every)
    chosen = st.query_params.get("provider", "")
    if not elements.missing(found, "No data: nothing left through an outbound IP in this time.") and found is not None:
        _numbers(found)
        _ahead(shown, chosen)
        pairs = offers.made(_pairs(found), found)
        provider_grid.show(pairs)
        pair = elements.picked(pairs[:_MOST], "pairs", _columns(), "pair", ("score",))
        offers.note("pairs", found)
        st.caption(f"{_first(len(pairs))}{_SAID}")
        if pair is not None:
            elements.keep("pair", pair)
            elements.keep("provider", pair.partition(" ")[2])
            st.rerun(scope="fragment")
        provider_hands.show(shown, found)
    provider_grid.outcomes(shown, chosen)
    st.subheader("Reasons", anchor=False)
    reasons = shown.read(queries_providers.reasons, every=shown.every)
    if reasons is not None and chosen:
        reasons = reasons[reasons["provider"] == chosen]
    if not elements.missing(reasons, "No data: no refusal with a reason in this time.") and reasons is not None:
        _reasons(reasons)
    provider_grid.fresh(shown, chosen)
    st.subheader("Replies without a pattern", anchor=False)
    unknown = shown.read(queries_providers.unknown, every=shown.every)
    if not _no_unknown(shown, found, unknown) and unknown is not None:
        _unknown(offers.part(unknown, unknown["further"] == 0))
        _further(unknown[unknown["further"] == 1])
    shown.close()


def _no_unknown(shown: Page, pairs: pd.DataFrame | None, unknown: pd.DataFrame | None) -> bool:
    """Say so where no reply is without a pattern: that all are known only where mail was counted, and still is."""
    if pairs is not None and pairs.empty:
        return elements.missing(unknown, "No data: no reply was counted in this time.")
    return heard.missing(shown, unknown, "Each reply of seven days is known to the table.", "worker")


def _ahead(shown: Page, provider: str) -> None:
    """Ask beside what the page reads, in its order."""
    shown.ahead(queries.volume, provider, every=shown.every)
    shown.ahead(queries_providers.reasons, every=shown.every)
    shown.ahead(queries_replies.texts, "", provider, True, every=shown.every)
    shown.ahead(queries_replies.counted, every=shown.every)
    shown.ahead(queries_providers.unknown, every=shown.every)


def _first(pairs: int) -> str:
    """Say where the table has only the first of so many pairs."""
    return f"The worst {_MOST} of {words.count(pairs)}; the CSV has all. " if pairs > _MOST else ""


def _numbers(found: pd.DataFrame) -> None:
    left, middle, right = st.columns(3)
    against = int(found["listed"].sum() + found["reputation"].sum() + found["volume"].sum())
    left.metric("blocked or limited", words.percent(against, int(found["messages"].sum())))
    middle.metric("providers that block", words.count(found["provider"][found["score"] < _DOUBTFUL].nunique()))
    right.metric("replies without a pattern", words.count(int(found["unknown"].sum())))


def _pairs(found: pd.DataFrame) -> pd.DataFrame:
    shares = {
        name: [words.percent(*row) for row in zip(found[column], found["messages"], strict=True)]
        for name, column in (("delivered", "sent"), ("deferred", "deferred"), ("bounced", "bounced"))
    }
    kept = ("provider", "ip", "messages", "listed", "reputation", "volume", "greylisted", "unknown", "named", "text")
    return pd.DataFrame(
        {"score": [_shape(*row) for row in zip(found["score"], found["messages"], strict=True)], **shares}
        | {name: found[name] for name in kept}
        | {"time": found["time"], "pair": found["ip"] + " " + found["provider"]}
    )


def _shape(score: float, messages: int) -> str:
    if not messages:
        return "? no data"
    shape = "■" if score < _BLOCKED else "▲" if score < _DOUBTFUL else "●"
    return f"{shape} {score:.2f}"


def _number(label: str) -> object:
    return st.column_config.NumberColumn(label, format="localized", width=75)


def _columns() -> dict[str, object]:
    return {
        "score": elements.text("reputation", 80),
        "provider": elements.text("provider", 130),
        "ip": elements.text("IP", 110),
        "messages": _number("messages"),
        "delivered": elements.text("delivered", 75),
        "deferred": elements.text("deferred", 75),
        "bounced": elements.text("bounced", 75),
        "listed": _number("listed"),
        "reputation": _number("poor name"),
        "volume": _number("limited"),
        "greylisted": _number("greylisted"),
        "unknown": _number("unknown"),
        "time": elements.when("newest block, UTC"),
        "named": elements.text("names", 110),
        "text": elements.text("its reply", 420),
    }


def _reasons(found: pd.DataFrame) -> None:
    """Show why each provider refuses, with what an operator can do about it."""
    told = language("en").words
    shown = pd.DataFrame(
        {
            "provider": found["provider"],
            "reason": [told[name].title if name in told else name for name in found["reason"]],
            "number": found["number"],
            "share": [words.percent(*row) for row in zip(found["number"], found["of"], strict=True)],
            "ips": [", ".join(ips) for ips in found["ips"]],
            "remedy": [told[name].operator if name in told else "" for name in found["reason"]],
            "said": found["said"],
            "last": found["last"],
        }
    )
    columns = {
        "provider": elements.text("provider", 130),
        "reason": elements.text("reason", 170),
        "number": _number("refusals"),
        "share": elements.text("of its refusals", 95),
        "ips": elements.text("IPs", 160),
        "remedy": elements.text("what to do", 420),
        "said": elements.text("newest reply", 420),
        "last": elements.when("last, UTC"),
    }
    elements.table(shown, "reasons", columns)
    offers.note("reasons", found)
    st.caption("Reasons as `relaywarden reasons` lists them (docs/reasons.md), of mail through outbound IPs.")


def _further(found: pd.DataFrame) -> None:
    """Say apart how many there were beyond what is told apart: they have no text to make a pattern of."""
    if not found.empty:
        told = ", ".join(
            f"{row['provider']} {words.count(row['today'] + row['before'])}" for row in elements.rows(found)
        )
        st.text(f"Further replies of seven days, too many to be told apart, their words not kept: {told}.")


def _unknown(found: pd.DataFrame) -> None:
    if found.empty:
        return
    told = pd.DataFrame(
        {
            "provider": found["provider"],
            "text": found["text"],
            "today": found["today"],
            "usual": [f"{before / 6:.0f}" if before else "new" for before in found["before"]],
            "ips": [", ".join(ips) for ips in found["ips"]],
            "first": found["first"],
            "last": found["last"],
        }
    )
    columns = {
        "provider": elements.text("provider", 130),
        "text": elements.text("what they have in common", 520),
        "today": _number("last day"),
        "usual": elements.text("usual a day", 90),
        "ips": elements.text("IPs", 160),
        "first": elements.when("first, UTC"),
        "last": elements.when("last, UTC"),
    }
    told.attrs = found.attrs
    picked = elements.picked(told, "unknown", columns, "text")
    chosen = picked or st.query_params.get("reply", "")
    elements.keep("reply", chosen)
    st.caption(
        "Pick a row for a pattern to begin with: into relaywarden.toml, with the kind that it is (docs/replies.md)."
    )
    if chosen:  # a browser loads much for the first code that it shows
        st.code(suggested(chosen), language=None)
