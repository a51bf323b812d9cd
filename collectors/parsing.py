"""What `relaywarden parse` does: one log, mail or report in, events as JSON lines out."""

import io
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import IO, BinaryIO, NamedTuple

from collectors import charset, documents, recognise, wholefile
from collectors.geo import GeoDatabases
from collectors.mailtype import described
from collectors.packed import HEAD, begun, lines_of, opened
from collectors.reading import Counts, LogReader, log_formats
from collectors.searching import SearchingReader
from schemas.codec import encode
from schemas.events import Event
from schemas.names import source_id
from schemas.places import Where, nowhere
from schemas.settings import GeoIp, Settings

AUTO = "auto"
Progress = Callable[[int], None]
_SAMPLE = 5_000


class _Log(NamedTuple):
    """How a log is read, whatever its format is."""

    file: str
    host: str
    zone: str
    outbound_ips: Mapping[str, str]
    networks: Mapping[str, str]
    where: Where
    changed: datetime

    def reader(self, format_name: str) -> LogReader:
        """Return a reader that begins with the log."""
        return LogReader(
            source_id(self.host, self.file),
            name=self.file,
            format=format_name,
            host=self.host,
            zone=self.zone,
            outbound_ips=self.outbound_ips,
            networks=self.networks,
            reference=self.changed,
            where=self.where,
        )

    def sampling(self, format_name: str) -> LogReader:
        """Return a reader that only tries a format."""
        return self._replace(where=nowhere).reader(format_name)


class _Taken(NamedTuple):
    """The formats that a file is read as, why, the file, and how many of its first lines tell the formats."""

    names: tuple[str, ...]
    why: str
    content: IO[bytes]
    sample: int = 0


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
    progress: Progress = lambda _size: None,
) -> Counts:
    """Write the events of a log, a mail or an mbox (`-` is standard input), packed or not; return what was counted.

    The format `auto` is told by the content. `transports` tells the outbound IPs beside those of the settings;
    `progress` is told how many bytes of the file were read since it was last told, packed as they are. ValueError for
    an unknown format, a damaged archive, and a file whose format `auto` cannot tell; OSError for an unreadable file.
    """
    if format_name not in {AUTO, *formats()}:
        raise ValueError(f"no format {format_name!r}; there are {', '.join((AUTO, *formats()))}")
    kind = documents.kind_of(format_name)
    ips = {**(settings.outbound_ips if settings else {}), **(transports or {})}
    networks = settings.networks if settings else {}
    where = GeoDatabases(settings.geoip if settings else GeoIp())
    zipped = format_name in {AUTO, documents.ANY} or (kind is not None and kind.takes_zip)
    with opened(file, zipped=zipped, progress=progress) as (source, changed):
        log = _Log(file, host, zone, ips, networks, where, changed)
        taken = _recognised(source, log) if format_name == AUTO else _Taken((format_name,), "", source)
        first = taken.names[0]
        if documents.kind_of(first) is not None:
            counts = wholefile.parse(first, wholefile.File(file, changed), taken.content, output)
        elif format_name == AUTO:
            return _searched(taken, log, output)
        else:
            counts = _lines(log.reader(first), taken.content, output)
            counts.nothing = counts.seems(first)
    counts.taken = taken.why
    return counts


def _searched(taken: _Taken, log: _Log, output: BinaryIO) -> Counts:
    reader = SearchingReader(taken.names, taken.sample, log.reader, log.sampling)
    try:
        _lines(reader, taken.content, output)
    except EOFError:  # damaged: what was read before that is told
        _write(output, reader.finish())
        raise
    _write(output, reader.finish())
    counts = reader.counts
    counts.taken = taken.why + reader.later
    return counts


def _recognised(given: IO[bytes], log: _Log) -> _Taken:
    """Return the formats that a file is of, why, and the file again. ValueError where it is of none.

    A mail may quote a log: what can be read whole is tried first, unless the file is longer than its head. Of a damaged
    archive the lines before the damage are read; what is read whole would lack its end: the damage is raised.
    """
    head, source, damage = begun(given)
    if wholefile.is_box(head):
        return _Taken((documents.ANY,), "any (an mbox of mails)", source)
    lines = head.split(b"\n")[:_SAMPLE]
    longer = len(head) >= HEAD
    if longer and (found := recognise.of_log(lines, log.sampling)).formats:
        return _Taken(found.names, found.summary(), source, len(lines))
    content = source.read(wholefile.LARGEST) if longer else head
    document = recognise.of_document(content)
    if document and damage is not None:
        raise damage
    if document:
        kind = documents.kind_of(document)
        return _Taken((document,), f"{document} (a {kind.what if kind else 'file'})", io.BytesIO(content))
    if not longer and (found := recognise.of_log(lines, log.sampling)).formats:
        return _Taken(found.names, found.summary(), source, len(lines))
    if damage is not None:
        raise damage
    seems = described(content)
    charset.refuse_foreign(head)
    if seems.startswith("no mail"):
        seems = f"none of its first {sum(map(bool, lines))} lines tells anything"
    raise ValueError(f"{log.file}: of no format that is known here: {seems}; docs/formats.md has all formats")


def _lines(reader: LogReader | SearchingReader, source: IO[bytes], output: BinaryIO) -> Counts:
    for offset, line in lines_of(source):
        _write(output, reader.read(line, offset))
    return reader.counts


def _write(output: BinaryIO, events: list[Event]) -> None:
    output.writelines(encode(event) + b"\n" for event in events)
