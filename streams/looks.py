"""Looking at mailboxes in whose logs nothing happens: who is watched or worse and falls silent is released, too.

At each full hour of the events' own time, so that a replay looks at the same moments.
"""

from collections.abc import Iterator

from schemas.events import ClockTicked
from schemas.mailbox_events import MailboxDecision
from schemas.mailbox_settings import Mailboxes
from schemas.names import derived_id
from streams import mailboxes
from streams.mailboxes import MailboxState
from streams.window import HOUR


class Looks:
    """When the mailboxes were looked at last."""

    def __init__(self, limits: Mailboxes) -> None:
        self._limits = limits
        self.next = 0

    def at(self, states: dict[str, MailboxState], now: int) -> Iterator[tuple[str, tuple[MailboxDecision, ...]]]:
        """Let time pass, in place, until the full hour at or before `now`; yield who was looked at and what follows."""
        hour = now - now % HOUR
        self.next = hour + HOUR
        tick = ClockTicked(id=derived_id("tick", hour), at=hour)
        for mailbox, state in states.items():
            if state.step and state.aged < hour:  # read again after a crash, it may be past that
                states[mailbox], decided = mailboxes.step(state, tick, self._limits)
                yield mailbox, decided
