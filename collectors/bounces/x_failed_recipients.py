"""Any other text with the header X-Failed-Recipients, which Exim writes: its operator may have put it into own words.

The recipients are those of the header; what the text says behind or below one of them is the reply, or all of it where
no line begins with an address.
Manual: https://www.exim.org/exim-html-current/doc/html/spec_html/ch-customizing_messages.html
"""

import re

from collectors import headers
from collectors.bounced import Failed, Told
from collectors.bouncemail import ADDRESS, BounceMail, entries

_HEADER = "X-Failed-Recipients"
_HEAD = re.compile(rf" {{0,3}}<?(?P<to>{ADDRESS})>?:?(?: +(?P<rest>\S.*))?")


def read(bounce: BounceMail) -> Told | None:
    """Return what such a text tells, None for a mail without the header. ValueError where that names no recipient."""
    if bounce.mail.get(_HEADER) is None:
        return None
    named = [headers.address(to) for to in headers.first(bounce.mail, _HEADER).split(",") if "@" in to]
    if not named:
        raise ValueError(f"a bounce whose {_HEADER} names no recipient")
    said = {to.lower(): reply for to, reply in entries(bounce.lines, _HEAD)}
    whole = "" if said else " ".join(bounce.text.split())
    return Told(tuple(Failed(to, said.get(to.lower()) or whole) for to in named))
