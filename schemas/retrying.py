"""The order to read dead letters again: which of them can be, and the way into the log (command line, pages)."""

import re
from collections.abc import Sequence
from typing import Literal

from schemas.names import derived_id
from schemas.ordering import login, now, publish
from schemas.retry_events import MOST_LETTERS, RetryOrdered
from schemas.settings import Settings

MOST_REASON = 500
_OF_A_LINE = re.compile(r"[0-9a-f]{16}-[0-9a-f]{12}-[0-9a-g]+")
_ID = re.compile(r"[0-9A-Za-z._:-]{1,100}")


def kind_of(identity: str, name: str, form: str, place: str) -> Literal["line", "mail", ""]:
    """Return what a dead letter is: a line of a log, (a part of) a mail, or "", which nobody reads by a parser.

    That is what the sink could not store, what is no event in Kafka, and what an input could not keep.
    """
    if not name or name == "sink" or form == "kafka" or place.startswith("input."):
        return ""
    return "line" if _OF_A_LINE.fullmatch(identity) else "mail"


def prepared(  # noqa: PLR0913 an order has that many parts
    letters: Sequence[str], reason: str, *, since: int, until: int, preview: bool, operator: str = ""
) -> RetryOrdered:
    """Return the order to try dead letters again, given now. ValueError where it is none: it names what is wrong."""
    wanted = tuple(dict.fromkeys(letters))
    if not wanted:
        raise ValueError("no dead letter is named")
    if len(wanted) > MOST_LETTERS:
        raise ValueError(f"{len(wanted)} dead letters: at most {MOST_LETTERS} at once")
    wrong = next((each for each in wanted if not _ID.fullmatch(each)), None)
    if wrong is not None:
        raise ValueError(f"{wrong!r} is no id of a dead letter")
    if not preview and not reason.strip():
        raise ValueError(f"--reason {reason!r}: say why; it is kept with the order")
    if len(reason) > MOST_REASON or not (reason.isprintable() or not reason):
        raise ValueError(f"the reason must be one line of at most {MOST_REASON} characters")
    at, who = now(), operator or login()
    return RetryOrdered(
        id=derived_id("retry", who, at, *wanted),
        at=at,
        operator=who,
        reason=reason,
        preview=preview,
        letters=wanted,
        since=since,
        until=until,
    )


def order_retry(  # noqa: PLR0913 likewise
    settings: Settings,
    letters: Sequence[str],
    reason: str,
    *,
    since: int,
    until: int,
    preview: bool,
    operator: str = "",
) -> RetryOrdered:
    """Publish the order and return it. ValueError as of `prepared`; OSError where Kafka does not confirm it."""
    event = prepared(letters, reason, since=since, until=until, preview=preview, operator=operator)
    publish(settings, event)
    return event
