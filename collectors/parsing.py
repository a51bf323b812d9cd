"""What `relaywarden parse` does: one log or one complaint in, events as JSON lines out."""

import gzip
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO, cast

from collectors import complaints
from collectors.reading import LONGEST_LINE, Counts, LogReader, log_formats
from schemas.codec import encode
from schemas.events import DeadLetter
from schemas.names import derived_id, source_id
from schemas.redaction import redacted
from schemas.settings import Settings

Progress = Callable[[int], None]
_LARGEST_MAIL = 64 * 1024 * 1024


def formats() -> tuple[str, ...]:
    """Return the names of all formats that can be parsed."""
    return log_formats() + complaints.names()


def parse_file(  # noqa: PLR0913 the command has that many options
    format_name: str,
    file: str,
    output: BinaryIO,
    *,
    settings: Settings | None = None,
    transports: Mapping[str, str] | None = None,
    zone: str = "UTC",
    host: str = "",
    progress: Progress | None = None,
) -> Counts:
    """Write the events of a log (plain, .gz, .xz, or `-` for standard input) or of one mail; return what was counted.

    `transports` tells the outbound IPs beside those of the settings; `progress` is told the uncompressed bytes read
    since it was last told. ValueError for an unknown format or a damaged archive, OSError for an unreadable file.
    """
    if format_name not in formats():
        raise ValueError(f"no format {format_name!r}; there are {', '.join(formats())}")
    with _opened(file) as (source, changed):
        if format_name in complaints.names():
            return _complaint(format_name, file, source.read(_LARGEST_MAIL), output, changed)
        reader = LogReader(
            source_id(host, file),
            name=file,
            format=format_name,
            host=host,
            zone=zone,
            outbound_ips={**(settings.outbound_ips if settings else {}), **(transports or {})},
            networks=settings.networks if settings else {},
            reference=changed,
        )
        told = 0
        for offset, line in _lines(source):
            output.writelines(encode(event) + b"\n" for event in reader.read(line, offset))
            if progress is not None and offset - told > LONGEST_LINE:
                progress(offset - told)
                told = offset
        return reader.counts


@contextmanager
def _opened(file: str) -> Iterator[tuple[IO[bytes], datetime]]:
    """Open a file and tell when it changed; errors of archives name the file."""
    if file == "-":
        yield sys.stdin.buffer, datetime.now(UTC)  # noqa: TID251 the log comes in now; only its year is taken from it
        return
    path = Path(file)
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    try:
        with _stream(path) as source:
            yield source, changed
    except (gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError) as error:
        raise ValueError(f"{file}: a damaged archive: {error}") from error


def _stream(path: Path) -> IO[bytes]:
    match path.suffix:
        case ".gz":
            return cast("IO[bytes]", gzip.open(path))
        case ".xz":
            return lzma.open(path)
    return path.open("rb")


def _lines(source: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Give each line with its byte offset; of a line beyond the limit only the beginning, so that memory is bounded."""
    offset = 0
    while piece := source.readline(2 * LONGEST_LINE):
        yield offset, piece
        offset += len(piece)
        while not piece.endswith(b"\n") and (piece := source.readline(2 * LONGEST_LINE)):
            offset += len(piece)


def _complaint(format_name: str, file: str, mail: bytes, output: BinaryIO, changed: datetime) -> Counts:
    counts = Counts(lines=1)
    try:
        event = complaints.load(format_name)(mail)
    except ValueError as error:
        counts.dead_letters = 1
        letter = DeadLetter(
            id=derived_id(format_name, file),
            at=int(changed.timestamp()) * 1_000_000,
            name=file,
            format=format_name,
            reason=redacted(str(error)),
            text=redacted(mail[:2000].decode("utf-8", "replace")),
            place=file,
        )
        output.write(encode(letter) + b"\n")
        return counts
    if event is None:
        counts.ignored = 1
        return counts
    counts.note(event)
    output.write(encode(event) + b"\n")
    return counts
