"""One list, round after round: its test points first, then each IP whose last answer does not hold any more."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import ceil

import msgspec

from collectors import dnswire, health, polite
from collectors.asking import Exchange
from collectors.dnsbl import TEST_POINTS, Dnsbl, Reading, reading
from collectors.dnswire import Said
from collectors.health import Health
from collectors.keys import key_of, with_key, without
from collectors.lanes import Errand, Lane, Way
from schemas.dnsbl_settings import Dnsbl as Settings
from schemas.events import Event
from schemas.names import derived_id
from schemas.observations import ListHealthObserved, ListingObserved

_GIVES_UP = 16
_MUTE = {"refused", "silent", "outside_127"}
_NOT_ASKED = Said(failure="not asked any more in this round", fault="silent")
_UNHEALTHY = Said(failure="not asked", fault="silent")


def demands(dnsbls: Sequence[Dnsbl], ips: Sequence[str], settings: Settings) -> Iterator[str]:
    """Yield a sentence for each list that cannot be asked so: too often, without its key, or not configured at all."""
    yield from polite.unknown_places(dnsbls, settings)
    yield from polite.too_much(dnsbls, ips, settings)
    for dnsbl in dnsbls:
        try:
            key_of(dnsbl, settings)
        except ValueError as error:
            yield str(error)


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """A round of questions: its time in microseconds, and the number that makes its events' ids."""

    at: int
    number: int


class Held(msgspec.Struct, frozen=True):
    """An answer that is not asked for again before `until`, a time of the steady clock, with a listing's text."""

    said: Said
    text: str
    until: float

    def at(self, now: float) -> Said:
        """Return the answer as it is later, with the rest of its time."""
        return msgspec.structs.replace(self.said, ttl_seconds=max(0, ceil(self.until - now)))


class Asked(msgspec.Struct, frozen=True):
    """What came of a round: its events, the list's health first, and how the list does."""

    events: list[Event]
    health: Health


class Sweep:
    """The answers about many IPs as they come; ends early where one refuses, or none of the first says anything."""

    def __init__(self, lane: Lane, count: int, refuses: Callable[[Said], bool]) -> None:
        self.said: dict[str, Said] = {}
        self._lane = lane
        self._refuses = refuses
        self._left = count
        self._failed = 0
        self._ended = asyncio.get_running_loop().create_future()

    def __call__(self, ip: str, said: Said) -> None:
        """Take an answer."""
        self.said[ip] = said
        self._left -= 1
        if said.fault:
            self._failed += 1
        if (said.values and self._refuses(said)) or len(self.said) == self._failed == _GIVES_UP:
            self._left -= len(self._lane.queue)
            self._lane.queue.clear()
        if not self._left:
            self._ended.set_result(None)

    async def whole(self) -> dict[str, Said]:
        """Return all answers once the last has come."""
        await self._ended
        return self.said


