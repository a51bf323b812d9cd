"""What counting replies costs the fold of mail events, on one core: `python -m bench.replies`.

The same events are folded with and without it, by turns, so that what else the machine does weighs on both alike.
"""

import time

from bench.folding import events_of
from bench.reading import history
from schemas.events import DeliveryAttempted, Event
from schemas.facts import ReplyKind
from schemas.mailbox_settings import Mailboxes
from streams.mailboxes import MailboxState, step, subject_of
from streams.replies.counter import ReplyCounter
from streams.replies.table import Table
from streams.traffic import TrafficCounter

_RUNS = 5
A_SECOND = 20_000
"""How many events lie between two drains: a worker drains once a second."""


class _Deaf(ReplyCounter):
    """Counts nothing: the fold without what is measured."""

    def add(self, event: DeliveryAttempted) -> ReplyKind:  # noqa: ARG002 as what it stands for
        """Say what a refusal is about without a look at it."""
        return "other"


def fold(events: list[Event], counter: TrafficCounter) -> int:
    """Fold all events by mailbox and by traffic; return how many counts came out."""
    states: dict[str, MailboxState] = {}
    limits, counted = Mailboxes(), 0
    for number, begin in enumerate(range(0, len(events), A_SECOND)):
        for event in events[begin : begin + A_SECOND]:
            counter.add(event)
            subject = subject_of(event)
            if subject:
                states[subject], _ = step(states.get(subject), event, limits)
        counted += len(counter.drain(0, number))
    return counted


def timed(events: list[Event], *, deaf: bool) -> float:
    """Return the CPU seconds of a fold."""
    table = Table()  # that knows no reply yet
    counter = TrafficCounter(table)
    if deaf:
        counter._replies = _Deaf(table)  # noqa: SLF001 the fold has no switch for it
    begun = time.process_time()
    fold(events, counter)
    return time.process_time() - begun


def main() -> None:
    """Measure and print: the fastest of five runs of either kind, as what else runs can only slow one down."""
    events = events_of(history())
    refused = sum(isinstance(event, DeliveryAttempted) and event.outcome != "sent" for event in events)
    pairs = [(timed(events, deaf=True), timed(events, deaf=False)) for _ in range(_RUNS)]
    without, counting = (min(times) for times in zip(*pairs, strict=True))
    print(
        f"{len(events):,} events, {refused:,} of them refusals: {len(events) / without:,.0f} events/s without, "
        f"{len(events) / counting:,.0f} with the counting of replies: {100 * (counting / without - 1):.1f} %"
    )


if __name__ == "__main__":
    main()
