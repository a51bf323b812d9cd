"""A file that an ACL of Exim looks up with `nwildlsearch`: its value is what a client is told, or nothing.

Exim reads it at each lookup, to the first key that matches; one with `^` is a regular expression, and a key ends at a
blank or a colon. The ACL asks about mail to others' domains alone: what comes to the hoster's own is no relaying.

Manual: https://www.exim.org/exim-html-current/doc/html/spec_html/ch-file_and_database_lookups.html
"""

from schemas.sunset_stages import EximSwitch
from streams.deeds import WriteFile
from streams.switches import Effect, Switched
from streams.switches._patterns import patterns

_HEAD = "# Written by relaywarden hooks at each change; do not edit.\n"


def effects(state: Switched, settings: EximSwitch) -> tuple[Effect, ...]:
    """Return the file; it is never empty, so that the lookup always finds something."""
    lines = "".join(
        f"{_key(pattern)}: {state.reply if off else ''}".rstrip() + "\n" for pattern, off in patterns(state)
    )
    return (WriteFile(path=str(settings.path), content=f"{_HEAD}{lines}"),)


def _key(pattern: str) -> str:
    return pattern if pattern.startswith("^") else f"^.*{pattern}"
