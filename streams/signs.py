"""What others say of a mailbox adds to its counts, in place: complaints, spam filters, withdrawn IPs, leak lists."""

from schemas.attribution import BLAMING
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


def count_complaint(state: MailboxState, event: ComplaintReceived) -> None:
    """Add a complaint, as far as its sender is sure; reports of other kinds (not-spam, opt-out) are skipped.

    An event of a release that did not say how sure is sure.
    """
    if event.feedback_type.lower() in BLAMING:
        confidence = event.confidence or 1.0
        state.counts[COMPLAINTS_1D] += confidence
        state.counts[COMPLAINTS_3W] += confidence


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
