"""The world that the hoster's customers write to: some ten million addresses, each with a fate that stays.

Nothing is stored: an address and its fate follow from a number. So an unknown user is unknown each time, whoever
writes to it.
"""

from random import Random
from zlib import crc32

from embedded.hoster.activity import Fate, Recipient
from embedded.hoster.names import FIRST, LAST
from embedded.hoster.rhythm import noise

_SIZE = 10_000_019  # a prime: n * _STEP % _SIZE meets each number once
_STEP = 6_364_136
_LIVING = 8_000_000
_DEAD = 9_900_000
_ROLES = ("info", "office", "kontakt", "sales", "buchhaltung", "einkauf", "sekretariat", "support")
_FIRMS = 6000
Market = tuple[str, ...]


def _market(**weights: int) -> Market:
    return tuple(name.replace("_", ".").replace("..", "-") for name, weight in weights.items() for _ in range(weight))


HOME: Market = _market(
    gmail_com=17, gmx_net=8, gmx_de=4, web_de=9, t__online_de=6, outlook_com=5, hotmail_com=6, yahoo_com=3,
    icloud_com=4, bluewin_ch=6, aol_com=1, firm=31,
)  # fmt: skip
WORLD: Market = _market(
    gmail_com=36, yahoo_com=16, hotmail_com=12, outlook_com=8, aol_com=6, icloud_com=4, comcast_net=3, web_de=3,
    gmx_net=3, t__online_de=2, firm=7,
)  # fmt: skip
BUSINESS: Market = _market(gmail_com=5, outlook_com=3, gmx_net=3, bluewin_ch=3, t__online_de=3, web_de=3, firm=80)
SPAMMED = ("yahoo.com", "t-online.de", "hotmail.com", "gmail.com", "web.de", "aol.com", "gmx.net", "comcast.net")
_MISTYPED = ("gmial.com", "gmx.ed", "hotmial.com", "outlok.com", "blewin.ch", "t-onlin.de", "gmail.con")


def person(number: int, market: Market = HOME) -> Recipient:
    """Return the addressee with that number: where he has his mailbox depends on the market, his fate does not."""
    code = number * _STEP % _SIZE
    domain = market[code % len(market)]
    rest, first = divmod(code, len(FIRST))
    rest, last = divmod(rest, len(LAST))
    if domain == "firm":
        domain = f"firm{noise(number) % _FIRMS}.example"
        local = f"{_ROLES[first % 8]}{code}" if last < 9 else f"{FIRST[first]}.{LAST[last]}{rest}"
    else:
        local = f"{FIRST[first]}{'' if last & 1 else '.'}{LAST[last]}{rest}"
    fate: Fate = "sent" if number < _LIVING or number >= _DEAD else "unknown_user"
    if fate == "unknown_user" and code % 15 == 0:
        domain, fate = f"gone{code % 977}.example", "no_domain"
    return Recipient(f"{local}@{domain}", fate, trap=number >= _DEAD)


def living(draw: int, market: Market = HOME) -> Recipient:
    """Return an addressee who gets his mail; the same draw gives the same."""
    return person(draw % _LIVING, market)


def dead(draw: int, market: Market = HOME) -> Recipient:
    """Return an address that nobody has."""
    return person(_LIVING + draw % (_DEAD - _LIVING), market)


def trap(draw: int, market: Market = HOME) -> Recipient:
    """Return a spamtrap: it takes every mail, and nobody writes to it who got its address honestly."""
    return person(_DEAD + draw % (_SIZE - _DEAD), market)


def mistyped(draw: int) -> Recipient:
    """Return an address with a slip: mostly of nobody, at times of a domain that does not exist."""
    if draw % 5:
        return dead(draw)
    return Recipient(f"{person(draw % _LIVING).address.partition('@')[0]}@{_MISTYPED[draw % 7]}", "no_domain")


class Readers:
    """A list of addressees with its share of dead ones, as newsletters, clubs and customer files have them."""

    def __init__(self, key: int, dead_share: float, market: Market = HOME, trap_share: float = 0.0) -> None:
        self._key = key
        self._dead = int(dead_share * 100_000)
        self._traps = self._dead + int(trap_share * 100_000)
        self._market = market

    def __getitem__(self, place: int) -> Recipient:
        draw, luck = noise(self._key, place), noise(self._key, place, 1) % 100_000
        if luck < self._dead:
            return dead(draw, self._market)
        return trap(draw, self._market) if luck < self._traps else living(draw, self._market)


class Circle:
    """The people that a mailbox writes to: some often, most seldom; new ones come slowly. Nobody of them is dead.

    Every seventh is a colleague: a mailbox of the same domain, which all its mailboxes know.
    """

    def __init__(self, mailbox: str, market: Market, known: int, new_a_day: float = 0.0) -> None:
        key = self._key = crc32(mailbox.encode())
        self._domain = mailbox.partition("@")[2]
        self._known = known
        self._new = new_a_day
        self._market = market
        self._faithful = 2.0 + key % 7 / 1.5
        self._slip = (0.0, 0.002, 0.005, 0.01, 0.02)[key % 5]

    def size(self, day: int) -> int:
        """Return how many are known on a day (counted from 2025 on: before, nobody kept count)."""
        return max(1, self._known + int(self._new * max(0, day - 20_089) % 4000))

    def __getitem__(self, place: int) -> Recipient:
        if place % 7 == 3 and self._domain:
            return Recipient(f"{FIRST[noise(self._key, place) % 9]}@{self._domain}")
        return living(noise(self._key, place), self._market)

    def pick(self, rng: Random, day: int) -> Recipient:
        """Return someone to write to: mostly one of the old friends; now and then the address has a slip."""
        if rng.random() < self._slip:
            return mistyped(int(rng.random() * 0x7FFFFFFF))
        size = self.size(day)
        if rng.random() < 0.08:
            return self[size - 1 - int(rng.random() * min(size, 4))]
        return self[int(size * rng.random() ** self._faithful)]

    def several(self, rng: Random, day: int, count: int) -> tuple[Recipient, ...]:
        """Return different people to write one mail to."""
        return tuple({to.address: to for to in (self.pick(rng, day) for _ in range(count))}.values())
