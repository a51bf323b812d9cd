"""Ask the DNSBLs about the pool's IPs, round by round: each list's test points first, then every IP.

An answer of a list that failed its test points is kept, but as unknown: it is neither a listing nor a clean bill.
"""

import asyncio
import logging
import random
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence

import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver
import msgspec

from collectors.dnsbl import TEST_POINTS, Dnsbl, Reply, fault, question, reading, supports
from collectors.lists import chosen
from schemas.dnsbl_settings import Dnsbl as Settings
from schemas.events import Event
from schemas.names import canonical_ip, derived_id
from schemas.observations import ListHealthObserved, ListingObserved

LOG = logging.getLogger("relaywarden.dnsbl")

_AT_ONCE = 128
_AT_ONCE_PER_LIST = 16
_JITTER = 0.05
_TRIES = 2
_REASON_LENGTH = 500
_NO_ADDRESS = "the name exists without an address"
_FAILURES = (dns.exception.DNSException, OSError)


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """A round of questions: its time in microseconds, and the number that makes its events' ids."""

    at: int
    number: int


class Resolver:
    """The configured name servers, asked with time-outs and a bound on questions under way."""

    def __init__(self, settings: Settings) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=False)
        self._resolver.nameservers = list(settings.resolvers)
        self._resolver.port = settings.port
        self._resolver.lifetime = settings.timeout_seconds
        self._resolver.timeout = settings.timeout_seconds / _TRIES
        self._all = asyncio.Semaphore(_AT_ONCE)
        self._patience = settings.timeout_seconds

    async def addresses(self, name: str, gate: asyncio.Semaphore) -> Reply:
        """Return the A records of a name, or why they are not known; `gate` bounds the questions to one list."""
        async with gate, self._all:
            try:
                found = await self._resolver.resolve(name, dns.rdatatype.A, search=False)
            except dns.resolver.NXDOMAIN:
                return Reply()
            except _FAILURES as error:
                return Reply(failure=self._why(error))
        if found.rrset is None:
            return Reply(failure=_NO_ADDRESS)
        return Reply(addresses=tuple(each.to_text() for each in found), ttl_seconds=found.rrset.ttl)

    def _why(self, error: Exception) -> str:
        if isinstance(error, dns.resolver.NoAnswer):
            return _NO_ADDRESS
        if isinstance(error, dns.resolver.LifetimeTimeout):
            return f"no answer in {self._patience:g} s"
        if isinstance(error, dns.resolver.NoNameservers):
            said = {str(each[3]) for each in error.kwargs.get("errors", ())}
            return f"no answer: {', '.join(sorted(said)) or 'no name server works'}"
        return f"no answer: {error}"

    async def text(self, name: str, gate: asyncio.Semaphore) -> str:
        """Return the TXT records of a name as one line, "" where there are none to be had."""
        async with gate, self._all:
            try:
                found = await self._resolver.resolve(name, dns.rdatatype.TXT, search=False)
            except _FAILURES:
                return ""
        lines = (b"".join(each.strings).decode(errors="replace") for each in found)
        return "".join(letter if letter.isprintable() else " " for letter in " ".join(lines))[:_REASON_LENGTH]


class Health(msgspec.Struct, frozen=True):
    """What is wrong with a list for one IP version, "" if nothing; `silent` when it did not answer at all."""

    fault: str
    silent: bool


