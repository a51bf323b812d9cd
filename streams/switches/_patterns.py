"""Regular expressions that tell the stage of an address, for POSIX (Postfix's regexp) and PCRE (Exim) alike.

They are tried in the order in which they stand, and the first that matches counts: the exemptions, then the stages from
the last to the first, each as "sorts at or behind its first prefix". Both programs fold case while they match; the sets
hold ranges only of what has no case, and of lower-case letters, so that folding changes nothing; what is no visible
ASCII is in no set, and so sorts behind all else, as `streams.sunset.stages.key_of` has it.
"""

import re
from collections.abc import Iterator

from streams.switches import Switched, writable

_SPECIAL = re.compile(r"[][^$.|?*+(){}/\\]")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def patterns(state: Switched) -> Iterator[tuple[str, bool]]:
    """Yield each expression, and whether the addresses that it matches are off."""
    for subject in filter(writable, state.exempt):
        yield f"{'' if subject[0] == '@' else '^'}{exactly(subject)}$", False
    if not state.stages:
        return
    yield "^(<>)?$", state.stages[-1].number in state.off
    for stage in reversed(state.stages):
        yield at_or_behind(stage.first), stage.number in state.off


def exactly(text: str) -> str:
    """Return the expression of a text as it stands."""
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", text)


def at_or_behind(prefix: str) -> str:
    """Return the expression of all that sorts at or behind a prefix.

    Of `info`: `^([^…i]|i([^…n]|n([^…f]|f([^…n]|n))))`, where a set holds all that sorts up to the letter.
    """
    if not prefix:
        return "^"
    found = _literal(prefix[-1])
    for place in range(len(prefix) - 1, -1, -1):
        found = f"({_behind(prefix[place])}|{found})"
        if place:
            found = f"{_literal(prefix[place - 1])}{found}"
    return f"^{found}"


def _literal(character: str) -> str:
    return f"[{character}]" if character in ".+" else character


def _behind(character: str) -> str:
    """Return the set of all characters that sort behind one of `[a-z0-9@._+-]`."""
    if character in _LETTERS:
        return f"[^!-@[-`a-{character}]" if character != "a" else "[^!-@[-`a]"
    if character == "_":
        return "[^!-@[-_]"
    return f"[^!-{character}]"
