"""What the desk would do now, done once: `relaywarden sunset send`, for a timer on hosts where no desk runs."""

import time
from collections.abc import Callable
from typing import NamedTuple

from schemas.events import Event
from schemas.settings import Settings
from streams.desk import Task, only_desk
from streams.journal import Journal
from streams.letter_task import Posted
from streams.operating import now
from streams.sunset_desk import Sunsets
from streams.topiclog import LogAwayError

_PATIENCE_SECONDS = 120.0
_PAUSE_SECONDS = 0.2


class Sent(NamedTuple):
    """How many letters were taken and refused, and how many are left: not due yet, held, or beyond the hour's limit."""

    sent: int
    refused: int
    left: int


def once(settings: Settings, advance: Callable[[int], None]) -> Sent:
    """Look, decide, and hand over what is due; `advance` is told of letters that ended.

    ValueError where a desk works with the same data, OSError where log or warehouse are away or the sink lies behind.
    """
    begun = now()
    with only_desk(settings.data):
        sunsets = Sunsets(settings, now, lambda: None)
        posted = Posted(settings, now, lambda: sunsets.ledgers, sunsets.accounts)
        tasks: tuple[Task, ...] = (sunsets, posted)

        def told(event: Event) -> None:
            for task in tasks:
                task.take(event)

        try:
            with Journal(settings.kafka, told, lambda: None) as journal:
                journal.read()
                _looked(sunsets, journal)
                _handed_over(posted, journal, begun, advance)
        except LogAwayError as error:
            raise OSError(f"the log is away: {error}") from error
        ended = posted.ended_since(begun)
        taken = sum(letter.status == "sent" for letter in ended)
        return Sent(taken, len(ended) - taken, posted.left())


def _looked(sunsets: Sunsets, journal: Journal) -> None:
    """Have the sunsets looked at. OSError where they could not be within two minutes."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        sunsets.turn(journal)
        journal.read()
        if sunsets.decided:
            return
        if sunsets.failure:
            raise OSError(sunsets.failure)
        if time.monotonic() > until:
            raise OSError(f"the sink has not stored within {_PATIENCE_SECONDS:.0f} s what is in the log")
        time.sleep(_PAUSE_SECONDS)


def _handed_over(posted: Posted, journal: Journal, begun: int, advance: Callable[[int], None]) -> None:
    """Hand over until nothing is due, or a whole turn brought nothing on its way: the hour's limit is reached."""
    ended, idle = 0, False
    while True:
        posted.turn(journal)
        journal.read()
        newly = len(posted.ended_since(begun)) - ended
        advance(newly)
        ended += newly
        if not posted.due() or (idle and not newly):
            return
        idle = not newly
