"""Runs a program of yours at each change, without a shell: it gets the whole set as JSON on its standard input.

It is run again after a crash and at each start, so it must be harmless to repeat.
"""

from schemas.pool_hooks_more import PoolCommandHook
from streams.deeds import RunWith
from streams.hooks import ActiveSet, Effect
from streams.hooks._whole import text


def effects(active: ActiveSet, settings: PoolCommandHook) -> tuple[Effect, ...]:
    """Return the one effect: the program."""
    return (RunWith(command=settings.command, stdin=text(active), timeout_seconds=settings.timeout_seconds),)
