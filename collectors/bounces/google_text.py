"""Google's text of before 2017 ("Delivery to the following recipient failed permanently"), and Google Groups' refusals.

Manual: https://support.google.com/mail/answer/6596
"""

import re

from collectors import headers
from collectors.bounced import Failed, Told
from collectors.bouncemail import ADDRESS, BounceMail, after

_ANCHOR = re.compile(r"^Delivery to the following recipients? (?:failed permanently|has been delayed|failed)")
_GROUPS = re.compile(r"^Google Groups$|https://(?:groups|support)\.google\.com/", re.MULTILINE)
_TO = re.compile(rf" {{2,10}}\*? ?(?P<to>{ADDRESS})")


def read(bounce: BounceMail) -> Told | None:
    """Return what such a text tells, None for any other mail. ValueError where it names no recipient."""
    header = headers.first(bounce.mail, "X-Failed-Recipients")
    failed_for = [headers.address(to) for to in header.split(",") if "@" in to]
    lines = after(bounce.lines, _ANCHOR)
    if lines is None:
        if not (failed_for and _GROUPS.search(bounce.text)):
            return None
        reply = " ".join(bounce.text.split())
        return Told(tuple(Failed(to, reply, reason="recipient_refused") for to in failed_for))
    named = [found["to"] for line in lines if (found := _TO.fullmatch(line))] or failed_for
    if not named:
        raise ValueError("a bounce in the words of Google that names no recipient")
    reply = " ".join(line.strip() for line in lines if line.strip() and not _TO.fullmatch(line))
    delayed = "has been delayed:" in bounce.text
    return Told(tuple(Failed(to, reply, action="delayed" if delayed else "failed") for to in named))
