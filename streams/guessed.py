"""Names that nobody has: somebody failed to log in under them, and nothing else is known of them.

Each has a state, since it may be a mailbox whose thief is about to succeed. Once it is silent for so long that nothing
of it counts any more, it is forgotten; else whoever guesses would fill the memory for ever.
"""

from collections.abc import Iterator
from math import log

from streams.habits import (
    FAILED_1H,
    FAILING,
    HOME_AT,
    PEAK_FAILED_1H,
    SENT_AT,
    SLOTS,
    USUAL_FAILED_1H,
    MailboxState,
    usual,
)
from streams.states import States
from streams.window import DAY

_WEEKS = 21 * DAY  # the time constant of what is usual
_FAILURES = frozenset((FAILED_1H, PEAK_FAILED_1H, USUAL_FAILED_1H, SENT_AT, HOME_AT))
_OTHERS = tuple(slot for slot in range(SLOTS) if slot not in _FAILURES)
_BEHIND = FAILING.start + 2 * FAILING.size


def is_guessed(state: MailboxState) -> bool:
    """Tell whether nothing but failed logins is known of a name."""
    if state.step or state.hold is not None or state.recent or state.travels:
        return False
    if any(map(state.counts.__getitem__, _OTHERS)):
        return False
    return not any(state.sketches[: FAILING.start]) and not any(state.sketches[_BEHIND:])


def forgotten_at(state: MailboxState) -> int:
    """Return from when on the failures count for nothing: a day, or when as many as were usual are what anybody has."""
    counts = state.counts
    anybody = usual(_NEVER.counts, USUAL_FAILED_1H)
    most = max(counts[USUAL_FAILED_1H], min(counts[PEAK_FAILED_1H], 2 * usual(counts, USUAL_FAILED_1H)), anybody)
    return state.aged + DAY + int(_WEEKS * log(most / anybody))


_NEVER = MailboxState(mailbox="")


class Guessed:
    """The names of a partition that may be nobody's, and how far each had come at the last look, a day apart."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._day = 0

    def begin(self, mailbox: str) -> None:
        """Note a name that is seen for the first time."""
        self._names[mailbox] = 0

    def restore(self, state: MailboxState) -> None:
        """Note a state that was read back."""
        if is_guessed(state):
            self._names[state.mailbox] = 0
        else:
            self._names.pop(state.mailbox, None)

    def end(self, mailbox: str) -> None:
        """Note that a name is forgotten already."""
        self._names.pop(mailbox, None)

    def holds(self, state: MailboxState) -> bool:
        """Tell whether a name is one that nobody has, as far as is known."""
        return state.mailbox in self._names and is_guessed(state)

    def faded(self, states: States, now: int) -> Iterator[str]:
        """Yield, and take out of the states, the names that are over; each day of the events' time is one look.

        A name must have been silent between two looks: a log that is read late is no silence.
        """
        if now // DAY == self._day:
            return
        self._day = now // DAY
        for mailbox, before in tuple(self._names.items()):
            state = states[mailbox]
            far = hash(state.applied)
            if not is_guessed(state):
                del self._names[mailbox]
            elif far == before and forgotten_at(state) <= now:
                del self._names[mailbox]
                states.remove(mailbox)
                yield mailbox
            else:
                self._names[mailbox] = far
