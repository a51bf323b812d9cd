"""One list, round after round: its test points first, then each IP whose last answer does not hold any more."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from math import ceil

import msgspec

from collectors import dnswire, health, polite
from collectors.asking import Exchange
from collectors.dnsbl import TEST_POINTS, Dnsbl, Reading, reading
from collectors.dnswire import Said
from collectors.health import Health
from collectors.keys import kept, key_of, without
from collectors.lanes import Errand, Lane, way_of
from schemas.dnsbl_settings import Dnsbl as Settings
from schemas.events import Event
from schemas.names import derived_id
from schemas.observations import ListHealthObserved, ListingObserved

MUTE = {"refused", "silent", "outside_127"}
"""Faults of a list that is asked no further in this round."""

_GIVES_UP = 16
_NOT_ASKED = Said(failure="not asked any more in this round", fault="silent")
_UNHEALTHY = Said(failure="not asked", fault="silent")


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
    """What came of a round: its events, the list's health first, and how the list does, in all and by IP version."""

    events: list[Event]
    health: Health
    by_version: dict[int, Health]


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
        if said.fault or said.values:
            self._judge(said)
        if not self._left and not self._ended.done():  # nobody waits any more where the poller ends
            self._ended.set_result(None)

    def _judge(self, said: Said) -> None:
        self._failed += bool(said.fault)
        if (said.values and self._refuses(said)) or len(self.said) == self._failed == _GIVES_UP:
            self._left -= len(self._lane.queue)
            self._lane.queue.clear()

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
        self._way = way_of(dnsbl, settings, self._key)
        self._lane: Lane | None = None
        self._held: dict[str, Held] = {}
        self._found: dict[int, Health] = {}

    @property
    def interval(self) -> float:
        """The seconds from one round to the next."""
        return polite.interval(self.dnsbl, self._settings)

    async def ask(
        self, ips: Sequence[str], exchange: Exchange, when: Round, resting: Collection[int] = frozenset()
    ) -> Asked:
        """Return the list's health and an observation for each of the IPs that it can be asked about."""
        if self._lane is None:
            self._lane = exchange.lane(self._way)
        now = time.monotonic()
        self._held = {ip: held for ip, held in self._held.items() if held.until > now}
        found: dict[int, Health] = {}
        listings: list[Event] = []
        for version, asked in self._by_version(ips).items():
            if version in resting:
                found[version], said, texts = self._found[version], dict.fromkeys(asked, _UNHEALTHY), dict[str, str]()
            else:
                found[version], said, texts = await self._answers(version, asked, exchange, self._lane)
            listings += self._listings(said, texts, found[version], when)
        self._found, overall = found, health.of_all(found)
        observed = self._lane.pace.told(self._observed(overall, when))
        return Asked([observed, *listings], overall, found)

    def _by_version(self, ips: Sequence[str]) -> dict[int, list[str]]:
        """Return the IPs of each version that the list can be asked about; one version, if only for its test points.

        Without any IPs it is each version that the list knows.
        """
        four = [ip for ip in ips if ":" not in ip] if self.dnsbl.ipv4 else []
        six = [ip for ip in ips if ":" in ip] if self.dnsbl.ipv6 else []
        if not ips:
            return {version: [] for version, known in ((4, self.dnsbl.ipv4), (6, self.dnsbl.ipv6)) if known}
        found = {version: asked for version, asked in ((4, four), (6, six)) if asked}
        return found or {4 if self.dnsbl.ipv4 else 6: []}

    async def _answers(
        self, version: int, ips: Sequence[str], exchange: Exchange, lane: Lane
    ) -> tuple[Health, dict[str, Said], dict[str, str]]:
        """Return the list's health, what it says about each IP, and the texts of its listings.

        What still holds is taken from memory; a list of no use is not asked further.
        """
        found = await self._tested(version, exchange, lane)
        if found.fault in MUTE:
            said = dict.fromkeys(ips, _UNHEALTHY)
        else:
            now = time.monotonic()
            said = {ip: self._held[ip].at(now) if ip in self._held else _NOT_ASKED for ip in ips}
            said |= await self._sweep([ip for ip in ips if ip not in self._held], dnswire.A, exchange, lane)
        if not found.fault:
            found = health.of_answers(said, self.dnsbl)
        if found.fault:
            self._held = {ip: held for ip, held in self._held.items() if ip not in said}
            return found, said, {}
        texts = await self._texts(said, exchange, lane)
        self._hold(said, texts)
        return found, said, texts

    async def _tested(self, version: int, exchange: Exchange, lane: Lane) -> Health:
        points = (exchange.reply(lane, dnswire.reversed_ip(ip), dnswire.A) for ip in TEST_POINTS[version])
        must, must_not = await asyncio.gather(*points)
        return health.of_tests(must, must_not, version, self.dnsbl)

    def _refuses(self, said: Said) -> bool:
        return bool(health.strange(said.values, self.dnsbl))

    async def _sweep(self, ips: Sequence[str], kind: dnswire.Kind, exchange: Exchange, lane: Lane) -> dict[str, Said]:
        if not ips:
            return {}
        sweep = Sweep(lane, len(ips), self._refuses if kind == dnswire.A else lambda _: False)
        exchange.ask(lane, [Errand(dnswire.reversed_ip(ip), kind, ip, sweep) for ip in ips])
        return await sweep.whole()

    async def _texts(self, said: dict[str, Said], exchange: Exchange, lane: Lane) -> dict[str, str]:
        """Return the reason that the list gives for each of its listings, as far as it does."""
        named = [ip for ip, each in said.items() if each.values]
        listed = [ip for ip in named if reading(said[ip].values, self.dnsbl).answer == "listed"]
        texts = {ip: self._held[ip].text for ip in listed if ip in self._held}
        told = await self._sweep([ip for ip in listed if ip not in texts], dnswire.TXT, exchange, lane)
        return texts | {ip: kept(each.values, self._key) for ip, each in told.items()}

    def _hold(self, said: dict[str, Said], texts: dict[str, str]) -> None:
        """Remember what was said now for as long as it holds."""
        now, held, always = time.monotonic(), self._held, self._settings.ttl_min_seconds > 0
        for ip, each in said.items():
            if each.failure or ip in held or not (each.ttl_seconds or always):
                continue
            seconds = polite.holds(each.ttl_seconds, self._settings, listed=bool(each.values))
            if seconds:
                held[ip] = Held(each, texts.get(ip, ""), now + seconds)

    def _observed(self, overall: Health, when: Round) -> ListHealthObserved:
        healthy = not overall.fault or bool(overall.version)
        identity = derived_id("list health", self.dnsbl.name, when.number, healthy)
        return ListHealthObserved(
            id=identity,
            at=when.at,
            list=self.dnsbl.name,
            healthy=healthy,
            reason=without(overall.reason, self._key),
            fault=overall.fault,
            ip_version=overall.version,
        )

    def _listings(
        self, said: dict[str, Said], texts: dict[str, str], found: Health, when: Round
    ) -> Iterator[ListingObserved]:
        name, scope, weight, at, number = (
            self.dnsbl.name,
            self.dnsbl.scope,
            self.dnsbl.weight,
            when.at,
            str(when.number),
        )
        readings: dict[tuple[str, ...], Reading] = {}
        for ip, each in said.items():
            read = readings.get(each.values) or readings.setdefault(each.values, reading(each.values, self.dnsbl))
            answer, reason = read.answer, read.reason
            if found.fault:
                answer, reason = "unknown", f"the list has no vote: {found.reason}"
            elif each.failure:
                answer, reason = "unknown", each.failure
            elif texts.get(ip):
                reason = f"{reason}: {texts[ip]}"
            listed = answer == "listed"
            yield ListingObserved(
                id=derived_id("listing", name, ip, number, answer, *read.codes),
                at=at,
                ip=ip,
                list=name,
                answer=answer,
                codes=read.codes,
                reason=without(reason, self._key) if self._key else reason,
                scope=scope,
                weight=weight,
                ttl_seconds=each.ttl_seconds,
                removal=self.dnsbl.way_out if listed else "",
                lasts=self.dnsbl.lasts if listed else "",
                lasts_hours=self.dnsbl.lasts_hours if listed else 0,
            )
