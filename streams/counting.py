"""What an event adds to a mailbox's counts, in place."""

from typing import TYPE_CHECKING
from zlib import crc32

from schemas.events import DeliveryAttempted, MailboxAuthenticated, MessageSubmitted
from streams.familiar import address_digest, is_known, remember
from streams.habits import (
    ANSWERS_1D,
    ANSWERS_1H,
    ANSWERS_3W,
    CLIENTS,
    DAYS_3W,
    DOMAINS,
    DOMAINS_10M,
    FAILED_1H,
    FAILING,
    FAMILIAR,
    GUESS_FAILURES,
    GUESS_NETWORKS,
    GUESSED_AT,
    HOME_AT,
    HOURS_NOW,
    HOURS_USUAL,
    KNOWN_1D,
    KNOWN_3W,
    MESSAGES_3W,
    MESSAGES_10M,
    NETWORKS_10M,
    NEW_1D,
    NEW_3W,
    NEW_DOMAINS_1D,
    NEW_DOMAINS_3W,
    NOW,
    OWED,
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
    REFUSER,
    SENDING,
    SENDING_NOW,
    SENT_AT,
    SENT_STRANGE,
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
    WEEKENDS_USUAL,
    WORKDAYS_USUAL,
    MailboxState,
)
from streams.manner import SERVICES, count_manner, count_service
from streams.refusal import Blame, blame
from streams.week import is_weekend, noted, peak
from streams.window import HOUR, MINUTE, domain_digest, machine_digest, network_digest, provider_digest

if TYPE_CHECKING:
    from array import array

_AGAIN = 0.1
_A_WHILE = 15.0  # minutes
_LEAST_WEEK = 7.0  # days of use, until it is known at which times of the week
_LEAST_FAILURES = 4.5  # five, of which the first may have begun to fade
_SEVERAL_NETWORKS = 6.0
_BY_LOGIN = frozenset(("sasl", "pop"))
_LEAST_MESSAGES = 10.0  # then it is known from where it sends
_LEAST_DAYS = 0.9  # two half days, of which the first has begun to fade
_NEWEST = SENT_STRANGE.stop - 1  # 0 where there is none


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
    counts[NOW] = noted(counts[NOW], event.at, counts[RECIPIENTS_1H])
    strange = _is_strange(state, event)
    count_manner(state, event, strange=strange)
    if strange:
        counts[STRANGE_1D] += 1
        counts[STRANGE_HOURS_1D] += event.at // HOUR != int(counts[STRANGE_AT]) // 60
        counts[STRANGE_ODD_1D] += _is_odd(counts, event.at)
        counts[STRANGE_AT] = event.at / MINUTE
        sent = state.sketches[SENT_STRANGE]
        state.sketches[SENT_STRANGE] = sent[2:] + _digest(event.queue_id)


