"""What is remembered of one mailbox: what it did lately, and what is usual for it. At most 1 KB, whatever it sends."""

from array import array
from typing import Literal

import msgspec

from streams.window import DAY, HOUR, MINUTE, Sketch, Window

Step = Literal["", "watch", "flag", "suspend"]

# The slots of the row of counts. Of ten minutes:
MESSAGES_10M, RECIPIENTS_10M = range(2)
# Of an hour; ANSWERS are final ones (sent or bounced), so a greylisted first try is no mark of any kind:
RECIPIENTS_1H, ANSWERS_1H, UNKNOWN_1H, REFUSED_1H, FAILED_1H = range(2, 7)
# Of a day; STRANGE are messages from a network that is not familiar, and the recipients of those, new or known:
RECIPIENTS_1D, COMPLAINTS_1D, ANSWERS_1D, UNKNOWN_1D, REFUSED_1D = range(7, 12)
STRANGE_1D, STRANGE_NEW_1D, STRANGE_KNOWN_1D = range(12, 15)
# Of three weeks, the mailbox's own baseline; NEW and KNOWN are recipients from familiar networks, DAYS those with a
# login or a message, FRESH_DAYS those among them with a new network:
RECIPIENTS_3W, ANSWERS_3W, UNKNOWN_3W, REFUSED_3W, COMPLAINTS_3W = range(15, 20)
MESSAGES_3W, NEW_3W, KNOWN_3W, DAYS_3W, FRESH_DAYS_3W = range(20, 25)
# The usual peaks (fading over three weeks), and those of the current hour, which become usual when it is over:
USUAL_MESSAGES_10M, USUAL_RECIPIENTS_10M, USUAL_RECIPIENTS_1H = range(25, 28)
USUAL_FAILED_1H, USUAL_NETWORKS, USUAL_DOMAINS, USUAL_FRESH = range(28, 32)
PEAK_MESSAGES_10M, PEAK_RECIPIENTS_10M, PEAK_RECIPIENTS_1H = range(32, 35)
PEAK_FAILED_1H, PEAK_NETWORKS, PEAK_DOMAINS, PEAK_FRESH = range(35, 39)
# Distinct networks and domains of the last five to ten minutes, new networks of the last half day to day:
NETWORKS_10M, DOMAINS_10M, FRESH = range(39, 42)
# The last login that looks like a guessed password: failures before it, networks they came from, its own among them:
GUESS_FAILURES, GUESS_NETWORKS, GUESS_SAME = range(42, 45)
# Whether it was there in the present half day, and how many bits of its recipients' filter are set:
ACTIVE, MARKED = range(45, 47)
# When that login came, and when the last message from an unfamiliar network (minutes since the epoch, 0: never):
GUESSED_AT, STRANGE_AT = range(47, 49)
SLOTS = 49

_WINDOWS = (Window(10 * MINUTE, 0, 2), Window(HOUR, 2, 7), Window(DAY, 7, 15), Window(21 * DAY, 15, 32))
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

# The least that counts as usual: what almost any mailbox may do once, so that the first mail to a club is no burst,
# and what a new mailbox is measured by.
PRIORS = (30.0, 120.0, 250.0, 2.0, 3.0, 60.0, 3.0)
_GROWTH = 2.0
_GRAIN = 1_000_000


class MailboxState(msgspec.Struct, gc=False, kw_only=True):
    """One mailbox's counts, sketches, score and step.

    `score` and `step` are those of the last look, `at` is the newest event's time, `aged` how far the counts have
    faded. `held` marks a suspension that only an operator ends. `applied` holds the highest id of each log source,
    `recent` digests (four bytes each) of the last ids of what comes from no log, `strange` those (two bytes) of the
    queue ids of messages from unfamiliar networks. Behind the sketches lies a filter of the recipients it wrote to
    (`streams.familiar`). `streams.mailboxes.encode` makes it JSON.
    """

    mailbox: str
    at: int = 0
    aged: int = 0
    score: float = 0.0
    step: Step = ""
    held: bool = False
    counts: array = msgspec.field(  # type: ignore[type-arg]  # Python 3.11 cannot evaluate array[float]
        default_factory=lambda: array("f", bytes(4 * SLOTS))
    )
    sketches: bytearray = msgspec.field(default_factory=lambda: bytearray(FILTER_AT + _FILTER_BYTES))
    applied: tuple[str, ...] = ()
    recent: bytes = b""
    strange: bytes = b""


def usual(counts: "array[float]", slot: int) -> float:
    """Return the usual peak of a slot USUAL_…, at least its prior."""
    return max(counts[slot], PRIORS[slot - USUAL_MESSAGES_10M])


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
    counts, row = state.counts, state.sketches
    if at // HOUR != before // HOUR:
        _learn(state)
    if at // _STEP != before // _STEP:
        for window in _WINDOWS:
            window.fade(counts, before, at)
    if at // CLIENTS.generation != before // CLIENTS.generation:
        for sketch, slot in ((CLIENTS, NETWORKS_10M), (DOMAINS, DOMAINS_10M)):
            sketch.turn(row, before, at)
            counts[slot] = sketch.distinct(row)
        FAILING.turn(row, before, at)
        FAMILIAR.turn(row, before, at)
        if counts[GUESSED_AT] and since(state, GUESSED_AT) > DAY:
            counts[GUESSED_AT] = 0.0
        if at // _HALF_DAY != before // _HALF_DAY:
            _turn_half_day(state, before, at)
    return True


def _turn_half_day(state: MailboxState, before: int, at: int) -> None:
    """End half a day: networks that are half a day old become familiar, unless the mailbox is under suspicion."""
    counts, row = state.counts, state.sketches
    if not state.step:
        FAMILIAR.absorb(row, UNFAMILIAR, whole=at // _HALF_DAY - before // _HALF_DAY > 1)
    if counts[ACTIVE]:
        counts[DAYS_3W] += 0.5
        counts[FRESH_DAYS_3W] += 0.5 * bool(counts[PEAK_FRESH])
        counts[ACTIVE] = 0.0
    _learn_peak(state, PEAK_FRESH)
    UNFAMILIAR.turn(row, before, at)
    counts[FRESH] = UNFAMILIAR.distinct(row)
    state.strange = b""


def _learn(state: MailboxState) -> None:
    """Make the hour's peaks usual."""
    for peak in range(PEAK_MESSAGES_10M, PEAK_FRESH):
        _learn_peak(state, peak)


def _learn_peak(state: MailboxState, peak: int) -> None:
    """Make a peak usual: at most doubling what was, and not while the mailbox is under suspicion."""
    counts, slot = state.counts, peak + _USUAL_OF_PEAK
    if counts[peak] > counts[slot] and state.step not in {"flag", "suspend"}:
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
