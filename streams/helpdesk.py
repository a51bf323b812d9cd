"""What is known of mailboxes, for the command line: who is watched or worse and why, each in words, its history."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.customers import Customers
from schemas.settings import Settings
from streams import mailboxes
from streams.detectors import findings
from streams.habits import (
    ANSWERS_1D,
    COMPLAINTS_1D,
    DAYS_3W,
    DOMAINS_10M,
    FAILED_1H,
    MESSAGES_10M,
    NETWORKS_10M,
    RECIPIENTS_1D,
    RECIPIENTS_1H,
    RECIPIENTS_10M,
    REFUSED_1D,
    UNKNOWN_1D,
    USUAL_DOMAINS,
    USUAL_FAILED_1H,
    USUAL_MESSAGES_10M,
    USUAL_NETWORKS,
    USUAL_RECIPIENTS_1D,
    USUAL_RECIPIENTS_1H,
    USUAL_RECIPIENTS_10M,
    MailboxState,
    age,
    usual,
)
from streams.standing import moment
from streams.steps import mode_of

Row = dict[str, object]
STEPS = ("watch", "flag", "throttle", "suspend")
_MOST_ROWS = 1000
_MOST_STATES = 10_000
_SHOWN_DECISIONS = 5
_STATES = "SELECT mailbox, at, state FROM mailbox_state FINAL WHERE {where} ORDER BY score DESC, mailbox LIMIT %(most)s"
_HELD = """(step != '' OR position(state, '"hold":{') > 0) AND %(step)s IN ('', step)"""
_NEWEST = (
    "SELECT mailbox, max(at), argMax(arrayMap(e -> e.text, evidence), (at, type != 'mailbox_flagged', id))"
    " FROM mailbox_events FINAL WHERE mailbox IN %(mailboxes)s GROUP BY mailbox"
)
_HISTORY = (
    "SELECT * FROM (SELECT at, mailbox, type, step, mode, operator, score, arrayMap(e -> e.text, evidence) AS reasons"
    " FROM mailbox_events FINAL WHERE %(mailbox)s IN ('', mailbox)"
    " UNION ALL SELECT at, if(mailbox = '', subject, mailbox), type, if(step = '', action, step), hook, operator, 0.,"
    " [trimBoth(concat(host, ' ', reason))] FROM mailbox_signals FINAL"
    " WHERE type IN ('operator_acted', 'password_changed', 'suspension_applied', 'suspension_failed')"
    " AND %(mailbox)s IN ('', mailbox, subject))"
    " ORDER BY at DESC, indexOf(%(order)s, type) DESC, mailbox LIMIT %(most)s"
)
_ORDER = (
    "operator_acted",
    "password_changed",
    "mailbox_flagged",
    "mailbox_throttled",
    "mailbox_suspended",
    "mailbox_released",
)
"""Of what happens at the same moment, what leads to what."""
_LATELY = (
    ("messages in 10 minutes", MESSAGES_10M, USUAL_MESSAGES_10M),
    ("recipients in 10 minutes", RECIPIENTS_10M, USUAL_RECIPIENTS_10M),
    ("recipients in an hour", RECIPIENTS_1H, USUAL_RECIPIENTS_1H),
    ("recipients in a day", RECIPIENTS_1D, USUAL_RECIPIENTS_1D),
    ("networks in 10 minutes", NETWORKS_10M, USUAL_NETWORKS),
    ("recipients' domains in 10 minutes", DOMAINS_10M, USUAL_DOMAINS),
    ("failed logins in an hour", FAILED_1H, USUAL_FAILED_1H),
)


class Known(NamedTuple):
    """A mailbox as ClickHouse last heard of it."""

    state: MailboxState
    at: int


class _Stored(msgspec.Struct):
    folded: msgspec.Raw


_STORED: msgspec.json.Decoder[_Stored] = msgspec.json.Decoder(_Stored)


def _known(client: Client, where: str, **parameters: object) -> list[Known]:
    query = _STATES.replace("{where}", where)
    rows = client.query(query, parameters={"most": _MOST_STATES, **parameters}).result_rows
    return [Known(mailboxes.decode(bytes(_STORED.decode(state).folded)), at) for _, at, state in rows]


def known(client: Client, mailbox: str) -> Known | None:
    """Return one mailbox, None where nothing was ever heard of it."""
    return next(iter(_known(client, "mailbox = %(mailbox)s", mailbox=mailbox)), None)


def listed(client: Client, settings: Settings, step: str = "", customer: str = "") -> list[Row]:
    """Return who is watched or worse, or held by an order; of a step and of a customer only where these are given.

    ValueError where there is no such step.
    """
    if step and step not in STEPS:
        raise ValueError(f"--step {step!r}: say {', '.join(STEPS[:-1])} or {STEPS[-1]}")
    customers = Customers(settings.customers)
    found = [
        each
        for each in _known(client, _HELD, step=step)
        if customer.lower() in {"", customers.of(each.state.mailbox).lower()}
    ][:_MOST_ROWS]
    names = [each.state.mailbox for each in found] or [""]
    newest = {row[0]: row[1:] for row in client.query(_NEWEST, parameters={"mailboxes": names}).result_rows}
    return [
        {
            "mailbox": state.mailbox,
            "customer": customers.of(state.mailbox),
            "step": state.step,
            "state": in_words(state),
            "score": state.score,
            "decided": moment(newest[state.mailbox][0]) if state.mailbox in newest else "",
            "reasons": "; ".join(newest[state.mailbox][1]) if state.mailbox in newest else "",
            "known_at": moment(at),
        }
        for state, at in found
    ]


def in_words(state: MailboxState) -> str:
    """Return to what a mailbox is held, by whom, since and until when."""
    hold = state.hold
    told = {"watch": "watched", "flag": "flagged"}
    told |= {"throttle": "a throttle is proposed", "suspend": "a suspension is proposed"}
    if hold is None:
        return told.get(state.step, "in order")
    done = {"watch": "watched", "throttle": "throttled", "suspend": "suspended", "release": "no rule may bar it"}
    text = f"{done[hold.step]}: by {hold.operator or 'the rules'} since {moment(hold.at)}"
    if hold.until:
        text += f" until {moment(hold.until)}"
    return text if state.step in {"", hold.step} else f"{text}; {told[state.step]}"


def shown(client: Client, settings: Settings, mailbox: str, now: int) -> Row:
    """Return all about one mailbox. ValueError where nothing was ever heard of it."""
    found = known(client, mailbox)
    if found is None:
        raise ValueError(f"{mailbox}: no mail, login or order of this mailbox is known")
    state, customers, limits = found.state, Customers(settings.customers), settings.mailboxes
    hold = state.hold
    step, score, words = state.step, state.score, in_words(state)
    age(state, max(now, state.aged))
    return {
        "mailbox": mailbox,
        "customer": customers.of(mailbox),
        "mode": mode_of(mailbox, limits, customers),
        "protected": limits.protects(mailbox),
        "step": step,
        "state": words,
        "held": hold.step if hold else "",
        "held_by": (hold.operator or "the rules") if hold else "",
        "held_since": moment(hold.at) if hold else "",
        "held_until": moment(hold.until) if hold and hold.until else "",
        "score": score,
        "known_at": moment(found.at),
        "reasons_now": [f"{item.text} ({item.points:+g})" for item in findings(state)],
        "lately": list(_lately(state)),
        "decisions": history(client, mailbox, _SHOWN_DECISIONS),
    }


def _lately(state: MailboxState) -> Iterator[str]:
    """Yield what the mailbox did, counts that fade, and what is usual for it."""
    counts = state.counts
    for name, slot, most in _LATELY:
        yield f"{name}: {counts[slot]:.0f}, usually at most {usual(counts, most):.0f}"
    bad = f"{counts[UNKNOWN_1D]:.0f} recipients unknown, {counts[REFUSED_1D]:.0f} mails refused"
    yield f"final answers in a day: {counts[ANSWERS_1D]:.0f}, of these {bad}"
    yield f"complaints in a day: {counts[COMPLAINTS_1D]:.0f}"
    yield f"days on which it was there, of the last weeks: {counts[DAYS_3W]:.0f}"


def history(client: Client, mailbox: str = "", most: int = _MOST_ROWS) -> list[Row]:
    """Return what was ordered, decided and done about all mailboxes, or about one, newest first."""
    answer = client.query(_HISTORY, parameters={"mailbox": mailbox, "most": most, "order": list(_ORDER)})
    return [_row(*row) for row in answer.result_rows]


def _row(  # noqa: PLR0913, PLR0917 as many as the query has columns
    at: int, mailbox: str, kind: str, step: str, mode: str, operator: str, score: float, reasons: list[str]
) -> Row:
    row: Row = {"time": moment(at), "mailbox": mailbox, "what": _what(kind, step, mode)}
    return row | {"operator": operator, "score": score, "evidence": "; ".join(filter(None, reasons))}


def _what(kind: str, step: str, mode: str) -> str:
    """Return in words what a decision or a signal says; `mode` is the hook's name where one reports."""
    done: dict[str, Any] = {"": "as before", "throttle": "throttled", "suspend": "suspended"}
    decided = {
        "mailbox_flagged": "watched" if step == "watch" else "flagged",
        "mailbox_throttled": "throttled" if mode == "enforce" else "throttle proposed",
        "mailbox_suspended": "suspended" if mode == "enforce" else "suspension proposed",
        "mailbox_released": "released",
        "operator_acted": f"order: {step}",
        "password_changed": "new password",
        "suspension_applied": f"{mode} brought it to: {done.get(step, step)}",
        "suspension_failed": f"{mode} could not bring it to: {done.get(step, step)}",
    }
    return decided[kind]
