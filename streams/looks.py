"""Looking at mailboxes in whose logs nothing happens: who is watched or worse and falls silent is released, too.

At each full hour of the events' own time, and at each ten minutes where an order ends, so that a replay looks at the
same moments. Who is watched only since by an event that came late (a complaint) is looked at for the last of these
moments at once, as he would be after a restart.
"""

from collections.abc import Iterator

from schemas.customers import Customers
from schemas.mailbox_events import MailboxDecision
from schemas.mailbox_settings import Mailboxes
from schemas.names import derived_id
from schemas.observations import ClockTicked
from streams import mailboxes
from streams.mailboxes import MailboxState
from streams.states import States
from streams.window import HOUR, MINUTE

_TEN_MINUTES = 10 * MINUTE
_NOBODY = Customers({})


class Looks:
    """When the mailboxes were looked at last."""

    def __init__(self, limits: Mailboxes, customers: Customers = _NOBODY) -> None:
        self._limits = limits
        self._customers = customers
        self._hour = 0
        self._moment = 0
        self.next = 0

    def at(self, states: States, now: int) -> Iterator[tuple[str, tuple[MailboxDecision, ...]]]:
        """Let time pass, in place, up to the last full ten minutes; yield who was looked at and what follows."""
        self._hour, self._moment = now - now % HOUR, now - now % _TEN_MINUTES
        self.next = self._moment + _TEN_MINUTES
        for state in states.watched():
            yield from self.overlooked(states, state)

    def overlooked(self, states: States, state: MailboxState) -> Iterator[tuple[str, tuple[MailboxDecision, ...]]]:
        """Look at a mailbox at the moments that are due: the hour, if it is behind that, and the end of an order."""
        if state.step and state.aged < self._hour:
            yield self._look(states, state, self._hour)
        if state.hold is not None and 0 < state.hold.until <= self._moment:
            yield self._look(states, state, self._moment)

    def _look(self, states: States, state: MailboxState, at: int) -> tuple[str, tuple[MailboxDecision, ...]]:
        """Tell it the time; read again after a crash, a state may be past that: then nothing fades."""
        tick = ClockTicked(id=derived_id("tick", at), at=at)
        _, decided = mailboxes.step(state, tick, self._limits, self._customers)
        states.note(state)
        return state.mailbox, decided