class Asker:
    """One list in one round: its health by IP version, then what it says of each IP.

    A list that is silent about its test points is not asked further: the time-outs would hold up the round.
    """

    def __init__(self, dnsbl: Dnsbl, resolver: Resolver, when: Round) -> None:
        self._dnsbl = dnsbl
        self._resolver = resolver
        self._when = when
        self._gate = asyncio.Semaphore(_AT_ONCE_PER_LIST)

    async def events(self, ips: Sequence[str]) -> list[Event]:
        """Return the list's health and an observation for each of the IPs that it can be asked about."""
        asked = [ip for ip in ips if supports(ip, self._dnsbl)]
        versions = sorted({6 if ":" in ip else 4 for ip in asked}) or [4 if self._dnsbl.ipv4 else 6]
        health = dict(zip(versions, await asyncio.gather(*map(self._health, versions)), strict=True))
        listings = await asyncio.gather(*(self._listing(ip, health[6 if ":" in ip else 4]) for ip in asked))
        return [self._observed(health), *listings]

    async def _health(self, version: int) -> Health:
        must, must_not = await asyncio.gather(*map(self._ask, TEST_POINTS[version]))
        return Health(fault(must, must_not, version, self._dnsbl), bool(must.failure and must_not.failure))

    async def _ask(self, ip: str) -> Reply:
        return await self._resolver.addresses(question(ip, self._dnsbl), self._gate)

    def _observed(self, health: dict[int, Health]) -> ListHealthObserved:
        """Return the list's health; sound for one IP version is enough: answers about the other are unknown anyway."""
        wrong = [f"IPv{version}: {each.fault}" for version, each in health.items() if each.fault]
        healthy = len(wrong) < len(health)
        identity = derived_id("list health", self._dnsbl.name, self._when.number, healthy)
        return ListHealthObserved(
            id=identity, at=self._when.at, list=self._dnsbl.name, healthy=healthy, reason="; ".join(wrong)
        )

    async def _listing(self, ip: str, health: Health) -> ListingObserved:
        reply = Reply() if health.silent else await self._ask(ip)
        read = reading(reply.addresses, self._dnsbl)
        answer, reason = read.answer, read.reason
        if health.fault:
            answer, reason = "unknown", f"the list failed its test points: {health.fault}"
        elif reply.failure:
            answer, reason = "unknown", reply.failure
        elif answer == "listed":
            told = await self._resolver.text(question(ip, self._dnsbl), self._gate)
            reason = f"{reason}: {told}" if told else reason
        return ListingObserved(
            id=derived_id("listing", self._dnsbl.name, ip, self._when.number, answer, *read.codes),
            at=self._when.at,
            ip=ip,
            list=self._dnsbl.name,
            answer=answer,
            codes=read.codes,
            reason=reason,
            scope=self._dnsbl.scope,
            weight=self._dnsbl.weight,
            ttl_seconds=reply.ttl_seconds,
        )


async def _answers(
    ips: Sequence[str], dnsbls: Sequence[Dnsbl], settings: Settings, stop: Callable[[], bool]
) -> AsyncIterator[list[Event]]:
    """Yield the events of each list as soon as it is done; a slow list keeps no other waiting."""
    resolver = Resolver(settings)
    at = time.time_ns() // 1000
    when = Round(at=at, number=at // int(settings.interval_seconds * 1_000_000))
    under_way = {asyncio.create_task(Asker(dnsbl, resolver, when).events(ips)) for dnsbl in dnsbls}
    try:
        while under_way and not stop():
            done, under_way = await asyncio.wait(under_way, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def ask(ips: Sequence[str], dnsbls: Sequence[Dnsbl], settings: Settings) -> list[Event]:
    """Ask the lists about the IPs once; return each list's health and observations, in the order of the lists.

    ValueError where one of the IPs is none.
    """
    canonical = [canonical_ip(ip) for ip in ips]

    async def all_answers() -> list[list[Event]]:
        return [events async for events in _answers(canonical, dnsbls, settings, lambda: False)]

    order = {dnsbl.name: place for place, dnsbl in enumerate(dnsbls)}
    found = asyncio.run(all_answers())
    return [event for events in sorted(found, key=lambda events: order[_list_of(events[0])]) for event in events]


def _list_of(event: Event) -> str:
    return event.list if isinstance(event, ListHealthObserved | ListingObserved) else ""


class Poller:
    """Asks the configured lists about the pool's IPs at every interval. ValueError names lists that cannot be asked."""

    def __init__(self, settings: Settings, ips: Sequence[str]) -> None:
        self._settings = settings
        self._ips = tuple(canonical_ip(ip) for ip in ips)
        self._lists = chosen(settings)
        self._sick: dict[str, str] = {}

    def run(self, publish: Callable[[Sequence[Event]], None], stop: threading.Event) -> None:
        """Poll until `stop`, and publish list by list; a round begins an interval, and a little, after the last."""
        if not self._ips or not self._lists:
            LOG.info("no DNSBL is asked: %s", "no list is configured" if self._ips else "the pools have no IPs")
            stop.wait()
            return
        jitter = random.Random()  # noqa: S311 no secret: it keeps many pollers from asking at once
        while not stop.is_set():
            start = time.monotonic()
            asyncio.run(self._round(publish, stop))
            pause = self._settings.interval_seconds * (1 + jitter.uniform(0, _JITTER)) - (time.monotonic() - start)
            stop.wait(max(0.0, pause))

    async def _round(self, publish: Callable[[Sequence[Event]], None], stop: threading.Event) -> None:
        async for events in _answers(self._ips, self._lists, self._settings, stop.is_set):
            self._note(events)
            await asyncio.to_thread(publish, events)

    def _note(self, events: Sequence[Event]) -> None:
        """Log a list's health when it changes."""
        for event in events:
            if not isinstance(event, ListHealthObserved):
                continue
            before = self._sick.get(event.list, "")
            now = "" if event.healthy else event.reason
            if now and not before:
                LOG.warning("the DNSBL %s lost its vote: %s", event.list, now)
            elif before and not now:
                LOG.info("the DNSBL %s has its vote again", event.list)
            self._sick[event.list] = now
