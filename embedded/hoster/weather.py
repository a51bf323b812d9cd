"""What a delivery meets that is not the sender's doing: greylisting, full mailboxes, a filter's mistake, bad hours.

Bad hours are drawn for a stretch: hours in which some providers refuse one relay IP because a list names it, and hours
in which a provider's servers do not answer.
"""

from collections import OrderedDict
from collections.abc import Sequence
from random import Random
from typing import NamedTuple
from zlib import crc32

from embedded.hoster.activity import DAY, HOUR, MINUTE
from embedded.hoster.replies import Said, greylists
from embedded.hoster.rhythm import log_uniform, poisson

_MOST = 200_000
_WAIT = 5 * MINUTE
_WEEK = 7 * DAY
_SLOW = ("gmx.net", "web.de", "t-online.de", "outlook.com", "hotmail.com", "yahoo.com", "bluewin.ch", "icloud.com")
_STRICT = ("outlook.com", "hotmail.com", "t-online.de", "yahoo.com", "aol.com", "firm")


class Hours(NamedTuple):
    """A stretch in which deliveries to some domains fail; `transport` is "" where it concerns all."""

    start: int
    end: int
    said: Said
    domains: frozenset[str]
    transport: str


class Weather:
    """The bad hours of a stretch, and what greylisting servers remember of us."""

    def __init__(self, seed: int, start: int, end: int, transports: Sequence[str]) -> None:
        rng = Random(f"weather {seed}")
        self._hours: dict[int, list[Hours]] = {}
        for hours in _bad_hours(rng, start, end, transports):
            for hour in range(hours.start // HOUR, hours.end // HOUR + 1):
                self._hours.setdefault(hour, []).append(hours)
        self._met: OrderedDict[int, int] = OrderedDict()

    def meets(self, address: str, domain: str, sender: str, transport: str, at: int) -> Said:
        """Return what the server of an existing addressee says to this mail at this time."""
        for hours in self._hours.get(at // HOUR, ()):
            if hours.start <= at < hours.end and hours.transport in {"", transport}:
                concerned = domain if not domain.startswith("firm") else "firm"
                if concerned in hours.domains:
                    return hours.said
        draw = crc32(address.encode())
        week, into = divmod(at, _WEEK)
        if (draw ^ week * 2_654_435_761) % 1000 < 2 and into < (draw >> 12) % _WEEK:
            return "mailbox_full"
        if (draw ^ at // HOUR) % 1000 == 0:
            return "refused"
        if domain.startswith("firm") and greylists(domain):
            return self._greylisted(hash((draw, crc32(sender.encode()))), at)
        return "sent"

    def _greylisted(self, key: int, at: int) -> Said:
        first = self._met.get(key)
        if first is None:
            self._met[key] = at
            if len(self._met) > _MOST:
                self._met.popitem(last=False)
            return "greylisted"
        self._met.move_to_end(key)
        return "sent" if at - first >= _WAIT else "greylisted"


def _bad_hours(rng: Random, start: int, end: int, transports: Sequence[str]) -> list[Hours]:
    days = (end - start) / DAY
    found = []
    for _ in range(poisson(rng, days / 5) + (days >= 5)):
        begins = start + int(rng.random() * (end - start))
        lasts = int(log_uniform(rng, 1, 14) * HOUR)
        domains = frozenset(rng.sample(_STRICT, rng.randint(1, 4)))
        found.append(Hours(begins, begins + lasts, "listed", domains, rng.choice(transports)))
    for _ in range(poisson(rng, days / 3)):
        begins = start + int(rng.random() * (end - start))
        lasts = int(log_uniform(rng, 0.1, 5) * HOUR)
        found.append(Hours(begins, begins + lasts, "timeout", frozenset(rng.sample(_SLOW, rng.randint(1, 2))), ""))
    return found
