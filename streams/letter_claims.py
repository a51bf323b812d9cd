"""Whose a letter is, where two desks follow one topic: both read the same claims in the same order, and so agree."""

from typing import NamedTuple

from schemas.mailbox_events import NoticeSent
from schemas.names import derived_id

_HOUR = 3_600_000_000
_QUIET = 2 * _HOUR


class Claim(NamedTuple):
    """A desk's `NoticeSent(intended)`: its id tells which desk's letter it is, `at` (µs) when it was about to try."""

    id: str
    at: int


def intention(message_id: str, desk: str) -> str:
    """Return the id under which a desk claims a letter."""
    return derived_id("notice", message_id, "intended", desk)


def claimed(before: Claim | None, event: NoticeSent) -> Claim:
    """Return whose a letter is after this claim: the first's, until it has not tried for two hours.

    A desk that lives claims its letter anew at each try, the longest pause between two being a quarter of an hour.
    """
    claim = Claim(event.id, event.at)
    return claim if may(before, claim) else before or claim


def may(before: Claim | None, claim: Claim) -> bool:
    """Tell whether a claim would hold after the one that holds."""
    return before is None or before.id == claim.id or claim.at - before.at > _QUIET
