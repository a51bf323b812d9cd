"""Rows of a CSV text: a header that names the columns, and a row a line (RFC 4180)."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence

from streams.directory import DirectoryError, Row


def table(
    lines: Iterable[str], place: str, columns: Mapping[str, str], delimiter: str = ","
) -> Iterator[tuple[str, Row]]:
    """Yield the rows below a header, each with its line. DirectoryError where the header lacks a needed column."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        places = placed([name.strip() for name in header], f"{place} line 1", columns)
        for cells in reader:
            if cells:
                yield (
                    f"{place} line {reader.line_num}",
                    {field: cells[at] if at < len(cells) else "" for field, at in places.items()},
                )
    except csv.Error as error:
        raise DirectoryError(f"{place} line {reader.line_num}: no CSV: {error}") from error


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
