"""What `relaywarden parse` does: one log, mail or report in, events as JSON lines out."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import BinaryIO

from collectors import documents
from collectors.geo import GeoDatabases
from collectors.mailtype import described
from collectors.packed import lines_of, opened
from collectors.reading import LONGEST_LINE, Counts, LogReader, log_formats
from schemas.codec import encode
from schemas.events import DeadLetter
from schemas.names import derived_id, source_id
from schemas.redaction import redacted
from schemas.settings import GeoIp, Settings

Progress = Callable[[int], None]
_LARGEST_FILE = 64 * 1024 * 1024


def formats() -> tuple[str, ...]:
    """Return the names of all formats that can be parsed: of logs, and of what is read whole (`documents.KINDS`)."""
    return log_formats() + tuple(name for kind in documents.KINDS for name in kind.names())


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
    """Write the events of a log or of one mail (`-` is standard input), packed or not; return what was counted.

    `transports` tells the outbound IPs beside those of the settings; `progress` is told the uncompressed bytes read
    since it was last told. ValueError for an unknown format or a damaged archive, OSError for an unreadable file.
    """
    if format_name not in formats():
        raise ValueError(f"no format {format_name!r}; there are {', '.join(formats())}")
    kind = documents.kind_of(format_name)
    with opened(file, zipped=kind is not None and kind.takes_zip) as (source, changed):
        if kind is not None:
            return _whole(format_name, file, source.read(_LARGEST_FILE), output, changed)
        reader = LogReader(
            source_id(host, file),
            name=file,
            format=format_name,
            host=host,
            zone=zone,
            outbound_ips={**(settings.outbound_ips if settings else {}), **(transports or {})},
            networks=settings.networks if settings else {},
            reference=changed,
            where=GeoDatabases(settings.geoip if settings else GeoIp()),
        )
        told = 0
        for offset, line in lines_of(source):
            output.writelines(encode(event) + b"\n" for event in reader.read(line, offset))
            if progress is not None and offset - told > LONGEST_LINE:
                progress(offset - told)
                told = offset
        reader.counts.nothing = reader.counts.seems(format_name)
        return reader.counts


def _whole(format_name: str, file: str, content: bytes, output: BinaryIO, changed: datetime) -> Counts:
    counts = Counts(lines=1)
    try:
        events = documents.parse(format_name, content)
    except ValueError as error:
        counts.dead_letters = 1
        counts.nothing = str(error)
        letter = DeadLetter(
            id=derived_id(format_name, file),
            at=int(changed.timestamp()) * 1_000_000,
            name=file,
            format=format_name,
            reason=redacted(str(error)),
            text=redacted(content[:2000].decode("utf-8", "replace")),
            place=file,
        )
        output.write(encode(letter) + b"\n")
        return counts
    if not events:
        counts.ignored = 1
        counts.nothing = f"{described(content)}, not of the format {format_name}"
    counts.lines = max(1, len(events))
    for event in events:
        counts.note(event)
        output.write(encode(event) + b"\n")
    return counts
