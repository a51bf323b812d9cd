"""What is remembered of one mailbox: what it did lately, and what is usual for it. At most 1 KB, whatever it sends."""

from array import array
from math import exp
from typing import Literal

import msgspec

from streams.window import DAY, HOUR, MINUTE, Sketch, Window

Step = Literal["", "watch", "flag", "throttle", "suspend"]

# The slots of the row of counts. Of ten minutes:
MESSAGES_10M, RECIPIENTS_10M = range(2)
# Of an hour; ANSWERS are final ones (sent or bounced), so a greylisted first try is no mark of any kind:
RECIPIENTS_1H, ANSWERS_1H, UNKNOWN_1H, REFUSED_1H, FAILED_1H = range(2, 7)
# Of a day; NEW and KNOWN are recipients of messages from where the mailbox is at home; STRANGE are messages from
# elsewhere, their recipients, the hours in which they came, and those at hours when the mailbox usually sleeps:
RECIPIENTS_1D, COMPLAINTS_1D, ANSWERS_1D, UNKNOWN_1D, REFUSED_1D, NEW_1D, KNOWN_1D = range(7, 14)
STRANGE_1D, STRANGE_NEW_1D, STRANGE_KNOWN_1D, STRANGE_HOURS_1D, STRANGE_ODD_1D = range(14, 19)
# Of three weeks, the mailbox's own baseline; DAYS are those with a login or a message:
RECIPIENTS_3W, ANSWERS_3W, UNKNOWN_3W, REFUSED_3W, COMPLAINTS_3W = range(19, 24)
MESSAGES_3W, NEW_3W, KNOWN_3W, DAYS_3W = range(24, 28)
# The usual peaks (fading over three weeks), and those of the current half day, which become usual when it is over:
USUAL_MESSAGES_10M, USUAL_RECIPIENTS_10M, USUAL_RECIPIENTS_1H, USUAL_RECIPIENTS_1D = range(28, 32)
USUAL_FAILED_1H, USUAL_NETWORKS, USUAL_DOMAINS, USUAL_FRESH = range(32, 36)
PEAK_MESSAGES_10M, PEAK_RECIPIENTS_10M, PEAK_RECIPIENTS_1H, PEAK_RECIPIENTS_1D = range(36, 40)
PEAK_FAILED_1H, PEAK_NETWORKS, PEAK_DOMAINS, PEAK_FRESH = range(40, 44)
# Distinct networks and domains of the last five to ten minutes, new networks of the last half day to day:
NETWORKS_10M, DOMAINS_10M, FRESH = range(44, 47)
# The last login that looks like a guessed password: failures before it, networks they came from, its own among them:
GUESS_FAILURES, GUESS_NETWORKS, GUESS_SAME = range(47, 50)
# Whether it was there in the present half day; the hours (UTC, a bit each) of that, and the usual ones; in what share
# of the last half days it had a new network; how many recipients its filter holds:
ACTIVE, HOURS_NOW, HOURS_USUAL, FRESH_SHARE, MEMBERS = range(50, 55)
# When that login came, and when the last message from an unfamiliar network (minutes since the epoch, 0: never):
GUESSED_AT, STRANGE_AT = range(55, 57)
SLOTS = 57

_WINDOWS = (Window(10 * MINUTE, 0, 2), Window(HOUR, 2, 7), Window(DAY, 7, 19), Window(21 * DAY, 19, 36))
_STEP = _WINDOWS[0].length // 100  # the steps of all windows are multiples of this
_USUAL_OF_PEAK = USUAL_MESSAGES_10M - PEAK_MESSAGES_10M
_HALF_DAY = DAY // 2

CLIENTS = Sketch(0, 14, 5 * MINUTE)
DOMAINS = Sketch(28, 14, 5 * MINUTE)
FAILING = Sketch(56, 8, 30 * MINUTE)
FAMILIAR = Sketch(72, 20, 14 * DAY)
UNFAMILIAR = Sketch(112, 20, _HALF_DAY)
FILTER_AT = 152  # where the filter of recipients begins (streams.familiar)
_FILTER_BYTES = 32

# The least that counts as usual for a mailbox of which nothing is known, and for one known for long: what almost any
# mailbox may do once, so that the first mail to a club is no burst.
_LEAST_NEW = (30.0, 120.0, 250.0, 300.0, 2.0, 3.0, 60.0, 3.0)
_LEAST_KNOWN = (5.0, 20.0, 30.0, 50.0, 2.0, 2.0, 15.0, 1.5)
_ACQUAINTED_DAYS = 3.0
_FEW, _MOSTLY, _ALMOST_ALL = 3.0, 6.0, 0.8
_GROWTH = 2.0
_NEWS = 0.08  # how much of what is usual is the last half day's
_GRAIN = 1_000_000


