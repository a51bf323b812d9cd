"""What providers' refusals through our IPs were about, counted since the last drain."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from schemas.events import DeliveryAttempted
from schemas.facts import ReplyKind
from schemas.names import derived_id
from schemas.observations import RepliesCounted
from streams.replies.table import SIGNS, Found, Table, about

FURTHER = "further replies"
_MOST = 64
_MOST_OF_ONE = 8
_MOST_TEXT = 300
_Key = tuple[str, str, Found]


@dataclass(slots=True)
class _Count:
    status: str
    text: str
    first_at: int
    last_at: int
    count: int = 0

    def add(self, at: int) -> None:
        self.count += 1
        self.first_at = min(self.first_at, at)
        self.last_at = max(self.last_at, at)


class ReplyCounter:
    """Counts of refusals by IP, provider and what they were about.

    What a server writes is its own choice: of one provider at an IP eight different ones are told apart, and of all 64
    that speak against an IP and 64 others; what comes beyond counts as `further replies` of the IP, so that nobody can
    fill the log, nor hide another provider's words.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._counts: dict[_Key, _Count] = {}
        self._kept = Counter[object]()

    def add(self, event: DeliveryAttempted) -> ReplyKind:
        """Count a delivery that was deferred or bounced; return what that was about."""
        found = self._table.find(event.enhanced_status, event.reply)
        if found.kind in SIGNS and not about(event.outbound_ip, event.reply):
            found = Found("other", "", found.pattern, "")
        text = found.text or event.reply[:_MOST_TEXT]
        key = (event.outbound_ip, event.provider, found)
        count = self._counts.get(key)
        if count is None:
            key, text, status = self._room(key, text, event.enhanced_status)
            count = self._counts.setdefault(key, _Count(status, text, event.at, event.at))
        count.add(event.at)
        return found.kind

    def _room(self, key: _Key, text: str, status: str) -> tuple[_Key, str, str]:
        """Return the key under which something new counts, with its text and status."""
        ip, provider, found = key
        sign = found.kind in SIGNS
        if self._kept[sign] >= _MOST or self._kept[ip, provider, sign] >= _MOST_OF_ONE:
            return (ip, "", Found("other", "", "", FURTHER)), FURTHER, ""
        self._kept[sign] += 1
        self._kept[ip, provider, sign] += 1
        return key, text, status

    def drain(self, partition: int, at: int, messages: Mapping[tuple[str, str], int]) -> tuple[RepliesCounted, ...]:
        """Return the counts, sorted and dated `at`, and begin anew; `messages` were tried by IP and provider."""
        base = derived_id("replies", partition, at)
        ordered = sorted(self._counts.items(), key=lambda item: (*item[0][:2], *_sorted_by(item[0][2])))
        counted = tuple(
            RepliesCounted(
                id=f"{base}-{number:04x}",
                at=at,
                partition=partition,
                ip=ip,
                provider=provider,
                kind=found.kind,
                named=found.named,
                pattern=found.pattern,
                enhanced_status=count.status,
                text=count.text,
                count=count.count,
                messages=messages.get((ip, provider), 0),
                first_at=count.first_at,
                last_at=count.last_at,
            )
            for number, ((ip, provider, found), count) in enumerate(ordered)
        )
        self._counts = {}
        self._kept = Counter()
        return counted


def _sorted_by(found: Found) -> tuple[str, str, str, str]:
    return found.kind, found.named, found.pattern, found.text
