"""What is remembered of one mailbox: what it did lately, and what is usual for it; how much, docs/memory.md tells."""

from array import array
from math import exp
from typing import Literal

import msgspec

from streams.travels import settled
from streams.week import is_weekend, learnt
from streams.window import DAY, HOUR, MINUTE, Sketch, Window, fade

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
# Distinct networks and domains of the last five to ten minutes; of weeks, recipients at domains never written to:
NETWORKS_10M, DOMAINS_10M, NEW_DOMAINS_3W = range(44, 47)
# The last login that looks like a guessed password: failures before it, and networks they came from (below 0: its own
# among them). Of a day: messages that went out slowly while nobody read the mailbox at home:
GUESS_FAILURES, GUESS_NETWORKS, ABSENT_1D = range(47, 50)
# The provider (a digest) that refused last; the hours (UTC, a bit each) in which it was there in the present half day,
# and the usual ones; in what share of the last half days it had a new network; how many recipients its filter holds:
REFUSER, HOURS_NOW, HOURS_USUAL, FRESH_SHARE, MEMBERS = range(50, 55)
# When that login came, and when the last message from an unfamiliar network (minutes since the epoch, 0: never):
GUESSED_AT, STRANGE_AT = range(55, 57)
# How it sends (streams.manner). Of a day: messages, those not sent in a run, those about as large as the one before; of
# those from elsewhere: not in a run, alike; and recipients at domains never written to before. Then of weeks:
MESSAGES_1D, SPACED_1D, ALIKE_1D, STRANGE_SPACED_1D, STRANGE_ALIKE_1D, NEW_DOMAINS_1D = range(57, 63)
SPACED_3W, ALIKE_3W = range(63, 65)
# The size of the last message from home and of the last from elsewhere; when one was sent (seconds, of 2**16; OWED is
# added where a login used up the second's look); when the mailbox was read from home (minutes since the epoch), or,
# until then and below 0, when anything was first heard of it, be it a failed login:
SIZE_HOME, SIZE_STRANGE, SENT_AT, HOME_AT = range(65, 69)
# Of a day, with GeoIP: messages from elsewhere, but from a usual AS. The usual peaks of recipients an hour on workdays
# (streams.week). Ways of submission and login (six bits): of the present half day, and above these its peaks; the usual
# ones, and above these for how many half days no network became familiar:
NEAR_1D, WORKDAYS_USUAL, NOW, WAYS_USUAL = range(69, 73)
# What most mailboxes never have, of a day: messages under another name, those by POP-before-SMTP where that is not
# usual, those a spam filter judged and those it called spam, those from a country and from an AS never used before;
# of weeks; the share of a withdrawn IP's mail that was its own, and when that was told; when a leak was told:
FOREIGN_1D, POP_1D, SCORED_1D, SPAM_1D, ABROAD_1D, ELSEWHERE_1D = range(73, 79)
FOREIGN_3W, SCORED_3W, SPAM_3W = range(79, 82)
CULPRIT, CULPRIT_AT, LEAKED_AT = range(82, 85)
WEEKENDS_USUAL = 85  # as WORKDAYS_USUAL
SLOTS = 86
OWED, WAYS = 1 << 16, 63

