"""Syslog lines: RFC 3164 with or without a year's hint, RFC 3339 stamps (rsyslog, postlogd), RFC 5424, journalctl's.

Of syslogd the facility and level that FreeBSD (`-v`), AIX and Solaris (`[ID 801593 mail.info]`) add are passed over. Of
journalctl the forms short, short-precise, short-iso and short-iso-precise are read; its own remarks between the lines
(`-- Boot … --`) are no program's.

Formats: https://www.rfc-editor.org/rfc/rfc3164 and https://www.rfc-editor.org/rfc/rfc5424
"""

import re
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from schemas.moments import epoch_microseconds, moment_of

_SECOND = 1_000_000
_DAY = 24 * 60 * 60 * _SECOND
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, start=1)}
_SECONDS = {f"{second:02}": second * _SECOND for second in range(61)}
_TRADITIONAL = re.compile(r"([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d{2}):(\d{2}):(\d{2})")
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?")
_PRECISE = re.compile(r"\.(\d{1,9}) ")
_STRUCTURED = re.compile(r'-|(?:\[(?:[^\]"\\]|\\.|"(?:[^"\\]|\\.)*")*\])+')
_JOURNAL = ("-- Logs begin ", "-- Journal begins ")
_LONGEST_STAMP = 40
_FRACTION, _MICROSECONDS, _ZONE = 19, 6, 26
_USUAL_TAG = 64
_CUT = re.compile(r"([^\[ ]+)\[(?:(\d+)\] |\d* )")
_FREEBSD = re.compile(r"<[a-z0-9]{1,10}\.[a-z0-9]{1,10}> ")
_AIX = re.compile(r"[a-z0-9]{1,10}:[a-z]{1,10} ")
_SOLARIS = re.compile(r"\[ID \d{1,10} [a-z0-9]{1,10}\.[a-z]{1,10}\] ")
_CUT_AT = 32  # rsyslog's RSYSLOG_ForwardFormat: behind so many characters of the tag it goes on with the text


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line, split: `host` and `program` are empty where the line has none, `pid` too."""

    at: int
    host: str
    program: str
    pid: str
    payload: str


class Clock:
    """Reads the stamps of one log, in order: a fold that knows the year and, when clocks go back, which hour it is.

    `reference` is a time at or after the log's first line (now, or the file's last change): a log is not from the
    future, so the first stamp without a year is of the latest year that is at most a day after it. From then on, each
    stamp is read as the time nearest to the one before, rather later than earlier: over New Year in both directions.
    """

    def __init__(self, reference: datetime, zone: str, last: int = 0) -> None:
        self._reference = epoch_microseconds(reference)
        self._zone = ZoneInfo(zone)
        self.last = last
        self.minute = ""
        self.minute_at = 0
        self._key = ""
        self._key_at = 0
        # The last stamp of the usual form: what stands before its fraction, and behind it; and the time of that second.
        self.second, self.zone, self.second_at = "?", "?", 0

    def traditional(self, stamp: str) -> int:
        """Return the time of a stamp such as `Nov 21 17:35:44` or `Jul 2 07:00:01`. ValueError if it is none."""
        if stamp[:-2] != self.minute or not self.minute:
            match = _TRADITIONAL.fullmatch(stamp)
            if match is None or match[1] not in _MONTHS:
                raise ValueError(f"no time: {stamp!r}")
            month, day, hour, minute = _MONTHS[match[1]], int(match[2]), int(match[3]), int(match[4])
            self.minute_at = self._year_of(month, day, hour, minute)
            self.minute = stamp[:-2]
        second = _SECONDS.get(stamp[-2:])
        if second is None:
            raise ValueError(f"no time: {stamp!r}")
        self.last = self.minute_at + second
        return self.last

    def _year_of(self, month: int, day: int, hour: int, minute: int) -> int:
        around = self.last or self._reference
        year = moment_of(around).year
        found = []
        for candidate in (year - 1, year, year + 1):
            try:
                naive = datetime(candidate, month, day, hour, minute)  # noqa: DTZ001 its zone comes in _zoned
            except ValueError:
                continue  # 29 February, or no date at all
            found.extend(self._zoned(naive))
        if not found:
            raise ValueError(f"no such day: month {month}, day {day}, {hour:02}:{minute:02}")
        if not self.last:
            past = [at for at in found if at <= self._reference + _DAY] or found
            return min(past[-2:])  # of the latest year, and of its two hours the first
        return min(found, key=lambda at: _unlikely(at - around))

    def _zoned(self, naive: datetime) -> list[int]:
        """Return when a wall clock shows this time: twice in the hour that clocks go back."""
        return [epoch_microseconds(naive.replace(tzinfo=self._zone, fold=fold)) for fold in (0, 1)]

    def iso(self, stamp: str) -> int:
        """Return the time of a stamp such as `2026-03-01T10:00:05.123456+01:00`. ValueError if it is none."""
        match = _ISO.fullmatch(stamp)
        if match is None:
            raise ValueError(f"no time: {stamp!r}")
        date, clock, fraction, zone = match.groups()
        key = f"{date} {clock}{zone}"
        if key != self._key:
            naive = datetime.fromisoformat(f"{date}T{clock}")
            if zone:
                self._key_at = epoch_microseconds(datetime.fromisoformat(f"{date}T{clock}{zone}"))
            else:
                self._key_at = min(self._zoned(naive), key=lambda at: _unlikely(at - self.last))
            self._key = key
        at = self._key_at + (int(fraction[:6].ljust(6, "0")) if fraction else 0)
        if at < 0:
            raise ValueError(f"a time before 1970: {stamp!r}")
        if not zone:
            self.last = at
        elif len(fraction or "") == _MICROSECONDS and self._key_at >= 0:
            self.second, self.zone, self.second_at = stamp[:_FRACTION], f"{zone} ", self._key_at
        return at


def _unlikely(later: int) -> int:
    """Return how unlikely a line is that comes so much later than the one before: going back is twice as unlikely."""
    return later if later >= 0 else -2 * later


def split(text: str, clock: Clock) -> Line:
    """Return the parts of a line. ValueError where it has no stamp that can be read."""
    if text[:13] == clock.minute and text[15:16] == " ":  # most lines: the minute of the line before
        return _named(clock.traditional(text[:15]), text[16:])
    if text[:_FRACTION] == clock.second:  # likewise its second
        micros, rest = text[_FRACTION:_ZONE], text[_ZONE:]
        if micros[:1] == "." and micros[1:].isdecimal() and rest.startswith(clock.zone):
            return _named(clock.second_at + int(micros[1:]), rest[len(clock.zone) :])
    if text[:1] == "<":
        priority, found, rest = text[1:8].partition(">")
        if found and priority.isdecimal():
            text = text[len(priority) + 2 :]
            if text[:2] == "1 ":
                return _rfc5424(text[2:], clock)
    return _stamped(text, clock)


def _stamped(text: str, clock: Clock) -> Line:
    """Return the parts of a line that begins with its stamp, or of journalctl's remark, which has none."""
    if text[:3] in _MONTHS:
        precise = _PRECISE.match(text, 15)
        if precise is not None:
            micros = int(precise[1][:_MICROSECONDS].ljust(_MICROSECONDS, "0"))
            return _named(clock.traditional(text[:15]) + micros, text[precise.end() :])
        end = 15 if text[15:16] == " " and text[14:15].isdecimal() else 14
        stamp, rest = text[:end], text[end + 1 :]
        if text[end : end + 1] not in {" ", ""}:
            raise ValueError(f"no time: {text[:end]!r}")
        at = clock.traditional(stamp)
    elif text.startswith("-- ") and (text.endswith(" --") or text.startswith(_JOURNAL)):
        return Line(clock.last, "", "", "", "")
    else:
        end = text.find(" ", 11 if text[10:11] == " " else 0, _LONGEST_STAMP)
        stamp, rest = (text[:end], text[end + 1 :]) if end > 0 else (text[:_LONGEST_STAMP], "")
        at = clock.iso(stamp)
    return _named(at, rest)


