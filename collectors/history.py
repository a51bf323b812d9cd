"""History at once: logs, complaints and lists' answers of the past as one stream of events, for a backtest.

A complaint is held against what was read of the logs before it, by the rules that hold live (`collectors/attribution`).
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from itertools import chain, islice
from operator import attrgetter
from pathlib import Path

import msgspec

from collectors import complaints, dnsbl, logins
from collectors.documents import LARGEST
from collectors.geo import GeoDatabases
from collectors.packed import lines_of, opened
from collectors.parsing import Progress
from collectors.pop import PopHistory
from collectors.reading import Counts, LogReader, log_formats
from collectors.reports import dated
from collectors.sentindex import Attributing
from collectors.ways import ways_of
from schemas.events import ComplaintReceived, Event
from schemas.moments import epoch_microseconds
from schemas.names import canonical_ip, derived_id, source_id
from schemas.observations import ListHealthObserved, ListingObserved
from schemas.places import Where
from schemas.settings import Log, Maildir, Settings

_AT = attrgetter("at")
_FIRST_LINES = 50


@dataclass(frozen=True)
class Past:
    """What history is made of: files by their format, a folder of complaints, a file of lists' answers."""

    logs: tuple[tuple[str, Path], ...] = ()
    complaints: Path | None = None
    listings: Path | None = None
    counts: dict[str, Counts] = field(default_factory=dict)


def named_log(text: str) -> tuple[str, Path]:
    """Return the format and the file of FORMAT=FILE. ValueError where it is not that, or there is no such format."""
    name, equals, file = text.partition("=")
    if not (name and equals and file):
        raise ValueError(f"--log {text!r}: say FORMAT=FILE, as in postfix=/var/log/mail.log")
    if name not in log_formats():
        raise ValueError(f"--log {text!r}: no log format {name!r}; there are {', '.join(log_formats())}")
    return name, Path(file)


def events(past: Past, settings: Settings, progress: Progress) -> Iterator[Event]:
    """Yield all events, merged by their time; each file is taken to be in order.

    `past.counts` tells for each file what became of its lines; what cannot be read is counted there as a dead letter.
    OSError and ValueError name the file that cannot be read at all, or that is there already under another name.
    """
    where = GeoDatabases(settings.geoip)
    logs = sorted(past.logs, key=lambda log: log[0] not in logins.names())  # at the same time, who logs in comes first
    sources: dict[str, Path] = {}
    streams: list[Iterable[Event]] = [
        _log(past, *each, settings, progress, where=where, sources=sources) for each in logs
    ]
    box = _maildir(past.complaints, settings) if past.complaints else Maildir(maildir=Path())
    received = _complaints(past, past.complaints, box) if past.complaints else []
    streams.append(received)
    if past.listings is not None:
        streams.append(listings(past.listings, settings))
    window, merged = settings.pop_before_smtp_minutes, merge(*streams, key=_AT)
    known = map(PopHistory(window).step, merged) if window else merged
    return iter(map(Attributing(received, box.attribution_days).step, known) if received else known)


def _log(  # noqa: PLR0913 the file, and all that is told of it
    past: Past, name: str, path: Path, settings: Settings, progress: Progress, *, where: Where, sources: dict[str, Path]
) -> Iterator[Event]:
    told = _configured(name, path, settings)
    with ExitStack() as stack:
        source, changed = stack.enter_context(opened(str(path), progress=progress))
        lines = lines_of(source)
        first = list(islice(lines, _FIRST_LINES))
        reader = LogReader(
            _source(sources, name, path, [line for _, line in first]),
            name=path.name,
            format=name,
            host=told.host if told else "",
            zone=told.timezone if told else "UTC",
            outbound_ips=settings.outbound_ips,
            networks=settings.networks,
            reference=changed,
            where=where,
        )
        past.counts[str(path)] = reader.counts
        read = reader.read
        for offset, line in chain(first, lines):
            yield from read(line, offset)


def _source(sources: dict[str, Path], name: str, path: Path, first: list[bytes]) -> str:
    """Return the source of a log, by its first lines: rotated, renamed or packed it has the same ids.

    ValueError where it is taken in already: all its mail would count twice.
    """
    source = source_id(name, *first)
    if first and source in sources:
        raise ValueError(f"{path}: begins as {sources[source]} does: the same log would count twice")
    sources[source] = path
    return source


