"""Messages of syslog as senders write them (RFC 3164, RFC 5424), as lines of a log file.

A line is what rsyslog would write to a file: an RFC 3339 stamp, the host, the program, the text, with no control
character in it. A stamp without a year is dated here, where it is known when the message came: in a file the stamps of
one host would date those of another.

Formats: https://www.rfc-editor.org/rfc/rfc3164 and https://www.rfc-editor.org/rfc/rfc5424
"""

import re
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from collectors.inputs._controls import escaped
from collectors.inputs._syslog_frames import COUNT
from schemas.moments import epoch_microseconds, moment_of, rfc3339

NO_TIME = "a stamp that no calendar has, or more than a day ahead: the time of receipt stands in its place"
CUT = (
    "the program's name is cut off after 32 characters, as rsyslog's RSYSLOG_ForwardFormat does it: use the template of"
    " docs/inputs.md"
)
SLASHLESS = (
    "of Postfix's programs only `postfix` is sent: rsyslog needs permitSlashInProgramName, or the template of"
    " docs/inputs.md"
)
BROKEN = "an RFC 5424 message whose header cannot be read"
COUNTED = "a number before the priority or stamp that does not count this message (RFC 6587)"
_Found = tuple[bytes, str]
_BOM = "\ufeff".encode()
_NOBODY = (None, b"-")
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_DAY = 24 * 60 * _MINUTE
_MICROSECONDS = 6
_NEVER = -_SECOND  # with any fraction still below 0
_CUT_AT = 32
_MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_PRIORITY = re.compile(rb"<\d{1,3}>")
_COUNTED = re.compile(COUNT)
_HOST = rb"([0-9A-Za-z_.:-]{0,254}[0-9A-Za-z_.-])"
_USUAL = re.compile(
    rb"(?:<\d{1,3}>)?(?:(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)([.,]\d{1,9})?(Z|[+-]\d\d:?\d\d)?"
    rb"|([A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d)(\.\d{1,9})?)(?::? |$)(?:" + _HOST + rb"(?: |$))?",
)
_STRUCTURED = re.compile(
    rb"<\d{1,3}>1 (?:-|(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)) (?:" + _HOST + rb"|\S+)"
    rb" (\S{1,255}) (\S{1,255}) \S+"
    rb' (?:-|(?:\[(?:[^\]"\\]|\\.|"(?:[^"\\]|\\.)*+")*+\])++)(?: +(?:\xef\xbb\xbf)?|$)',
)
_STRUCTURED_BEGINS = re.compile(rb"<\d{1,3}>1 ")


