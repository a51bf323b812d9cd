"""Which orders to read dead letters again are open: a fold of the topic `dead.retries`."""

from collections.abc import Iterator

from schemas.events import Event
from schemas.retry_events import LetterTried, RetryOrdered

_OPEN = 7 * 86_400_000_000
_PREVIEW_OPEN = 600_000_000


class RetryOrders:
    """The orders of a week, and previews of ten minutes: who asked for one waits for it."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._orders: dict[str, RetryOrdered] = {}
        self._answered: dict[str, set[str]] = {}

    def take(self, event: Event) -> None:
        """Take in an event. A letter that another host read is done; one that it could not read is not."""
        if isinstance(event, RetryOrdered):
            self._orders[event.id] = event
        elif isinstance(event, LetterTried) and (event.host == self._host or event.outcome == "recovered"):
            self._answered.setdefault(event.order, set()).add(event.letter)

    def close(self, order: RetryOrdered) -> None:
        """Forget an order of which nothing is left to do here."""
        self._orders.pop(order.id, None)
        self._answered.pop(order.id, None)

    def open(self, now: int) -> Iterator[tuple[RetryOrdered, tuple[str, ...]]]:
        """Yield the orders that are open at `now` (microseconds), the oldest first, with the letters left to do."""
        for order in sorted(self._orders.values(), key=lambda each: (each.at, each.id)):
            left = tuple(each for each in order.letters if each not in self._answered.get(order.id, ()))
            if left and now - order.at <= (_PREVIEW_OPEN if order.preview else _OPEN):
                yield order, left
            else:
                self.close(order)
