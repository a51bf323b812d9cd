"""What others say of a mailbox adds to its counts, in place: complaints, spam filters, withdrawn IPs, leak lists."""

from zlib import crc32

from schemas.attribution import BLAMING, SIGNED
from schemas.events import ComplaintReceived, MessageScored
from schemas.mailbox_events import CulpritNamed, IdentityLeaked
from streams.habits import (
    COMPLAINTS_1D,
    COMPLAINTS_3W,
    CULPRIT,
    CULPRIT_AT,
    LEAKED_AT,
    SCORED_1D,
    SCORED_3W,
    SPAM_1D,
    SPAM_3W,
    MailboxState,
    since,
)
from streams.window import DAY, MINUTE

_REMEMBERED = 7 * DAY
_OF_THE_LOG = frozenset(("queue_id", "message_id"))


def count_complaint(state: MailboxState, event: ComplaintReceived) -> None:
    """Add a complaint, as far as its sender is sure; reports of other kinds (not-spam, opt-out) are skipped.

    So are those that anybody can invent: a line in the reported header that the log does not confirm, and a second
    report about one mail to one recipient. An event of a release that did not say how sure is sure.
    """
    if event.feedback_type.lower() not in BLAMING or not (_is_sure(event) and _is_first(state, event)):
        return
    confidence = event.confidence or 1.0
    state.counts[COMPLAINTS_1D] += confidence
    state.counts[COMPLAINTS_3W] += confidence


def _is_sure(event: ComplaintReceived) -> bool:
    return not 0 < event.confidence < SIGNED or event.attribution in _OF_THE_LOG


def _is_first(state: MailboxState, event: ComplaintReceived) -> bool:
    """Tell whether nobody complained of this mail to this recipient lately, and note that somebody does."""
    mail = event.queue_id or event.message_id
    if not mail:
        return True
    digest = crc32(f"{mail} {event.recipient.lower()}".encode()).to_bytes(4, "little")
    if digest in state.recent:
        return False
    state.recent += digest
    return True


def count_score(state: MailboxState, event: MessageScored) -> None:
    """Add what a spam filter of ours made of a message."""
    counts, spam = state.counts, event.score >= event.threshold
    counts[SCORED_1D] += 1
    counts[SCORED_3W] += 1
    counts[SPAM_1D] += spam
    counts[SPAM_3W] += spam


def count_culprit(state: MailboxState, event: CulpritNamed) -> None:
    """Note that a withdrawn IP carried this mailbox's mail; of several within a week the largest share counts."""
    counts = state.counts
    before = counts[CULPRIT] if counts[CULPRIT_AT] and since(state, CULPRIT_AT) < _REMEMBERED else 0.0
    if event.share >= before:
        counts[CULPRIT] = event.share
        counts[CULPRIT_AT] = event.at / MINUTE


def count_leak(state: MailboxState, event: IdentityLeaked) -> None:
    """Note that the mailbox stands in a list of stolen identities."""
    state.counts[LEAKED_AT] = event.at / MINUTE
