"""A CSV file with a header, plain or packed by gzip or xz, read line by line.

https://www.rfc-editor.org/rfc/rfc4180
"""

import gzip
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from schemas.directory_settings import CsvDirectory
from streams.directory import DirectoryError, Misfit, Row
from streams.directory._tables import table


def rows(settings: CsvDirectory) -> Iterator[tuple[str, Row | Misfit]]:
    """Yield the rows, each with its line. DirectoryError where the file cannot be read to its end."""
    path = settings.path
    try:
        with _opened(path) as file:
            yield from table(file, str(path), settings.columns, settings.delimiter)
    except UnicodeDecodeError as error:
        raise DirectoryError(f"{path}: no UTF-8 at byte {error.start} of a block") from error
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise DirectoryError(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def _opened(path: Path) -> TextIO:
    match path.suffix:
        case ".gz":
            return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
        case ".xz":
            return lzma.open(path, "rt", encoding="utf-8-sig", newline="")
        case _:
            return path.open(encoding="utf-8-sig", newline="")
