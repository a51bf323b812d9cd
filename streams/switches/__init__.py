"""Switches: each module writes which stages of a sunset are off in the form that a server reads.

The contract is one public function, pure, in `streams/switches/<name>.py`, where the name is the key under
`[sunset.NAME.switch]` and the settings are its part of `schemas/sunset_stages.py`:

    def effects(state: Switched, settings: <its settings>) -> tuple[Effect, ...]

`state` is the whole, so a repeat is safe: the effects are performed at every start and every change. What is not off
works as before, and where a switch has never written anything, all does. A mailbox's name is a login that a stranger
may have chosen: it must never end a line, an expression or an argument, and one that is not `writable` is left out.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import cast

import msgspec

from schemas.names import canonical_mailbox
from schemas.part import Part
from schemas.sunset_events import Stage
from schemas.sunset_stages import Switches
from streams.deeds import Deed, HttpCall, Run, RunWith, WriteFile
from streams.sunset.stages import stage_of


class Switched(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One sunset on this host: its stages, the numbers of those that are off, and who is exempt.

    `exempt` are addresses, and domains (`@example.net`), in order. `known` are the mailboxes known to use, or to have
    used, the old way, for a switch that can only list: in order. `reply` is what a client is told.
    `step` is the event that it follows from, and the clock: the same stages may be off again and again.
    """

    sunset: str
    reply: str
    stages: tuple[Stage, ...] = ()
    off: frozenset[int] = frozenset()
    exempt: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    step: str = ""

    @cached_property
    def _exempt(self) -> frozenset[str]:
        return frozenset(self.exempt)

    def refuses(self, mailbox: str) -> bool:
        """Tell whether a mailbox, or a sender as it is written, is off."""
        name = canonical_mailbox(mailbox)
        if not self.off or name in self._exempt or f"@{name.rpartition('@')[2]}" in self._exempt:
            return False
        return stage_of(self.stages, mailbox).number in self.off


class SunsetPolicy(Deed, frozen=True, kw_only=True):
    """Let the policy server answer by this from now on."""

    state: Switched


Effect = WriteFile | Run | RunWith | HttpCall | SunsetPolicy
Effects = Callable[[Switched, Part], tuple[Effect, ...]]


def names() -> tuple[str, ...]:
    """Return the names of all switches."""
    return tuple(sorted(file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("_")))


def load(name: str) -> Effects:
    """Return the switch called `name` in the configuration. ValueError lists those that exist."""
    if name not in names():
        raise ValueError(f"no switch {name!r}; there are {', '.join(names())}")
    return cast("Effects", import_module(f"{__name__}.{name}").effects)


def configured(switches: Switches) -> dict[str, Part]:
    """Return the switches that the configuration turns on, with the settings of each."""
    chosen = ((name, getattr(switches, name)) for name in type(switches).model_fields)
    return {name: settings for name, settings in chosen if isinstance(settings, Part)}


def writable(subject: str) -> bool:
    """Tell whether an address can stand in the files of all switches: visible ASCII, without what they set apart."""
    return subject.isascii() and subject.isprintable() and bool(subject) and not set(subject) & set(' :#"\\')


def unwritten(switches: Switches, exempt: Iterable[str], off: Iterable[str] = ()) -> Iterator[str]:
    """Yield in words who has it otherwise than was decided, since the files of these switches cannot hold his name.

    `exempt` are addresses and domains, `off` mailboxes that are off.
    """
    files = " and ".join(name for name in ("postfix_access", "exim") if getattr(switches, name) is not None)
    for subject in exempt if files else ():
        if not writable(subject):
            yield f"{subject!r} is exempt, but no file of {files} can hold it: it is refused as others are"
    for mailbox in off if switches.dovecot is not None else ():
        if not writable(mailbox):
            yield f"{mailbox!r} is off, but no file of dovecot can hold it: it is let in"
