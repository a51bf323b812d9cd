"""Keeps one pool's hooks at the active set that its decisions add up to, and never at a part of it."""

import logging
import time
from collections.abc import Callable

import msgspec

from schemas import names, pool_settings
from schemas.pool_events import PoolEvent, ProviderDrifted, WithdrawalDrifted
from streams import hooks, pool
from streams.applying import Applier, Outcome, Wanted
from streams.bringing import Tools
from streams.hookfacts import HookOutcome, fact_of, shown
from streams.hooks import ActiveSet
from streams.lastgood import Kept, LastGood, active_set, restored

QUIET_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Fold:
    """One pool's decisions from the log's beginning, and whether they tell as much as is known already."""

    def __init__(self, name: str, pool_settings: pool_settings.Pool, expected: str) -> None:
        self._pool = pool.initial(name, pool_settings)
        self._name = name
        self._expected = expected
        self._whole = not expected
        self._seen: set[str] = set()
        self.decision = ""
        self.at = 0
        self.drifted = False

    def take(self, events: tuple[PoolEvent, ...]) -> None:
        """Fold the pool's events among these, each once; `drifted` tells whether one of them asks for a repair."""
        mine = {event.id: event for event in events if event.pool == self._name and event.id not in self._seen}
        self._seen.update(mine)
        for event in mine.values():
            self._pool = pool.evolve(self._pool, event)
            self.decision, self.at = event.id, event.at
            self._whole = self._whole or event.id == self._expected
        self.drifted = any(isinstance(event, WithdrawalDrifted | ProviderDrifted) for event in mine.values())

    def tells(self, quiet_seconds: float) -> bool:
        """Tell whether the fold is news: it has events, and reaches what was known, unless nothing more comes.

        A log that is being refilled is shorter than what is known for a moment; an empty one says nothing at all.
        """
        return bool(self.decision) and (self._whole or quiet_seconds >= QUIET_SECONDS)

    def active(self) -> dict[str, float]:
        """Return the share of each active IP."""
        return pool.active(self._pool)

    def kept(self, ips: tuple[str, ...]) -> Kept:
        """Return the pool's set, to be kept."""
        barred = {name: ips for name, ips in pool.barred(self._pool).items() if names.is_provider(name)}
        return Kept(ips=ips, active=self.active(), barred=barred, decision=self.decision, at=self.at)


def given(kept: Kept, settings: pool_settings.Pool) -> Kept:
    """Return what the hooks are given: in shadow mode every IP, whatever was decided."""
    if settings.mode != "shadow":
        return kept
    return msgspec.structs.replace(kept, active=dict.fromkeys(settings.ips, 1.0), barred={})


class Keeper:
    """One pool on this host: what its hooks shall be at, and what is reported of them."""

    def __init__(
        self,
        name: str,
        pool_settings: pool_settings.Pool,
        last_good: LastGood,
        report: Callable[[HookOutcome], None],
        host: str,
    ) -> None:
        self.name = name
        self.settings = pool_settings
        self._last_good = last_good
        self._report = report
        self._host = host
        self._kept = given(restored(last_good.pools.get(name), pool_settings), pool_settings)
        self._appliers: dict[str, Applier] = {}
        self._fold = Fold(name, pool_settings, self._kept.decision)

    @property
    def active(self) -> ActiveSet:
        """Return what the pool may send through, as known now."""
        return active_set(self.name, self._kept, self.settings)

    def begin(self, tools: Tools) -> None:
        """Give the last good set to every hook; in a dry run there is none to give it to."""
        if self.settings.dry_run:
            return
        for hook in hooks.configured(self.settings.hooks):
            self._appliers[hook] = Applier(f"pool {self.name}: {hook}", tools, self._reporting(hook))
        self._want()

    def start_over(self) -> None:
        """Await a log from its beginning; until it tells as much as is known, nothing changes."""
        self._fold = Fold(self.name, self.settings, self._kept.decision)

    def take(self, events: tuple[PoolEvent, ...], quiet_seconds: float, *, fresh: bool) -> None:
        """Take what came from the log, and give the set to the hooks if it is another one or drifted."""
        self._fold.take(events)
        if not self._fold.tells(quiet_seconds):
            return
        kept = given(self._fold.kept(self.settings.ips), self.settings)
        if kept == self._kept:
            return
        changed = (kept.active, kept.barred) != (self._kept.active, self._kept.barred)
        if not kept.active:
            _log.error("pool %s: decision %s leaves no IP active: the last good set stays", self.name, kept.decision)
            return
        if self.settings.dry_run:
            if changed:
                _log.info("pool %s: dry run: would be brought to %s", self.name, shown(kept.active))
            self._kept = kept
            return
        self._keep(kept)
        if changed or (self._fold.drifted and not fresh):
            self._want()

    def stop(self, timeout_seconds: float) -> None:
        """End the hooks after what they do now."""
        for applier in self._appliers.values():
            applier.stop(timeout_seconds)

    def _keep(self, kept: Kept) -> None:
        self._kept = kept
        try:
            self._last_good.keep(self.name, kept)
        except OSError as error:
            _log.error("pool %s: the set is in memory only: %s", self.name, error)

    def _want(self) -> None:
        for hook, hook_settings in hooks.configured(self.settings.hooks).items():
            try:
                effects, refused = hooks.load(hook)(self.active, hook_settings), ""
            except ValueError as error:
                effects, refused = (), str(error)
            self._appliers[hook].want(Wanted(self.active, effects, refused))

    def _reporting(self, hook: str) -> Callable[[Outcome], None]:
        """Return what reports outcomes; of the failures in a row those whose number is a power of two."""

        def report(outcome: Outcome) -> None:
            if outcome.reason and outcome.attempt & (outcome.attempt - 1):
                return
            at = time.time_ns() // 1000  # noqa: TID251 the fact is that it happened now
            self._report(fact_of(outcome, self.name, hook, self._host, at))

        return report
