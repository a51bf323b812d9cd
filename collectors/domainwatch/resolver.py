"""The configured name servers, asked about customers' domains: at a polite rate, what is known not again for its TTL.

A question that many domains lead to (what all include, the top levels) is asked once, however many wait for it.
"""

import asyncio
import time
from collections import OrderedDict

import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.rdatatype
import dns.resolver
import msgspec

from collectors import ownside
from collectors.customerdomain.inquiry import Answer
from collectors.polite import Bucket
from collectors.spf import Kind
from schemas.settings import Settings

_AT_ONCE = 32
_EDNS_BYTES = 1232
_MOST_KNOWN = 20_000
_MOST_KEPT_SIZE = 4096
_MOST_SECONDS = 86_400.0
_FAILURE_SECONDS = 60.0
_TOO_FAR = "its aliases (CNAME) lead in a circle, or too far"
_Key = tuple[str, Kind]


class DomainNames:
    """What asks; to be used in one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._resolver = ownside.resolver(settings.dnsbl)
        self._resolver.use_edns(0, 0, _EDNS_BYTES)
        self._patience = settings.dnsbl.timeout_seconds
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._bucket = Bucket(settings.domains.queries_per_second)
        self._known: OrderedDict[_Key, tuple[float, Answer]] = OrderedDict()
        self._under_way: dict[_Key, asyncio.Task[Answer]] = {}
        self.asked = 0

    async def __call__(self, name: str, kind: Kind) -> Answer:
        """Return what the DNS says about a name; what can be no name of the DNS has nothing."""
        key = (name, kind)
        until, answer = self._known.get(key, (0.0, Answer()))
        if time.monotonic() < until:
            return answer
        if key not in self._under_way:
            task = asyncio.ensure_future(self._ask(name, kind))
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await asyncio.shield(self._under_way[key])

    async def _ask(self, name: str, kind: Kind, *, follow: bool = True) -> Answer:
        try:
            asked = dns.name.from_text(name)
        except dns.exception.DNSException:
            return Answer()
        async with self._gate:
            while pause := self._bucket.take(time.monotonic()):  # noqa: ASYNC110 time is what is waited for
                await asyncio.sleep(pause)
            self.asked += 1
            answer, seconds, onward = await self._resolved(asked, kind)
        if onward:
            answer = await self._at_the_end(onward, kind) if follow else Answer(failure=_TOO_FAR)
            seconds = 0.0  # its end is known by itself
        if seconds > 0 and sum(map(len, answer.values)) <= _MOST_KEPT_SIZE:
            self._known[name, kind] = time.monotonic() + min(seconds, _MOST_SECONDS), answer
            if len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        return answer

    async def _at_the_end(self, name: str, kind: Kind) -> Answer:
        """Return what is at the end of an alias that the server did not follow; the alias itself is there."""
        end = await self._ask(name, kind, follow=False)
        return msgspec.structs.replace(end, missing=False, alias=end.alias or name)

    async def _resolved(self, name: dns.name.Name, kind: Kind) -> tuple[Answer, float, str]:
        """Return the answer, for how many seconds it holds, and the alias that is still to be asked, "" for none."""
        try:
            found = await self._resolver.resolve(name, kind, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN as error:
            response = next(iter(error.responses().values()), None)  # type: ignore[no-untyped-call]
            alias = _alias(name, error.canonical_name)
            return Answer(missing=not alias, alias=alias), _ttl(response), ""
        except (dns.exception.DNSException, OSError) as error:
            return Answer(failure=self._why(error)), _FAILURE_SECONDS, ""
        if found.rrset is None and _referred(found.response):
            return Answer(failure="the name server only names others, as one that is no resolver"), _FAILURE_SECONDS, ""
        alias = _alias(name, found.canonical_name)
        onward = alias if found.rrset is None and not _denied(found.response) else ""
        return Answer(_values(found, kind), alias=alias), float(found.chaining_result.minimum_ttl), onward

    def _why(self, error: Exception) -> str:
        if isinstance(error, dns.message.ChainTooLong):
            return _TOO_FAR
        return ownside.why(error, self._patience)


def _values(found: dns.resolver.Answer, kind: Kind) -> tuple[str, ...]:
    records = found.rrset or ()
    if kind == "MX":
        return tuple(value for _, value in sorted((each.preference, ownside.value(each, kind)) for each in records))
    return tuple(sorted(ownside.value(each, kind) for each in records))


def _denied(response: dns.message.Message) -> bool:
    """Tell whether a server says that the end of an alias has no such record: then a SOA comes along (RFC 2308, 2.2).

    Without, it has no authority for where the alias leads, or cannot tell: nothing is known of it.
    """
    return dns.rdatatype.SOA in {each.rdtype for each in response.authority}


def _referred(response: dns.message.Message) -> bool:
    """Tell whether a server only names others that would know (RFC 2308, 2.2: NS, and no SOA)."""
    return {each.rdtype for each in response.authority} & {dns.rdatatype.NS, dns.rdatatype.SOA} == {dns.rdatatype.NS}


def _alias(name: dns.name.Name, canonical: dns.name.Name) -> str:
    return "" if canonical == name else canonical.to_text(omit_final_dot=True).lower()


def _ttl(response: dns.message.Message | None) -> float:
    if not isinstance(response, dns.message.QueryMessage):
        return 0.0
    try:
        return float(response.resolve_chaining().minimum_ttl)
    except dns.exception.DNSException:
        return 0.0