OF_A_DAY = (*range(7, 19), *range(57, 63), *range(73, 79), NEAR_1D, ABSENT_1D)
_OF_WEEKS = (*range(19, 36), *range(63, 65), *range(79, 82), NEW_DOMAINS_3W)
_WINDOWS = (
    Window(10 * MINUTE // 100, (0, 1)),
    Window(HOUR // 100, tuple(range(2, 7))),
    Window(DAY // 100, OF_A_DAY),
    Window(21 * DAY // 100, _OF_WEEKS),
)
_STRANGE = (*range(STRANGE_1D, STRANGE_ODD_1D + 1), STRANGE_SPACED_1D, STRANGE_ALIKE_1D)
_STEP = _WINDOWS[0].step
_USUAL_OF_PEAK = USUAL_MESSAGES_10M - PEAK_MESSAGES_10M
_HALF_DAY = DAY // 2

_GENERATION = 5 * MINUTE
CLIENTS = Sketch(0, 14, _GENERATION)
DOMAINS = Sketch(28, 14, _GENERATION)
_NOTHING = bytes(DOMAINS.start + 2 * DOMAINS.size)
FAILING = Sketch(56, 8, 30 * MINUTE)
FAMILIAR = Sketch(72, 20, 14 * DAY)
UNFAMILIAR = Sketch(112, 20, _HALF_DAY)
SENDING = Sketch(152, 10, 14 * DAY)
SENDING_NOW = Sketch(172, 10, _HALF_DAY)
SENT_STRANGE = slice(192, 214)  # two bytes each of the queue ids of the last messages from elsewhere, the newest last
FILTER_AT = 214  # where the filter of recipients begins (streams.familiar)
_FILTER_BYTES = 32
_BEFORE_SENDING = 152  # where the filter began in states of earlier releases

# The least that counts as usual for a mailbox of which nothing is known, and for one known for long: what almost any
# mailbox may do once, so that the first mail to a club is no burst.
_LEAST_NEW = (30.0, 120.0, 250.0, 300.0, 2.0, 3.0, 60.0, 3.0)
_LEAST_KNOWN = (5.0, 20.0, 30.0, 50.0, 2.0, 2.0, 15.0, 1.5)
_ACQUAINTED_DAYS = 3.0
_FEW, _MOSTLY, _ALMOST_ALL = 3.0, 6.0, 0.8
_GROWTH = 2.0
_NEWS = 0.08  # how much of what is usual is the last half day's
_LONGEST_WITHHELD = 4  # half days
_A_HALF_DAY_WITHHELD = WAYS + 1
_AWAKE, _AWAY = 5.0 * HOUR, 10.0 * HOUR
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
    holds the highest id of each log source, with blanks between, `recent` digests (four bytes each) of the last ids of
    what comes from no log, `travels` countries and places (`streams.travels`; empty without GeoIP). Behind the sketches
    lies a filter of the recipients it wrote to (`streams.familiar`). `streams.mailboxes.encode` makes it JSON.
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
    travels: bytes = b""


def usual(counts: "array[float]", slot: int) -> float:
    """Return the usual peak of a slot USUAL_…, at least what a mailbox known for so long may do once."""
    place = slot - USUAL_MESSAGES_10M
    least = _LEAST_KNOWN[place] + (_LEAST_NEW[place] - _LEAST_KNOWN[place]) * exp(-counts[DAYS_3W] / _ACQUAINTED_DAYS)
    return max(counts[slot], least)


def fresh(state: MailboxState) -> float:
    """Return in how many unfamiliar networks the mailbox was used in the last half day to day."""
    return UNFAMILIAR.distinct(state.sketches)


def since(state: MailboxState, slot: int) -> float:
    """Return the microseconds since the time that a slot …_AT holds, to a minute or two."""
    at: float = state.counts[slot] * MINUTE
    return max(0.0, state.aged - at)


def absent(state: MailboxState) -> float:
    """Return 0 where the mailbox was read from home within five hours (or never was), 1 where not for ten."""
    if state.counts[HOME_AT] <= 0:
        return 0.0
    return min(1.0, max(0.0, (since(state, HOME_AT) - _AWAKE) / (_AWAY - _AWAKE)))


def upgraded(state: MailboxState) -> MailboxState:
    """Return a state that was read back, in place, with room for what earlier releases did not keep."""
    size = len(state.sketches) - FILTER_AT
    if size <= 0 or size & (size - 1):
        state.sketches[_BEFORE_SENDING:_BEFORE_SENDING] = bytes(FILTER_AT - _BEFORE_SENDING)
    state.counts[HOME_AT] = state.counts[HOME_AT] or -state.aged / MINUTE
    return state


def age(state: MailboxState, at: int) -> bool:
    """Let time pass until `at`, in place. False where less than a second passed since the last look."""
    before = state.aged
    if at - before < _GRAIN:
        return bool(state.counts[SENT_AT] >= OWED)
    state.aged = at
    if not before:
        state.counts[HOME_AT] = -at / MINUTE
        return True
    if at // _STEP != before // _STEP:
        fade(state.counts, _WINDOWS, before, at)
        if at // _GENERATION != before // _GENERATION:
            _turn_sketches(state, before, at)
    return True


def _turn_sketches(state: MailboxState, before: int, at: int) -> None:
    counts, row = state.counts, state.sketches
    if counts[NETWORKS_10M] or counts[DOMAINS_10M]:  # else nothing is marked
        if at // _GENERATION - before // _GENERATION > 1:
            row[: DOMAINS.start + 2 * DOMAINS.size] = _NOTHING
            counts[NETWORKS_10M] = counts[DOMAINS_10M] = 0.0
        else:
            for sketch, slot in ((CLIENTS, NETWORKS_10M), (DOMAINS, DOMAINS_10M)):
                if counts[slot]:
                    sketch.turn(row, before, at)
                    counts[slot] = sketch.distinct(row)
    if counts[FAILED_1H]:
        FAILING.turn(row, before, at)
    if at // _HALF_DAY != before // _HALF_DAY:
        _turn_half_day(state, before, at)


def _turn_half_day(state: MailboxState, before: int, at: int) -> None:
    """End half a day: what was usual in it, and which networks are familiar."""
    counts, row = state.counts, state.sketches
    FAMILIAR.turn(row, before, at)
    SENDING.turn(row, before, at)
    if counts[GUESSED_AT] and since(state, GUESSED_AT) > DAY:
        counts[GUESSED_AT] = 0.0
    familiar = _get_familiar(state, whole=at // _HALF_DAY - before // _HALF_DAY > 1)
    if counts[HOURS_NOW]:
        counts[DAYS_3W] += 0.5
        had_one = 0.0 if state.step else float(counts[PEAK_FRESH] > 0)
        counts[FRESH_SHARE] += _NEWS * (had_one - counts[FRESH_SHARE])
        if not state.step:
            counts[HOURS_USUAL] = int(counts[HOURS_USUAL]) | int(counts[HOURS_NOW])
            times = WEEKENDS_USUAL if is_weekend(before) else WORKDAYS_USUAL
            counts[times] = learnt(counts[times], counts[NOW], before - before % _HALF_DAY)
        if familiar:
            counts[WAYS_USUAL] = int(counts[WAYS_USUAL]) | int(counts[NOW]) & WAYS
        counts[HOURS_NOW] = counts[NOW] = 0.0
    if state.step:
        counts[PEAK_FRESH] = 0.0
    _learn(state)
    UNFAMILIAR.turn(row, before, at)
    SENDING_NOW.turn(row, before, at)
    row[SENT_STRANGE] = bytes(SENT_STRANGE.stop - SENT_STRANGE.start)


def _get_familiar(state: MailboxState, *, whole: bool) -> bool:
    """Let networks that are half a day old become familiar, unless the mailbox is under suspicion; tell whether.

    Who is only watched for two days and gets no worse has a new network: what came from there is his, then.
    """
    counts, row = state.counts, state.sketches
    if state.step or _looks_stolen(counts):
        withheld = int(counts[WAYS_USUAL]) // _A_HALF_DAY_WITHHELD + 1
        if state.step not in {"", "watch"} or withheld <= _LONGEST_WITHHELD:
            counts[WAYS_USUAL] += _A_HALF_DAY_WITHHELD * (withheld <= _LONGEST_WITHHELD)
            return False
        for slot in _STRANGE:
            counts[slot] = 0.0
    counts[WAYS_USUAL] = int(counts[WAYS_USUAL]) & WAYS
    FAMILIAR.absorb(row, UNFAMILIAR, whole=whole)
    SENDING.absorb(row, SENDING_NOW, whole=whole)
    if state.travels:
        state.travels = settled(state.travels)
    return True


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
