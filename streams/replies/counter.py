"""What providers' refusals through our IPs were about, counted since the last drain."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from schemas.events import DeliveryAttempted
from schemas.facts import ReplyKind
from schemas.names import derived_id
from schemas.observations import FURTHER_REPLIES, RepliesCounted
from streams.replies.table import SIGNS, Found, Table, about

_MOST_OF_IP = 64
_MOST_OF_ONE = 8
_MOST_UNKNOWN = 32
_MOST_UNKNOWN_OF_ALL = 4096
_HOUR = 3_600_000_000
_MOST_TEXT = 300
_Key = tuple[str, str, Found, str]


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


class _Unknown:
    """The different texts without a row that each provider had within the hour."""

    def __init__(self) -> None:
        self._texts: dict[str, set[str]] = {}
        self._number = 0
        self._hour = 0

    def room(self, provider: str, text: str) -> bool:
        """Tell whether a text is told apart from the provider's others."""
        texts = self._texts.get(provider, frozenset[str]())
        if text in texts:
            return True
        if len(texts) >= _MOST_UNKNOWN or self._number >= _MOST_UNKNOWN_OF_ALL:
            return False
        self._texts.setdefault(provider, set()).add(text)
        self._number += 1
        return True

    def until(self, at: int) -> None:
        """Forget the texts when an hour has gone by."""
        if at // _HOUR != self._hour:
            self._texts, self._number, self._hour = {}, 0, at // _HOUR


class ReplyCounter:
    """Counts of refusals by IP, provider and what they were about.

    What a server writes is its own choice: of one provider at an IP eight different texts that speak against it and
    eight others are told apart, of all providers at an IP 64 of either, and of a provider 32 that no row knows in an
    hour at all IPs. What comes beyond counts by IP, provider and kind as `further replies`: nobody can fill the log,
    and no evidence is lost.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._counts: dict[_Key, _Count] = {}
        self._kept = Counter[object]()
        self._unknown = _Unknown()

    def add(self, event: DeliveryAttempted) -> ReplyKind:
        """Count a delivery that was deferred or bounced; return what that was about."""
        found = self._table.find(event.enhanced_status, event.reply)
        if found.kind in SIGNS and not about(event.outbound_ip, event.reply):
            found = Found("other", "", found.pattern, "")
        text = found.text or event.reply[:_MOST_TEXT]
        key = (event.outbound_ip, event.provider, found, event.reason)
        count = self._counts.get(key)
        if count is None:
            key, text, status = self._room(key, text, event.enhanced_status)
            count = self._counts.setdefault(key, _Count(status, text, event.at, event.at))
        count.add(event.at)
        return found.kind

    def _room(self, key: _Key, text: str, status: str) -> tuple[_Key, str, str]:
        """Return the key under which something new counts, with its text and status."""
        ip, provider, found, reason = key
        sign = found.kind in SIGNS
        full = self._kept[ip, sign] >= _MOST_OF_IP or self._kept[ip, provider, sign] >= _MOST_OF_ONE
        if full or (found.kind == "unknown" and not self._unknown.room(provider, found.text)):
            return (ip, provider, Found(found.kind, "", "", FURTHER_REPLIES), reason), FURTHER_REPLIES, ""
        self._kept[ip, sign] += 1
        self._kept[ip, provider, sign] += 1
        return key, text, status

    def drain(self, partition: int, at: int, messages: Mapping[tuple[str, str], int]) -> tuple[RepliesCounted, ...]:
        """Return the counts, sorted and dated `at`, and begin anew; `messages` were tried by IP and provider."""
        base = derived_id("replies", partition, at)
        ordered = sorted(self._counts.items(), key=lambda item: _sorted_by(item[0]))
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
                reason=reason,
            )
            for number, ((ip, provider, found, reason), count) in enumerate(ordered)
        )
        self._counts = {}
        self._kept = Counter()
        self._unknown.until(at)
        return counted


def _sorted_by(key: _Key) -> tuple[str, ...]:
    ip, provider, found, reason = key
    return ip, provider, found.kind, found.named, found.pattern, found.text, reason
