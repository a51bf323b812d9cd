"""What one partition saw leave the relay, folded to counts: the pool's one writer sees thousands, not millions."""

from collections import Counter
from dataclasses import dataclass, field

from schemas.attribution import BLAMING
from schemas.events import ComplaintReceived, DeliveryAttempted, Event
from schemas.facts import Culprit
from schemas.names import derived_id
from schemas.observations import RepliesCounted, TrafficCounted
from streams.replies.counter import ReplyCounter
from streams.replies.table import Table, built_in

TOP_SENDERS = 5


@dataclass(slots=True)
class _Tally:
    outcomes: Counter[str] = field(default_factory=Counter)
    senders: Counter[str] = field(default_factory=Counter)
    complaints: int = 0
    first_at: int = 0
    last_at: int = 0

    def seen(self, at: int) -> None:
        self.first_at = min(self.first_at or at, at)
        self.last_at = max(self.last_at, at)


class TrafficCounter:
    """Counts of one partition since the last `drain`, per outbound IP and provider.

    Local deliveries and those whose outbound IP the log does not tell are skipped. Each recipient counts as a message.
    A complaint counts for the IP that it names, whether or not its sender is known, under no provider, and moves no
    time: it is no sign that the IP sends. Reports that blame nobody (not-spam, opt-out …) do not count. The count is a
    record of what came; the pool gives it no vote (docs/adr/0004). What was deferred or bounced is also counted by what
    the reply was about, as the `table` of replies tells.
    """

    def __init__(self, table: Table | None = None) -> None:
        self._tallies: dict[tuple[str, str], _Tally] = {}
        self._replies = ReplyCounter(table or built_in())

    def add(self, event: Event) -> None:
        """Count a delivery attempt or a complaint; any other event is skipped."""
        if isinstance(event, DeliveryAttempted):
            if event.local or not event.outbound_ip:
                return
            tally = self._tally(event.outbound_ip, event.provider)
            tally.outcomes[event.outcome] += 1
            tally.seen(event.at)
            if event.sender:
                tally.senders[event.sender] += 1
            if event.outcome != "sent":
                self._replies.add(event)
        elif isinstance(event, ComplaintReceived) and event.outbound_ip and event.feedback_type in BLAMING:
            self._tally(event.outbound_ip, "").complaints += 1

    def drain(self, partition: int, at: int) -> tuple[TrafficCounted | RepliesCounted, ...]:
        """Return the counts, sorted by IP and provider and dated `at`, then those of replies, and begin anew."""
        tried = {key: tally.outcomes.total() for key, tally in self._tallies.items()}
        counted = tuple(
            TrafficCounted(
                id=derived_id("traffic", partition, at, ip, provider),
                at=at,
                partition=partition,
                ip=ip,
                provider=provider,
                sent=tally.outcomes["sent"],
                deferred=tally.outcomes["deferred"],
                bounced=tally.outcomes["bounced"],
                complaints=tally.complaints,
                first_at=tally.first_at,
                last_at=tally.last_at,
                senders=ranked(tally.senders, TOP_SENDERS),
            )
            for (ip, provider), tally in sorted(self._tallies.items(), key=lambda item: item[0])
        )
        self._tallies = {}
        return (*counted, *self._replies.drain(partition, at, tried))

    def _tally(self, ip: str, provider: str) -> _Tally:
        return self._tallies.setdefault((ip, provider), _Tally())


def ranked(senders: Counter[str], most: int) -> tuple[Culprit, ...]:
    """Return the senders of most messages, at most `most`, by number and then by name."""
    first = sorted(senders.items(), key=lambda item: (-item[1], item[0]))[:most]
    return tuple(Culprit(sender=sender, messages=messages) for sender, messages in first)
