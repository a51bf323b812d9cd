"""The parts of a mail, in a time that grows with its size, whatever it holds.

The library's own parser asks every line whether it ends any of the parts around it, and makes a message of each blank
line of a delivery report: a mail of a MB took it 12 s. What comes of this one is the same, but that a delivery report
is text (in UTF-8), of a mail within a mail only the header is read, the transfer encoding that some put on a mail or a
feedback report is taken off, a CR by itself ends no line, and a line that begins with "From " is no field wherever it
stands in a header.
Formats: https://www.rfc-editor.org/rfc/rfc2046#section-5.1, https://www.rfc-editor.org/rfc/rfc5322#section-2.2
"""

import re
from collections.abc import Iterator
from email.message import Message
from email.policy import compat32
from itertools import islice
from typing import NamedTuple

_MOST_PARTS = 2_000
_MOST_FIELDS = 10_000  # a field is looked for among all that a header has
_LONGEST_CONTENT_FIELD = 16 * 1024
_MOST_PARAMETERS = 500  # the library reads them in a time that grows with the square of their number
_MOST_WORK = 8  # times the size of the mail, beside that of a large one: a part in parts is looked through again
_LARGE = 1024 * 1024
_DELIMITER = 200  # what is found costs as much as so many characters that are looked through
_HEADER = re.compile(r"(?:(?:From |[!-9;-~]*+:|[\t ])[^\n]*+(?:\n|\Z))*+")
_FIELD = re.compile(r"(?:([!-9;-~]++:)|:|From |[\t ])[^\n]*+(?:\n[\t ][^\n]*+)*+(?:\n|\Z)")
_BLANK = re.compile(r"\r?\n")
_TAIL = re.compile(r"(--)?[\t ]*+\r?(?=\n|\Z)")
_CONTENT_FIELDS = frozenset(("content-type", "content-disposition"))
_STATUS = frozenset(("message/delivery-status", "message/global-delivery-status"))
_IN_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]++\Z")
_NOT_QUOTED = re.compile(r"=(?![0-9A-Fa-f]{2}|[\t ]*+\n)")  # an encoder writes each "=" of the text as "=3D"


class _Waiting(NamedTuple):
    """The text of a part that is still to be read, and the part that it is in."""

    text: str
    around: Message | None = None


class _Left:
    """How much work a mail may still make."""

    def __init__(self, size: int) -> None:
        self._work = _MOST_WORK * (size + _LARGE)

    def take(self, work: int) -> None:
        """Note some work. ValueError where that is too much."""
        self._work -= work
        if self._work < 0:
            raise ValueError("a mail of too many parts in parts, or lines like their delimiters")


def parts(mail: str) -> list[Message]:
    """Return a mail and all parts of it, in their order. ValueError where they, or their fields, are too many."""
    found: list[Message] = []
    fields, left = 0, _Left(len(mail))
    waiting = [_Waiting(mail)]
    while waiting:
        text, around = waiting.pop()
        part, body = _begun(text)
        found.append(part)
        if around is not None:
            around.attach(part)
            if around.get_content_type() == "multipart/digest":
                part.set_default_type("message/rfc822")
        texts = _opened(part, body, left)
        waiting.extend(_Waiting(each, part) for each in reversed(texts))
        fields += len(part)
        if len(found) + len(waiting) > _MOST_PARTS:
            raise ValueError(f"a mail of more than {_MOST_PARTS} parts")
        if fields > _MOST_FIELDS:
            raise ValueError(f"a mail of more than {_MOST_FIELDS} header fields")
    return found


def headed(text: str) -> Message:
    """Return the header that a text begins with, with what follows as its content, if that is no parts.

    ValueError as `parts`.
    """
    part, body = _begun(text)
    texts, body = _split(part, body, _Left(len(body)))
    part.set_payload([] if texts or part.get_content_maintype() == "message" else body)
    return part


