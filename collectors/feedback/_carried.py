"""The documents that a file or a mail carries, unpacked: gzip and zip, one in the other, within bounds of all kinds."""

import re
import zlib
from collections.abc import Iterator
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from collectors import headers

_LARGEST = 32 * 1024 * 1024
_DEEPEST = 3
_MOST_FILES = 16
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_BEGINNINGS = (_GZIP, _ZIP, b"<", b"{", b"[", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_CARRIERS = frozenset(
    (
        *("application/gzip", "application/x-gzip", "application/zip", "application/x-zip-compressed"),
        *("application/xml", "text/xml", "application/json", "application/octet-stream"),
        *("application/tlsrpt+gzip", "application/tlsrpt+json"),
    )
)
_NAMED = re.compile(r"[^!]{1,255}![^!]{1,255}!\d{1,12}!\d{1,12}(?:[!.].{0,200})?")
_OURS = re.compile(r"Report[ _]Domain:", re.IGNORECASE)


class DamagedError(ValueError):
    """A file is an archive that cannot be unpacked."""


def documents(data: bytes) -> Iterator[bytes]:
    """Yield the documents that a file, or a mail with it attached, holds.

    DamagedError where the file is an archive that cannot be unpacked; ValueError where one in a mail cannot, if its
    name or the subject says that it is a report.
    """
    if data.lstrip()[:4].startswith(_BEGINNINGS):
        yield from unpacked(data)
        return
    lower = data.lower()
    if not any(word in lower for word in (b"zip", b"xml", b"json", b"octet-stream")):
        return
    left = _Left()
    mail, parts = headers.read(data)
    ours = _OURS.search(headers.first(mail, "Subject")) is not None
    for part in parts:
        name = headers.text(part.get_filename() or part.get_param("name"))
        if part.get_content_type() not in _CARRIERS and not _NAMED.fullmatch(name):
            continue
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        try:
            yield from unpacked(content, left)
        except ValueError as error:
            if ours or _NAMED.fullmatch(name):
                raise ValueError(str(error)) from error


class _Left:
    """How many bytes may still be unpacked, of all archives of a mail or file and of those within them."""

    def __init__(self) -> None:
        self.bytes = _LARGEST

    def take(self, content: bytes, what: str) -> bytes:
        """Return what was unpacked. ValueError where that is too much."""
        self.bytes -= len(content)
        if self.bytes < 0:
            raise ValueError(f"{what} of more than {_LARGEST} bytes unpacked")
        return content


def unpacked(content: bytes, left: _Left | None = None, depth: int = 0) -> Iterator[bytes]:
    """Yield what an archive, or an archive in an archive, holds. ValueError where it is too large, deep or damaged."""
    left = left or _Left()
    if not content.startswith((_GZIP, _ZIP)):
        yield content
    elif depth == _DEEPEST:
        raise ValueError(f"archives more than {_DEEPEST} deep in each other")
    else:
        files = _gunzipped(content, left) if content.startswith(_GZIP) else _unzipped(content, left)
        for file in files:
            yield from unpacked(file, left, depth + 1)


def _unzipped(content: bytes, left: _Left) -> Iterator[bytes]:
    try:
        with ZipFile(BytesIO(content)) as archive:
            files = [info for info in archive.infolist() if not info.filename.endswith("/")]
            if len(files) > _MOST_FILES:
                raise ValueError(f"a zip of {len(files)} files, more than {_MOST_FILES}")
            for info in files:
                with archive.open(info) as file:
                    yield left.take(file.read(left.bytes + 1), "a zip")
    except (BadZipFile, NotImplementedError, EOFError, RuntimeError, OSError, zlib.error) as error:
        raise DamagedError(f"a damaged zip: {error}") from error


def _gunzipped(content: bytes, left: _Left) -> Iterator[bytes]:
    plain = bytearray()
    while content.startswith(_GZIP):
        member = zlib.decompressobj(wbits=31)
        try:
            plain += left.take(member.decompress(content, left.bytes + 1), "a gzip")
        except zlib.error as error:
            raise DamagedError(f"a damaged gzip: {error}") from error
        if not member.eof:
            raise DamagedError("a damaged gzip: it ends before its end")
        content = member.unused_data
    yield bytes(plain)
