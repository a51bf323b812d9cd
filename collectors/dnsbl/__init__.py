"""DNSBLs (RFC 5782): the question a list is asked about an IP, and what its answer means.

A list is one module of this folder with one public name, `DNSBL`; the module's name is the list's name in the
configuration. There are three answers: listed, not listed, and unknown, which is no news about the IP.
"""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from ipaddress import IPv4Address, IPv4Network, ip_address
from pkgutil import iter_modules
from typing import Literal, cast

import msgspec

from schemas.facts import Answer, Scope

Kind = Literal["listed", "good", "error"]

TEST_POINTS = {4: ("127.0.0.2", "127.0.0.1"), 6: ("::ffff:7f00:2", "::ffff:7f00:1")}
"""By IP version, what every list must name and what none may name (RFC 5782, section 5)."""

_INSIDE = IPv4Network("127.0.0.0/8")
_ERRORS = IPv4Network("127.255.255.0/24")
_SUMS = IPv4Network("127.0.0.0/24")
_NOBODY = IPv4Address("127.0.0.1")


class Dnsbl(msgspec.Struct, frozen=True, kw_only=True):
    """A list: where it is asked, what its return codes mean, and what a listing by it is worth.

    `listed`, `good` (white, or neutral: asked and not blamed) and `errors` (the list refuses to answer) map a return
    code, or a network of codes, to its meaning; `other` is the meaning of any other code, "" where there is none to
    be known. `needs` says what must be arranged with the operator before asking; `lasts_hours` and `queries_a_day`
    are 0 where the operator does not tell them (`lasts` may say it in words), as is `minimum_interval_seconds`, how
    long to wait before the same question again. A list with a key has `{key}` in its zone, and `key_env` names the
    environment's variable that holds it. A list of the kind "domain" is asked about names instead of IPs; `must` and
    `must_not` are its test points, where they are not those of RFC 5782. `bits` gives the meaning of each bit of the
    last octet, for a list whose codes are sums of them. Where nothing can be asked to be removed, `no_removal` says
    why. `includes` are lists whose entries are in this one too, so that both together would count one listing twice;
    `seen` is the month of the newest evidence that the list lives, "" where none bears a date.
    """

    name: str
    zone: str
    operator: str
    weight: float
    scope: Scope = "ip"
    listed: dict[str, str]
    good: dict[str, str] = {}
    errors: dict[str, str] = {}
    bits: dict[int, str] = {}
    other: str = ""
    ipv4: bool = True
    ipv6: bool = False
    removal: str = ""
    no_removal: str = ""
    lasts_hours: int = 0
    lasts: str = ""
    needs: str = ""
    queries_a_day: int = 0
    minimum_interval_seconds: int = 0
    kind: Literal["ip", "domain"] = "ip"
    key_env: str = ""
    must: str = ""
    must_not: str = ""
    includes: tuple[str, ...] = ()
    seen: str = ""

    @property
    def way_out(self) -> str:
        """Return where removal is asked for; "none: …" with the reason where nobody can, "" where it is not known."""
        return self.removal or (f"none: {self.no_removal}" if self.no_removal else "")


class Reading(msgspec.Struct, frozen=True):
    """What an answer means: the codes it held, in order, and the reason in words."""

    answer: Answer
    codes: tuple[str, ...] = ()
    reason: str = ""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back from the DNS: the addresses (none: no such name), or why there is no answer (`failure`)."""

    addresses: tuple[str, ...] = ()
    ttl_seconds: int = 0
    failure: str = ""


def domain_question(domain: str, dnsbl: Dnsbl) -> str:
    """Return the absolute DNS name to ask a list of domains for: the domain under the zone."""
    return f"{domain}.{dnsbl.zone}."


def supports(ip: str, dnsbl: Dnsbl) -> bool:
    """Tell whether the list can be asked about addresses of this IP version."""
    return dnsbl.ipv4 if ip_address(ip).version == 4 else dnsbl.ipv6  # noqa: PLR2004 the IP version


def question(ip: str, dnsbl: Dnsbl) -> str:
    """Return the absolute DNS name to ask for: the octets, or 32 nibbles, in reverse order under the zone.

    ValueError if `ip` is none. An IPv4-mapped IPv6 address keeps its IPv6 form: two test points are of that kind.
    """
    packed = ip_address(ip).packed
    labels = [str(octet) for octet in packed] if len(packed) == 4 else list(packed.hex())  # noqa: PLR2004 octets
    return f"{'.'.join(reversed(labels))}.{dnsbl.zone}."


def reading(addresses: Sequence[str], dnsbl: Dnsbl) -> Reading:
    """Return what the addresses of an answer mean; none at all is NXDOMAIN, so not listed.

    One address that cannot be a return code, or one that refuses, makes the whole answer unknown.
    """
    codes = tuple(sorted(addresses, key=ip_address))
    if not codes:
        return Reading("not_listed")
    meanings = {code: _meaning(IPv4Address(code), dnsbl) for code in codes}
    kinds = {kind for kind, _ in meanings.values()}
    answer: Answer = "unknown"
    if "error" in kinds:
        told = [text for kind, text in meanings.values() if kind == "error"]
    elif "listed" in kinds:
        answer, told = "listed", [text for kind, text in meanings.values() if kind == "listed"]
    elif "unknown" in kinds:
        told = [text for kind, text in meanings.values() if kind == "unknown"]
    else:
        answer, told = "not_listed", [text for _, text in meanings.values()]
    return Reading(answer, codes, "; ".join(dict.fromkeys(told)))


@cache
def network(key: str) -> IPv4Network:
    """Return the return codes that a key of a list's tables stands for: one, or a network of them. ValueError."""
    return IPv4Network(key)


