"""What is barred now: the fold of the decisions, held against what was known before the log was read.

A log can be empty, or shorter than what is known: the embedded broker is refilled now and then, and a cluster may lose
records. So who is known to be barred, or released, stays so until the log tells a newer decision about that very
mailbox; and nobody is barred anew by a log that does not tell as much as is known, since it may lack the release.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nlargest
from itertools import islice

import msgspec

from schemas.events import Event
from schemas.facts import Evidence
from schemas.mailbox_events import MailboxReleased, MailboxSuspended, MailboxThrottled
from streams.bars import Bar

QUIET_SECONDS = 5.0
_REMEMBERED = 200
_RELEASES = 1000
_REASON_CHARACTERS = 500
_REASONS = 8


@dataclass(frozen=True)
class Decision:
    """A mailbox's bar, or ("") its release; `ordered` if an operator decided."""

    mailbox: str
    bar: Bar
    ordered: bool


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is barred, the newest releases, and the ids of the newest decisions that were read."""

    barred: dict[str, Bar]
    released: dict[str, Bar] = {}
    newest: tuple[str, ...] = ()


NOTHING = Kept(barred={})


class Standing:
    """The decisions of a log from its beginning, each once, beside what was known before."""

    def __init__(self, known: Kept) -> None:
        self._known = known
        self._bars: dict[str, Bar] = {}
        self._seen: dict[str, None] = {}
        self._missing = set(known.newest)

    def take(self, decisions: Iterable[Decision]) -> None:
        """Fold decisions; a throttle loosens a suspension only if an operator orders it."""
        for decision in decisions:
            bar = decision.bar
            if bar.decision in self._seen:
                continue
            self._seen[bar.decision] = None
            self._missing.discard(bar.decision)
            before = self._bars.get(decision.mailbox)
            if bar.step == "throttle" and before is not None and before.step == "suspend" and not decision.ordered:
                continue
            self._bars[decision.mailbox] = bar

    def tells(self, quiet_seconds: float) -> bool:
        """Tell whether the log tells as much as was known, or nothing more comes; an empty one tells nothing."""
        return bool(self._seen) and (not self._missing or quiet_seconds >= QUIET_SECONDS)

    def now(self, quiet_seconds: float) -> Kept:
        """Return what is barred now."""
        known = {**self._known.barred, **self._known.released}
        latest = {name: self._newer(bar, self._bars.get(name)) for name, bar in known.items()}
        newest = self._known.newest
        if self.tells(quiet_seconds):
            latest = {**self._bars, **latest}
            newest = tuple(islice(reversed(self._seen), _REMEMBERED))
        released = nlargest(_RELEASES, (item for item in latest.items() if not item[1].step), key=_since)
        return Kept(
            barred={name: bar for name, bar in latest.items() if bar.step}, released=dict(released), newest=newest
        )

    def _newer(self, known: Bar, told: Bar | None) -> Bar:
        if told is not None and (known.decision in self._seen or told.since > known.since):
            return told
        return known


def _since(item: tuple[str, Bar]) -> tuple[int, str]:
    return item[1].since, item[0]


def decision_of(event: Event) -> Decision | None:
    """Return what an event decides for the hooks; None for a flag, and for what is only proposed."""
    match event:
        case MailboxThrottled(mailbox="") | MailboxSuspended(mailbox="") | MailboxReleased(mailbox=""):
            return None
        case MailboxThrottled(mode="enforce", recipients_per_hour=allowed):
            bar = Bar(
                step="throttle",
                since=event.at,
                decision=event.id,
                reason=_reason(event),
                evidence=_strongest(event),
                recipients_per_hour=max(0, allowed),
            )
        case MailboxSuspended(mode="enforce"):
            bar = Bar(
                step="suspend",
                since=event.at,
                decision=event.id,
                reason=_reason(event),
                evidence=_strongest(event),
            )
        case MailboxReleased():
            bar = Bar(step="", since=event.at, decision=event.id, reason=_reason(event))
        case _:
            return None
    return Decision(event.mailbox, bar, bool(event.operator))


def _strongest(event: MailboxThrottled | MailboxSuspended) -> tuple[Evidence, ...]:
    """Return the reasons that weigh most, without their texts: a mail to the customer has words of its own."""
    strongest = sorted(event.evidence, key=lambda item: -item.points)[:_REASONS]
    return tuple(msgspec.structs.replace(item, text="") for item in strongest)


def _reason(event: MailboxThrottled | MailboxSuspended | MailboxReleased) -> str:
    """Return the evidence in one line that begins no option of a program: the strongest first, cut to a length."""
    strongest = sorted(event.evidence, key=lambda item: -item.points)
    text = "; ".join(item.text for item in strongest if item.text) or event.operator
    return "".join(sign if sign.isprintable() else " " for sign in text).lstrip("- ")[:_REASON_CHARACTERS]
