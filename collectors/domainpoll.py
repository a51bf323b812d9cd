"""Look at customers' domains again and again, each once an interval, and publish what changed."""

import asyncio
import heapq
import logging
import threading
import time
from collections.abc import Callable, Sequence

from collectors import domainslots
from collectors.customerdomain.wanted import wanted
from collectors.domainask import AT_ONCE, looked
from collectors.domaindns import DomainNames
from collectors.domainstore import DomainStore
from collectors.ownpoll import unless
from schemas import domain_file
from schemas.domain_events import CustomerDomainChecked
from schemas.domain_list import Listed
from schemas.events import Event
from schemas.settings import Settings

LOG = logging.getLogger("relaywarden.domains")

_LOOK_SECONDS = 60.0
Publish = Callable[[Sequence[Event]], None]


class CustomerDomains:
    """All domains of a configuration. ValueError where its file is wrong, OSError where the state's is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._interval = int(settings.domains.interval_days * domainslots.DAY)
        self._wanted = wanted(settings)
        self._store = DomainStore(settings.data / "checkpoints" / "domains.db")
        self._asked = self._store.all()
        self._listed: dict[str, Listed] = {}
        self._due: list[tuple[int, int, str]] = []
        self._seen = domain_file.state(settings)
        self._plan(domain_file.domains(settings))

    def run(self, publish: Publish, stop: threading.Event) -> None:
        """Look and publish until `stop`."""
        LOG.info("%d customers' domains, each every %g days", len(self._listed), self._settings.domains.interval_days)
        names = DomainNames(self._settings)
        try:
            with asyncio.Runner() as runner:
                while not stop.is_set():
                    self._renew()
                    batch = self._turn(_now())
                    if batch:
                        found = runner.run(unless(stop, looked(batch, self._wanted, names)))
                        self._tell(found, publish)
                    stop.wait(self._pause(len(batch)))
        finally:
            self._store.close()

    def _plan(self, listed: Sequence[Listed]) -> None:
        now = _now()
        self._listed = {each.domain: each for each in listed}
        self._due = [self._place(name, now) for name in self._listed]
        heapq.heapify(self._due)

    def _place(self, name: str, now: int) -> tuple[int, int, str]:
        due = domainslots.due(name, self._asked.get(name), self._interval, now)
        return due, domainslots.slot(name, self._interval), name

    def _renew(self) -> None:
        """Take in the file where it changed; one that is wrong leaves all as it was."""
        seen = domain_file.state(self._settings)
        if seen in {self._seen, (0, 0)}:
            return
        self._seen = seen
        try:
            self._plan(domain_file.domains(self._settings))
        except ValueError as error:
            LOG.warning("the domains of before are kept: %s", error)
        else:
            LOG.info("%s was read anew: %d domains", self._settings.domains.file, len(self._listed))

    def _turn(self, now: int) -> list[Listed]:
        """Take out the domains that are due, the longest due first, a few at a time."""
        batch: list[Listed] = []
        while self._due and self._due[0][0] <= now and len(batch) < AT_ONCE:
            batch.append(self._listed[heapq.heappop(self._due)[2]])
        return batch

    def _pause(self, done: int) -> float:
        if done:
            return done * domainslots.gap_seconds(len(self._listed), self._interval)
        next_due = (self._due[0][0] - _now()) / 1e6 if self._due else _LOOK_SECONDS
        return min(_LOOK_SECONDS, max(0.0, next_due))

    def _tell(self, found: Sequence[CustomerDomainChecked], publish: Publish) -> None:
        """Publish what is to be told, then remember it: who is killed between looks once more."""
        looks: list[tuple[str, domainslots.Asked]] = []
        told: list[CustomerDomainChecked] = []
        for event in found:
            asked, tells = domainslots.noted(event, self._asked.get(event.domain), self._interval)
            looks.append((event.domain, asked))
            if tells:
                told.append(event)
        if told:
            publish(told)
        self._store.keep(looks)
        self._asked.update(looks)
        for name, _ in looks:
            heapq.heappush(self._due, self._place(name, _now()))


def _now() -> int:
    return time.time_ns() // 1000  # noqa: TID251 when a domain is due is by the clock of the world