class Hold(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """To what a mailbox is held, since `at`: by an operator's order, or (`operator` "") by the rules.

    "release" is an exemption: the rules may only flag it. `until` is 0 where it lasts until it is taken back.
    """

    step: Literal["watch", "throttle", "suspend", "release"]
    at: int
    operator: str = ""
    until: int = 0


class MailboxState(msgspec.Struct, gc=False, kw_only=True):
    """One mailbox's counts, sketches, score and step.

    `score` and `step` are those of the last look, `aged` is the time up to which the counts have faded: that of the
    newest event, to a second. `hold` is what is enforced: `step` may be higher, then that is only proposed. `applied`
    holds the highest id of each log source, with blanks between,
    `recent` digests (four bytes each) of the last ids of what comes from no log, `strange` those (two bytes) of the
    queue ids of messages from unfamiliar networks. Behind the sketches lies a filter of the recipients it wrote to
    (`streams.familiar`). `streams.mailboxes.encode` makes it JSON.
    """

    mailbox: str
    aged: int = 0
    score: float = 0.0
    step: Step = ""
    hold: Hold | None = None
    counts: array = msgspec.field(  # type: ignore[type-arg]  # Python 3.11 cannot evaluate array[float]
        default_factory=lambda: array("f", bytes(4 * SLOTS))
    )
    sketches: bytearray = msgspec.field(default_factory=lambda: bytearray(FILTER_AT + _FILTER_BYTES))
    applied: str = ""
    recent: bytes = b""
    strange: bytes = b""


def usual(counts: "array[float]", slot: int) -> float:
    """Return the usual peak of a slot USUAL_…, at least what a mailbox known for so long may do once."""
    place = slot - USUAL_MESSAGES_10M
    least = _LEAST_KNOWN[place] + (_LEAST_NEW[place] - _LEAST_KNOWN[place]) * exp(-counts[DAYS_3W] / _ACQUAINTED_DAYS)
    return max(counts[slot], least)


def since(state: MailboxState, slot: int) -> float:
    """Return the microseconds since the time that a slot …_AT holds, to a minute or two."""
    at: float = state.counts[slot] * MINUTE
    return max(0.0, state.aged - at)


def age(state: MailboxState, at: int) -> bool:
    """Let time pass until `at`, in place. False where less than a second passed: then nothing was done."""
    before = state.aged
    if at - before < _GRAIN:
        return False
    state.aged = at
    if not before:
        return True
    if at // _STEP != before // _STEP:
        for window in _WINDOWS:
            window.fade(state.counts, before, at)
    if at // CLIENTS.generation != before // CLIENTS.generation:
        _turn_sketches(state, before, at)
    return True


def _turn_sketches(state: MailboxState, before: int, at: int) -> None:
    counts, row = state.counts, state.sketches
    for sketch, slot in ((CLIENTS, NETWORKS_10M), (DOMAINS, DOMAINS_10M)):
        if counts[slot]:  # else nothing is marked
            sketch.turn(row, before, at)
            counts[slot] = sketch.distinct(row)
    if counts[FAILED_1H]:
        FAILING.turn(row, before, at)
    FAMILIAR.turn(row, before, at)
    if counts[GUESSED_AT] and since(state, GUESSED_AT) > DAY:
        counts[GUESSED_AT] = 0.0
    if at // _HALF_DAY != before // _HALF_DAY:
        _turn_half_day(state, before, at)


def _turn_half_day(state: MailboxState, before: int, at: int) -> None:
    """End half a day: networks that are half a day old become familiar, unless the mailbox is under suspicion."""
    counts, row = state.counts, state.sketches
    if not (state.step or _looks_stolen(counts)):
        FAMILIAR.absorb(row, UNFAMILIAR, whole=at // _HALF_DAY - before // _HALF_DAY > 1)
    if counts[ACTIVE]:
        counts[DAYS_3W] += 0.5
        fresh = 0.0 if state.step else float(counts[PEAK_FRESH] > 0)
        counts[FRESH_SHARE] += _NEWS * (fresh - counts[FRESH_SHARE])
        if not state.step:
            counts[HOURS_USUAL] = int(counts[HOURS_USUAL]) | int(counts[HOURS_NOW])
        counts[ACTIVE] = counts[HOURS_NOW] = 0.0
    if state.step:
        counts[PEAK_FRESH] = 0.0
    _learn(state)
    UNFAMILIAR.turn(row, before, at)
    counts[FRESH] = UNFAMILIAR.distinct(row)
    state.strange = b""


def _looks_stolen(counts: "array[float]") -> bool:
    """Tell whether what comes from unfamiliar networks goes to new people only, unlike what this mailbox sends."""
    new, known = counts[STRANGE_NEW_1D], counts[STRANGE_KNOWN_1D]
    return bool(new >= _FEW and new > _MOSTLY * known and usually_new(counts) < _ALMOST_ALL)


def usually_new(counts: "array[float]") -> float:
    """Return the share of the mailbox's recipients that are new to it."""
    return (counts[NEW_3W] + 2.0) / (counts[NEW_3W] + counts[KNOWN_3W] + 4.0)


def _learn(state: MailboxState) -> None:
    """Make the half day's peaks usual: at most doubling what was, and not while the mailbox is under suspicion."""
    counts = state.counts
    for peak in range(PEAK_MESSAGES_10M, PEAK_FRESH + 1):
        slot = peak + _USUAL_OF_PEAK
        if counts[peak] > counts[slot] and state.step not in {"flag", "throttle", "suspend"}:
            counts[slot] = min(counts[peak], _GROWTH * usual(counts, slot))
        counts[peak] = 0.0


def forget_lately(state: MailboxState) -> None:
    """Forget what was done lately but not what is usual, in place: an operator found the mailbox to be in order."""
    for slot in (*range(RECIPIENTS_3W), *range(PEAK_MESSAGES_10M, GUESS_SAME + 1)):
        state.counts[slot] = 0.0
    FAMILIAR.absorb(state.sketches, UNFAMILIAR, whole=True)
    for sketch in (CLIENTS, DOMAINS, FAILING, UNFAMILIAR):
        sketch.forget(state.sketches)
    state.counts[GUESSED_AT] = state.counts[STRANGE_AT] = 0.0
    state.strange = b""