def _tables(dnsbl: Dnsbl) -> tuple[tuple[Kind, dict[str, str]], ...]:
    return ("listed", dnsbl.listed), ("good", dnsbl.good), ("error", dnsbl.errors)


def _meaning(code: IPv4Address, dnsbl: Dnsbl) -> tuple[Kind | Literal["unknown"], str]:
    if code not in _INSIDE:
        return "error", f"{code} is outside 127.0.0.0/8: the zone is parked, or the resolver rewrites answers"
    found: list[tuple[int, Kind, str]] = [
        (network(key).prefixlen, kind, text)
        for kind, table in _tables(dnsbl)
        for key, text in table.items()
        if code in network(key)
    ]
    if found:
        _, kind, text = max(found)
        return ("error", text) if code in _ERRORS else (kind, text)
    if dnsbl.bits and (told := _bits(code, dnsbl)):
        return "listed", told
    if code in _ERRORS:
        return "error", f"the list refuses to answer ({code})"
    if dnsbl.other and code != _NOBODY:
        return "listed", dnsbl.other
    return "unknown", f"{code} has no meaning in this list"


def _bits(code: IPv4Address, dnsbl: Dnsbl) -> str:
    """Return what the known bits of a code mean; "" where it has none of them, or is no sum of bits at all."""
    if code not in _SUMS:
        return ""
    return ", ".join(text for bit, text in sorted(dnsbl.bits.items()) if int(code) & bit)


def fault(must: Reply, must_not: Reply, version: int, dnsbl: Dnsbl) -> str:
    """Return what is wrong with a list, judged by the replies about its two test points; "" when it is sound.

    The first must be listed, with any code (some lists have one of their own for it); the second must not.
    """
    return _fault(TEST_POINTS[version], must, must_not, dnsbl)


def domain_points(dnsbl: Dnsbl) -> tuple[str, str]:
    """Return the domain that the list must name, and the one that it must not (RFC 5782, section 5)."""
    return dnsbl.must or "test", dnsbl.must_not or "invalid"


def domain_fault(must: Reply, must_not: Reply, dnsbl: Dnsbl) -> str:
    """Return what is wrong with a list of domains, judged by its two test points; "" when it is sound."""
    return _fault(domain_points(dnsbl), must, must_not, dnsbl)


def _fault(points: tuple[str, str], must: Reply, must_not: Reply, dnsbl: Dnsbl) -> str:
    listed, clean = points
    for point, reply in ((listed, must), (clean, must_not)):
        if reply.failure:
            return f"{point}: {reply.failure}"
        for code in reply.addresses:
            kind, text = _meaning(IPv4Address(code), dnsbl)
            if kind == "error":
                return f"{point}: {text}"
    if not must.addresses:
        return f"it does not name its test point {listed}: the zone is empty or dead"
    if must_not.addresses:
        return f"it names {clean} ({', '.join(must_not.addresses)}), which no list may: it lists the world"
    return ""


@cache
def names() -> tuple[str, ...]:
    """Return the names of all lists known here."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def load(name: str) -> Dnsbl:
    """Return the list called `name` in the configuration. ValueError names the choices."""
    if name not in names():
        raise ValueError(f"no DNSBL {name!r}; there are {', '.join(names())}")
    return cast("Dnsbl", import_module(f"{__name__}.{name}").DNSBL)
