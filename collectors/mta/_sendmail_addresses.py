"""Addresses as sendmail logs them: in brackets by SMTP, as a header has them where a local program hands them in.

A header's address has a display name, in quotes or not, and comments: each may hold commas, brackets and whatever looks
like a field. So an address whose quotes, brackets or parentheses do not close is none. Linear: a bracket opens none.
"""

import re

_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_NESTED = r"\((?:[^()\\]|\\.)*+\)"
_COMMENT = rf"\((?:[^()\\]|\\.|{_NESTED})*+\)"
_BRACKETS = rf'<(?:{_QUOTED}|\\.|[^<>"\\])*+>'
_WHOLE = rf'(?:{_QUOTED}|{_COMMENT}|{_BRACKETS}|\\.|[^,"(<\\])'
_PARTS = re.compile(rf"{_QUOTED}|({_COMMENT})|({_BRACKETS})|\\.", re.DOTALL)

MAILBOX = rf"(?![ ,]){_WHOLE}++(?=,|\Z)"
"""A pattern (without a group) of one address with its display name and comments, up to the comma behind it."""


def bare(mailbox: str) -> str:
    """Return the address of a mailbox: what its last brackets hold, else what its comments leave."""
    kept, end = [], 0
    address = None
    for part in _PARTS.finditer(mailbox):
        if part[2] is not None:
            address = part[2][1:-1]
        elif part[1] is not None:
            kept.append(mailbox[end : part.start()])
            end = part.end()
    return "".join((*kept, mailbox[end:])).strip() if address is None else address
