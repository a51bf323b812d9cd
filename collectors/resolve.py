"""Ask the DNSBLs about the pool's IPs, each list in its own rounds: its test points first, then every IP.

An answer of a list without a vote is kept, but as unknown: it is neither a listing nor a clean bill.
"""

import asyncio
import logging
import random
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from collectors import polite
from collectors.asking import Exchange
from collectors.dnsbl import Dnsbl
from collectors.health import Health
from collectors.listround import Asked, ListAsker, Round
from collectors.lists import chosen
from collectors.metrics import ANSWERS, VOTES
from collectors.polite import Restraint
from schemas.dnsbl_settings import Dnsbl as Settings
from schemas.events import Event
from schemas.names import canonical_ip
from schemas.observations import ListHealthObserved, ListingObserved

if TYPE_CHECKING:
    from schemas.facts import ListFault

LOG = logging.getLogger("relaywarden.dnsbl")

_LOOKS_SECONDS = 0.2

Publish = Callable[[Sequence[Event]], None]


def ask(ips: Sequence[str], dnsbls: Sequence[Dnsbl], settings: Settings) -> list[Event]:
    """Ask the lists about the IPs once; return each list's health and observations, in the order of the lists.

    ValueError where one of the IPs is none, or a list's key is missing.
    """
    canonical = [canonical_ip(ip) for ip in ips]
    askers = [ListAsker(dnsbl, settings) for dnsbl in dnsbls]

    async def all_answers() -> list[Asked]:
        exchange = Exchange()
        try:
            return await asyncio.gather(*(asker.ask(canonical, exchange, _round(asker)) for asker in askers))
        finally:
            await exchange.close()

    return [event for asked in asyncio.run(all_answers()) for event in asked.events]


def _round(asker: ListAsker) -> Round:
    at = time.time_ns() // 1000
    return Round(at=at, number=at // max(1, int(asker.interval * 1_000_000)))


class Poller:
    """Asks the configured lists about the pool's IPs, each at its interval; ValueError names lists that cannot be."""

    def __init__(self, settings: Settings, ips: Sequence[str], draw: Callable[[], float] = random.random) -> None:
        self._settings = settings
        self._draw = draw  # no secret: it keeps many pollers from asking at once
        self._ips = tuple(canonical_ip(ip) for ip in ips)
        self._askers = [ListAsker(dnsbl, settings) for dnsbl in chosen(settings)]
        self._sick: dict[str, dict[int, ListFault]] = {}

    def run(self, publish: Publish, stop: threading.Event) -> None:
        """Poll until `stop`, and publish list by list; each round begins an interval, and a little, after the last."""
        if not self._ips or not self._askers:
            LOG.info("no DNSBL is asked: %s", "no list is configured" if self._ips else "the pools have no IPs")
            stop.wait()
            return
        asyncio.run(self._poll(publish, stop))

    async def _poll(self, publish: Publish, stop: threading.Event) -> None:
        exchange, one_by_one = Exchange(), asyncio.Lock()

        async def published(events: Sequence[Event]) -> None:
            async with one_by_one:  # a publisher is for one thread
                await asyncio.to_thread(publish, events)

        tasks = {asyncio.create_task(self._keep_asking(asker, exchange, published)) for asker in self._askers}
        try:
            while not stop.is_set():
                ended, _ = await asyncio.wait(tasks, timeout=_LOOKS_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    task.result()  # none ends but by an error
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            await exchange.close()
        for error in ends:
            if isinstance(error, Exception):
                raise error  # it came while the others were ended

    async def _keep_asking(
        self, asker: ListAsker, exchange: Exchange, published: Callable[[Sequence[Event]], Awaitable[None]]
    ) -> None:
        """Ask one list for ever: less often while it refuses."""
        restraint = Restraint(asker.interval, self._settings.backoff_max_seconds)
        wake = time.monotonic() + polite.start(asker.interval, self._draw())
        while True:
            await asyncio.sleep(max(0.0, wake - time.monotonic()))
            begun, when = max(wake, time.monotonic()), _round(asker)
            resting = restraint.resting(begun)
            asked = await asker.ask(self._ips, exchange, when, resting)
            found = {version: each for version, each in asked.by_version.items() if version not in resting}
            refused = {version: each.fault == "refused" for version, each in found.items()}
            wake = restraint.after(refused, begun, self._draw())
            events, pause = asked.events, 0.0
            if asked.health.fault == "refused":
                pause = (restraint.due(asked.health.version) if asked.health.version else wake) - begun
                events = [_again_at(event, when.at + int(pause * 1_000_000)) for event in events]
            self._note(asker.dnsbl.name, asked.health, pause)
            _count(events)
            await published(events)

    def _note(self, name: str, health: Health, pause: float) -> None:
        """Log a list's health when it changes, over one IP version alone or over all (0)."""
        before = self._sick.get(name, {})
        now = self._sick[name] = {health.version: health.fault} if health.fault else {}
        for version in sorted({*before, *now}):
            over = f" for IPv{version}" if version else ""
            if version in now and now[version] != before.get(version):
                again = f"; it is asked again in {pause:.0f} s" if pause else ""
                LOG.warning("the DNSBL %s lost its vote%s (%s): %s%s", name, over, health.fault, health.reason, again)
            elif version not in now and 0 not in now:
                LOG.info("the DNSBL %s has its vote%s again", name, over)


def _count(events: Sequence[Event]) -> None:
    for event in events:
        if isinstance(event, ListingObserved):
            ANSWERS.labels(event.list, event.answer).inc()
        elif isinstance(event, ListHealthObserved):
            VOTES.labels(event.list).set(event.healthy)


def _again_at(event: Event, at: int) -> Event:
    return msgspec.structs.replace(event, next_at=at) if isinstance(event, ListHealthObserved) else event
