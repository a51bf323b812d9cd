"""Runs a program of the hoster's with the whole state as JSON on its standard input; it must be harmless to repeat.

The fields: docs/sunset-stages.md. It is run without a shell, at every start and every change.
"""

from schemas.sunset_stages import CommandSwitch
from streams.deeds import RunWith
from streams.switches import Effect, Switched
from streams.switches._told import told


def effects(state: Switched, settings: CommandSwitch) -> tuple[Effect, ...]:
    """Return the one run."""
    run = RunWith(command=settings.command, stdin=told(state), timeout_seconds=settings.timeout_seconds)
    return (run,)
