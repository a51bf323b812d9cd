"""Causes: since when each is so, and how often it came and went; a fold of the rules' signs."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from schemas.events import Event
from streams.alerts import rules
from streams.alerts.facts import Look, WarehouseLooked, Watched
from streams.alerts.rules import Sign

DAY = 86_400_000_000
_MOST_STREAKS = 1000
Key = tuple[str, str]
"""A rule and what a cause of it is about."""


class Streak(NamedTuple):
    """From when until when a cause was so (µs); `until` is 0 while it is."""

    since: int
    until: int = 0


class Cause(msgspec.Struct, frozen=True):
    """A cause as the newest sign tells it, and its streaks within a day, the oldest first.

    `telling` is the newest sign that said that it is so: its words are those of an alert. `off` is since when it is
    known not to be so (µs), 0 while it is.
    """

    newest: Sign
    telling: Sign | None = None
    streaks: tuple[Streak, ...] = ()
    off: int = 0

    @property
    def on(self) -> bool:
        """Tell whether it is so now."""
        return bool(self.streaks) and not self.streaks[-1].until

    def begun(self, since: int) -> int:
        """Return how often it began since a moment."""
        return sum(each.since >= since for each in self.streaks)


def after(cause: Cause | None, sign: Sign, *, late: bool = True) -> Cause:
    """Return a cause after a sign; where signs may come `late`, one older than what is known changes nothing."""
    if cause is None:
        cause = Cause(sign)
    elif late and sign.at < cause.newest.at:
        return cause
    streaks = cause.streaks
    if sign.on and not cause.on:
        streaks = (*streaks, Streak(sign.since or sign.at))
    elif not sign.on and cause.on:
        since = streaks[-1].since
        streaks = (*streaks[:-1], Streak(since, max(sign.at, since + 1)))
    kept = tuple(each for each in streaks if not each.until or each.until > sign.at - DAY)
    off = 0 if sign.on else cause.off or sign.at
    return Cause(sign, sign if sign.on else cause.telling, kept[-_MOST_STREAKS:], off)


class Causes:
    """All causes, by rule and subject."""

    def __init__(self, watched: Watched, names: Iterable[str]) -> None:
        self._watched = watched
        self._rules = {name: rules.load(name) for name in names}
        self._kept: dict[str, Any] = {}
        self._known: dict[Key, Cause] = {}
        self._heard = 0

    @property
    def known(self) -> Mapping[Key, Cause]:
        """Return what is known of each; what is not there, nobody knows."""
        return self._known

    @property
    def heard(self) -> int:
        """Return when ClickHouse told last what it knows (µs), 0 where it never did."""
        return self._heard

    def take(self, fact: Event | Look) -> None:
        """Take in an event or a look. Looks come one after the other, also where the clock was put back in between."""
        if isinstance(fact, WarehouseLooked) and not fact.problem:
            self._heard = fact.at
        for name, rule in self._rules.items():
            self._kept[name], signs = rule.signs(self._kept.get(name), fact, self._watched)
            for sign in signs:
                key = name, sign.subject
                self._known[key] = after(self._known.get(key), sign, late=not isinstance(fact, Look))

    def forget(self, at: int, kept: Callable[[Key], object]) -> None:
        """Forget what is over for a day, but for what is `kept`: of an open alert, what says that its cause is over."""
        self._known = {
            key: cause for key, cause in self._known.items() if cause.on or at - cause.newest.at < DAY or kept(key)
        }