def _is_odd(counts: "array[float]", at: int) -> bool:
    """Tell whether the mailbox is never used at that hour, or never sends at such times of the week."""
    if not int(counts[HOURS_USUAL]) & _around(at // HOUR % 24):
        return True
    if counts[DAYS_3W] < _LEAST_WEEK:
        return False
    return not peak(counts[WEEKENDS_USUAL if is_weekend(at) else WORKDAYS_USUAL], at)


def _around(hour: int) -> int:
    """Return the bits of an hour of the day and of those before and after it."""
    return 1 << hour | 1 << (hour + 1) % 24 | 1 << (hour - 1) % 24


def _is_strange(state: MailboxState, event: MessageSubmitted) -> bool:
    """Tell whether a message comes from where this mailbox is not at home, or is only ever read.

    In a customer's network, whose clients all look alike, that is a sender's domain that was never used there, or a
    machine that never sent.
    """
    kind, ip = event.sender_kind, event.client_ip
    if kind == "network":
        domain = _count_place(state, domain_digest(event.envelope_from), event.at)
        machine = bool(ip) and _count_place(state, machine_digest(ip), event.at)
        return domain or machine
    if not ip or kind not in _BY_LOGIN:
        return False
    strange, row = _count_client(state, ip, network_digest(ip), event.at), state.sketches
    place = provider_digest(ip)
    if SENDING.holds(row, place):
        SENDING.mark(row, place)
        return strange
    SENDING_NOW.mark(row, place)
    return strange or (state.counts[MESSAGES_3W] > _LEAST_MESSAGES and SENDING.any(row))


def count_delivery(state: MailboxState, event: DeliveryAttempted) -> None:
    """Add an attempt's domain and, where it is final, its recipient and its outcome."""
    counts = state.counts
    if counts[SENT_AT] >= OWED:
        counts[SENT_AT] -= OWED
    if DOMAINS.mark(state.sketches, domain_digest(event.recipient)):
        counts[DOMAINS_10M] = DOMAINS.distinct(state.sketches)
        _peak(counts, DOMAINS_10M, PEAK_DOMAINS)
    if event.outcome == "deferred":
        return
    counts[ANSWERS_1H] += 1
    counts[ANSWERS_1D] += 1
    counts[ANSWERS_3W] += 1
    known = is_known(state, digest := address_digest(event.recipient))
    row = state.sketches
    if row[_NEWEST] and _digest(event.queue_id) in row[SENT_STRANGE]:
        counts[STRANGE_KNOWN_1D if known else STRANGE_NEW_1D] += 1
        if not known:
            _count_domain(state, event.recipient)
            remember(state, digest)  # the next issue of a newsletter goes to the same
    elif known:
        counts[KNOWN_1D] += 1
        counts[KNOWN_3W] += 1
    else:
        counts[NEW_1D] += 1
        counts[NEW_3W] += 1
        _count_domain(state, event.recipient)
        remember(state, digest)
    if event.outcome == "bounced" and not known:  # a script that mails a dead address for years is no thief
        _count_refusal(counts, blame(event.enhanced_status, event.reply), event.provider)


def _digest(queue_id: str) -> bytes:
    return (crc32(queue_id.encode()) & 0xFFFF | 0x0100).to_bytes(2, "little")  # never 0 behind


def _count_domain(state: MailboxState, recipient: str) -> None:
    """Note a new recipient's domain; one that the mailbox never wrote to counts."""
    if not is_known(state, digest := domain_digest(recipient)):
        state.counts[NEW_DOMAINS_1D] += 1
        state.counts[NEW_DOMAINS_3W] += 1
        remember(state, digest)


def _count_refusal(counts: "array[float]", blamed: Blame, provider: str) -> None:
    """Add a refusal; of content those by one provider in a row count little: its filter dislikes one issue."""
    if blamed == "recipient":
        counts[UNKNOWN_1H] += 1
        counts[UNKNOWN_1D] += 1
        counts[UNKNOWN_3W] += 1
    elif blamed == "content":
        digest = float(crc32(provider.encode()) & 0xFFFF)
        weight = _AGAIN if provider and digest == counts[REFUSER] else 1.0
        counts[REFUSER] = digest
        counts[REFUSED_1H] += weight
        counts[REFUSED_1D] += weight
        counts[REFUSED_3W] += weight


def count_login(state: MailboxState, event: MailboxAuthenticated) -> None:
    """Add a login, good or bad; one the server could not check is skipped."""
    if state.counts[SENT_AT] < OWED:  # a login is seldom worth a look: the message behind it, of the same second, is
        state.counts[SENT_AT] += OWED
    if event.outcome == "succeeded" and event.client_ip:
        _count_reading(state, event)
        network = network_digest(event.client_ip)
        if not CLIENTS.is_new(state.sketches, network):
            return  # all was counted within these five minutes
        _count_client(state, event.client_ip, network, event.at)
        count_service(state, event)
    elif event.outcome == "failed":
        state.counts[FAILED_1H] += max(1, event.attempts)
        _peak(state.counts, FAILED_1H, PEAK_FAILED_1H)
        if event.client_ip:
            FAILING.mark(state.sketches, network_digest(event.client_ip))


def _count_reading(state: MailboxState, event: MailboxAuthenticated) -> None:
    """Note that somebody reads the mailbox from home, to a few minutes."""
    counts, now = state.counts, event.at / MINUTE
    if now - counts[HOME_AT] <= _A_WHILE or event.service not in SERVICES:
        return
    if FAMILIAR.holds(state.sketches, provider_digest(event.client_ip)):
        counts[HOME_AT] = now


def says_something(state: MailboxState) -> bool:
    """Tell whether the logins of a mailbox are worth a look: there was a guess, or there are several networks."""
    return bool(state.counts[GUESSED_AT] or state.counts[NETWORKS_10M] >= _SEVERAL_NETWORKS)


def _count_client(state: MailboxState, ip: str, network: int, at: int) -> bool:
    """Add a network it was used from; tell whether that is not familiar to a mailbox known for more than a day."""
    counts, row = state.counts, state.sketches
    if CLIENTS.mark(row, network):
        counts[NETWORKS_10M] = CLIENTS.distinct(row)
        _peak(counts, NETWORKS_10M, PEAK_NETWORKS)
    return _count_place(state, provider_digest(ip), at, network)


def _count_place(state: MailboxState, place: int, at: int, network: int = 0) -> bool:
    counts, row = state.counts, state.sketches
    counts[HOURS_NOW] = int(counts[HOURS_NOW]) | 1 << at // HOUR % 24
    if FAMILIAR.holds(row, place):
        FAMILIAR.mark(row, place)
        return False
    if UNFAMILIAR.mark(row, place):
        counts[PEAK_FRESH] = max(counts[PEAK_FRESH], UNFAMILIAR.distinct(row))
        _count_guess(state, network, at)
    return bool(counts[DAYS_3W] >= _LEAST_DAYS)


def _count_guess(state: MailboxState, digest: int, at: int) -> None:
    """Note that a new network came in after failures: that looks like a guessed password."""
    counts, row = state.counts, state.sketches
    if counts[FAILED_1H] >= _LEAST_FAILURES and not counts[GUESSED_AT]:
        counts[GUESSED_AT] = at / MINUTE
        counts[GUESS_FAILURES] = counts[FAILED_1H]
        networks = max(1.0, FAILING.distinct(row))
        counts[GUESS_NETWORKS] = -networks if FAILING.holds(row, digest) else networks
