"""Looking at mailboxes in whose logs nothing happens: who is watched or worse and falls silent is released, too.

At each full hour of the events' own time, and at each ten minutes where an order ends, so that a replay looks at the
same moments.
"""

from collections.abc import Iterator

from schemas.customers import Customers
from schemas.mailbox_events import MailboxDecision
from schemas.mailbox_settings import Mailboxes
from schemas.names import derived_id
from schemas.observations import ClockTicked
from streams import mailboxes
from streams.mailboxes import MailboxState
from streams.window import HOUR, MINUTE

_TEN_MINUTES = 10 * MINUTE
_NOBODY = Customers({})


class Looks:
    """When the mailboxes were looked at last."""

    def __init__(self, limits: Mailboxes, customers: Customers = _NOBODY) -> None:
        self._limits = limits
        self._customers = customers
        self._hour = 0
        self.next = 0

    def at(self, states: dict[str, MailboxState], now: int) -> Iterator[tuple[str, tuple[MailboxDecision, ...]]]:
        """Let time pass, in place, up to the last full ten minutes; yield who was looked at and what follows."""
        hour, moment = now - now % HOUR, now - now % _TEN_MINUTES
        self.next = moment + _TEN_MINUTES
        if hour != self._hour:
            self._hour = hour
            due = [name for name, state in states.items() if state.step and state.aged < hour]
            yield from self._look(states, due, hour)
        due = [name for name, state in states.items() if state.hold and 0 < state.hold.until <= moment]
        yield from self._look(states, due, moment)

    def _look(
        self, states: dict[str, MailboxState], names: list[str], at: int
    ) -> Iterator[tuple[str, tuple[MailboxDecision, ...]]]:
        tick = ClockTicked(id=derived_id("tick", at), at=at)
        for name in names:  # read again after a crash, a state may be past that: then nothing fades
            states[name], decided = mailboxes.step(states[name], tick, self._limits, self._customers)
            yield name, decided
