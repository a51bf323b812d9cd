"""How good the decisions were: held against labels of what really happened (`relaywarden demo --write`'s labels.jsonl).

A *flag* is the first `MailboxFlagged` (step "flag") or `MailboxSuspended` of a mailbox since it was last released. It
is right when a thief had the mailbox then, from his first login on, or up to a day after his last mail: complaints and
bounces come late. Any other is false.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Annotated

import msgspec

from schemas.events import Event, MessageSubmitted
from schemas.mailbox_events import MailboxDecision, MailboxFlagged, MailboxReleased
from schemas.moments import epoch_microseconds
from streams.mailboxes import subject_of

_DAY = 86_400_000_000
_GRACE = _DAY
_BEFORE = 600_000_000  # clocks of two machines may differ


class Label(msgspec.Struct, frozen=True, order=True):
    """From `start` to `end` (UTC epoch microseconds) a thief sent from the mailbox, in the way named `kind`.

    It was open to him since `taken`, when he first logged in; at `start`, where nobody knows better.
    """

    mailbox: str
    kind: str
    start: int
    end: int
    taken: int


_Aware = Annotated[datetime, msgspec.Meta(tz=True)]


class _Line(msgspec.Struct):
    mailbox: str
    kind: str
    start: _Aware
    end: _Aware
    taken: _Aware | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of takeover was met, or all of them (`kind` "all").

    `minutes` and `leaked` are medians over those found: minutes from the thief's first mail to the flag (0 where that
    was earlier), and messages
    that left in between; `missed_leaked` is that of messages over those never found. `recall` is None where there is
    nothing to find. `precision` is told for all only, since a false flag is of no kind.
    """

    kind: str
    takeovers: int
    found: int
    recall: float | None
    minutes: float | None
    leaked: float | None
    missed_leaked: float | None = None
    false_flags: int | None = None
    precision: float | None = None
    false_a_10000_mailbox_days: float | None = None


def labels(text: str, place: str) -> tuple[Label, ...]:
    """Return the labels of JSON lines. ValueError names the line that is none."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                found.append(_label(line))
            except (msgspec.DecodeError, ValueError) as error:
                raise ValueError(f"{place}:{number}: no label: {error}") from error
    return tuple(found)


def _label(line: str) -> Label:
    row = msgspec.json.decode(line, type=_Line)
    if row.end < row.start:
        raise ValueError(f"it ends ({row.end.isoformat()}) before it starts ({row.start.isoformat()})")
    taken = row.taken or row.start
    if taken > row.start:
        raise ValueError(f"it is taken ({taken.isoformat()}) after it starts ({row.start.isoformat()})")
    return Label(row.mailbox.lower(), row.kind, *map(epoch_microseconds, (row.start, row.end, taken)))


def labels_of(file: Path) -> tuple[Label, ...]:
    """Return the labels of a file. OSError where it cannot be read, ValueError where a line is no label."""
    return labels(file.read_text(encoding="utf-8"), str(file))


class Outcome(msgspec.Struct, frozen=True):
    """What became of a takeover: the minutes to its flag (None: never), and the messages that left before that."""

    label: Label
    minutes: float | None = None
    leaked: int = 0


def verdicts(outcomes: Sequence[Outcome]) -> list[Verdict]:
    """Return the verdict on each kind, sorted by name, and on all together at the end."""
    kinds = sorted({outcome.label.kind for outcome in outcomes})
    rows = [_verdict(kind, [each for each in outcomes if each.label.kind == kind]) for kind in kinds]
    return [*rows, _verdict("all", outcomes)]


def _verdict(kind: str, outcomes: Sequence[Outcome]) -> Verdict:
    found = [(each.minutes, each.leaked) for each in outcomes if each.minutes is not None]
    missed = [each.leaked for each in outcomes if each.minutes is None]
    return Verdict(
        kind=kind,
        takeovers=len(outcomes),
        found=len(found),
        recall=round(len(found) / len(outcomes), 4) if outcomes else None,
        minutes=round(median(minutes for minutes, _ in found), 1) if found else None,
        leaked=median(leaked for _, leaked in found) if found else None,
        missed_leaked=median(missed) if missed else None,
    )


class Jury:
    """Watches a backtest's events and decisions go by, and judges at the end."""

    def __init__(self, told: Iterable[Label]) -> None:
        self._labels = tuple(told)
        self._of: dict[str, list[Label]] = defaultdict(list)
        for label in self._labels:
            self._of[label.mailbox].append(label)
        self._sent: dict[str, list[int]] = {mailbox: [] for mailbox in self._of}
        self._days: dict[str, int] = {}
        self.mailbox_days = 0
        self._flagged: set[str] = set()
        self._flags: list[MailboxDecision] = []
        self._first = self._last = 0

    def heard(self, events: Iterable[Event]) -> Iterable[Event]:
        """Yield the events on, noting what a thief sent and on how many days each mailbox was there."""
        days, sent = self._days, self._sent
        for event in events:
            self._first = self._first or event.at
            self._last = event.at
            subject = subject_of(event)
            if subject:
                day = event.at // _DAY
                if days.get(subject) != day:
                    days[subject] = day
                    self.mailbox_days += 1
                if subject in sent and isinstance(event, MessageSubmitted):
                    sent[subject].append(event.at)
            yield event

    def decided(self, decision: MailboxDecision) -> None:
        """Note a decision."""
        if isinstance(decision, MailboxReleased):
            self._flagged.discard(decision.mailbox)
        elif not (isinstance(decision, MailboxFlagged) and decision.step == "watch"):
            if decision.mailbox not in self._flagged:
                self._flags.append(decision)
            self._flagged.add(decision.mailbox)

    def false_flags(self) -> list[MailboxDecision]:
        """Return the flags that no label explains."""
        return [flag for flag in self._flags if self._label_of(flag) is None]

    def outcomes(self) -> list[Outcome]:
        """Return what became of each takeover."""
        first: dict[Label, int] = {}
        for flag in self._flags:
            label = self._label_of(flag)
            if label is not None:
                first.setdefault(label, flag.at)
        return [
            Outcome(label, max(0, at - label.start) / 60_000_000, self._leaked(label, at))
            if (at := first.get(label))
            else Outcome(label, leaked=self._leaked(label, label.end))
            for label in self._labels
            if self._within(label)
        ]

    def outside(self) -> list[Label]:
        """Return the takeovers of which the history tells nothing, since they were before or after it."""
        return [label for label in self._labels if not self._within(label)]

    def verdicts(self) -> list[Verdict]:
        """Return the verdict on each kind, sorted by name, and on all together at the end."""
        *kinds, whole = verdicts(self.outcomes())
        wrong, flags, days = len(self.false_flags()), len(self._flags), self.mailbox_days
        whole = msgspec.structs.replace(
            whole,
            false_flags=wrong,
            precision=round((flags - wrong) / flags, 4) if flags else None,
            false_a_10000_mailbox_days=round(10_000 * wrong / days, 3) if days else None,
        )
        return [*kinds, whole]

    def _label_of(self, flag: MailboxDecision) -> Label | None:
        open_then = [
            label for label in self._of.get(flag.mailbox, ()) if label.taken - _BEFORE <= flag.at <= label.end + _GRACE
        ]
        return max(open_then, key=lambda label: label.start) if open_then else None

    def _within(self, label: Label) -> bool:
        return label.start <= self._last and label.end >= self._first

    def _leaked(self, label: Label, flagged_at: int) -> int:
        return sum(label.start <= at <= min(flagged_at, label.end) for at in self._sent[label.mailbox])
