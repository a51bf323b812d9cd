"""The orders of stages that pages gave and nobody answered yet: the desk follows each once, or says why it does not."""

from collections.abc import Mapping

from msgspec.structs import replace

from schemas.names import derived_id
from schemas.sunset_events import StageOrdered, StageRefused, StageStepped, SunsetEvent
from schemas.sunset_settings import Sunset
from streams.stage_orders import Book, ordered
from streams.sunset.ledger import Ledgers
from streams.sunset.weeks import HOUR

_TOO_OLD = "nobody could follow it for an hour, and much may have changed since: order it again"


class Asked:
    """The orders without an answer, in the order of the log."""

    def __init__(self) -> None:
        self._open: dict[str, StageOrdered] = {}

    def take(self, event: StageOrdered | StageStepped | StageRefused) -> None:
        """Take in an order, or what may be the answer to one."""
        if isinstance(event, StageOrdered):
            self._open[event.id] = event
        elif event.answers:
            self._open.pop(event.answers, None)

    def next(self) -> StageOrdered | None:
        """Return the order that is to be answered now, None where there is none."""
        return next(iter(self._open.values()), None)


def answer(order: StageOrdered, sunsets: Mapping[str, Sunset], ledgers: Ledgers, at: int) -> list[SunsetEvent]:
    """Return what follows from an order at a moment: the steps, or that it is refused.

    One that waited for longer than an hour, as while no desk ran, is refused: it was given for what was then.
    """
    if at - order.at > HOUR:
        return [_refused(order, _TOO_OLD, at)]
    if order.sunset not in sunsets:
        return [_refused(order, f"no sunset {order.sunset!r} is configured", at)]
    book = Book(order.sunset, sunsets[order.sunset])
    book.ledger = ledgers.get(order.sunset, book.ledger)
    try:
        events = ordered(book, order.action, order.stage, at, reason=order.reason, operator=order.operator)
    except ValueError as error:
        return [_refused(order, str(error), at)]
    return [replace(event, answers=order.id) if isinstance(event, StageStepped) else event for event in events]


def _refused(order: StageOrdered, why: str, at: int) -> StageRefused:
    return StageRefused(
        id=derived_id("stage refused", order.id),
        at=at,
        sunset=order.sunset,
        stage=order.stage,
        action=order.action,
        answers=order.id,
        operator=order.operator,
        reason=why,
    )
