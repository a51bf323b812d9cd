"""What an event adds to a mailbox's counts, in place."""

from typing import TYPE_CHECKING
from zlib import crc32

from schemas.events import ComplaintReceived, DeliveryAttempted, MailboxAuthenticated, MessageSubmitted
from streams.familiar import address_digest, is_known, remember
from streams.habits import (
    ACTIVE,
    ANSWERS_1D,
    ANSWERS_1H,
    ANSWERS_3W,
    CLIENTS,
    COMPLAINTS_1D,
    COMPLAINTS_3W,
    DAYS_3W,
    DOMAINS,
    DOMAINS_10M,
    FAILED_1H,
    FAILING,
    FAMILIAR,
    FRESH,
    GUESS_FAILURES,
    GUESS_NETWORKS,
    GUESS_SAME,
    GUESSED_AT,
    HOURS_NOW,
    HOURS_USUAL,
    KNOWN_1D,
    KNOWN_3W,
    MESSAGES_3W,
    MESSAGES_10M,
    NETWORKS_10M,
    NEW_1D,
    NEW_3W,
    PEAK_DOMAINS,
    PEAK_FAILED_1H,
    PEAK_FRESH,
    PEAK_MESSAGES_10M,
    PEAK_NETWORKS,
    PEAK_RECIPIENTS_1D,
    PEAK_RECIPIENTS_1H,
    PEAK_RECIPIENTS_10M,
    RECIPIENTS_1D,
    RECIPIENTS_1H,
    RECIPIENTS_3W,
    RECIPIENTS_10M,
    REFUSED_1D,
    REFUSED_1H,
    REFUSED_3W,
    STRANGE_1D,
    STRANGE_AT,
    STRANGE_HOURS_1D,
    STRANGE_KNOWN_1D,
    STRANGE_NEW_1D,
    STRANGE_ODD_1D,
    UNFAMILIAR,
    UNKNOWN_1D,
    UNKNOWN_1H,
    UNKNOWN_3W,
    MailboxState,
)
from streams.refusal import Blame, blame
from streams.window import HOUR, MINUTE, domain_digest, network_digest, provider_digest

if TYPE_CHECKING:
    from array import array

_LEAST_FAILURES = 4.5  # five, of which the first may have begun to fade
_SEVERAL_NETWORKS = 6.0
_LEAST_DAYS = 0.9  # two half days, of which the first has begun to fade
_MOST_STRANGE = 11 * 2  # bytes: messages whose deliveries may still be on their way
_COMPLAINTS = frozenset(("", "abuse", "fraud", "virus", "other"))


def _peak(counts: "array[float]", slot: int, peak: int) -> None:
    if counts[slot] > counts[peak]:  # noqa: PLR1730 max() took a sixth of the time of the whole fold
        counts[peak] = counts[slot]


