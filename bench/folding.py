"""How many events a second the mailbox fold takes, all rules on, on one core: `python -m bench.folding`."""

import time
from datetime import UTC, datetime

from bench.reading import RUNS, TRANSPORTS, history
from collectors.reading import LogReader
from schemas.events import Event
from schemas.mailbox_settings import Mailboxes
from streams.mailboxes import MailboxState, step, subject_of


def events_of(log: bytes) -> list[Event]:
    """Return the events of a log."""
    reader = LogReader(
        "0123456789abcdef",
        name="bench",
        format="postfix",
        host="",
        zone="UTC",
        outbound_ips=TRANSPORTS,
        networks={},
        reference=datetime.now(UTC),  # noqa: TID251 the log's year is this one or the last
    )
    return [event for offset, line in enumerate(log.splitlines()) for event in reader.read(line, offset)]


def fold(events: list[Event], limits: Mailboxes) -> tuple[int, int]:
    """Fold all events by mailbox; return how many mailboxes and decisions there are."""
    states: dict[str, MailboxState] = {}
    decisions = 0
    for event in events:
        subject = subject_of(event)
        if subject:
            states[subject], decided = step(states.get(subject), event, limits)
            decisions += len(decided)
    return len(states), decisions


def main() -> None:
    """Measure and print: the median of five runs, in CPU seconds."""
    events = events_of(history())
    took = []
    for _ in range(RUNS):
        begun = time.process_time()
        mailboxes, decisions = fold(events, Mailboxes())
        took.append(time.process_time() - begun)
    median = sorted(took)[RUNS // 2]
    spread = f"{len(events) / max(took):,.0f}-{len(events) / min(took):,.0f}"
    figure = f"{len(events) / median:,.0f} events/s (of {RUNS} runs: {spread})"
    print(f"{len(events):,} events of {mailboxes} mailboxes, {decisions} decisions: {figure}")


if __name__ == "__main__":
    main()
