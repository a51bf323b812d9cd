"""Rows of a CSV text: a header that names the columns, and a row a line (RFC 4180)."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence

from streams.directory import DirectoryError, Misfit, Row


def table(
    lines: Iterable[str], place: str, columns: Mapping[str, str], delimiter: str = ","
) -> Iterator[tuple[str, Row | Misfit]]:
    """Yield the rows below a header, each with its line; one of another width than the header is a misfit.

    DirectoryError where the header lacks a needed column, and where the text ends within a line.
    """
    reader = csv.reader(_whole(lines, place), delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        places = placed([name.strip() for name in header], f"{place} line 1", columns)
        for cells in reader:
            if len(cells) == len(header):
                yield f"{place} line {reader.line_num}", {field: cells[at] for field, at in places.items()}
            elif cells:
                told = f"the row has {len(cells)} cells, the header {len(header)}"
                yield f"{place} line {reader.line_num}", Misfit(told)
    except csv.Error as error:
        raise DirectoryError(f"{place} line {reader.line_num}: no CSV: {error}") from error


def _whole(lines: Iterable[str], place: str) -> Iterator[str]:
    """Yield the lines. DirectoryError where the last has no end, which RFC 4180 allows: it may be cut off."""
    number, line = 0, "\n"
    for number, line in enumerate(lines, 1):  # noqa: B007 asked below
        yield line
    if not line.endswith(("\n", "\r")):
        raise DirectoryError(f"{place} line {number}: the last line has no end: it may be cut off")


def placed(header: Sequence[str], place: str, columns: Mapping[str, str]) -> dict[str, int]:
    """Return where each of our fields stands in a header. DirectoryError where a needed or a named one is missing."""
    there = {name.lower(): at for at, name in reversed(list(enumerate(header)))}
    found = {field: there[name.lower()] for field, name in columns.items() if name.lower() in there}
    lacking = [
        name
        for field, name in columns.items()
        if field not in found and (field in {"address", "customer"} or name != field)
    ]
    if lacking:
        raise DirectoryError(f"{place}: no column {lacking[0]!r}; there are {', '.join(header) or 'none'}")
    return found
