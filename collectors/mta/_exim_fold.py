"""Exim: a delivery that is made while the message comes in (cutthrough, `>>`) is told before the message is.

It waits for the message's own line, so that its sender is known, or for the message's end where that line is missing.
"""

import msgspec
from msgspec.structs import replace

from collectors.mta._remembered import Key, Remembered
from collectors.mta.records import Attempted, Received, Record, Removed, Said, Several

_MOST_MESSAGES = 1000


class CutThrough(Said, frozen=True, gc=False):
    """A delivery of a message whose own line comes later."""

    attempt: Attempted


class _State(msgspec.Struct, array_like=True):
    ahead: list[tuple[Key, list[Attempted]]] = []


class Fold:
    """The deliveries that are ahead of their messages, by host and message id."""

    def __init__(self, state: bytes) -> None:
        before = msgspec.msgpack.decode(state, type=_State) if state else _State()
        self._ahead: Remembered[list[Attempted]] = Remembered(_MOST_MESSAGES, before.ahead)

    def snapshot(self) -> bytes:
        """Return the state, to be given to the next fold of the same log."""
        return msgspec.msgpack.encode(_State(self._ahead.snapshot()))

    def step(self, said: Record | Said) -> tuple[Record, ...]:
        """Take in what a line says; return what is known now."""
        match said:
            case CutThrough(_, host, attempt):
                key = (host, attempt.queue_id)
                self._ahead.put(key, [*(self._ahead.find(key) or ()), replace(attempt, host=host)])
                return ()
            case Several(_, host, records):
                told = tuple(replace(record, host=host) for record in records)
                ahead = self._ahead.drop((host, told[0].queue_id)) if isinstance(told[0], Received) else None
                return (*told, *(ahead or ()))
            case Removed():
                return (*(self._ahead.drop((said.host, said.queue_id)) or ()), said)
            case _:
                return (said,) if not isinstance(said, Said) else ()
