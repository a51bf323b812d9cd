"""What is urgent, of all that is open: alerts, cases, mailboxes and delistings in one order, each once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from dashboards import words
from schemas.alert_events import asked

SEVERITIES = {"critical": "■ critical", "warning": "▲ warning", "notice": "◆ notice"}
_RANKS = {"critical": 0, "warning": 1, "notice": 4}
_SEEN_TO = 5
_STEPS = {"suspend": (1, "▲ mailbox"), "throttle": (2, "▲ mailbox"), "flag": (2, "▲ mailbox")}
_DONE = {"suspend": "looks compromised: suspension", "throttle": "looks compromised: throttle", "flag": "is flagged"}


@dataclass(frozen=True)
class Urgent:
    """One thing that is open: how urgent (0 is the most), what, since when, who sees to it, and where more stands."""

    rank: int
    kind: str
    what: str
    since: pd.Timestamp
    page: str
    seen_to: str = ""
    query: Mapping[str, str] = field(default_factory=dict)


def ordered(
    alerts: pd.DataFrame | None,
    flags: pd.DataFrame | None,
    cases: pd.DataFrame | None,
    delistings: pd.DataFrame | None,
) -> list[Urgent]:
    """Return what is open, the most urgent first; what could not be read (`None`) has no part in it.

    Of what an alert tells no second line is made: a mailbox or a customer stands here once.
    """
    told = [] if alerts is None else list(_alerts(alerts))
    known = set() if alerts is None else {(row["rule"], row["subject"]) for row in alerts.to_dict("records")}
    found = [*told, *_mailboxes(flags, known), *_cases(cases, known), *_delistings(delistings)]
    return sorted(found, key=lambda each: (each.rank, -each.since.value, each.what))


def said(severity: str, operator: str) -> str:
    """Return how severe an alert is, by its shape and in a word; calm where somebody sees to it."""
    return f"● {severity}" if operator else SEVERITIES[severity]


def way(row: Mapping[Any, Any]) -> tuple[str, dict[str, str]]:
    """Return the page that an alert is about and what its URL asks for; "" is the Overview."""
    return row["page"], asked(row["page"], row["shown"])


def _rows(frame: pd.DataFrame | None) -> list[dict[Any, Any]]:
    return [] if frame is None else frame.to_dict("records")


def _alerts(frame: pd.DataFrame) -> Iterator[Urgent]:
    for row in _rows(frame):
        rank = _RANKS[row["severity"]] + (_SEEN_TO if row["operator"] else 0)
        yield Urgent(
            rank, said(row["severity"], row["operator"]), row["text"], row["since"], "alerts", row["operator"],
            {"alert": row["alert"]},
        )  # fmt: skip


def _mailboxes(frame: pd.DataFrame | None, known: set[tuple[str, str]]) -> Iterator[Urgent]:
    for row in _rows(frame):
        if row["step"] in _STEPS and ("mailbox_flagged", row["mailbox"]) not in known:
            rank, kind = _STEPS[row["step"]]
            what = f"{row['mailbox']} {_DONE[row['step']]}, score {row['score']:.0f}"
            yield Urgent(rank, kind, what, row["since"], "mailboxes", query={"mailbox": row["mailbox"]})


def _cases(frame: pd.DataFrame | None, known: set[tuple[str, str]]) -> Iterator[Urgent]:
    for row in _rows(frame):
        if row["state"] == "open" and ("customer_attacked", row["customer"]) not in known:
            what = f"{words.count(row['count'])} mailboxes of {row['customer']} are under attack"
            yield Urgent(1, "▲ case", what, row["opened"], "mailboxes", query={"case": row["case"]})


def _delistings(frame: pd.DataFrame | None) -> Iterator[Urgent]:
    for row in _rows(frame):
        seen_to = "removal was asked for" if row["requests"] else ""
        what = f"{row['list']} lists {row['subject']}"
        yield Urgent(
            6 if seen_to else 3,
            "● listing" if seen_to else "◆ listing",
            what,
            row["since"],
            "delisting",
            seen_to,
            {"delisting": row["case"]},
        )
