"""From the bytes of a log to events: a reader per log, a fold that never raises and whose state survives a restart."""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

import msgspec

from collectors import logins, mta
from collectors.charset import refuse_foreign
from collectors.mta.join import Join
from collectors.mta.records import Record, Said, Several
from collectors.repeats import MARK, Before
from collectors.syslog import Clock
from collectors.wrapped import only_stamped, stamped_twice, unwrapped
from schemas.events import DeadLetter, Event
from schemas.facts import Fact
from schemas.moments import epoch_microseconds
from schemas.names import event_id
from schemas.places import Where, nowhere
from schemas.redaction import redacted

LONGEST_LINE = 64 * 1024
_LONGEST_TEXT = 2000
_BOM = "\ufeff"


class Counts(msgspec.Struct):
    """What became of the lines: each is an event, absorbed, ignored or a dead letter.

    `lines` = sum of `events` - `further` + `absorbed` + `ignored` + `dead_letters`. `events` counts by type; `further`
    are those beyond the first of a line (of several recipients, or of one that stands for several: `repeats`);
    `absorbed` are lines that only told the join something (a Message-ID, a removal); `ignored` hold nothing we want;
    `dead_letters` could not be read. Of a file that is read whole each event counts as a line. `taken` says what a
    file was taken for whose format nobody named, and why; `nothing` says, where nothing at all was read, what the
    file seems to be.
    """

    lines: int = 0
    further: int = 0
    absorbed: int = 0
    ignored: int = 0
    dead_letters: int = 0
    events: dict[str, int] = {}
    taken: str = ""
    nothing: str = ""

    def note(self, event: Fact) -> None:
        """Count an event by its type."""
        kind = str(event.__struct_config__.tag)
        self.events[kind] = self.events.get(kind, 0) + 1

    def summary(self) -> str:
        """Return the counts as a sentence."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.events.items()))
        total = sum(self.events.values())
        further = f" - {self.further} beyond the first of a line" if self.further else ""
        taken = f"taken for {self.taken}: " if self.taken else ""
        return (
            f"{taken}{self.lines} lines = {total} events ({kinds or 'none'}){further}"
            f" + {self.absorbed} absorbed by the join + {self.ignored} ignored + {self.dead_letters} dead letters"
            f"{f'; nothing was read: {self.nothing}' if self.nothing else ''}"
        )

    def seems(self, format_name: str) -> str:
        """Return what a log seems to be of which nothing was read, "" where something was."""
        if self.events or self.absorbed:
            return ""
        if not self.lines:
            return "an empty file"
        if self.dead_letters > self.ignored:
            return f"no line is in a form that {format_name} writes"
        return f"no line tells anything of {format_name}; is it another program's log?"


class _State(msgspec.Struct, array_like=True):
    last: int = 0
    join: bytes = b""
    fold: bytes = b""
    before: list[str] = []
    newest: int = 0


class LogReader:
    """Reads one log, line by line in order; ids come from `source` and each line's byte offset.

    `host` is the host of lines that name none (a program's own log file). `reference` is a time at or after the first
    line (`syslog.Clock`), `where` tells where a client's address is. `state` is the `snapshot` of the reader that read
    up to here.
    """

    def __init__(  # noqa: PLR0913 a log has that many properties
        self,
        source: str,
        *,
        name: str,
        format: str,  # noqa: A002 the configuration's word
        host: str,
        zone: str,
        outbound_ips: Mapping[str, str],
        networks: Mapping[str, str],
        reference: datetime,
        where: Where = nowhere,
        state: bytes = b"",
    ) -> None:
        self._source, self._name, self._format, self._host = source, name, format, host
        self._parse: mta.Parse = loaded(format)
        before = msgspec.msgpack.decode(state, type=_State) if state else _State()
        self._clock = Clock(reference, zone, before.last)
        self._fold = mta.fold(format, before.fold) or logins.fold(format, before.fold)
        self._join = Join(outbound_ips=outbound_ips, networks=networks, where=where, state=before.join)
        self._at = before.last or epoch_microseconds(reference)
        self._told_at, self._newest = 0, before.newest
        self._wrapped = False
        self._before = Before(before.before)
        self.counts = Counts()

    @property
    def at(self) -> int:
        """Return the time of the last line that told this reader anything, 0 where none did yet."""
        return self._told_at

    @property
    def newest(self) -> int:
        """Return the time of the newest line, also of one before its state was kept; 0 where none is known."""
        return self._told_at or self._newest

    def snapshot(self) -> bytes:
        """Return what the reader remembers, for the next reader of this log."""
        fold = self._fold.snapshot() if self._fold is not None else b""
        before = self._before.snapshot()
        return msgspec.msgpack.encode(_State(self._clock.last, self._join.snapshot(), fold, before, self.newest))

    def read(self, line: bytes, offset: int) -> list[Event]:
        """Return the events of the line at byte `offset`: none, one or several. Never raises, whatever the bytes."""
        counts = self.counts
        counts.lines += 1
        text = line[: LONGEST_LINE + 1].decode("utf-8", "replace").rstrip("\r\n").removeprefix(_BOM)
        if not text:
            counts.ignored += 1
            return []
        try:
            if offset == 0:
                refuse_foreign(line)
            again = self._before.again(text, self._clock) if MARK in text else None
            stated = text if again is None else again.text
            self._before.note(stated)
            said = self._said(stated)
            if said is None:
                counts.ignored += 1
                return []
            if len(line) > LONGEST_LINE:
                return [self._dead(text, f"the line has more than {LONGEST_LINE} bytes", offset)]
            if self._host and not said.host:
                said = msgspec.structs.replace(said, host=self._host)
            records = self._recorded(said) if again is None else again.each(self._recorded(again.dated(said)))
        except ValueError as error:
            return [self._dead(text, str(error), offset)]
        if records is None:
            counts.ignored += 1
            return []
        at = records[-1].at if records else said.at
        if at:  # 0: the header of a table, and what a record of several lines begins with, have no time
            self._at = self._told_at = at
        return self._joined(records, offset)

    def _recorded(self, said: Record | Said) -> tuple[Record, ...] | None:
        """Return what is known by what a line says, None where it held nothing we want. ValueError: unreadable."""
        return self._fold.step(said) if self._fold is not None else _records(said)

    def _said(self, text: str) -> Record | Said | None:
        """Return what a line says, also where another program has wrapped something around it. ValueError: unreadable.

        A line is looked at in that way only where it says nothing as it is, where one before it was wrapped, or where
        it has two stamps.
        """
        if self._wrapped or stamped_twice(text):
            return self._parse(unwrapped(text), self._clock)
        try:
            said = self._parse(text, self._clock)
        except ValueError:
            if (inner := unwrapped(text)) is text:
                raise
            said = self._parse(inner, self._clock)
            self._wrapped = said is not None
            return said
        return self._within(text) if said is None else said

    def _within(self, text: str) -> Record | Said | None:
        """Return what a line holds that says nothing as it is. ValueError where what is wrapped around it is no doubt.

        A stamp alone may be the line's own: then it is the line of another program.
        """
        if (inner := unwrapped(text)) is text:
            return None
        try:
            said = self._parse(inner, self._clock)
        except ValueError:
            if only_stamped(text):
                return None
            raise
        self._wrapped = said is not None
        return said

    def _joined(self, records: tuple[Record, ...], offset: int) -> list[Event]:
        events: list[Event] = []
        for record in records:
            event = self._join.step(record, event_id(self._source, offset, len(events)))
            if event is not None:
                self.counts.note(event)
                events.append(event)
        self.counts.absorbed += not events
        self.counts.further += max(0, len(events) - 1)
        return events

    def _dead(self, text: str, reason: str, offset: int) -> DeadLetter:
        self.counts.dead_letters += 1
        return DeadLetter(
            id=event_id(self._source, offset),
            at=self._at,
            name=self._name,
            format=self._format,
            reason=redacted(reason)[:_LONGEST_TEXT],
            text=redacted(text[: 2 * _LONGEST_TEXT])[:_LONGEST_TEXT],
            place=f"{self._name}/{offset}",
            cut=len(text) > _LONGEST_TEXT,
        )


def _records(said: Record | Said) -> tuple[Record, ...]:
    """Return what a line of a format without a fold says, each part of it at the line's host."""
    if not isinstance(said, Several):
        return (cast("Record", said),)
    return tuple(msgspec.structs.replace(record, host=said.host) for record in said.records)


def loaded(name: str) -> mta.Parse:
    """Return the parser of a log format, of an MTA or of logins. ValueError names those there are."""
    if name in mta.names():
        return mta.load(name)
    if name in logins.names():
        return logins.load(name)
    raise ValueError(f"no log format {name!r}; there are {', '.join(log_formats())}")


def log_formats() -> tuple[str, ...]:
    """Return the names of all log formats."""
    return mta.names() + logins.names()
