"""What is remembered of one mailbox: what it did lately, and what is usual for it. At most 1 KB, whatever it sends."""

from array import array
from typing import Literal

import msgspec

from schemas.events import ComplaintReceived, DeliveryAttempted, MailboxAuthenticated, MessageSubmitted
from streams.window import DAY, HOUR, MINUTE, Sketch, Window, domain_digest, network_digest

Step = Literal["", "watch", "flag", "suspend"]

# The slots of the row of counts. Of ten minutes:
MESSAGES_10M, RECIPIENTS_10M = range(2)
# Of an hour; ANSWERS are final ones (sent or bounced), so a greylisted first try is no mark of any kind:
RECIPIENTS_1H, ANSWERS_1H, UNKNOWN_1H, REFUSED_1H, FAILED_1H = range(2, 7)
# Of a day:
RECIPIENTS_1D, COMPLAINTS_1D = range(7, 9)
# Of three weeks, the mailbox's own baseline:
RECIPIENTS_3W, ANSWERS_3W, UNKNOWN_3W, REFUSED_3W, COMPLAINTS_3W = range(9, 14)
# The usual peaks (fading over three weeks), and those of the current hour, which become usual when it is over:
USUAL_MESSAGES_10M, USUAL_RECIPIENTS_10M, USUAL_RECIPIENTS_1H = range(14, 17)
USUAL_FAILED_1H, USUAL_NETWORKS, USUAL_DOMAINS = range(17, 20)
PEAK_MESSAGES_10M, PEAK_RECIPIENTS_10M, PEAK_RECIPIENTS_1H = range(20, 23)
PEAK_FAILED_1H, PEAK_NETWORKS, PEAK_DOMAINS = range(23, 26)
# Distinct networks and domains of the last five to ten minutes:
NETWORKS_10M, DOMAINS_10M = range(26, 28)
# The last login that looks like a guessed password: failures before it, networks they came from, its own among them:
GUESS_FAILURES, GUESS_NETWORKS, GUESS_SAME = range(28, 31)
SLOTS = 31

_WINDOWS = (Window(10 * MINUTE, 0, 2), Window(HOUR, 2, 7), Window(DAY, 7, 9), Window(21 * DAY, 9, 20))
_STEP = _WINDOWS[0].length // 100  # the steps of all windows are multiples of this
_USUAL_OF_PEAK = USUAL_MESSAGES_10M - PEAK_MESSAGES_10M

_NETWORKS = Sketch(0, 16, 5 * MINUTE)
_DOMAINS = Sketch(32, 16, 5 * MINUTE)
_FAILING = Sketch(64, 8, 30 * MINUTE)
_KNOWN = Sketch(80, 24, 14 * DAY)
_SKETCH_BYTES = 128

# The least that counts as usual: what almost any mailbox may do once, so that the first mail to a club is no burst,
# and what a new mailbox is measured by.
PRIORS = (30.0, 120.0, 250.0, 2.0, 3.0, 60.0)
_GROWTH = 2.0
_GRAIN = 1_000_000
_LEAST_FAILURES = 5
_UNKNOWN_USER = frozenset(("5.1.0", "5.1.1", "5.1.6", "5.1.10"))
_COMPLAINTS = frozenset(("", "abuse", "fraud", "virus", "other"))


class MailboxState(msgspec.Struct, gc=False, kw_only=True):
    """One mailbox's counts, sketches, score and step.

    `score` and `step` are those of the last look, `at` is the newest event's time, `aged` how far the counts have
    faded. `held` marks a suspension that only an operator ends. `applied` holds the highest id of each log source,
    `recent` digests of the last ids of what comes from no log. `streams.mailboxes.encode` makes it JSON.
    """

    mailbox: str
    at: int = 0
    aged: int = 0
    score: float = 0.0
    step: Step = ""
    held: bool = False
    guessed_at: int = 0
    counts: array = msgspec.field(  # type: ignore[type-arg]  # Python 3.11 cannot evaluate array[float]
        default_factory=lambda: array("f", bytes(4 * SLOTS))
    )
    sketches: bytearray = msgspec.field(default_factory=lambda: bytearray(_SKETCH_BYTES))
    applied: dict[str, str] = {}
    recent: tuple[int, ...] = ()


def usual(counts: "array[float]", slot: int) -> float:
    """Return the usual peak of a slot USUAL_…, at least its prior."""
    return max(counts[slot], PRIORS[slot - USUAL_MESSAGES_10M])


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
    if at // _NETWORKS.generation != before // _NETWORKS.generation:
        for sketch, slot in ((_NETWORKS, NETWORKS_10M), (_DOMAINS, DOMAINS_10M)):
            sketch.turn(row, before, at)
            counts[slot] = sketch.distinct(row)
        _FAILING.turn(row, before, at)
        _KNOWN.turn(row, before, at)
        if state.guessed_at and at - state.guessed_at > DAY:
            state.guessed_at = 0
    return True


