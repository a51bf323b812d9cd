"""The text of Exim ("This message was created automatically by mail delivery software"), and of who took it over.

Also mail.ru, GMX, 1&1, MXLogic and Zoho write it; a recipient stands at a line's beginning, and why below or behind.
What remote servers said is indented further.
Format: https://www.exim.org/exim-html-current/doc/html/spec_html/ch-customizing_messages.html
"""

import re

from collectors import headers
from collectors.bounced import Failed, Told
from collectors.bouncemail import ADDRESS, BounceMail, entries

_ANCHOR = re.compile(
    r"^[^>|\n]{0,20}created automatically by (?:mail delivery software|the SMTP relay).*$", re.MULTILINE
)
_PROGRAM = r"(?:(?:pipe|save) to |deliver to )?\"?[|/:][^()\n]{1,300} \(generated (?:from|by) "
_HEAD = re.compile(rf" {{0,3}}(?:{_PROGRAM})?[<\"]{{0,2}}(?P<to>{ADDRESS})[>\"]{{0,2}}[):]?(?: +(?P<rest>\S.*))?")
_SPLIT = re.compile(
    r"^( {0,3}(?:(?:pipe|save) to |deliver to )?\"?[|/:][^\n]{1,300})\n +(?=\(generated )", re.MULTILINE
)
_DELAYED = re.compile(r"has not yet been delivered|warning message", re.IGNORECASE)
_MESSAGE = re.compile(r"^The message identifier is: +(\S{6,40})$", re.MULTILINE)
_CODE = re.compile(r"^[^,]{0,80}, ERROR_CODE :(\d{3}), ERROR_CODE :[ ,]{0,2}")
_WARNED = re.compile(r"^No action is required on your part", re.MULTILINE)


def read(bounce: BounceMail) -> Told | None:
    """Return what such a text tells, None for any other mail. ValueError where it names no recipient."""
    anchor = _ANCHOR.search(bounce.text)
    if anchor is None:
        return None
    text = _WARNED.split(bounce.text[anchor.end() :])[0]
    delayed = _DELAYED.search(text) is not None
    lines = _SPLIT.sub(lambda found: f"{found[1].rstrip()} ", text).split("\n")
    said = entries([line.rstrip() for line in lines], _HEAD)
    if not said:  # a pipe or a file, whose address only the header tells
        header = headers.first(bounce.mail, "X-Failed-Recipients")
        said = [(headers.address(to), " ".join(text.split())) for to in header.split(",") if "@" in to]
    if not said:
        raise ValueError("a bounce in the words of Exim that names no recipient")
    found = _MESSAGE.search(text)
    failed = tuple(
        Failed(to, _CODE.sub(r"\1 ", reply), action="delayed" if delayed else "failed") for to, reply in said
    )
    return Told(failed, queue_id=found[1] if found else "")
