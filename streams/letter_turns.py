"""Who goes first where `per_hour` is too small for all: whose letters were withdrawn, the most in a row first."""

from typing import NamedTuple

from schemas.mailbox_events import WITHDRAWN, NoticeSent


class _Last(NamedTuple):
    """The last letter of a customer that ended, and how many that were withdrawn stand in a row with it."""

    message_id: str
    missed: int


class Turns:
    """How often in a row the letters of each customer of a sunset were withdrawn, as the topic tells."""

    def __init__(self) -> None:
        self.start_over()

    def start_over(self) -> None:
        """Forget all: the topic comes from its beginning."""
        self._last: dict[tuple[str, str], _Last] = {}

    def take(self, event: NoticeSent) -> None:
        """Take in how a letter ended; what is told twice counts once."""
        whose = event.sunset, event.customer
        before = self._last.get(whose, _Last("", 0))
        if event.status == "intended" or event.message_id == before.message_id:
            return
        if event.status == "refused" and event.reply.startswith(WITHDRAWN):
            self._last[whose] = _Last(event.message_id, before.missed + 1)
        else:
            self._last.pop(whose, None)

    def missed(self, sunset: str, customer: str) -> int:
        """Return how many letters of a customer were withdrawn in a row, to now."""
        return self._last.get((sunset, customer), _Last("", 0)).missed
