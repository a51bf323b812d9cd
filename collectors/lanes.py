"""The questions to one list: those that wait for their turn, and those under way."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from collectors import dnswire, polite
from collectors.dnsbl import Dnsbl
from collectors.dnswire import Kind, Said, Zone
from collectors.keys import with_key
from collectors.pace import Pace
from collectors.polite import Bucket
from schemas.dnsbl_settings import Dnsbl as Settings

if TYPE_CHECKING:
    from collectors.ports import Port, Server

_TRIES = 3

Done = Callable[[str, Said], None]


class Errand(msgspec.Struct, frozen=True, gc=False):
    """What is to be asked in a lane: the labels before its zone, the type, and who is told, under which key."""

    labels: bytes
    kind: Kind
    key: str
    done: Done


class Way(NamedTuple):
    """How a list is asked: its zone, its name servers, how long one question may take, and how many a second."""

    zone: Zone
    servers: tuple[tuple[str, int], ...]
    patience: float
    per_second: float


def way_of(dnsbl: Dnsbl, settings: Settings, key: str) -> Way:
    """Return how a list is asked under these settings, with its key. ValueError where its zone is no name."""
    try:
        zone = dnswire.zone(with_key(dnsbl.zone, key))
    except ValueError as error:
        raise ValueError(f"dnsbl.own.{dnsbl.name}.zone: {dnsbl.zone!r} is no DNS name: {error}") from error
    own = polite.own_of(dnsbl.name, settings)
    port = settings.port if own.port is None else own.port
    return Way(
        zone=zone,
        servers=tuple((ip, port) for ip in own.resolvers or settings.resolvers),
        patience=own.timeout_seconds or settings.timeout_seconds,
        per_second=settings.queries_per_second if own.queries_per_second is None else own.queries_per_second,
    )


class Lane:
    """The questions to one list: those that wait, and how many are under way; made by `Exchange.lane`.

    `waits` is how long the reply to each try is waited for: twice as long as to the one before, `patience` in all.
    `pace` counts what became of the questions.
    """

    __slots__ = ("bucket", "draws", "mixed", "pace", "patience", "queue", "ready", "servers", "under_way", "waits")

    def __init__(self, way: Way, servers: "tuple[Server[Flight], ...]") -> None:
        self.servers = servers
        self.patience = way.patience
        self.mixed = way.zone.mixed
        self.draws = 3 + len(way.zone.wire)
        self.bucket = Bucket(way.per_second) if way.per_second else None
        tries = max(_TRIES, len(servers))
        self.waits = tuple(way.patience * (1 << number) / ((1 << tries) - 1) for number in range(tries))
        self.queue: deque[Errand] = deque()
        self.under_way = 0
        self.ready = False
        self.pace = Pace()


class Flight(msgspec.Struct, eq=False, gc=False):
    """A question under way: as it was last sent, how often it was, and until when the reply to that is waited for.

    `begun` is when it was first sent.

    The garbage collector need not look at the thousands of these: nothing refers to one that has ended.
    """

    lane: Lane
    errand: Errand
    server: "Server[Flight]"
    begun: float
    tries: int = 0
    fresh: bool = True
    due: float = 0.0
    asked: bytes = b""
    ident: bytes = b""
    port: "Port[Flight] | None" = None
    failures: tuple[str, ...] = ()
    trouble: str = ""

    def unbind(self) -> None:
        """Wait no longer for a reply to what was sent last."""
        port = self.port
        if port is not None:
            self.port = None
            del port.pending[self.ident]
            if port.leaving:
                self.server.left(port)
