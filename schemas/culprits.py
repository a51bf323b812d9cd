"""Culprits of a decision in words: what each sent through an IP before, and what went wrong with it."""

from collections.abc import Iterable

from schemas.facts import Culprit

_HOUR = 60


def sentence(one: Culprit) -> str:
    """Return what is known of a culprit: "eve@example.net: 900 messages in 10 minutes (43 % of all), 41 networks"."""
    numbers = (
        _many(one.unknown_users, "unknown user"),
        f"{one.refusals} refused" if one.refusals else "",
        _many(one.complaints, "complaint"),
        _many(one.networks, "network") if one.networks > 1 else "",
    )
    share = f" ({one.share:.0%} of all)" if one.share else ""
    time = _time(one.minutes)
    messages = _many(one.messages, "message") or "no message"
    parts = [f"{messages}{time}{share}", *filter(None, numbers)]
    return f"{one.sender}: {', '.join(parts)}"


def sentences(culprits: Iterable[Culprit]) -> str:
    """Return all of them, in their order."""
    return "; ".join(map(sentence, culprits))


def _many(number: int, what: str) -> str:
    """Return so many of something in words, "" for none."""
    return f"{number} {what}{'s' if number > 1 else ''}" if number else ""


def _time(minutes: int) -> str:
    if not minutes:
        return ""
    return f" in {minutes} minutes" if minutes < _HOUR else f" in {minutes // _HOUR} h"
