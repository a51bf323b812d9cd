"""What was sent, kept in memory for a backtest: only what the complaints at hand may ask for.

The complaints are known beforehand: a message is kept only where one of them names its Message-ID, and a delivery only
under a queue id that one of them names, or of such a message. Of those alike a few are kept, and of all together at
most `limit` (some 1 KB each); then the oldest go first.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from collectors.attribution import Delivered, Submitted, attribute, candidates
from schemas.events import ComplaintReceived, DeliveryAttempted, Event, MessageSubmitted

_MOST_KEPT = 100_000
_MOST_ALIKE = 20  # as in schemas/clickhouse/011_complaint_confidence.sql
_Row = TypeVar("_Row", Submitted, Delivered)


class _Kept(Generic[_Row]):
    """The rows under one id, the oldest first, and how many of them are alike."""

    def __init__(self) -> None:
        self._rows: list[tuple[_Row, Hashable]] = []  # an empty deque takes 600 bytes
        self._alike: Counter[Hashable] = Counter()

    def __bool__(self) -> bool:
        return bool(self._rows)

    def __iter__(self) -> Iterator[_Row]:
        return (row for row, _ in self._rows)

    def add(self, row: _Row, alike: Hashable, *, always: bool = False) -> bool:
        """Keep a row, unless enough alike are kept; tell whether it is."""
        if not always and self._alike[alike] >= _MOST_ALIKE:
            return False
        self._alike[alike] += 1
        self._rows.append((row, alike))
        return True

    def drop(self) -> None:
        """Let the oldest row go."""
        _, alike = self._rows.pop(0)
        self._alike[alike] -= 1


class _Place(NamedTuple):
    """Where a row is kept, and which queue id is followed because of it."""

    of_submitted: bool
    key: str
    followed: str


class SentIndex:
    """The log of what was sent (`collectors.attribution.SentLog`), as far as these complaints need it."""

    def __init__(self, complaints: Iterable[ComplaintReceived], *, limit: int = _MOST_KEPT) -> None:
        told = list(complaints)
        self._message_ids = {each.message_id for each in told if each.message_id}
        self._named = {each.queue_id for each in told if each.queue_id}
        self._recipients = {each.recipient.lower() for each in told if "@" in each.recipient}
        self._followed: set[str] = set()
        self._limit = limit
        self._order: deque[_Place] = deque()
        self._submitted: defaultdict[str, _Kept[Submitted]] = defaultdict(_Kept)
        self._delivered: defaultdict[str, _Kept[Delivered]] = defaultdict(_Kept)

    def __len__(self) -> int:
        return len(self._order)

    def note(self, event: Event) -> None:
        """Keep a message or a delivery that a complaint may be about; any other event is skipped."""
        if isinstance(event, MessageSubmitted):
            if event.message_id in self._message_ids:
                self._submit(event)
        elif isinstance(event, DeliveryAttempted) and event.outcome == "sent" and self._is_wanted(event.queue_id):
            self._deliver(event)

    def submitted(self, message_id: str, since: int, until: int) -> Sequence[Submitted]:
        """Return the messages with a Message-ID, the newest first."""
        rows = [row for row in self._submitted.get(message_id, ()) if since <= row.at <= until]
        return rows[::-1]

    def delivered(self, queue_ids: Sequence[str], recipient: str, since: int, until: int) -> Sequence[Delivered]:
        """Return the deliveries under these queue ids, those to `recipient` first."""
        rows = (row for each in queue_ids for row in self._delivered.get(each, ()) if since <= row.at <= until)
        return sorted(rows, key=lambda row: recipient not in _recipients(row))

    def _is_wanted(self, queue_id: str) -> bool:
        return queue_id in self._named or queue_id in self._followed

    def _submit(self, event: MessageSubmitted) -> None:
        sender = (event.sender, event.sender_kind, event.envelope_from)
        row = Submitted(event.host, event.queue_id, *sender, event.at)
        if self._submitted[event.message_id].add(row, event.sender):
            self._note_place(_Place(of_submitted=True, key=event.message_id, followed=event.queue_id))

    def _deliver(self, event: DeliveryAttempted) -> None:
        row = Delivered(
            event.host,
            event.queue_id,
            event.sender,
            event.sender_kind,
            event.envelope_from,
            event.recipient,
            event.original_recipient,
            event.provider,
            event.outbound_ip,
            event.queued_as,
            event.at,
        )
        alike = (row.host, row.sender, row.provider, row.outbound_ip)
        wanted = bool(_recipients(row) & self._recipients)
        if self._delivered[row.queue_id].add(row, alike, always=wanted):
            followed = row.queued_as if not row.outbound_ip else ""
            self._note_place(_Place(of_submitted=False, key=row.queue_id, followed=followed))

    def _note_place(self, place: _Place) -> None:
        self._order.append(place)
        if place.followed:
            self._followed.add(place.followed)
        if len(self._order) > self._limit:
            self._drop(self._order.popleft())

    def _drop(self, place: _Place) -> None:
        """Let the oldest row go; it is the first under its id."""
        self._followed.discard(place.followed)
        if place.of_submitted:
            _without_first(self._submitted, place.key)
        else:
            _without_first(self._delivered, place.key)


def _without_first(kept: defaultdict[str, _Kept[_Row]], key: str) -> None:
    kept[key].drop()
    if not kept[key]:
        del kept[key]


def _recipients(row: Delivered) -> set[str]:
    return {row.recipient.lower(), row.original_recipient.lower()}


class Attributing:
    """Gives the complaints of a history their senders, from what was read of it before them."""

    def __init__(self, complaints: Iterable[ComplaintReceived], within_days: float, *, limit: int = _MOST_KEPT) -> None:
        self._index = SentIndex(complaints, limit=limit)
        self._within_days = within_days

    def step(self, event: Event) -> Event:
        """Return the event, a complaint with what the log makes of it."""
        if not isinstance(event, ComplaintReceived):
            self._index.note(event)
            return event
        return attribute(event, candidates(event, self._index, self._within_days)).complaint