class Wire:
    """Turns messages into lines. Stamps without a zone are read in `zone`; `by_peer`: no message names its host."""

    def __init__(self, zone: str, *, by_peer: bool) -> None:
        self._zone = ZoneInfo(zone)
        self._by_peer = by_peer
        self._named = lru_cache(4096)(self._named_day)
        self._zoned = lru_cache(4096)(self._dated)

    def line(self, message: bytes, peer: bytes, received: int) -> _Found:
        """Return a message as a line, and what is to be remarked about it, mostly nothing.

        b"" where it is empty or, with a remark, cannot be read. `peer` is what its sender is called, `received` when
        it came.
        """
        message = escaped(message.rstrip(b"\r\n\0").removeprefix(_BOM))
        usual = _USUAL.match(message)
        if usual is not None:
            return self._usual(usual, message[usual.end() :], peer, received)
        if _STRUCTURED_BEGINS.match(message):
            full = _STRUCTURED.match(message)
            return (b"", BROKEN) if full is None else self._structured(full, message[full.end() :], peer, received)
        if _COUNTED.match(message):
            return b"", COUNTED
        priority = _PRIORITY.match(message)  # no stamp: when it came is the next best (RFC 3164, part 4.3)
        text = message[priority.end() :] if priority else message
        return (b"%b %b %b" % (_written(received), peer, text) if text else b""), ""

    def _usual(self, usual: re.Match[bytes], rest: bytes, peer: bytes, received: int) -> _Found:
        day, clock, fraction, zone, named, named_fraction, host = usual.groups()
        if named is not None:
            at, stamp = self._named(named, received // _MINUTE), b""
            at += _micros(named_fraction)
        else:
            at, stamp = self._exact(day, clock, fraction, zone, received)
        remark = CUT if rest[_CUT_AT : _CUT_AT + 1] == b" " and _is_cut(rest[:_CUT_AT]) else ""
        if not 0 <= at <= received + _DAY:
            at, stamp, remark = received, b"", NO_TIME
        host = peer if self._by_peer or host in _NOBODY else host
        return b"%b %b %b" % (stamp or _written(at), host, rest), remark

    def _structured(self, full: re.Match[bytes], text: bytes, peer: bytes, received: int) -> _Found:
        day, clock, fraction, zone, host, program, process = full.groups()
        at, stamp, remark = received, b"", ""
        if day is not None:
            at, stamp = self._exact(day, clock, fraction, zone, received)
        if not 0 <= at <= received + _DAY:
            at, stamp, remark = received, b"", NO_TIME
        elif program == b"postfix":
            remark = SLASHLESS
        host = peer if self._by_peer or host in _NOBODY else host
        tag = b"%b[%b]" % (program, process) if process != b"-" else program
        return b"%b %b %b: %b" % (stamp or _written(at), host, tag, text), remark

    def _exact(self, day: bytes, clock: bytes, fraction: bytes, zone: bytes, received: int) -> tuple[int, bytes]:
        """Return the time of a stamp that names the year, and the stamp itself where it names its zone, too.

        The time is below 0 where there is no such.
        """
        if zone:
            return _second(day, clock, zone), b"%bT%b%b%b" % (day, clock, fraction or b"", zone)
        at = self._zoned(day, clock, received // _MINUTE)
        return at + _micros(fraction), b""

    def _dated(self, day: bytes, clock: bytes, minute: int) -> int:
        try:
            naive = datetime.fromisoformat(f"{day.decode()}T{clock.decode()}")
        except ValueError:
            return _NEVER
        return self._nearest([naive], minute * _MINUTE)

    def _named_day(self, stamp: bytes, minute: int) -> int:
        """Return the time of a stamp without a year: the one nearest to its receipt, below 0 where there is none."""
        month, day, clock = stamp.split()
        if month not in _MONTHS:
            return _NEVER
        received = minute * _MINUTE
        year = moment_of(received).year
        found = []
        for candidate in (year - 1, year, year + 1):
            try:
                found.append(
                    datetime.fromisoformat(f"{candidate}-{_MONTHS.index(month) + 1:02}-{int(day):02}T{clock.decode()}")
                )
            except ValueError:
                continue  # 29 February, or no date at all
        return self._nearest(found, received)

    def _nearest(self, naive: list[datetime], received: int) -> int:
        """Return which time is meant by clocks on the wall: in the hour that comes twice the receipt tells which."""
        found = [epoch_microseconds(each.replace(tzinfo=self._zone, fold=fold)) for each in naive for fold in (0, 1)]
        return min(found, key=lambda at: abs(at - received), default=_NEVER)


@lru_cache(4096)
def _second(day: bytes, clock: bytes, zone: bytes) -> int:
    """Return the time of a stamp without its fraction, below 0 where there is no such."""
    try:
        return epoch_microseconds(datetime.fromisoformat(f"{day.decode()}T{clock.decode()}{zone.decode()}"))
    except (ValueError, OverflowError):
        return _NEVER


def _micros(fraction: bytes | None) -> int:
    return int(fraction[1 : _MICROSECONDS + 1].ljust(_MICROSECONDS, b"0")) if fraction else 0


def _written(at: int) -> bytes:
    second, micros = divmod(at, _SECOND)
    return b"%b.%06d+00:00" % (_written_second(second), micros)


@lru_cache(4096)
def _written_second(second: int) -> bytes:
    return rfc3339(second * _SECOND)[:19].encode()


def _is_cut(tag: bytes) -> bool:
    """Tell whether a name is one that was cut within the program's name; `split` mends one that is cut behind it."""
    return b"/" in tag and not any(sign in tag for sign in b"[: ")
