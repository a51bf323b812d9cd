"""SPF (RFC 7208): whether a domain's record permits an IP, as far as it can be told. Pure: it is given what looks up.

Not evaluated are macros and the mechanism `ptr`: where one decides, the result is `unknown`, never `pass`.
Manual: https://www.rfc-editor.org/rfc/rfc7208
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

import msgspec

Result = Literal["pass", "fail", "softfail", "neutral", "none", "permerror", "temperror", "unknown"]
Kind = Literal["A", "AAAA", "MX", "PTR", "TXT"]

_MOST_LOOKUPS, _MOST_VOID, _MOST_HOSTS = 10, 2, 10
_IPV4_BITS, _IPV6_BITS = 32, 128
_QUALIFIERS: dict[str, Result] = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9._-]*)=(?P<value>.*)", re.IGNORECASE)
_MECHANISM = re.compile(
    r"(?P<qualifier>[-+~?]?)(?P<name>[a-z0-9]+)(:(?P<value>\S+?))?(/(?P<four>0|[1-9][0-9]?))?(//(?P<six>0|[1-9][0-9]{0,2}))?",
    re.IGNORECASE,
)
_LITERAL = re.compile(r"(?P<qualifier>[-+~?]?)ip(?P<version>[46]):(?P<network>\S+)", re.IGNORECASE)
_PREFIX = re.compile(r"(0|[1-9][0-9]{0,2})")
_TOP_LABEL = re.compile(r"[a-z0-9]*[a-z][a-z0-9]*|[a-z0-9]+-[a-z0-9-]*[a-z0-9]", re.IGNORECASE)
_MACRO_TEXT = re.compile(r"(?:%\{[slodiphv][0-9]*r?[-.+,/_=]*\}|%[%_-]|[!-$&-~])*", re.IGNORECASE)


class Found(msgspec.Struct, frozen=True):
    """What the DNS says about a name: the values (none: there are none), or why it could not be asked."""

    values: tuple[str, ...] = ()
    failure: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """What SPF says, and by which term or for which reason."""

    result: Result
    reason: str = ""


Lookup = Callable[[str, Kind], Awaitable[Found]]


class _EndError(Exception):
    """The evaluation ends here, with this verdict."""

    def __init__(self, result: Result, reason: str) -> None:
        self.verdict = Verdict(result, reason)
        super().__init__(reason)


async def check(ip: str, domain: str, lookup: Lookup) -> Verdict:
    """Return what the SPF record of a domain says about an IP. ValueError where the IP is none."""
    address = ip_address(ip)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    try:
        return await _Evaluation(mapped or address, lookup).of(domain)
    except _EndError as end:
        return end.verdict


class _Evaluation:
    """One evaluation, with the counts that bound it."""

    def __init__(self, ip: IPv4Address | IPv6Address, lookup: Lookup) -> None:
        self._ip = ip
        self._lookup = lookup
        self._lookups = self._void = 0

    async def of(self, domain: str) -> Verdict:
        """Return what the record of this domain says; it may ask those that it names."""
        found = await self._ask(domain, "TXT", counts=False)
        records = [text for text in found if re.match(r"v=spf1( |$)", text, re.IGNORECASE)]
        if not records:
            return Verdict("none", f"{domain} has no SPF record")
        if len(records) > 1:
            raise _EndError("permerror", f"{domain} has {len(records)} SPF records")
        if not records[0].isascii():
            raise _EndError("permerror", f"the SPF record of {domain} is not ASCII")
        terms = records[0].split(" ")[1:]
        mechanisms, modifiers = _parted([term for term in terms if term], domain)
        for term in mechanisms:
            qualifier = term[0] if term[0] in _QUALIFIERS else "+"
            if await self._matches(term, domain):
                return Verdict(_QUALIFIERS[qualifier], f"{term} of {domain}")
        if target := modifiers.get("redirect"):
            return await self._redirected(_plain(target, f"redirect={target}"))
        return Verdict("neutral", f"no term of {domain} matches")

    async def _redirected(self, target: str) -> Verdict:
        self._count(f"redirect={target}")
        verdict = await self.of(target)
        if verdict.result == "none":
            raise _EndError("permerror", f"redirect={target}: {verdict.reason}")
        return verdict

    async def _matches(self, term: str, domain: str) -> bool:
        if literal := _LITERAL.fullmatch(term):
            network = ip_network(literal["network"], strict=False)  # _parted has read it already
            return self._ip.version == network.version and self._ip in network
        found = _MECHANISM.fullmatch(term)
        assert found is not None  # noqa: S101 _parted has read it already
        name, value = found["name"].lower(), found["value"]
        if name == "all":
            return True
        self._count(term)
        if name == "ptr":
            raise _EndError("unknown", f"{term} of {domain} is not evaluated")
        target = _plain(value, term) if value else domain
        if name == "include":
            return await self._included(target, term)
        if name == "exists":
            return bool(await self._ask(target, "A"))
        hosts = [target] if name == "a" else await self._exchanges(target, term)
        return await self._any_is(hosts, found["four"], found["six"], counts=name == "a")

    async def _included(self, target: str, term: str) -> bool:
        verdict = await self.of(target)
        if verdict.result == "none":
            raise _EndError("permerror", f"{term}: {verdict.reason}")
        return verdict.result == "pass"

    async def _exchanges(self, target: str, term: str) -> Sequence[str]:
        hosts = await self._ask(target, "MX")
        if len(hosts) > _MOST_HOSTS:
            raise _EndError("permerror", f"{term}: {target} has {len(hosts)} MX, and SPF knows {_MOST_HOSTS} at most")
        return hosts

    async def _any_is(self, hosts: Sequence[str], four: str | None, six: str | None, *, counts: bool) -> bool:
        """Tell whether one of the hosts has the IP, or one in the network around it that the term means."""
        kind: Kind = "A" if self._ip.version == 4 else "AAAA"  # noqa: PLR2004 the IP version
        bits = int(four or _IPV4_BITS) if kind == "A" else int(six or _IPV6_BITS)
        for host in hosts:
            for address in await self._ask(host, kind, counts=counts):
                if self._ip in ip_network(f"{address}/{bits}", strict=False):
                    return True
        return False

    def _count(self, term: str) -> None:
        self._lookups += 1
        if self._lookups > _MOST_LOOKUPS:
            raise _EndError("permerror", f"{term}: more than {_MOST_LOOKUPS} terms ask the DNS")

    async def _ask(self, name: str, kind: Kind, *, counts: bool = True) -> tuple[str, ...]:
        found = await self._lookup(name, kind)
        if found.failure:
            raise _EndError("temperror", f"{name} {kind}: {found.failure}")
        if counts and not found.values:
            self._void += 1
            if self._void > _MOST_VOID:
                raise _EndError("permerror", f"{name} {kind}: more than {_MOST_VOID} names do not exist")
        return found.values


def _parted(terms: Sequence[str], domain: str) -> tuple[list[str], dict[str, str]]:
    """Return a record's mechanisms in order, and its modifiers. _EndError where one is no SPF (permerror)."""
    mechanisms: list[str] = []
    modifiers: dict[str, str] = {}
    for term in terms:
        if modifier := _MODIFIER.fullmatch(term):
            name = modifier["name"].lower()
            if name in {"redirect", "exp"} and (name in modifiers or not modifier["value"]):
                raise _EndError("permerror", f"{term} of {domain}: stands there twice, or says nothing")
            modifiers[name] = modifier["value"]
            sound = _is_domain if name in {"redirect", "exp"} else _MACRO_TEXT.fullmatch
            if not sound(modifier["value"]):
                raise _EndError("permerror", f"{term} of {domain} is no modifier of SPF")
        elif _sound(term):
            mechanisms.append(term)
        else:
            raise _EndError("permerror", f"{term} of {domain} is no term of SPF")
    return mechanisms, modifiers


