"""Culprits of a decision in words: what each sent through an IP before, and what went wrong with it."""

from collections.abc import Iterable

from schemas.facts import Culprit

_HOUR = 60


def sentence(one: Culprit) -> str:
    """Return what is known of a culprit: "eve@example.net: 900 messages in 10 minutes (43 % of all), 41 networks"."""
    numbers = (
        (one.unknown_users, "unknown users"),
        (one.refusals, "refused"),
        (one.complaints, "complaints"),
        (one.networks if one.networks > 1 else 0, "networks"),
    )
    share = f" ({one.share:.0%} of all)" if one.share else ""
    time = _time(one.minutes)
    messages = "1 message" if one.messages == 1 else f"{one.messages} messages"
    parts = [f"{messages}{time}{share}", *(f"{number} {what}" for number, what in numbers if number)]
    return f"{one.sender}: {', '.join(parts)}"


def sentences(culprits: Iterable[Culprit]) -> str:
    """Return all of them, in their order."""
    return "; ".join(map(sentence, culprits))


def _time(minutes: int) -> str:
    if not minutes:
        return ""
    return f" in {minutes} minutes" if minutes < _HOUR else f" in {minutes // _HOUR} h"
