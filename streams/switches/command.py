"""Runs a program of the hoster's with the whole state as JSON on its standard input; it must be harmless to repeat.

The fields: docs/sunset-stages.md. It is run without a shell, at every start and every change.
"""

import msgspec

from schemas.sunset_stages import CommandSwitch
from streams.deeds import RunWith
from streams.switches import Effect, Switched


def effects(state: Switched, settings: CommandSwitch) -> tuple[Effect, ...]:
    """Return the one run."""
    told = {
        "sunset": state.sunset,
        "reply": state.reply,
        "stages": [
            {"number": each.number, "first": each.first, "beyond": each.beyond, "off": each.number in state.off}
            for each in state.stages
        ],
        "exempt": state.exempt,
    }
    stdin = msgspec.json.encode(told).decode() + "\n"
    return (RunWith(command=settings.command, stdin=stdin, timeout_seconds=settings.timeout_seconds),)
