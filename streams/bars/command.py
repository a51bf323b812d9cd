"""Runs a program of the hoster's for each mailbox: a new password, a flag in the control panel, an entry in a map.

It gets its arguments one by one, never through a shell, and the same as a JSON text on its standard input. It is run
again after a crash, so it must be harmless to repeat.
"""

from collections.abc import Mapping

import msgspec

from schemas.mailbox_hooks import CommandHook
from streams.bars import Bar, Effect, ForMailbox, Pass, Refuse
from streams.bars._orders import arguments, values
from streams.deeds import RunWith


def effects(
    barred: Mapping[str, Bar],  # noqa: ARG001 the contract's
    changed: Mapping[str, Bar],
    settings: CommandHook,
) -> tuple[Effect, ...]:
    """Return the program of each change's step."""
    orders = {"suspend": settings.suspend, "throttle": settings.throttle, "release": settings.release}
    return tuple(
        _single(name, bar, orders[bar.word], settings.timeout_seconds) for name, bar in sorted(changed.items())
    )


def _single(name: str, bar: Bar, command: tuple[str, ...], timeout_seconds: float) -> Effect:
    if not command:
        return Pass(mailbox=name, reason=f"no command for {bar.word}")
    told = values(name, bar)
    try:
        filled = arguments(command, told)
    except ValueError as error:
        return Refuse(mailbox=name, reason=str(error))
    stdin = msgspec.json.encode(told | {"since": bar.since}).decode() + "\n"
    return ForMailbox(mailbox=name, effects=(RunWith(command=filled, stdin=stdin, timeout_seconds=timeout_seconds),))