def _sound(term: str) -> bool:
    """Tell whether a term is a mechanism with what it needs and nothing else."""
    if literal := _LITERAL.fullmatch(term):
        return _is_network(literal["network"], int(literal["version"]))
    found = _MECHANISM.fullmatch(term)
    if found is None:
        return False
    name, value, bits = found["name"].lower(), found["value"], (found["four"], found["six"])
    if name == "all":
        return term.lower().lstrip("-+~?") == "all"
    if name in {"include", "exists"}:
        return bool(value) and bits == (None, None) and _is_domain(value)
    if name == "ptr":
        return bits == (None, None) and (value is None or _is_domain(value))
    in_range = int(bits[0] or 0) <= _IPV4_BITS and int(bits[1] or 0) <= _IPV6_BITS
    return name in {"a", "mx"} and in_range and (value is None or _is_domain(value))


def _is_network(text: str, version: int) -> bool:
    address, slash, bits = text.partition("/")
    if slash and not _PREFIX.fullmatch(bits):
        return False
    try:
        return ip_network(f"{address}/{bits}" if slash else address, strict=False).version == version
    except ValueError:
        return False


def _is_domain(name: str) -> bool:
    """Tell whether a name is one that SPF may ask: of two labels at least, the last no number, or with sound macros."""
    if "%" in name:
        return bool(_MACRO_TEXT.fullmatch(name)) and (name.endswith("}") or bool(_TOP_LABEL.fullmatch(_last(name))))
    labels = name.removesuffix(".").split(".")
    return len(labels) > 1 and all(labels) and bool(_TOP_LABEL.fullmatch(labels[-1]))


def _last(name: str) -> str:
    return name.removesuffix(".").rpartition(".")[2]


def _plain(name: str, term: str) -> str:
    """Return a domain without macros. _EndError where it has some (unknown), or is none (permerror)."""
    if "%" in name:
        raise _EndError("unknown", f"{term}: macros are not evaluated")
    if not _is_domain(name):
        raise _EndError("permerror", f"{term}: {name!r} is no domain")
    return name
