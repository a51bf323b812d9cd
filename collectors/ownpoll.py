"""Look at our own side again and again: how each IP presents itself, and what lists say of our domains."""

import asyncio
import logging
import math
import random
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TypeVar

import msgspec

from collectors import domains, ownside, polite
from collectors.domains import DomainAsker
from collectors.lists import chosen_domains
from schemas.events import Event
from schemas.observations import ListHealthObserved
from schemas.own_observations import DomainListingObserved, IpIdentityObserved
from schemas.settings import Settings

LOG = logging.getLogger("relaywarden.ownside")

_HOUR_SECONDS = 3600.0
_LOOKS_SECONDS = 0.2

Publish = Callable[[Sequence[Event]], None]
Told = TypeVar("Told")


class OwnSide:
    """Asks at the start and then at each interval; after what does not pass, every hour.

    ValueError names lists that cannot be asked.
    """

    def __init__(self, settings: Settings, draw: Callable[[], float] = random.random) -> None:
        self._settings = settings
        self._relays = ownside.relays(settings)
        self._askers = [DomainAsker(each, settings.dnsbl) for each in chosen_domains(settings.dnsbl)]
        self._schedule = _Schedule(settings, draw)
        self._identities: list[IpIdentityObserved] = []
        self._wrong: dict[tuple[str, str], str] = {}

    def run(self, publish: Publish, stop: threading.Event) -> None:
        """Look and publish until `stop`."""
        if not self._relays and not domains.configured(self._settings):
            LOG.info("there is no own side to look at: no pool, and no domain")
            stop.wait()
            return
        look, ask = 0.0, self._schedule.first(time.monotonic())
        while not stop.is_set():
            now = time.monotonic()
            if now >= look:
                look = now + self._looked(publish, stop)
            if now >= ask:
                self._asked(publish, stop, now)
                ask = self._schedule.next(asker.dnsbl.name for asker in self._askers)
            stop.wait(max(0.0, min(look, ask) - time.monotonic()))

    def _looked(self, publish: Publish, stop: threading.Event) -> float:
        """Look at the IPs, and return after how many seconds to do so again."""
        found = asyncio.run(unless(stop, ownside.observed(self._relays, self._settings.dnsbl)))
        interval = self._settings.dnsbl.identity_interval_hours * _HOUR_SECONDS
        if not found:
            return interval
        self._identities = found
        for event in found:
            wrong = (f"{each.name} {each.outcome}: {each.text}" for each in event.checks if each.outcome != "pass")
            self._note(event.ip, "identity", "; ".join(wrong))
        publish(found)
        passed = all(check.outcome == "pass" for event in found for check in event.checks)
        return interval if passed else min(interval, _HOUR_SECONDS)

    def _asked(self, publish: Publish, stop: threading.Event, now: float) -> None:
        """Ask the lists of domains whose turn it is."""
        used = domains.configured(self._settings, self._identities)
        turn = [asker for asker in self._askers if self._schedule.is_due(asker.dnsbl.name, now)]
        told = asyncio.run(unless(stop, domains.observed(used, turn))) if used and turn else []
        if not told:
            self._schedule.skip((asker.dnsbl.name for asker in turn), now)
        found = [self._schedule.after(event, now) if isinstance(event, ListHealthObserved) else event for event in told]
        for event in found:
            if isinstance(event, ListHealthObserved):
                again = f"; it is asked again in {(event.next_at - event.at) / 1e6:.0f} s" if event.next_at else ""
                self._note(event.list, "vote", f"lost ({event.fault}): {event.reason}{again}" if event.fault else "")
            elif isinstance(event, DomainListingObserved) and event.answer != "unknown":
                listed = f"listed, {event.reason}" if event.answer == "listed" else ""
                self._note(event.domain, event.list, listed)
        if found:
            publish(found)

    def _note(self, subject: str, what: str, wrong: str) -> None:
        """Log what is wrong when that changes."""
        before = self._wrong.get((subject, what), "")
        if wrong and wrong != before:
            LOG.warning("%s, %s: %s", subject, what, wrong)
        elif before and not wrong:
            LOG.info("%s, %s: in order again", subject, what)
        self._wrong[subject, what] = wrong


class _Schedule:
    """When each list of domains is asked next, by the steady clock: less often while it refuses."""

    def __init__(self, settings: Settings, draw: Callable[[], float]) -> None:
        self._interval = settings.dnsbl.domains_interval_hours * _HOUR_SECONDS
        self._most = settings.dnsbl.backoff_max_seconds
        self._due: dict[str, float] = {}
        self._refusals: dict[str, int] = {}
        self._draw = draw  # no secret: it keeps many collectors from asking at once

    def first(self, now: float) -> float:
        """Return when the first round of all lists begins."""
        return now + polite.start(self._interval, self._draw())

    def is_due(self, name: str, now: float) -> bool:
        return self._due.get(name, 0.0) <= now

    def next(self, names: Iterable[str]) -> float:
        """Return when the first of the lists is to be asked; never where there is none."""
        return min((self._due.get(name, 0.0) for name in names), default=math.inf)

    def skip(self, names: Iterable[str], now: float) -> None:
        """Let lists that could not be asked wait for their next round."""
        self._due |= dict.fromkeys(names, now + self._interval)

    def after(self, health: ListHealthObserved, now: float) -> ListHealthObserved:
        """Return a list's health with when it is asked again, if it refused."""
        refusals = self._refusals.get(health.list, 0) + 1 if health.fault == "refused" else 0
        self._refusals[health.list] = refusals
        pause = polite.pause(self._interval, refusals, self._most, self._draw())
        self._due[health.list] = now + pause
        again = health.at + int(pause * 1_000_000)
        return msgspec.structs.replace(health, next_at=again) if refusals else health


async def unless(stop: threading.Event, work: Coroutine[None, None, list[Told]]) -> list[Told]:
    """Return what the work gives, or nothing as soon as `stop` is set."""
    task = asyncio.ensure_future(work)
    while not task.done():
        await asyncio.wait({task}, timeout=_LOOKS_SECONDS)
        if stop.is_set() and not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return []
    return task.result()
