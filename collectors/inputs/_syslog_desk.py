"""Where messages of syslog come in, by whatever way: who may send, what they are called, what is lost."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network

from collectors.inputs._gathered import Gathered
from collectors.inputs._syslog_wire import Wire
from collectors.losses import Losses
from schemas.inputs.syslog import SyslogInput
from schemas.names import canonical_ip


@dataclass(frozen=True)
class Peer:
    """Who sends: its address, what its lines call it, and whether it may."""

    address: str
    name: bytes
    allowed: bool


class Desk:
    """Takes messages and puts them, as lines, where they are gathered; `stalled_seconds` it had to wait for room."""

    def __init__(self, settings: SyslogInput, gathered: Gathered, losses: Losses) -> None:
        self._wire = Wire(settings.timezone, by_peer=settings.host == "peer")
        self._hosts: Mapping[str, str] = settings.hosts
        self._networks = tuple(ip_network(network) for network in settings.allow)
        self._gathered = gathered
        self._losses = losses
        self.peer = lru_cache(4096)(self._peer)
        self.stalled_seconds = 0.0

    @property
    def full(self) -> bool:
        """Tell whether taking more would wait for room."""
        return self._gathered.full

    def now(self) -> float:
        """Return a time that stands still while nobody is read."""
        return time.monotonic() - self.stalled_seconds

    def _peer(self, text: str) -> Peer:
        address = canonical_ip(text)
        ip = ip_address(address)
        allowed = any(ip.version == network.version and ip in network for network in self._networks)
        name = self._hosts.get(address, address)
        return Peer(address, (f"{name}0" if name.endswith(":") else name).encode(), allowed)

    def take(self, messages: Iterable[tuple[bytes, Peer]], way: str) -> None:
        """Keep messages that came by this way; wait where there is no room."""
        received = time.time_ns() // 1000  # noqa: TID251 when they came, of which nothing else tells
        lines = []
        for message, peer in messages:
            line, remark = self._wire.line(message, peer.name, received)
            if line:
                lines.append(line)
            if remark:
                self.lost(peer, way, remark, sample=message)
        if lines:
            self.stalled_seconds += self._gathered.put(lines)

    def lost(self, peer: Peer | None, way: str, reason: str, count: int = 1, sample: bytes = b"") -> None:
        """Note what is lost, or not as it was sent."""
        self._losses.note(f"{peer.address}/{way}: {reason}" if peer else f"{way}: {reason}", count, sample)
