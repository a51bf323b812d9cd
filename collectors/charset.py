"""Which encoding a text is in, as far as that matters for logs: what mail servers write is ASCII, or extends it."""

_MARKS = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_LOOKED_AT = 64
_FEWEST = 8


class EncodingError(ValueError):
    """A text is in an encoding that no log has."""


def foreign_encoding(beginning: bytes) -> str:
    """Return UTF-16 or UTF-32 where a text begins so, by its mark or by each second byte, else ""."""
    for mark, name in _MARKS.items():
        if beginning.startswith(mark):
            return name
    text = beginning[:_LOOKED_AT]
    if len(text) < _FEWEST:
        return ""
    first, second = text[::2], text[1::2]
    pairs = (any(first), any(second))
    return "UTF-16" if pairs in {(True, False), (False, True)} and (0 not in first or 0 not in second) else ""


def refuse_foreign(beginning: bytes) -> None:
    """Raise EncodingError, which says what is to be done, where a text begins in an encoding that no log has."""
    if encoding := foreign_encoding(beginning):
        raise EncodingError(
            f"its text is {encoding}, which no log here is; convert it first: iconv -f {encoding} -t UTF-8"
        )
