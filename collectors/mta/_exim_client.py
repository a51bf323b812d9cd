"""Exim: the client that a line names, as `host_build_sender_fullhost` writes it: name, HELO in brackets, address.

The HELO is the client's own word. Exim refuses one with a blank in it, unless helo_accept_junk_hosts allows that; then
it can imitate all that follows, and so can the ident (RFC 1413). Where a line seems to name a client or a protocol
again, behind where they belong, neither is believed.
"""

import re
from typing import NamedTuple

from collectors.addresses import ip_or_empty

QUOTED = r'"(?:[^"\\]|\\.)*+"'
ADDRESS = rf'(?:{QUOTED}|[^ "])++'
"""An address as Exim logs it without brackets: blanks stand in its quotes only."""
IN_BRACKETS = rf'(?:{QUOTED}|[^>"])*+'
"""An address as Exim logs it within < and >."""

_CLIENT = re.compile(r"(?:([^ ()\[\]=]++) )?(?:\((\S*)\) )?\[([^\] \[]{1,64})\](?::\d{1,5}(?!\d))?")
_MARK = (
    r"\[([^\] \[]{1,64})\](?::\d{1,5})?"
    r"(?= (?:I|U|P|X|CV|DN|SNI|A|F|D|S)=| (?:temporarily )?rejected | sender verify |: \d{3} )"
)
_SPOT = re.compile(rf"\) {_MARK}")
_AGAIN = re.compile(
    rf"(?<!=){_MARK}| P=[a-z-]{{4,16}}(?= )| F=<[^>]{{0,320}}>(?: A=\S{{0,200}})? (?:temporarily )?rejected "
)


class Client(NamedTuple):
    """Who spoke: the name that DNS has for it, its HELO, its IP (all "" where unknown), and where the line goes on."""

    name: str
    helo: str
    ip: str
    end: int


NOBODY = Client("", "", "", 0)


def client_of(text: str, start: int) -> Client:
    """Return the client that a text names from `start` on; ValueError where none can be told."""
    match = _CLIENT.match(text, start)
    if match is not None:
        name, helo, address = (part or "" for part in match.groups())
        return Client(name, "" if _imitates(helo) else helo, ip_or_empty(address), match.end())
    spots = _SPOT.finditer(text, start)
    spot, second = next(spots, None), next(spots, None)
    if spot is None or second is not None:
        raise ValueError("a client whose HELO imitates another, or that has no address")
    return Client("", "", ip_or_empty(spot[1]), spot.end())


def again(text: str, start: int) -> re.Match[str] | None:
    """Return where a text seems to name a client or a protocol behind `start`, with fields as Exim writes them."""
    return _AGAIN.search(text, start)


def _imitates(helo: str) -> bool:
    return any(mark in helo for mark in "()<>=")
