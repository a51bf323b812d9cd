"""Which mailbox each message of a log was given by POP-before-SMTP: written down before the message is published.

The sender decides the partition, and each partition knows by itself what it has applied. So a line that is read again
must get the sender it got before, whatever has become known of logins since: else it would count in both. One file a
log, appended to and fsynced a batch at a time, and rewritten when it is opened and now and then.
"""

import errno
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from collectors.popcandidates import Candidates
from schemas.events import PopCandidate
from schemas.names import source_of

_MOST_LINES = 2000
_MOST_RANGES = 64
_MOST_MAILBOXES = 100_000


_Decision = str | list[tuple[str, float]]
"""A mailbox that was the only candidate, or all of them with their confidence, the sender first."""


class _Range(msgspec.Struct, array_like=True):
    """Decisions without a gap, by id: those not named were in favour of nobody."""

    first: str
    last: str
    mailboxes: dict[str, _Decision]


class PopDecisions:
    """The decisions of one log: the newest of them, bounded. ValueError where the file is damaged."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ranges = _load(file)
        self._within: _Range | None = None
        self._lines = 0
        for each in self._ranges:
            self._bound(each)
        if file.exists():  # also where only a torn line is in it, which the next would join
            self._rewrite()

    def known(self, identity: str) -> Candidates | None:
        """Return the mailboxes that were decided for an event, () for nobody; None where it was not decided yet."""
        found: Candidates | None = None
        for each in self._ranges:  # they may overlap where a log was read again from before the first of them
            if each.first <= identity <= each.last and source_of(each.first) == source_of(identity):
                self._within = each
                found = _candidates(each.mailboxes.get(identity, []))
                if found:
                    break
        return found

    def keep(self, identities: list[str], found: Mapping[str, Candidates]) -> None:
        """Write down what was decided for events, in their order: those of `found`, the others for nobody.

        They follow in the log what was asked for last, or kept. OSError where it cannot be written.
        """
        first, last = identities[0], identities[-1]
        within = self._within
        if within is not None and source_of(within.last) == source_of(first) and within.last < first:
            first = _behind(within.last)
        else:
            within = _Range(first, last, {})
        mailboxes = {identity: _decision(candidates) for identity, candidates in found.items()}
        self._append(msgspec.json.encode(_Range(first, last, mailboxes)) + b"\n")
        if not any(each is within for each in self._ranges):
            self._ranges.append(within)
        within.last = last
        within.mailboxes.update(mailboxes)
        self._within = within
        self._bound(within)
        self._lines += 1
        if self._lines > _MOST_LINES:
            self._rewrite()

    def _append(self, line: bytes) -> None:
        """Write a line, all of it or, where the disk is full, nothing."""
        with self._file.open("ab", buffering=0) as out:
            size = out.tell()
            try:
                written = out.write(line)
                os.fsync(out.fileno())
                if written < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._file))  # noqa: TRY301 as a full disk says it
            except OSError:
                out.truncate(size)
                raise

    def _bound(self, within: _Range) -> None:
        del self._ranges[:-_MOST_RANGES]
        while len(within.mailboxes) > _MOST_MAILBOXES:
            oldest = next(iter(within.mailboxes))
            del within.mailboxes[oldest]
            within.first = _behind(oldest)  # what is as old was decided, but is no longer known

    def _rewrite(self) -> None:
        new = self._file.with_suffix(".pop-new")
        with new.open("wb") as out:
            out.writelines(msgspec.json.encode(each) + b"\n" for each in self._ranges)
            out.flush()
            os.fsync(out.fileno())
        new.replace(self._file)
        self._lines = len(self._ranges)


def _decision(found: Candidates) -> _Decision:
    if len(found) == 1 and found[0].confidence == 1:
        return found[0].mailbox
    return [(each.mailbox, each.confidence) for each in found]


def _candidates(decided: _Decision) -> Candidates:
    told = [(decided, 1.0)] if isinstance(decided, str) else decided
    return tuple(PopCandidate(mailbox=mailbox, confidence=confidence) for mailbox, confidence in told)


def _behind(identity: str) -> str:
    """Return what sorts behind an id, and before the next."""
    return f"{identity}~"


def _load(file: Path) -> list[_Range]:
    """Return what a file holds; a last line that a crash cut off was never published."""
    try:
        lines = file.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    ranges: list[_Range] = []
    for line in lines:
        if not line.endswith(b"\n"):
            break
        try:
            read = msgspec.json.decode(line, type=_Range)
        except msgspec.DecodeError as error:
            raise ValueError(
                f"{file}: no decisions about POP-before-SMTP: {error}; remove it, which may count some mails twice"
            ) from error
        before = next((each for each in ranges if _behind(each.last) == read.first), None)
        if before is None:
            ranges.append(read)
        else:
            before.last = read.last
            before.mailboxes.update(read.mailboxes)
    return ranges
