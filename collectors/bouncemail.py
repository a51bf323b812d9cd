"""A bounce as a mail: what the reporting server wrote, apart from the mail that it returns.

Pure. A returned mail is a stranger's: neither recipients nor replies are looked for in it, only what names it.
"""

import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from typing import NamedTuple

from collectors import headers

ADDRESS = r"[^\s<>\"'():,;@]{1,200}@[A-Za-z0-9.\-]{1,250}"
"""An address as reports write it; none with blanks or quotes."""

_LONGEST = 256 * 1024
_CHARSET = re.compile(
    r"utf-?8|us-ascii|iso-8859-\d{1,2}|windows-125\d|koi8-[ru]|iso-2022-jp|shift_jis|euc-(?:jp|kr)|gb(?:2312|k|18030)|big5"
)
_CR = re.compile(rb"\r(?!\n)")
_TAG = re.compile(r"<[^<>]{0,4000}>")
_BELOW = re.compile(
    r"^(?:"
    r"[-|= ]{3,60}(?:this is a copy of |below this line is|enclosed is a copy|the header of the original"
    r"|original mess?age|original mail|mensaje original|returned message|unsent message|message text follows"
    r"|undelivered message)[^\n]*\n"
    r"|[ ]{0,8}(?:message headers? follows?|original message follows|below is a copy of|included is a copy of"
    r"|original message(?: headers)?:|original mail as follows)[^\n]*\n"
    r"|content-type:[ ]*(?:message/rfc822|text/rfc822-headers?)[^\n]*\n"
    r"|(?=received: ?(?:from|by|\()|return-path:))",
    re.IGNORECASE | re.MULTILINE,
)


class BounceMail(NamedTuple):
    """A mail that may be a bounce: its text above what is returned, and the header of the returned mail.

    `lines` are those of the text, without the blanks at their ends.
    """

    message: bytes
    mail: Message
    parts: list[Message]
    text: str
    lines: list[str]
    returned: Message
    below: str = ""

    @property
    def inner(self) -> bytes:
        """Return the report that a mail quotes as text instead of holding it as a part, b"" where it quotes none."""
        quoted = self.below.lstrip("-=|> \n")
        report = headers.text(headers.header_of(quoted).get_param("report-type")).lower() == "delivery-status"
        return quoted.encode() if report else b""


def read(message: bytes) -> BounceMail:
    """Return a mail as its reporting server wrote it. ValueError where it is too large or nested.

    A CR by itself ends no line here: what a remote server said may hold one, and would begin a field behind it.
    """
    mail, parts = headers.read(_CR.sub(b" ", message.lstrip()))
    text = next(_texts(parts), "")
    found = _BELOW.search(text)
    above, below = (text[: found.start()], text[found.end() :]) if found else (text, "")
    returned = headers.original_of(parts)
    if not returned.keys():
        returned = _header_below(below)
    lines = [line.rstrip() for line in above.split("\n")]
    return BounceMail(message, mail, parts, above, lines, returned, below)


def _texts(parts: list[Message]) -> Iterator[str]:
    """Yield the texts of a mail, the plain ones first; also of a part that says it has parts, but holds one text."""
    flat = [part for part in parts if not part.is_multipart()]
    for kind in ("text/plain", "multipart/", "text/html"):
        for part in flat:
            if part.get_content_type().startswith(kind) and (text := decoded(part)).strip():
                yield _TAG.sub(" ", text) if kind == "text/html" else text


def decoded(part: Message) -> str:
    """Return a part's content as text with line feeds, by the charset that it names if that is one mails use."""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    named = headers.text(part.get_content_charset()).lower()
    if b"\x1b$B" in content:
        named = "iso-2022-jp"
    charset = named if _CHARSET.fullmatch(named) else "utf-8"
    try:
        text = content[:_LONGEST].decode(charset, "replace")
    except LookupError:
        text = content[:_LONGEST].decode("utf-8", "replace")
    return text.replace("\r\n", "\n")


def subject(mail: Message) -> str:
    """Return a mail's subject, its encoded words decoded where they can be."""
    told = headers.first(mail, "Subject")[:400]
    try:
        return str(make_header(decode_header(told)))
    except (HeaderParseError, LookupError, ValueError):
        return told


def _header_below(text: str) -> Message:
    """Return the header that follows in a text, which may be indented, or begin after further rules and blanks."""
    lines = text[:_LONGEST].lstrip("-=| \n").split("\n")
    margin = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    return headers.header_of("\n".join(line[margin:] if line[:margin].isspace() else line for line in lines))


def entries(lines: list[str], head: re.Pattern[str]) -> list[tuple[str, str]]:
    """Return each recipient whom a line names, by the group `to` of `head`, and what is said until the next one.

    The group `rest` is the beginning of what is said.
    """
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        named = head.fullmatch(line)
        if named:
            found.append((named["to"], [named.groupdict().get("rest") or ""]))
        elif found and line.strip():
            found[-1][1].append(line.strip())
    return [(to, " ".join(said).strip()) for to, said in found]


def after(lines: list[str], anchor: re.Pattern[str]) -> list[str] | None:
    """Return the lines that follow the first one with an anchor, None where none has it."""
    at = next((number for number, line in enumerate(lines) if anchor.search(line)), None)
    return None if at is None else lines[at + 1 :]