def count_submission(state: MailboxState, event: MessageSubmitted) -> None:
    """Add a message."""
    counts, recipients = state.counts, event.recipients or 1
    counts[MESSAGES_10M] += 1
    counts[MESSAGES_3W] += 1
    counts[RECIPIENTS_10M] += recipients
    counts[RECIPIENTS_1H] += recipients
    counts[RECIPIENTS_1D] += recipients
    counts[RECIPIENTS_3W] += recipients
    _peak(counts, MESSAGES_10M, PEAK_MESSAGES_10M)
    _peak(counts, RECIPIENTS_10M, PEAK_RECIPIENTS_10M)
    _peak(counts, RECIPIENTS_1H, PEAK_RECIPIENTS_1H)
    _peak(counts, RECIPIENTS_1D, PEAK_RECIPIENTS_1D)
    if _is_strange(state, event):
        counts[STRANGE_1D] += 1
        counts[STRANGE_HOURS_1D] += event.at // HOUR != int(counts[STRANGE_AT]) // 60
        counts[STRANGE_ODD_1D] += not int(counts[HOURS_USUAL]) & _around(event.at // HOUR % 24)
        counts[STRANGE_AT] = event.at / MINUTE
        state.strange = (state.strange + _digest(event.queue_id))[-_MOST_STRANGE:]


def _around(hour: int) -> int:
    """Return the bits of an hour of the day and of those before and after it."""
    return 1 << hour | 1 << (hour + 1) % 24 | 1 << (hour - 1) % 24


def _is_strange(state: MailboxState, event: MessageSubmitted) -> bool:
    """Tell whether a message comes from where this mailbox is not at home.

    In a customer's network, whose clients all look alike, that is a sender's domain that was never used there.
    """
    if event.sender_kind == "network":
        return _count_place(state, domain_digest(event.envelope_from), event.at)
    return (
        bool(event.client_ip)
        and event.sender_kind in {"sasl", "pop"}
        and _count_client(state, event.client_ip, event.at)
    )


def count_delivery(state: MailboxState, event: DeliveryAttempted) -> None:
    """Add an attempt's domain and, where it is final, its recipient and its outcome."""
    counts = state.counts
    if DOMAINS.mark(state.sketches, domain_digest(event.recipient)):
        counts[DOMAINS_10M] = DOMAINS.distinct(state.sketches)
        _peak(counts, DOMAINS_10M, PEAK_DOMAINS)
    if event.outcome == "deferred":
        return
    counts[ANSWERS_1H] += 1
    counts[ANSWERS_1D] += 1
    counts[ANSWERS_3W] += 1
    known = is_known(state, digest := address_digest(event.recipient))
    if state.strange and _digest(event.queue_id) in state.strange:
        counts[STRANGE_KNOWN_1D if known else STRANGE_NEW_1D] += 1
    elif known:
        counts[KNOWN_1D] += 1
        counts[KNOWN_3W] += 1
    else:
        counts[NEW_1D] += 1
        counts[NEW_3W] += 1
        remember(state, digest)
    if event.outcome == "bounced" and not known:  # a script that mails a dead address for years is no thief
        _count_refusal(counts, blame(event.enhanced_status, event.reply))


def _digest(queue_id: str) -> bytes:
    return (crc32(queue_id.encode()) & 0xFFFF).to_bytes(2, "little")


def _count_refusal(counts: "array[float]", blamed: Blame) -> None:
    if blamed == "recipient":
        counts[UNKNOWN_1H] += 1
        counts[UNKNOWN_1D] += 1
        counts[UNKNOWN_3W] += 1
    elif blamed == "content":
        counts[REFUSED_1H] += 1
        counts[REFUSED_1D] += 1
        counts[REFUSED_3W] += 1


def count_login(state: MailboxState, event: MailboxAuthenticated) -> None:
    """Add a login, good or bad; one the server could not check is skipped."""
    if event.outcome == "succeeded" and event.client_ip:
        _count_client(state, event.client_ip, event.at)
    elif event.outcome == "failed":
        state.counts[FAILED_1H] += max(1, event.attempts)
        _peak(state.counts, FAILED_1H, PEAK_FAILED_1H)
        if event.client_ip:
            FAILING.mark(state.sketches, network_digest(event.client_ip))


def says_something(state: MailboxState) -> bool:
    """Tell whether the logins of a mailbox are worth a look: there was a guess, or there are several networks."""
    return bool(state.counts[GUESSED_AT] or state.counts[NETWORKS_10M] >= _SEVERAL_NETWORKS)


def count_complaint(state: MailboxState, event: ComplaintReceived) -> None:
    """Add a complaint; reports of other kinds (not-spam, opt-out) are skipped."""
    if event.feedback_type.lower() in _COMPLAINTS:
        state.counts[COMPLAINTS_1D] += 1
        state.counts[COMPLAINTS_3W] += 1


def _count_client(state: MailboxState, ip: str, at: int) -> bool:
    """Add a network it was used from; tell whether that is not familiar to a mailbox known for more than a day."""
    counts, row, network = state.counts, state.sketches, network_digest(ip)
    if CLIENTS.mark(row, network):
        counts[NETWORKS_10M] = CLIENTS.distinct(row)
        _peak(counts, NETWORKS_10M, PEAK_NETWORKS)
    return _count_place(state, provider_digest(ip), at, network)


def _count_place(state: MailboxState, place: int, at: int, network: int = 0) -> bool:
    counts, row = state.counts, state.sketches
    counts[ACTIVE] = 1.0
    counts[HOURS_NOW] = int(counts[HOURS_NOW]) | 1 << at // HOUR % 24
    if FAMILIAR.holds(row, place):
        FAMILIAR.mark(row, place)
        return False
    if UNFAMILIAR.mark(row, place):
        counts[FRESH] = UNFAMILIAR.distinct(row)
        _peak(counts, FRESH, PEAK_FRESH)
        _count_guess(state, network, at)
    return bool(counts[DAYS_3W] >= _LEAST_DAYS)


def _count_guess(state: MailboxState, digest: int, at: int) -> None:
    """Note that a new network came in after failures: that looks like a guessed password."""
    counts, row = state.counts, state.sketches
    if counts[FAILED_1H] >= _LEAST_FAILURES and not counts[GUESSED_AT]:
        counts[GUESSED_AT] = at / MINUTE
        counts[GUESS_FAILURES] = counts[FAILED_1H]
        counts[GUESS_NETWORKS] = max(1.0, FAILING.distinct(row))
        counts[GUESS_SAME] = float(FAILING.holds(row, digest))
