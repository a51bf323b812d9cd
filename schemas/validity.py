"""Until when a certificate counts, out of its own bytes (RFC 5280, 4.1): the standard library does not tell.

Pure.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x17, 0x18, 0xA0
_LONG = 0x80
_CENTURY_TURNS = 50  # RFC 5280, 4.1.2.5.1: years from 50 on are of 19..


class Validity(NamedTuple):
    """From when until when a certificate counts."""

    begin: datetime
    end: datetime


def certificates_in(pem: str) -> Iterator[str]:
    """Yield each certificate of a PEM file, the server's own first and its chain behind it."""
    for piece in pem.split(_BEGIN)[1:]:
        body, end, _ = piece.partition(_END)
        if end:
            yield f"{_BEGIN}{body}{_END}\n"


def validity(der: bytes) -> Validity:
    """Return a certificate's validity. ValueError where the bytes are no certificate."""
    try:
        fields = list(_parts(next(_parts(next(_parts(der)).content)).content))
        dates = fields[4 if fields[0].tag == _VERSION else 3]  # serial number, algorithm and issuer before it
        begin, end = (_moment(each) for each in _parts(dates.content))
    except (IndexError, StopIteration, ValueError) as error:
        raise ValueError("no certificate of X.509") from error
    return Validity(begin, end)


class _Part(NamedTuple):
    tag: int
    content: bytes


def _parts(der: bytes) -> Iterator[_Part]:
    """Yield what stands one after the other in DER. IndexError or ValueError where that breaks off."""
    at = 0
    while at < len(der):
        tag, size, at = der[at], der[at + 1], at + 2
        if size & _LONG:
            count = size & ~_LONG
            size, at = int.from_bytes(der[at : at + count]), at + count
        if at + size > len(der):
            raise ValueError("cut off")
        yield _Part(tag, der[at : at + size])
        at += size


def _moment(part: _Part) -> datetime:
    text = part.content.decode("ascii")
    if part.tag == _UTC_TIME:
        text = f"{19 if int(text[:2]) >= _CENTURY_TURNS else 20}{text}"
    elif part.tag != _GENERALIZED_TIME:
        raise ValueError("no time")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
