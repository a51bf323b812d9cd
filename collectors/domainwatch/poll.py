"""Look at customers' domains again and again, each once an interval, and publish what changed."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from collectors.customerdomain.wanted import wanted
from collectors.domainwatch.ask import AT_ONCE, looked
from collectors.domainwatch.resolver import DomainNames
from collectors.domainwatch.slots import DAY, Asked, Plan, noted, removed
from collectors.domainwatch.store import DomainStore
from collectors.ownpoll import unless
from schemas import domain_file
from schemas.domain_events import CustomerDomainChecked
from schemas.domain_list import Listed
from schemas.events import Event
from schemas.settings import Settings

LOG = logging.getLogger("relaywarden.domains")

_LOOK_SECONDS = 5.0
_SETTLED_SECONDS = 2.0
_MOST_REMOVED = 500
Publish = Callable[[Sequence[Event]], None]


def has_work(settings: Settings) -> bool:
    """Tell whether there are domains to look at, or some that were looked at before and are to be taken back."""
    configured = settings.customers or settings.domains.extra or settings.domains.file
    return settings.domains.enabled and (bool(configured) or DomainStore.path(settings).exists())


class CustomerDomains:
    """All domains of a configuration. ValueError where its file is wrong, OSError where the state's is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._interval = int(settings.domains.interval_days * DAY)
        self._wanted = wanted(settings)
        self._store = DomainStore(DomainStore.path(settings))
        self._asked = self._store.all()
        self._full = False
        self._seen = domain_file.state(settings)
        self._take_in(domain_file.domains(settings))

    def run(self, publish: Publish, stop: threading.Event) -> None:
        """Look and publish until `stop`."""
        LOG.info("%d customers' domains, each every %g days", len(self._listed), self._settings.domains.interval_days)
        names = DomainNames(self._settings)
        try:
            with asyncio.Runner() as runner:
                while not stop.is_set():
                    self._renew()
                    self._take_back(publish)
                    batch = [self._listed[name] for name in self._plan.turn(_now(), AT_ONCE)]
                    if batch:
                        found = runner.run(unless(stop, looked(batch, self._wanted, names)))
                        self._tell(found, publish)
                    stop.wait(self._plan.pause_seconds(len(batch), _now(), _LOOK_SECONDS))
        finally:
            self._store.close()

    def _take_in(self, listed: Sequence[Listed]) -> None:
        self._listed = {each.domain: each for each in listed}
        self._plan = Plan(self._listed, self._asked, self._interval, _now())
        self._gone = sorted(self._asked.keys() - self._listed.keys())

    def _renew(self) -> None:
        """Take in the file where it changed and is written to no more; one that is wrong leaves all as it was."""
        seen = domain_file.state(self._settings)
        if seen in {self._seen, (0, 0)} or 0 <= _now() - seen[0] // 1000 < _SETTLED_SECONDS * 1e6:
            return
        self._seen = seen
        try:
            self._take_in(domain_file.domains(self._settings))
        except ValueError as error:
            LOG.warning("the domains of before are kept: %s", error)
        else:
            LOG.info("%s was read anew: %d domains", self._settings.domains.file, len(self._listed))

    def _take_back(self, publish: Publish) -> None:
        """Tell of domains that are configured no more, then forget them: who is killed between tells it once more."""
        for start in range(0, len(self._gone), _MOST_REMOVED):
            names = self._gone[start : start + _MOST_REMOVED]
            publish(removed(names, _now()))
            self._keep((), dropped=names)
            for name in names:
                del self._asked[name]
            LOG.info("%d domains are configured no more: %s", len(names), ", ".join(names[:20]))
        self._gone = []

    def _tell(self, found: Sequence[CustomerDomainChecked], publish: Publish) -> None:
        """Publish what is to be told, then remember it: who is killed between looks once more."""
        looks: list[tuple[str, Asked]] = []
        told: list[CustomerDomainChecked] = []
        for event in found:
            asked, tells = noted(event, self._asked.get(event.domain), self._interval)
            looks.append((event.domain, asked))
            if tells:
                told.append(event)
        if told:
            publish(told)
        self._keep(looks)
        self._asked.update(looks)
        for name, asked in looks:
            self._plan.put(name, asked, _now())

    def _keep(self, looks: Sequence[tuple[str, Asked]], dropped: Iterable[str] = ()) -> None:
        """Write down looks, and what is forgotten; where the disk is full both are lost with this process."""
        try:
            self._store.keep(looks, dropped)
        except OSError as error:
            if not self._full:
                LOG.warning("looks at domains are not written down: %s", error)
            self._full = True
        else:
            self._full = False


def _now() -> int:
    return time.time_ns() // 1000  # noqa: TID251 when a domain is due is by the clock of the world
