"""What a mailbox forgets, in place, when an operator found it to be in order, or its password is new."""

from streams.habits import (
    CLIENTS,
    CULPRIT_AT,
    DOMAINS,
    FAILING,
    FAMILIAR,
    GUESS_FAILURES,
    GUESS_NETWORKS,
    GUESSED_AT,
    LEAKED_AT,
    NEW_DOMAINS_3W,
    NOW,
    OF_A_DAY,
    PEAK_MESSAGES_10M,
    RECIPIENTS_3W,
    SENDING,
    SENDING_NOW,
    SENT_STRANGE,
    STRANGE_AT,
    UNFAMILIAR,
    WAYS,
    WAYS_USUAL,
    MailboxState,
)
from streams.travels import forgotten


def forget_lately(state: MailboxState) -> None:
    """Forget what was done lately but not what is usual, in place: an operator found the mailbox to be in order."""
    counts = state.counts
    for slot in (
        *range(RECIPIENTS_3W),
        *range(PEAK_MESSAGES_10M, NEW_DOMAINS_3W),
        GUESS_FAILURES,
        GUESS_NETWORKS,
        *OF_A_DAY,
    ):
        counts[slot] = 0.0
    FAMILIAR.absorb(state.sketches, UNFAMILIAR, whole=True)
    SENDING.absorb(state.sketches, SENDING_NOW, whole=True)
    for sketch in (CLIENTS, DOMAINS, FAILING, UNFAMILIAR, SENDING_NOW):
        sketch.forget(state.sketches)
    for slot in (GUESSED_AT, STRANGE_AT, CULPRIT_AT, LEAKED_AT, NOW):
        counts[slot] = 0.0
    counts[WAYS_USUAL] = int(counts[WAYS_USUAL]) & WAYS
    state.sketches[SENT_STRANGE] = bytes(SENT_STRANGE.stop - SENT_STRANGE.start)
    state.travels = forgotten(state.travels)


def disown(state: MailboxState) -> None:
    """Forget the networks and countries of the last half day, in place: the password was another's, too."""
    for sketch in (UNFAMILIAR, SENDING_NOW):
        sketch.forget(state.sketches)
    state.travels = forgotten(state.travels)
