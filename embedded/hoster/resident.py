"""Who lives in the town: a mailbox, or a customer's network without logins, with a habit."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from zlib import crc32

from embedded.hoster.activity import DAY, HOUR, Activity
from embedded.hoster.population import BUSINESS, HOME, Market
from embedded.hoster.rhythm import Day

_AT_WORK = frozenset({"office", "biller", "relay_network"})


@dataclass(frozen=True)
class Resident:
    """A mailbox with its habit; `mailbox` is the network's name where the customer relays without a login."""

    mailbox: str
    habit: str
    number: int
    country: str
    zone: int
    network: str = ""

    @property
    def domain(self) -> str:
        """Return the domain of the mailbox."""
        return self.mailbox.partition("@")[2]

    @property
    def key(self) -> int:
        """Return a number of its own, from which its acquaintances follow."""
        return crc32(self.mailbox.encode())

    @property
    def market(self) -> Market:
        """Return whom the mailbox writes to: firms or people at home."""
        return BUSINESS if self.habit in _AT_WORK or self.key % 10 < 3 else HOME


@dataclass(frozen=True)
class Horizon:
    """The stretch that is simulated: "midway" refers to it. `busy` multiplies what bulk senders send."""

    start: int
    end: int
    busy: float = 1.0

    def day_at(self, share: float) -> int:
        """Return the number of the day after that share of the stretch."""
        return int(self.start + share * (self.end - self.start)) // DAY


DayOf = Callable[[Day], Iterable[Activity]]
Settle = Callable[[Resident, Random, Horizon], DayOf]


def midnight_of(resident: Resident, number: int) -> int:
    """Return when a local day begins."""
    return number * DAY - resident.zone * HOUR
