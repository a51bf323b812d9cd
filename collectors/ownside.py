"""Ask the DNS how each of our IPs presents itself, with the configured name servers; the judging is `identity`'s."""

import asyncio
import time
from collections.abc import Sequence

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver
import dns.reversename
import msgspec

from collectors import identity, spf
from collectors.identity import Seen
from collectors.spf import Found, Kind
from schemas.dnsbl_settings import Dnsbl
from schemas.names import canonical_ip, derived_id
from schemas.own_observations import IpIdentityObserved
from schemas.settings import Settings

_AT_ONCE = 16
_TRIES = 2
_MOST_NAMES = 10


class Relay(msgspec.Struct, frozen=True, kw_only=True):
    """One of our IPs: its pool and transport, and the HELO name that is configured for it, "" where none is."""

    pool: str
    transport: str
    ip: str
    helo: str = ""


def relays(settings: Settings) -> tuple[Relay, ...]:
    """Return the IPs of all pools."""
    return tuple(
        Relay(pool=name, transport=transport, ip=ip, helo=pool.helo.get(transport, ""))
        for name, pool in settings.pool.items()
        for transport, ip in pool.transports.items()
    )


class Names:
    """The configured name servers, asked for names and addresses with a bound on the questions under way."""

    def __init__(self, settings: Dnsbl) -> None:
        self._resolver = resolver(settings)
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._patience = settings.timeout_seconds

    async def __call__(self, name: str, kind: Kind) -> Found:
        """Return what the DNS says about a name; what can be no name of the DNS has nothing."""
        try:
            asked = dns.reversename.from_address(name) if kind == "PTR" else dns.name.from_text(name)
        except dns.exception.DNSException:
            return Found()
        async with self._gate:
            try:
                answer = await self._resolver.resolve(asked, kind, search=False)
            except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
                return Found()
            except (dns.exception.DNSException, OSError) as error:
                return Found(failure=why(error, self._patience))
        return Found(tuple(sorted(value(record, kind) for record in answer)))


def resolver(settings: Dnsbl) -> dns.asyncresolver.Resolver:
    """Return what asks the configured name servers, each question twice at most."""
    asking = dns.asyncresolver.Resolver(configure=False)
    asking.nameservers = list(settings.resolvers)
    asking.port = settings.port
    asking.lifetime = settings.timeout_seconds
    asking.timeout = settings.timeout_seconds / _TRIES
    return asking


def why(error: Exception, patience: float) -> str:
    """Return why the DNS could not be asked, after waiting so many seconds."""
    if isinstance(error, dns.resolver.LifetimeTimeout):
        return f"no answer within {patience:g} s"
    if isinstance(error, dns.resolver.NoNameservers):
        return "no name server could tell (SERVFAIL or REFUSED)"
    return f"no answer: {type(error).__name__}"


def value(record: object, kind: Kind) -> str:
    """Return a record of the DNS as text: an address, a name, or all strings of a TXT record in a row."""
    match kind:
        case "A" | "AAAA":
            return canonical_ip(record.address)  # type: ignore[attr-defined]  # dnspython's records have no common type
        case "PTR":
            return _plain(record.target)  # type: ignore[attr-defined]
        case "MX":
            return _plain(record.exchange)  # type: ignore[attr-defined]
        case "TXT":
            text: bytes = b"".join(record.strings)  # type: ignore[attr-defined]
            return text.decode(errors="replace")


def _plain(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


async def seen(relay: Relay, names: Names) -> Seen:
    """Return what the DNS says about one of our IPs."""
    ptr = await names(relay.ip, "PTR")
    kind: Kind = "AAAA" if ":" in relay.ip else "A"
    told = ptr.values[:_MOST_NAMES]  # receivers look at few, too
    forward = dict(zip(told, await asyncio.gather(*(names(name, kind) for name in told)), strict=True))
    helo = relay.helo or next(iter(told), "")
    return Seen(
        ip=relay.ip,
        helo=helo,
        configured=bool(relay.helo),
        ptr=ptr,
        forward=forward,
        addresses=await names(helo, kind) if helo else Found(),
        spf=await spf.check(relay.ip, helo, names) if helo else None,
    )


async def observed(relays: Sequence[Relay], settings: Dnsbl) -> list[IpIdentityObserved]:
    """Return how each of the IPs presents itself now."""
    names = Names(settings)
    at = time.time_ns() // 1000  # noqa: TID251 a fact that is true when it is seen

    async def one(relay: Relay) -> IpIdentityObserved:
        found = await seen(relay, names)
        checks = identity.checks(found)
        return IpIdentityObserved(
            id=derived_id("identity", relay.ip, at, *(check.outcome for check in checks)),
            at=at,
            ip=relay.ip,
            pool=relay.pool,
            transport=relay.transport,
            helo=found.helo,
            ptr=found.ptr.values[:_MOST_NAMES],
            checks=checks,
        )

    return list(await asyncio.gather(*map(one, relays)))


def ask(settings: Settings) -> list[IpIdentityObserved]:
    """Return how the IPs of all pools present themselves now."""
    return asyncio.run(observed(relays(settings), settings.dnsbl))
