"""The table of replies: what a reply is about, by the first row that fits."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import msgspec

from schemas.facts import ReplyKind
from schemas.reasons.plain import Plain, fingerprint, plain
from schemas.reply_settings import OwnReply
from streams.replies.row import Row
from streams.replies.rows import rows
from streams.replies.zones import like_a_list, list_of

SIGNS: frozenset[ReplyKind] = frozenset(("listed", "reputation", "volume"))
"""The kinds that speak against the IP."""

_MOST_KNOWN = 4096
_MOST_NAME = 60
_INSIDE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
_COLONS = re.compile(r"[0-9A-Fa-f:]:[0-9A-Fa-f:]")
_GOES_ON = re.compile(r"[\w:]|\.\d")
_UNIQUE = IPv6Network("fc00::/7")
_IPV4 = re.compile(
    r"(?<![\d.])(?!(?<=- )4\.)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?:/(\d{1,2})| {1,10}(\d{1,2})(?=\]))?"
    r"(?![\d.]{0,20}\d)"
)
_IPV6 = re.compile(
    r"(?<![\w:])([0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?:/(\d{1,3})| {1,10}(\d{1,3})(?=\]))?(?![\w:])"
)
_MOST_LOOKED_AT = 2000


class Found(msgspec.Struct, frozen=True):
    """What a reply is about: its kind, the list it names, the row that knows it; `text` only where none does."""

    kind: ReplyKind
    named: str
    pattern: str
    text: str


class _Compiled(msgspec.Struct, frozen=True):
    row: Row
    pattern: "re.Pattern[str]"

    def fits(self, reply: Plain, lower: str) -> Found | None:
        """Return what a reply is about by this row, or None where the row does not know it."""
        codes, words = self.row.codes, self.row.words
        if codes and not (reply.code.startswith(codes) or reply.status.startswith(codes)):
            return None
        if words and not any(map(lower.__contains__, words)):  # half the time that a generator takes
            return None
        found = self.pattern.match(reply.words)
        if found is not None and self.row.of_lists and not like_a_list(found["zone"]):
            return None
        return _found(self.row, found) if found is not None else None


class Table:
    """The rows of this folder behind those of `own`."""

    def __init__(self, own: Iterable[Row] = ()) -> None:
        self._rows = tuple(_Compiled(row, re.compile(row.pattern, re.IGNORECASE)) for row in (*own, *rows()))
        self._find = lru_cache(maxsize=_MOST_KNOWN)(self._look)
        self._known = lru_cache(maxsize=_MOST_KNOWN)(self._plainly)

    def find(self, status: str, reply: str) -> Found:
        """Return what a reply with this enhanced status is about."""
        return self._known(status, reply)

    def fitting(self, status: str, reply: str) -> tuple[Plain, tuple[tuple[Row, Found], ...]]:
        """Return a reply as it is compared, and all rows that fit it with what each makes of it; the first counts."""
        bare = plain(status, reply)
        lower = bare.words.lower()
        pairs = ((one.row, one.fits(bare, lower)) for one in self._rows)
        return bare, tuple((row, found) for row, found in pairs if found is not None)

    def _plainly(self, status: str, reply: str) -> Found:
        return self._find(plain(status, reply))

    def _look(self, reply: Plain) -> Found:
        lower = reply.words.lower()
        for one in self._rows:
            found = one.fits(reply, lower)
            if found is not None:
                return found
        return Found("unknown", "", "", fingerprint(reply))


def _found(row: Row, found: "re.Match[str]") -> Found:
    kind, named = row.kind, row.named
    zone = found.groupdict().get("zone") or ""
    if zone:
        named, of_ips = list_of(zone)
        kind = kind if of_ips or kind != "listed" else "content"
    return Found(kind, named[:_MOST_NAME], row.name, "")


def own(rows_of_settings: Iterable[OwnReply]) -> tuple[Row, ...]:
    """Return the rows of the configuration as rows of the table."""
    return tuple(
        Row(
            name=one.name,
            kind=one.kind,
            pattern=one.pattern,
            sample="",
            source="",
            words=tuple(word.lower() for word in one.words),
            codes=one.codes,
            named=one.named,
            rank=0,
        )
        for one in rows_of_settings
    )


def about(ip: str, reply: str) -> bool:
    """Tell whether a reply may be about this IP: it names no other address or network instead.

    Behind NAT the world sees another address than ours, so that a private one may be meant by any. What Yahoo writes as
    `- 4.16.55.1` is no address.
    """
    reply = reply[:_MOST_LOOKED_AT]
    said = reply.partition(" said: ")[2] or reply.partition(" talk to me: ")[2] or reply
    if _says(ip, said) or _inside(ip):
        return True
    ours = ip_address(ip)
    written = [*_IPV4.findall(said), *(_IPV6.findall(said) if _COLONS.search(said) else ())]
    named = [found for found in (_network(*parts) for parts in written) if found is not None]
    return not named or any(ours in network for network in named)


def _says(ip: str, text: str) -> bool:
    """Tell quickly that a text has an IP as it is written here; it may be there in another way."""
    start = text.find(ip)
    end = start + len(ip)
    before, behind = text[max(0, start - 1) : max(0, start)], text[end : end + 2]
    return start >= 0 and not (before.isalnum() or before in {".", ":"}) and not _GOES_ON.match(behind)


@lru_cache(maxsize=1024)
def _inside(ip: str) -> bool:
    ours = ip_address(ip)
    return ours in _UNIQUE if isinstance(ours, IPv6Address) else any(ours in network for network in _INSIDE)


def _network(address: str, length: str, length_or_other: str) -> IPv4Network | IPv6Network | None:
    """Return the network that a reply names, a single address as one of its own; None of what is none, or a loopback.

    Google writes `[192.0.2.0      24]` for a network, but another number likewise behind a single address.
    """
    try:
        network = ip_network(f"{address}/{length}" if length else address, strict=False)
    except ValueError:
        return None
    if length_or_other:
        try:
            network = ip_network(f"{address}/{length_or_other}")
        except ValueError:
            return network
    return None if network.is_loopback else network


@lru_cache(maxsize=1)
def built_in() -> Table:
    """Return the table without rows of one's own."""
    return Table()
