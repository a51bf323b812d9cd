"""Header fields of hostile mails, read as text: values unfolded, addresses, times.

The parser of `email.policy.default` raises undocumented IndexErrors and AttributeErrors on hostile headers; with
compat32 headers stay text, and all that is read of them is read by expressions of our own, as are the parts of a mail
(collectors/mime.py).
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import Message
from email.policy import compat32
from email.utils import parseaddr, parsedate_to_datetime
from functools import lru_cache

from collectors import mime
from schemas.moments import epoch_microseconds

_MOST_BOUNDARIES = 200
_MOST_NESTED = 50
_LONGEST_FIELD = 2000
_LARGEST = 32 * 1024 * 1024
_FIELD_NAME = re.compile(r"[!-9;-~]+:")
_ORIGINALS = frozenset(("message/rfc822", "text/rfc822-headers", "text/rfc822-header"))
_SECOND = 1_000_000


@lru_cache(maxsize=2)  # each format that "any" tries reads the same mail
def read(message: bytes) -> tuple[Message, list[Message]]:
    """Return a mail and its parts, those of a mail within it left out. ValueError where it is too large or nested.

    What a mail within it holds is a stranger's, and might look like a report's parts.
    """
    if len(message) > _LARGEST:
        raise ValueError(f"a mail of {len(message)} bytes, more than {_LARGEST}")
    if message.lower().count(b"boundary") > _MOST_BOUNDARIES:  # the text of each is looked through again
        raise ValueError("a mail of too many nested parts")
    parts = mime.parts(message.decode("ascii", "surrogateescape"))
    return parts[0], parts


def attached(message: bytes) -> Iterator[bytes]:
    """Yield the mails that are attached to a mail."""
    for mail in mime.attached(message.decode("ascii", "surrogateescape")):
        yield mail.encode("ascii", "surrogateescape")


def payload(part: Message) -> object:
    """Return the parts that a part has, or its text.

    Of `charset*=…` (RFC 2231) beside bytes beyond ASCII the library makes a TypeError: such a text is taken for UTF-8.
    """
    try:
        return part.get_payload()
    except TypeError:
        return content_of(part)


def empty() -> Message:
    """Return a header without fields, to add some to."""
    return Message(policy=compat32)


def header_of(mail: str) -> Message:
    """Return the header that a text begins with; empty where it begins with no field, or has too many."""
    text = mail.lstrip().replace("\r\n", "\n").partition("\n\n")[0]
    try:
        return mime.headed(text) if _FIELD_NAME.match(text) else empty()
    except ValueError:
        return empty()


def original_of(parts: list[Message]) -> Message:
    """Return the header of the mail that was complained of; empty where the report does not hold it."""
    part = next((part for part in parts if part.get_content_type() in _ORIGINALS), None)
    return empty() if part is None else fields_of(part, "Received")


def fields_of(part: Message, expected: str) -> Message:
    """Return the header that a part holds as its content; some reports put a second header before it."""
    content = payload(part)
    inner = content[0] if isinstance(content, list) and content else part
    if inner is not part and isinstance(inner, Message) and inner.get(expected) is not None:
        return inner
    if not isinstance(inner, Message):
        return part
    held = payload(inner)
    held = mime.bare(inner, held).lstrip() if isinstance(held, str) else ""
    return mime.headed(held) if _FIELD_NAME.match(held) else inner


def content_of(part: Message) -> str:
    """Return a part's content as text, its transfer encoding taken off; "" where it has parts of its own."""
    content = part.get_payload(decode=True)
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""


def values(header: Message, name: str) -> Iterator[str]:
    """Yield the values of a field, each on one line."""
    for value in header.get_all(name, []):
        yield " ".join(text(value).split())


def first(header: Message, name: str) -> str:
    """Return the topmost value of a field, "" where there is none."""
    return next(values(header, name), "")


def text(value: object) -> str:
    """Return a header's value as text that can be encoded: bytes outside ASCII become U+FFFD."""
    return str(value or "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def mailbox(field: str) -> str:
    """Return the address that a field such as From names first, "" where there is none.

    Groups and comments may nest, and Python reads them by calling itself: a field of thousands names none.
    """
    cut = field[:_LONGEST_FIELD]
    return "" if cut.count(":") + cut.count("(") > _MOST_NESTED else parseaddr(cut)[1]


def address(text: str) -> str:
    """Return the address of `<a@example.net>` or `Name <a@example.net> (x)`, cut to the length addresses have."""
    before = text.partition("(")[0]
    if text.rstrip().endswith(")") and "@" in before and '"' not in before:
        text = before
    inner = text.rpartition("<")[2] if "<" in text else text
    return inner.strip().removesuffix(">").strip()[:320]


def time(text: str) -> int:
    """Return the epoch microseconds of a time as mails or RFC 3339 write it, in UTC if it names no zone; else 0."""
    moment = _moment(parsedate_to_datetime, text) or _moment(datetime.fromisoformat, text)
    if moment is None:
        return 0
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0, epoch_microseconds(aware) // _SECOND * _SECOND)


def _moment(read_as: Callable[[str], datetime], text: str) -> datetime | None:
    try:
        return read_as(text.strip())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
