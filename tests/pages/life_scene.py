"""What lists said of the IPs over six hours, and the refusals that one of them got: lists change their minds."""

from collections.abc import Iterator

from schemas.events import Event
from schemas.facts import Answer, ReplyKind
from schemas.names import derived_id
from schemas.observations import ListingObserved, RepliesCounted
from tests.pages.scene import IPS, MINUTE, RUDE, WITHDRAWN

LISTED_SINCE = 27
_DAY = 1440
# From so many minutes ago on, until the next.
_COURSES: dict[str, tuple[tuple[int, Answer], ...]] = {
    "spamhaus_zen": ((350, "not_listed"), (LISTED_SINCE, "listed")),
    "spamcop": (
        (350, "listed"),
        (300, "not_listed"),
        (200, "listed"),
        (170, "unknown"),
        (150, "listed"),
        (90, "not_listed"),
    ),
    "uceprotect_1": ((350, "not_listed"),),
}


def life(now: int) -> list[Event]:
    """Return the answers of three lists each ten minutes, and refusals of yesterday and today."""
    return [*_answers(now), *_refusals(now)]


def _answers(now: int) -> Iterator[Event]:
    for name, course in _COURSES.items():
        for minute in sorted({*range(350, 20, -10), *(begin for begin, _ in course)}, reverse=True):
            for ip in IPS[:5]:
                answer = next(told for begin, told in reversed(course) if minute <= begin)
                answer = answer if ip == WITHDRAWN else "not_listed"
                listed = answer == "listed"
                yield ListingObserved(
                    id=derived_id("course", name, ip, minute),
                    at=now - minute * MINUTE,
                    ip=ip,
                    list=name,
                    answer=answer,
                    codes=("127.0.0.3",) if listed else (),
                    reason=f"{RUDE} is why" if listed else "",
                    scope="ip",
                    weight=1.0,
                )


def _refusals(now: int) -> Iterator[Event]:
    rows: tuple[tuple[int, str, ReplyKind, str, str, int], ...] = (
        (40, "microsoft", "listed", "spamhaus_zen", "550 5.7.1 S3140 listed", 12),
        (60, "google", "reputation", "", "550 5.7.1 low reputation of 192.0.2.13", 30),
        (2 * _DAY, "google", "reputation", "", "550 5.7.1 low reputation of 192.0.2.13", 4),
        (30, "yahoo", "unknown", "", f"554 {RUDE}", 3),
    )
    for minute, provider, kind, named, text, count in rows:
        at = now - minute * MINUTE
        yield RepliesCounted(
            id=derived_id("refusal", minute, provider),
            at=at,
            partition=1,
            ip=WITHDRAWN,
            provider=provider,
            kind=kind,
            named=named,
            pattern="" if kind == "unknown" else f"row_{kind}",
            text=text,
            count=count,
            first_at=at,
            last_at=at,
        )
