"""The rules that tell a compromised mailbox: one module each, with `evidence(state) -> Evidence | None`.

A rule reads the mailbox's state and changes nothing. Its evidence says in words and numbers what was seen and what is
usual, and adds `points` to the score, or takes some away where it speaks for the owner: such a rule's module says
`FOR_THE_OWNER = True`, and it is asked only where another has found something. `None` is "nothing odd". A new rule is
one new module here and its golden table tests/golden/detectors/<rule>.txt.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from schemas.facts import Evidence
from streams.habits import MailboxState

Detect = Callable[[MailboxState], Evidence | None]


def names() -> tuple[str, ...]:
    """Return the names of all rules, sorted."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def load(name: str) -> Detect:
    """Return the rule called `name`. ValueError names those there are."""
    if name not in names():
        raise ValueError(f"no detector {name!r}; there are {', '.join(names())}")
    return cast("Detect", import_module(f"{__name__}.{name}").evidence)


@cache
def _rules(*, for_the_owner: bool) -> tuple[Detect, ...]:
    return tuple(
        load(name)
        for name in names()
        if getattr(import_module(f"{__name__}.{name}"), "FOR_THE_OWNER", False) is for_the_owner
    )


def findings(state: MailboxState) -> tuple[Evidence, ...]:
    """Return the evidence of all rules, the weightiest first; none where nothing speaks against the mailbox."""
    found = [evidence for detect in _rules(for_the_owner=False) if (evidence := detect(state))]
    if not found:
        return ()
    found += [evidence for detect in _rules(for_the_owner=True) if (evidence := detect(state))]
    found.sort(key=lambda evidence: (-evidence.points, evidence.rule))
    return tuple(found)
