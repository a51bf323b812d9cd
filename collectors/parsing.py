"""What `relaywarden parse` does: one log or one complaint in, events as JSON lines out."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import BinaryIO

from collectors import complaints
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
    """Write the events of a log or of one mail (`-` is standard input), packed or not; return what was counted.

    `transports` tells the outbound IPs beside those of the settings; `progress` is told the uncompressed bytes read
    since it was last told. ValueError for an unknown format or a damaged archive, OSError for an unreadable file.
    """
    if format_name not in formats():
        raise ValueError(f"no format {format_name!r}; there are {', '.join(formats())}")
    with opened(file) as (source, changed):
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


def _complaint(format_name: str, file: str, mail: bytes, output: BinaryIO, changed: datetime) -> Counts:
    counts = Counts(lines=1)
    try:
        event = complaints.load(format_name)(mail)
    except ValueError as error:
        counts.dead_letters = 1
        counts.nothing = str(error)
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
        counts.nothing = f"{described(mail)}, not of the format {format_name}"
        return counts
    counts.note(event)
    output.write(encode(event) + b"\n")
    return counts
