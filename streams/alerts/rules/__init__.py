"""The rules of alerts: one module each, whose name is that of the rule in the configuration.

    SEVERITY: Severity      how severe a cause is, if a sign does not say otherwise
    DELAY_MINUTES: float    how long it has to last before it is alerted
    MEANS: str              what it means, in half a sentence

    def signs(before: S | None, fact: Event | Look, watched: Watched) -> tuple[S | None, tuple[Sign, ...]]

`signs` is pure: it is given what it kept (None at first), and returns what it keeps and which causes begin or end with
the fact. A module that has `watches(subject: str, watched: Watched) -> bool` tells, too, what is not configured any
more. One whose causes are told again and again while they are so has `TOLD_AGAIN = True`: a cause of which nothing was
told for a week is not known to be so. A new rule is one new module here and its row in docs/alerts.md.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol, cast

import msgspec

from schemas.alert_events import AlertPage, Severity
from schemas.events import Event
from schemas.facts import Evidence
from streams.alerts.facts import Look, Watched


class Sign(msgspec.Struct, frozen=True, kw_only=True):
    """That a cause is so (`on`) or is not any more, at `at` (µs), in one sentence.

    `since` is when it began where that is known to be earlier (0: with the sign). `shown` is what `page` is about.
    With a higher `severity`, or the same and a higher `grade`, the cause became worse.
    """

    subject: str
    at: int
    on: bool
    text: str
    since: int = 0
    severity: Severity | None = None
    evidence: tuple[Evidence, ...] = ()
    page: AlertPage = ""
    shown: str = ""
    grade: int = 0


class Rule(Protocol):
    """What a module of this folder has."""

    SEVERITY: Severity
    DELAY_MINUTES: float
    MEANS: str

    def signs(self, before: Any, fact: Event | Look, watched: Watched, /) -> tuple[Any, tuple[Sign, ...]]:  # noqa: ANN401 each rule keeps its own
        """Return what is kept, and the signs of a fact."""


@cache
def names() -> tuple[str, ...]:
    """Return the names of all rules, sorted."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


@cache
def load(name: str) -> Rule:
    """Return the rule called `name`. ValueError names those there are."""
    if name not in names():
        raise ValueError(f"no rule {name!r}; there are {', '.join(names())}")
    return cast("Rule", import_module(f"{__name__}.{name}"))


def told_again(name: str) -> bool:
    """Tell whether a rule's causes are told again and again while they are so."""
    return bool(getattr(load(name), "TOLD_AGAIN", False))


def watches(name: str, subject: str, watched: Watched) -> bool:
    """Tell whether what a cause of a rule is about is configured."""
    told = getattr(load(name), "watches", None)
    return told is None or bool(told(subject, watched))
