"""Where people are when they go online, and the address that they have there at that time."""

from functools import lru_cache
from random import Random

from embedded.hoster.activity import DAY, HOUR, MINUTE
from embedded.hoster.blocks import BOT_COUNTRIES, PREFIXES, RANGES, TRAVEL, Sort
from embedded.hoster.rhythm import log_uniform, noise

WEBMAIL = "192.0.2.20"
"""The hoster's own webmail: all who use it come from this address."""


def dotted(number: int) -> str:
    """Return an IPv4 address as text."""
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def address(sort: Sort, country: str, draw: int, region: int = 0, span: int = 1 << 32) -> str:
    """Return an address of a country: `region` chooses the provider, `draw` the address within `span` of them."""
    table = RANGES[sort]
    blocks = table.get(country) or next(iter(table.values()))
    first, size = blocks[region % len(blocks)]
    span = min(span, size)
    offset = (region // 7 * span) % size
    number = first + offset + draw % span
    last = number & 255
    return dotted(number if 0 < last < 255 else number ^ 1 if last in {1, 254} else (number & ~255) | 1 + draw % 254)


def anywhere(sort: Sort, country: str, rng: Random) -> str:
    """Return any address of a country."""
    draw = int(rng.random() * 0x7FFFFFFF)
    return address(sort, country, draw, int(rng.random() * 64))


def bot(rng: Random) -> str:
    """Return an infected machine's address, anywhere in the world."""
    return anywhere("home", rng.choice(BOT_COUNTRIES), rng)


@lru_cache(maxsize=20_000)
def name_of(ip: str) -> str:
    """Return the name that reverse DNS gives for an address, "unknown" where it has none."""
    if ip == WEBMAIL:
        return "webmail.hoster.example"
    number = noise(*ip.encode())
    if ":" in ip or number % 100 < 35:
        return "unknown"
    if number % 100 < 42:
        return f"static-{ip.replace('.', '-')}.business.isp{number // 100 % 9}.example"
    return f"p{number:08x}.dip{number // 100 % 4}.isp{number // 400 % 12}.example"


class Places:
    """The addresses of one mailbox's people: at home, at work, on the way, abroad.

    All mailboxes of a `site` share the office's address. Some people tunnel through rented servers.
    """

    def __init__(self, traits: Random, country: str, site: int = 0) -> None:
        self.country = country
        self.key = traits.getrandbits(31)
        self._lease = int(traits.choice((1.0, 1.0, 1.0, 7.0, 30.0, 400.0)) * DAY)
        self._attach = int(log_uniform(traits, 40, 900) * MINUTE)
        self._six = traits.random() < 0.25
        self._tunnel = traits.choice(("nl", "ch", "us", "de")) if traits.random() < 0.05 else ""
        self._cloud = traits.choice(tuple(RANGES["cloud"]))
        site = site or self.key
        self._office = address("office", country, noise(site, 2), noise(site, 3))

    def home(self, at: int) -> str:
        """Return the line's address: it changes daily at some providers, seldom at others."""
        lease = (at + self.key * 1000) // self._lease
        if self._tunnel and noise(self.key, at // DAY, 9) % 3:
            return address("hosting", self._tunnel, noise(self.key, at // (6 * HOUR)), noise(self.key, at // DAY))
        if self._six and noise(self.key, at // HOUR) % 2:
            return self._v6("home", noise(self.key, lease), noise(self.key, at // DAY, 5))
        return address("home", self.country, noise(self.key, lease), noise(self.key, 1), 1 << 18)

    def work(self, _at: int = 0) -> str:
        """Return the address that the whole office shares."""
        return self._office

    def move_about(self, traits: Random) -> None:
        """Let the phone attach anew every few minutes: trains, thin coverage, a carrier that shares its addresses."""
        self._attach = int(log_uniform(traits, 3, 40) * MINUTE)

    def mobile(self, at: int, country: str = "") -> str:
        """Return the carrier's address: another of many networks at each new attachment."""
        attached = noise(self.key, at // self._attach)
        where = country or self.country
        if self._six and attached % 3 and where in PREFIXES["mobile"]:
            return self._v6("mobile", attached, noise(attached, 1))
        return address("mobile", where, noise(attached, 2), self.key)

    def cloud(self, at: int) -> str:
        """Return an address of the big mail service that fetches and sends for its user: one of many at each time."""
        return address("cloud", self._cloud, noise(self.key, at // MINUTE), noise(self.key, at))

    def abroad(self, at: int, trip: int) -> str:
        """Return the address of a hotel, an airport or a roaming phone, on a trip that began some day."""
        country = TRAVEL[(noise(self.key, trip) + (at // DAY - trip) // 3) % len(TRAVEL)]
        hour = at // HOUR % 24
        if noise(self.key, at // HOUR) % 4 == 0:
            return self.mobile(at, country)
        if 9 <= hour < 18:
            return address("office", country, noise(self.key, at // (3 * HOUR)), noise(self.key, at // DAY))
        return address("home", country, noise(self.key, trip, (at // DAY - trip) // 2), noise(self.key, trip))

    def _v6(self, sort: str, network: int, host: int) -> str:
        prefixes = PREFIXES[sort].get(self.country) or PREFIXES[sort]["de"]
        head = prefixes[self.key % len(prefixes)]
        groups = (
            head >> 16,
            head & 0xFFFF,
            network >> 16,
            network & 0xFFFF,
            host >> 16 | 0x100,
            host & 0xFFFF,
            0xA1,
            7,
        )
        return ":".join(f"{group or 1:x}" for group in groups)
