"""Replies of remote servers as structured logs keep them."""

import re

LONGEST_REPLY = 2000
_STATUS = re.compile(r"(?:([245]\d\d)(?:[ -]|$))?#?([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"([245]\d\d)(?:[ -]|$)")


def enhanced_of(text: str) -> str:
    """Return the enhanced status (RFC 3463) that a reply, or a status, begins with; "" where it begins otherwise."""
    found = _STATUS.match(text)
    return found[2] if found else ""


def code_of(text: str) -> int:
    """Return the code that a reply begins with, 0 where it begins otherwise."""
    found = _CODE.match(text)
    return int(found[1]) if found else 0


def one_line(text: str) -> str:
    """Return a reply of several lines as one, cut."""
    return " ".join(text[: 2 * LONGEST_REPLY].split())[:LONGEST_REPLY]
