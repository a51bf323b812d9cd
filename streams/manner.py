"""How a mailbox sends: by which ways, under whose name, and whether one mail is about as large as the one before."""

from schemas.events import MailboxAuthenticated, MessageSubmitted
from streams.habits import (
    ABROAD_1D,
    ABSENT_1D,
    ALIKE_1D,
    ALIKE_3W,
    ELSEWHERE_1D,
    FOREIGN_1D,
    FOREIGN_3W,
    HOME_AT,
    MESSAGES_1D,
    NEAR_1D,
    NOW,
    POP_1D,
    RECIPIENTS_1H,
    SENT_AT,
    SIZE_HOME,
    SIZE_STRANGE,
    SPACED_1D,
    SPACED_3W,
    STRANGE_ALIKE_1D,
    STRANGE_SPACED_1D,
    WAYS,
    WAYS_USUAL,
    MailboxState,
    absent,
)
from streams.travels import KNOWN, NEW_AS, NEW_COUNTRY, noted
from streams.window import SECOND

POP, OTHER_METHOD = 1, 2
SERVICES = {"imap": 4, "pop3": 8, "managesieve": 16}
_METHODS = {"": 0, "PLAIN": 32, "LOGIN": 32}
_WRAPS = 1 << 16
_A_RUN = 20  # seconds: mails that follow faster are a serial letter, one decision of one sender
_ANSWERS_1H = 6.0  # a program that answers for an owner on holiday seldom sends more in an hour
_A_CHUNK, _OF_A_CHUNK = 20, 0.3  # a serial letter in mails to so many each is hardly more than one decision, either
_SMALLER, _LARGER = 0.8, 1.25


def count_manner(state: MailboxState, event: MessageSubmitted, *, strange: bool) -> None:
    """Add what a message tells of the way it was sent, in place."""
    counts = state.counts
    counts[MESSAGES_1D] += 1
    kind = event.sender_kind
    if kind == "sasl" or kind == "pop":  # noqa: PLR1714 a set costs more
        if event.envelope_from != event.sender and _is_foreign(event.envelope_from, event.sender):
            counts[FOREIGN_1D] += 1
            counts[FOREIGN_3W] += 1
        way = POP if kind == "pop" else _METHODS.get(event.sasl_method, OTHER_METHOD)
        if way and not int(counts[WAYS_USUAL]) & way:
            counts[NOW] = int(counts[NOW]) | way
            counts[POP_1D] += way == POP and int(counts[WAYS_USUAL]) & WAYS > 0
    if event.client_country or event.client_asn:
        _count_travel(state, event, strange=strange)
    _count_size(state, event, strange=strange)


def _is_foreign(envelope: str, sender: str) -> bool:
    """Tell whether an envelope names somebody else than the login; the null sender is nobody."""
    name = envelope.lower()
    return bool(name) and (name if "@" in sender else name.partition("@")[0]) != sender


def _count_size(state: MailboxState, event: MessageSubmitted, *, strange: bool) -> None:
    counts = state.counts
    now = event.at // SECOND % _WRAPS
    gap = (now - int(counts[SENT_AT])) % _WRAPS
    counts[SENT_AT] = now
    slot = SIZE_STRANGE if strange else SIZE_HOME
    last, size = counts[slot], event.size
    counts[slot] = size
    spaced = gap >= _A_RUN
    alike = spaced and _SMALLER * last < size < _LARGER * last  # never where the log tells no size
    if counts[HOME_AT] > 0:
        counts[ABSENT_1D] += absent(state) * min(1.0, max(0.0, 2.0 - counts[RECIPIENTS_1H] / _ANSWERS_1H))
    if not spaced:
        return
    weight = _OF_A_CHUNK if (event.recipients or 1) >= _A_CHUNK else 1.0
    if strange:
        counts[STRANGE_SPACED_1D] += weight
        counts[STRANGE_ALIKE_1D] += weight * alike
    else:
        counts[SPACED_1D] += weight
        counts[SPACED_3W] += weight
        counts[ALIKE_1D] += weight * alike
        counts[ALIKE_3W] += weight * alike


def count_service(state: MailboxState, event: MailboxAuthenticated) -> None:
    """Add what a good login tells of the way it was made, in place."""
    counts, way = state.counts, SERVICES.get(event.service, 0)
    if way and not (int(counts[WAYS_USUAL]) | int(counts[NOW])) & way:
        counts[NOW] = int(counts[NOW]) | way
    if event.client_country or event.client_asn:
        state.travels, _ = noted(state.travels, event)


def _count_travel(state: MailboxState, event: MessageSubmitted, *, strange: bool) -> None:
    state.travels, news = noted(state.travels, event)
    state.counts[ABROAD_1D] += news == NEW_COUNTRY
    state.counts[ELSEWHERE_1D] += news == NEW_AS
    state.counts[NEAR_1D] += strange and news == KNOWN and event.client_asn > 0
