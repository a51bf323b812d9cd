"""What one partition saw leave the relay, folded to counts: the pool's one writer sees thousands, not millions."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from schemas.attribution import BLAMING, SIGNED
from schemas.events import ComplaintReceived, DeliveryAttempted, Event
from schemas.names import derived_id
from schemas.observations import RepliesCounted, TrafficCounted
from streams.replies.counter import ReplyCounter
from streams.replies.table import Table, built_in
from streams.sentby import SentBy, told


def _unknown(_sender: str) -> int:
    return 0


@dataclass(slots=True)
class _Tally:
    outcomes: Counter[str] = field(default_factory=Counter)
    senders: dict[str, SentBy] = field(default_factory=dict)
    complaints: int = 0
    first_at: int = 0
    last_at: int = 0

    def seen(self, at: int) -> None:
        self.first_at = min(self.first_at or at, at)
        self.last_at = max(self.last_at, at)

    def sent_by(self, sender: str) -> SentBy:
        found = self.senders.get(sender)
        if found is None:
            found = self.senders[sender] = SentBy()
        return found


class TrafficCounter:
    """Counts of one partition since the last `drain`, per outbound IP and provider.

    Local deliveries and those whose outbound IP the log does not tell are skipped. Each recipient counts as a message.
    A complaint counts for the IP that it names, whether or not its sender is known, under no provider, and moves no
    time: it is no sign that the IP sends. Reports that blame nobody (not-spam, opt-out …) do not count. The count is a
    record of what came; the pool gives it no vote (docs/adr/0004). Mail that is known by its envelope only counts, but
    names nobody (docs/adr/0003). What was deferred or bounced is also counted by what the reply was about, as the
    `table` of replies tells.
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
            kind = self._replies.add(event) if event.outcome != "sent" else None
            if event.sender and event.sender_kind != "envelope":
                tally.sent_by(event.sender).add(event, kind)
        elif isinstance(event, ComplaintReceived) and event.outbound_ip and event.feedback_type in BLAMING:
            tally = self._tally(event.outbound_ip, "")
            tally.complaints += 1
            if event.sender and event.confidence >= SIGNED:
                tally.sent_by(event.sender).complaints += 1

    def drain(
        self, partition: int, at: int, networks: Callable[[str], int] = _unknown
    ) -> tuple[TrafficCounted | RepliesCounted, ...]:
        """Return the counts, sorted by IP and provider and dated `at`, then those of replies, and begin anew.

        `networks` tells from how many client networks a sender was used within the last minutes.
        """
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
                senders=told(tally.senders, networks),
            )
            for (ip, provider), tally in sorted(self._tallies.items(), key=lambda item: item[0])
        )
        self._tallies = {}
        return (*counted, *self._replies.drain(partition, at, tried))

    def _tally(self, ip: str, provider: str) -> _Tally:
        return self._tallies.setdefault((ip, provider), _Tally())