def _configured(name: str, path: Path, settings: Settings) -> Log | None:
    """Return what the configuration says of a log: the section of this file, else the only one of its format."""
    sections = [*settings.mta.values(), *settings.logins.values()]
    alike = [each for each in sections if each.log.resolve() == path.resolve()]
    alike = alike or [each for each in sections if each.format == name]
    return alike[0] if len(alike) == 1 else None


def _maildir(folder: Path, settings: Settings) -> Maildir:
    """Return what the configuration says of a folder of complaints: its section, else the only one there is."""
    sections = [box for box in settings.complaints.values() if box.format in complaints.names()]
    alike = [each for each in sections if each.maildir.resolve() == folder.resolve()] or sections
    return alike[0] if len(alike) == 1 else Maildir(maildir=folder)


def _complaints(past: Past, folder: Path, box: Maildir) -> list[ComplaintReceived]:
    """Return the complaints of a Maildir, or of a folder of mails, by their time; each counts when it came.

    None is later than its file, whatever its Date says. Live (`collectors/intake.py`) the file also tells how old a
    report can be at most; here files may be copies with the time of the copying, which says nothing about the past.
    """
    if not folder.is_dir():
        raise NotADirectoryError(20, "is no folder of complaints", str(folder))
    parse = complaints.load(box.format if box.format in complaints.names() else "any")  # bounces and reports are none
    ways = ways_of(box, "complaints")
    counts = past.counts[str(folder)] = Counts()
    found: list[ComplaintReceived] = []
    for path in sorted(_mails(folder)):
        counts.lines += 1
        try:
            complaint = parse(path.read_bytes()[: LARGEST + 1], ways)
        except ValueError:
            counts.dead_letters += 1
            continue
        if complaint is None:
            counts.ignored += 1
            continue
        complaint = dated(complaint, path.stat().st_mtime_ns // 1000)
        counts.note(complaint)
        found.append(complaint)
    return sorted(found, key=_AT)


def _mails(folder: Path) -> Iterator[Path]:
    within = [folder / part for part in ("new", "cur")]
    places = within if all(place.is_dir() for place in within) else [folder]
    for place in places:
        yield from (path for path in place.iterdir() if path.is_file() and not path.name.startswith("."))


def listings(file: Path, settings: Settings) -> list[ListingObserved | ListHealthObserved]:
    """Return the lists' answers of a file of JSON lines, by their time. ValueError names file, line and fault.

    A line is an event as it is stored (`listing_observed`, `list_health_observed`), or what is known of a listing:
    `at` (RFC 3339, or epoch microseconds), `ip`, `list`, `answer`; `scope` and `weight` are those of the list if left
    out.
    """
    found: list[ListingObserved | ListHealthObserved] = []
    with file.open("rb") as lines:
        for number, text in enumerate(lines, 1):
            if not text.strip():
                continue
            try:
                found.append(_listing(text, settings))
            except (ValueError, KeyError, TypeError) as error:
                reason = f"no {error}" if isinstance(error, KeyError) else str(error)
                raise ValueError(f"{file}:{number}: no answer of a list: {reason}") from error
    return sorted(found, key=_AT)


def _listing(text: bytes, settings: Settings) -> ListingObserved | ListHealthObserved:
    row = msgspec.json.decode(text, type=dict[str, object])
    row["at"] = _epoch(row["at"])
    row.setdefault("type", "listing_observed")
    if row["type"] == "listing_observed":
        row["ip"] = canonical_ip(str(row["ip"]))
        scope, weight = _worth(str(row["list"]), settings)
        row.setdefault("scope", scope)
        row.setdefault("weight", weight)
    row.setdefault("id", derived_id("listing", row["list"], row.get("ip", ""), row["at"]))
    return msgspec.convert(row, ListingObserved | ListHealthObserved)


def _worth(name: str, settings: Settings) -> tuple[str, float]:
    own = settings.dnsbl.own.get(name)
    if own is not None:
        return own.scope, own.weight
    if name in dnsbl.names():
        known = dnsbl.load(name)
        return known.scope, known.weight
    return "ip", 1.0


def _epoch(at: object) -> int:
    if isinstance(at, int):
        return at
    moment = datetime.fromisoformat(str(at))
    if moment.tzinfo is None:
        raise ValueError(f"{at!r} names no time zone")
    return epoch_microseconds(moment)
