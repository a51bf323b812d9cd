"""The whole state of a sunset as JSON, as programs are told it; docs/sunset-stages.md has the fields."""

import msgspec

from streams.switches import Switched


def told(state: Switched) -> str:
    """Return a line of JSON."""
    stages = [
        {"number": each.number, "first": each.first, "beyond": each.beyond, "off": each.number in state.off}
        for each in state.stages
    ]
    whole = {"sunset": state.sunset, "reply": state.reply, "stages": stages, "exempt": state.exempt}
    return msgspec.json.encode(whole).decode() + "\n"