def _learn(state: MailboxState) -> None:
    """Make the hour's peaks usual: at most doubling what was, and not while the mailbox is under suspicion."""
    counts = state.counts
    for peak in range(PEAK_MESSAGES_10M, PEAK_DOMAINS + 1):
        slot = peak + _USUAL_OF_PEAK
        if counts[peak] > counts[slot] and state.step not in {"flag", "suspend"}:
            counts[slot] = min(counts[peak], _GROWTH * usual(counts, slot))
        counts[peak] = 0.0


def _peak(counts: "array[float]", slot: int, peak: int) -> None:
    if counts[slot] > counts[peak]:  # noqa: PLR1730 max() took a sixth of the time of the whole fold
        counts[peak] = counts[slot]


def count_submission(state: MailboxState, event: MessageSubmitted) -> None:
    """Add a message to the mailbox's counts, in place."""
    counts, recipients = state.counts, event.recipients or 1
    counts[MESSAGES_10M] += 1
    counts[RECIPIENTS_10M] += recipients
    counts[RECIPIENTS_1H] += recipients
    counts[RECIPIENTS_1D] += recipients
    counts[RECIPIENTS_3W] += recipients
    _peak(counts, MESSAGES_10M, PEAK_MESSAGES_10M)
    _peak(counts, RECIPIENTS_10M, PEAK_RECIPIENTS_10M)
    _peak(counts, RECIPIENTS_1H, PEAK_RECIPIENTS_1H)
    if event.client_ip and event.sender_kind in {"sasl", "pop"}:
        _count_client(state, event.client_ip, event.at)


def count_delivery(state: MailboxState, event: DeliveryAttempted) -> None:
    """Add an attempt's domain and, where it is final, its outcome to the mailbox's counts, in place."""
    counts = state.counts
    if _DOMAINS.mark(state.sketches, domain_digest(event.recipient)):
        counts[DOMAINS_10M] = _DOMAINS.distinct(state.sketches)
        _peak(counts, DOMAINS_10M, PEAK_DOMAINS)
    if event.outcome == "deferred":
        return
    counts[ANSWERS_1H] += 1
    counts[ANSWERS_3W] += 1
    if event.outcome == "bounced":
        if event.enhanced_status in _UNKNOWN_USER:
            counts[UNKNOWN_1H] += 1
            counts[UNKNOWN_3W] += 1
        elif event.enhanced_status.startswith(("5.7.", "5.6.")):
            counts[REFUSED_1H] += 1
            counts[REFUSED_3W] += 1


def count_login(state: MailboxState, event: MailboxAuthenticated) -> None:
    """Add a login, good or bad, to the mailbox's counts, in place; one the server could not check is skipped."""
    if event.outcome == "succeeded" and event.client_ip:
        _count_client(state, event.client_ip, event.at)
    elif event.outcome == "failed":
        state.counts[FAILED_1H] += 1
        _peak(state.counts, FAILED_1H, PEAK_FAILED_1H)
        if event.client_ip:
            _FAILING.mark(state.sketches, network_digest(event.client_ip))


def count_complaint(state: MailboxState, event: ComplaintReceived) -> None:
    """Add a complaint to the mailbox's counts, in place; reports of other kinds (not-spam, opt-out) are skipped."""
    if event.feedback_type.lower() in _COMPLAINTS:
        state.counts[COMPLAINTS_1D] += 1
        state.counts[COMPLAINTS_3W] += 1


def _count_client(state: MailboxState, ip: str, at: int) -> None:
    digest, counts, row = network_digest(ip), state.counts, state.sketches
    if not _NETWORKS.mark(row, digest):
        return
    counts[NETWORKS_10M] = _NETWORKS.distinct(row)
    _peak(counts, NETWORKS_10M, PEAK_NETWORKS)
    if _KNOWN.holds(row, digest):
        return
    if counts[FAILED_1H] >= _LEAST_FAILURES and not state.guessed_at:
        state.guessed_at = at
        counts[GUESS_FAILURES] = counts[FAILED_1H]
        counts[GUESS_NETWORKS] = max(1.0, _FAILING.distinct(row))
        counts[GUESS_SAME] = float(_FAILING.holds(row, digest))
    elif state.step not in {"flag", "suspend"}:
        _KNOWN.mark(row, digest)


def forget_lately(state: MailboxState) -> None:
    """Forget what was done lately but not what is usual, in place: an operator found the mailbox to be in order."""
    for slot in (*range(RECIPIENTS_3W), *range(PEAK_MESSAGES_10M, SLOTS)):
        state.counts[slot] = 0.0
    for sketch in (_NETWORKS, _DOMAINS, _FAILING):
        sketch.forget(state.sketches)
    state.guessed_at = 0
