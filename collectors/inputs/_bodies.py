"""What a POST carries: its media types, and unpacking within bounds."""

import zlib
from collections.abc import Iterator

import zstandard

_PIECE = 256  # bytes of zstd: at the worst they unpack to 8 MB
_ZSTD_WINDOW = 8 * 1024 * 1024
ENCODINGS = ("identity", "gzip", "x-gzip", "deflate", "zstd")
TEXT = frozenset({"text/plain"})
JSON = frozenset({"application/json", "application/x-ndjson", "application/ndjson"})


class TooLargeError(ValueError):
    """A body is larger than is taken, packed or not."""


def unpacked(body: bytes, encoding: str, most: int) -> bytes:
    """Return a body without its content encoding, one of `ENCODINGS`.

    TooLargeError where it is more than `most` bytes; ValueError where it is damaged.
    """
    try:
        pieces = _pieces(body, encoding)
        plain = bytearray()
        for piece in pieces:
            plain += piece
            if len(plain) > most:
                raise TooLargeError(f"the body is more than {most} bytes unpacked")
    except (zlib.error, zstandard.ZstdError) as error:
        raise ValueError(f"the body is no {encoding}: {error}") from error
    return bytes(plain)


def _pieces(body: bytes, encoding: str) -> Iterator[bytes]:
    if encoding == "zstd":
        return _zstd(body)
    if encoding in {"gzip", "x-gzip"}:
        return _zlib(body, 31)
    if encoding == "deflate":  # with zlib's header, as RFC 9110 has it, or without, as some send it
        return _zlib(body, 15 if _has_zlib_header(body) else -15)
    return iter((body,))


def _has_zlib_header(body: bytes) -> bool:
    return len(body) > 1 and body[0] & 15 == zlib.DEFLATED and int.from_bytes(body[:2]) % 31 == 0


def _zlib(body: bytes, form: int) -> Iterator[bytes]:
    while body:
        member = zlib.decompressobj(wbits=form)
        left = body
        while left and not member.eof:
            yield member.decompress(left, 1 << 20)
            left = member.unconsumed_tail
        while not member.eof and (piece := member.decompress(b"", 1 << 20)):
            yield piece
        if not member.eof:
            raise zlib.error("it ends before its end")
        body = member.unused_data


def _zstd(body: bytes) -> Iterator[bytes]:
    left = memoryview(body)
    while left:
        frame = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        while left and not frame.eof:
            piece, left = left[:_PIECE], left[_PIECE:]
            yield frame.decompress(piece)
        if not frame.eof:
            raise zstandard.ZstdError("it ends within a frame")
        unused = frame.unused_data
        left = memoryview(unused + bytes(left)) if unused else left