def attached(mail: str) -> Iterator[str]:
    """Yield the texts of the mails that a mail holds, as parts or alone, their transfer encoding taken off."""
    part, body = _begun(mail)
    if part.get_content_type() == "message/rfc822":
        yield bare(part, body)
    for text in _split(part, body, _Left(len(mail)))[0]:
        held, within = _begun(text)
        if held.get_content_type() == "message/rfc822":
            yield bare(held, within)


def bare(part: Message, text: str) -> str:
    """Return the text of a part that holds a header, its transfer encoding taken off where the text really has one.

    RFC 2046, section 5.2.1, allows none to a mail within a mail; some write it none the less, others write it above a
    text that has none.
    """
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    plain = text.replace("\r\n", "\n")
    if encoding == "quoted-printable":
        encoded = not _NOT_QUOTED.search(plain.lstrip().partition("\n\n")[0])
    else:
        encoded = encoding == "base64" and _IN_BASE64.match(plain) is not None
    if not encoded:
        return text
    carrier = Message(policy=compat32)
    carrier["Content-Transfer-Encoding"] = encoding
    carrier.set_payload(plain)
    content = carrier.get_payload(decode=True)
    return content.decode("ascii", "surrogateescape") if isinstance(content, bytes) else text


def _begun(text: str) -> tuple[Message, str]:
    """Return a part with its header, and the text below that."""
    header = _HEADER.match(text)
    end = header.end() if header else 0
    part = Message(policy=compat32)
    for number, field in enumerate(islice(_FIELD.finditer(text, 0, end), _MOST_FIELDS + 1)):
        if number == _MOST_FIELDS:
            raise ValueError(f"a mail of more than {_MOST_FIELDS} header fields")
        if field[1]:
            name, value = compat32.header_source_parse([field[0]])
            if name.lower() in _CONTENT_FIELDS:
                _check(name, value)
            part.set_raw(name, value)
    blank = _BLANK.match(text, end)
    return part, text[blank.end() if blank else end :]


def _check(name: str, value: str) -> None:
    if value.count(";") >= _MOST_PARAMETERS:
        raise ValueError("a mail with a content field of too many parameters")
    if len(value) > _LONGEST_CONTENT_FIELD:
        raise ValueError(f"a mail with {len(value)} characters of {name}, more than {_LONGEST_CONTENT_FIELD}")


def _opened(part: Message, body: str, left: _Left) -> list[str]:
    """Give a part what it holds; where that is parts, return their texts."""
    texts, body = _split(part, body, left)
    kind = part.get_content_type()
    if texts:
        part.set_payload([])
    elif kind in _STATUS:
        part.set_payload(body.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    elif kind.startswith("message/"):
        part.set_payload([headed(bare(part, body))])
    else:
        part.set_payload(body)
    return texts


def _split(part: Message, body: str, left: _Left) -> tuple[list[str], str]:
    """Return the texts of the parts in a body, and, where it has none, the body up to where they would have ended."""
    boundary = part.get_boundary() if part.get_content_maintype() == "multipart" else None
    if boundary is None or "\n" in boundary:
        return [], body
    left.take(len(body))
    text, delimiter = f"\n{body}", f"\n--{boundary}"
    found: list[str] = []
    begin = at = -1
    while (at := text.find(delimiter, at + 1)) >= 0:
        left.take(_DELIMITER)
        tail = _TAIL.match(text, at + len(delimiter))
        if tail is None:
            continue
        if -1 < begin < at:  # between delimiters that follow each other there is no part
            found.append(text[begin + 1 : at].removesuffix("\r"))
        if len(found) > _MOST_PARTS:
            raise ValueError(f"a mail of more than {_MOST_PARTS} parts")
        if tail[1] and begin < at:
            return found, text[1:at]
        begin = tail.end()
    if begin >= 0:
        found.append(text[begin + 1 :].removesuffix("\n").removesuffix("\r"))
    return found, body