class ListAsker:
    """Asks one list; ValueError where its key is missing, or its zone is no name."""

    def __init__(self, dnsbl: Dnsbl, settings: Settings) -> None:
        self.dnsbl = dnsbl
        self._settings = settings
        self._key = key_of(dnsbl, settings)
        try:
            zone = dnswire.zone(with_key(dnsbl.zone, self._key))
        except ValueError as error:
            raise ValueError(f"the DNSBL {dnsbl.name}: its zone {dnsbl.zone!r} is no DNS name: {error}") from error
        own = polite.own_of(dnsbl.name, settings)
        port = settings.port if own.port is None else own.port
        rate = settings.queries_per_second if own.queries_per_second is None else own.queries_per_second
        servers = tuple((ip, port) for ip in own.resolvers or settings.resolvers)
        self._way = Way(zone, servers, own.timeout_seconds or settings.timeout_seconds, rate)
        self._lane: Lane | None = None
        self._held: dict[str, Held] = {}

    @property
    def interval(self) -> float:
        """The seconds from one round to the next."""
        return polite.interval(self.dnsbl, self._settings)

    async def ask(self, ips: Sequence[str], exchange: Exchange, when: Round) -> Asked:
        """Return the list's health and an observation for each of the IPs that it can be asked about."""
        if self._lane is None:
            self._lane = exchange.lane(self._way)
        lane = self._lane
        asked = [ip for ip in ips if (self.dnsbl.ipv6 if ":" in ip else self.dnsbl.ipv4)]
        versions = sorted(set(map(_version, asked))) or [4 if self.dnsbl.ipv4 else 6]
        tested = await asyncio.gather(*(self._tested(version, exchange, lane) for version in versions))
        found = dict(zip(versions, tested, strict=True))
        now = time.monotonic()
        self._held = {ip: held for ip, held in self._held.items() if held.until > now}
        said = await self._answers(asked, found, exchange, lane)
        for version, each in found.items():
            if not each.fault:
                found[version] = health.of_answers(
                    {ip: said[ip] for ip in asked if _version(ip) == version}, self.dnsbl
                )
        texts = await self._texts(said, found, exchange, lane)
        self._hold(said, texts, found)
        overall = health.of_all(found)
        return Asked([self._observed(overall, when), *self._listings(asked, said, texts, found, when)], overall)

    async def _tested(self, version: int, exchange: Exchange, lane: Lane) -> Health:
        points = (exchange.reply(lane, dnswire.reversed_ip(ip), dnswire.A) for ip in TEST_POINTS[version])
        must, must_not = await asyncio.gather(*points)
        return health.of_tests(must, must_not, version, self.dnsbl)

    async def _answers(
        self, ips: Sequence[str], found: dict[int, Health], exchange: Exchange, lane: Lane
    ) -> dict[str, Said]:
        """Return what is said about each IP, from memory where that still holds; a list of no use is left alone."""
        now = time.monotonic()
        said = {ip: self._held[ip].at(now) for ip in ips if ip in self._held}
        mute = {version for version, each in found.items() if each.fault in _MUTE}
        said |= {ip: _UNHEALTHY for ip in ips if _version(ip) in mute}
        told = await self._sweep([ip for ip in ips if ip not in said], dnswire.A, exchange, lane)
        return {**dict.fromkeys(ips, _NOT_ASKED), **said, **told}

    def _refuses(self, said: Said) -> bool:
        return bool(health.strange(said.values, self.dnsbl))

    async def _sweep(self, ips: Sequence[str], kind: dnswire.Kind, exchange: Exchange, lane: Lane) -> dict[str, Said]:
        if not ips:
            return {}
        sweep = Sweep(lane, len(ips), self._refuses if kind == dnswire.A else lambda _: False)
        exchange.ask(lane, [Errand(dnswire.reversed_ip(ip), kind, ip, sweep) for ip in ips])
        return await sweep.whole()

    async def _texts(
        self, said: dict[str, Said], found: dict[int, Health], exchange: Exchange, lane: Lane
    ) -> dict[str, str]:
        """Return the reason that the list gives for each of its listings, as far as it does."""
        listed = [
            ip
            for ip, each in said.items()
            if each.values and not found[_version(ip)].fault and reading(each.values, self.dnsbl).answer == "listed"
        ]
        texts = {ip: self._held[ip].text for ip in listed if ip in self._held}
        told = await self._sweep([ip for ip in listed if ip not in texts], dnswire.TXT, exchange, lane)
        return texts | {ip: without(" ".join(each.values), self._key) for ip, each in told.items()}

    def _hold(self, said: dict[str, Said], texts: dict[str, str], found: dict[int, Health]) -> None:
        """Remember what a sound list said for as long as it holds; of an unsound one nothing."""
        now = time.monotonic()
        for ip, each in said.items():
            if found[_version(ip)].fault or each.failure:
                self._held.pop(ip, None)
            elif ip not in self._held and (
                seconds := polite.holds(each.ttl_seconds, self._settings, listed=bool(each.values))
            ):
                self._held[ip] = Held(each, texts.get(ip, ""), now + seconds)

    def _observed(self, overall: Health, when: Round) -> ListHealthObserved:
        healthy = not overall.fault
        identity = derived_id("list health", self.dnsbl.name, when.number, healthy)
        return ListHealthObserved(
            id=identity,
            at=when.at,
            list=self.dnsbl.name,
            healthy=healthy,
            reason=without(overall.reason, self._key),
            fault=overall.fault,
        )

    def _listings(
        self, ips: Iterable[str], said: dict[str, Said], texts: dict[str, str], found: dict[int, Health], when: Round
    ) -> list[Event]:
        name, scope, weight = self.dnsbl.name, self.dnsbl.scope, self.dnsbl.weight
        readings: dict[tuple[str, ...], Reading] = {}
        events: list[Event] = []
        for ip in ips:
            each, sick = said[ip], found[_version(ip)]
            read = readings.get(each.values) or readings.setdefault(each.values, reading(each.values, self.dnsbl))
            answer, reason = read.answer, read.reason
            if sick.fault:
                answer, reason = "unknown", f"the list has no vote: {sick.reason}"
            elif each.failure:
                answer, reason = "unknown", each.failure
            elif text := texts.get(ip):
                reason = f"{reason}: {text}"
            events.append(
                ListingObserved(
                    id=derived_id("listing", name, ip, when.number, answer, *read.codes),
                    at=when.at,
                    ip=ip,
                    list=name,
                    answer=answer,
                    codes=read.codes,
                    reason=without(reason, self._key) if self._key else reason,
                    scope=scope,
                    weight=weight,
                    ttl_seconds=each.ttl_seconds,
                )
            )
        return events


def _version(ip: str) -> int:
    return 6 if ":" in ip else 4