def _named(at: int, rest: str) -> Line:
    """Return the parts of what follows the stamp."""
    if rest[:1] == "<" and (selector := _FREEBSD.match(rest)) is not None:
        rest = rest[selector.end() :]
    host, _, rest = rest.partition(" ")
    if host[-1:] == ":":
        return Line(at, "", *_known_tag(host[:-1][:_USUAL_TAG]), rest)  # a program's own log file names no host
    return _tagged(at, host, rest)


def _tagged(at: int, host: str, rest: str) -> Line:
    """Return the parts of what follows the host."""
    tag, _, payload = rest.partition(": ")
    program, pid = _known_tag(tag) if len(tag) <= _USUAL_TAG else _tag(tag)
    if " " in program:
        selector = _AIX.match(rest)
        if selector is None or _AIX.match(rest, selector.end()) is not None:
            return Line(at, host, "", "", rest)
        return _tagged(at, host, rest[selector.end() :])
    if payload[:4] == "[ID " and (selector := _SOLARIS.match(payload)) is not None:
        payload = payload[selector.end() :]
    if " " in pid:
        cut = _CUT.match(rest)
        if cut is not None and cut.end() == _CUT_AT + 1:
            return Line(at, host, cut[1], cut[2] or "", rest[cut.end() :])
    return Line(at, host, program, pid, payload)


def _tag(tag: str) -> tuple[str, str]:
    """Return the program and the process that a tag names; what has a blank in it names no program."""
    program, bracket, pid = tag.partition("[")
    return program if bracket else program.removesuffix(":"), pid.rstrip("]:")


_known_tag = lru_cache(maxsize=4096)(_tag)


def _rfc5424(text: str, clock: Clock) -> Line:
    stamp, _, rest = text.partition(" ")
    parts = rest.split(" ", 4)
    if len(parts) < 5:  # noqa: PLR2004 host, program, pid, message id, the rest
        raise ValueError("an RFC 5424 line ends before its structured data")
    host, program, pid, _, _ = ("" if part == "-" else part for part in parts)
    data = _STRUCTURED.match(parts[4])
    if data is None:
        raise ValueError(f"no structured data: {parts[4][:40]!r}")
    payload = parts[4][data.end() :].lstrip(" ").removeprefix("\ufeff")
    return Line(clock.iso(stamp), host, program, pid, payload)
