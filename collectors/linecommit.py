"""Lines of many requests at once, kept in the spool by one write: each request waits until its own are on disk."""

import asyncio
import logging
from contextlib import suppress
from typing import NamedTuple

from collectors.inputs._keys import Keys, Taken
from collectors.spool import Spool, SpoolFullError

LOG = logging.getLogger("relaywarden.collect")

_GATHER_SECONDS = 0.004


class NotKeptError(Exception):
    """The lines are not kept, since the spool is full or the disk refuses; they may be sent again."""


class KeyReusedError(Exception):
    """A key came with another body than before."""


class _Waiting(NamedTuple):
    lines: list[bytes]
    key: bytes
    taken: Taken
    done: "asyncio.Future[Taken]"


class Commits:
    """The requests whose lines wait to be kept, in the order in which they came; at most some `most` bytes a write.

    ValueError where the spool keeps no keys, but something else. To be used in one event loop.
    """

    def __init__(self, spool: Spool, most: int, what: str) -> None:
        self._spool, self.most, self._what = spool, most, what
        self._keys = Keys.read(spool.position)
        self._pending: list[_Waiting] = []
        self._by_key: dict[bytes, _Waiting] = {}
        self._some = asyncio.Event()
        self._refusing = False

    async def keep(self, lines: list[bytes], key: bytes, taken: Taken) -> Taken:
        """Return when lines are on disk: what was taken, of a key that was taken before what was then.

        NotKeptError where they are not; KeyReusedError where the key belongs to another body.
        """
        known = self._keys.get(key) if key else None
        waiting = self._by_key.get(key) if key else None
        before = known or (waiting.taken if waiting else None)
        if before is not None and before.body != taken.body:
            raise KeyReusedError
        if known is not None:
            return known
        if waiting is None:
            waiting = _Waiting(lines, key, taken, asyncio.get_running_loop().create_future())
            self._pending.append(waiting)
            if key:
                self._by_key[key] = waiting
            self._some.set()
        return await asyncio.shield(waiting.done)

    async def run(self) -> None:
        """Keep what comes, until cancelled."""
        while True:
            await self._some.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            await self._keep_some()
            if not self._pending:
                self._some.clear()

    async def _keep_some(self) -> None:
        some = self._taken_out()
        keys = self._keys.with_more({each.key: each.taken for each in some if each.key})
        position = keys.packed() if any(each.key for each in some) else b""
        lines = [line for each in some for line in each.lines]
        refused: Exception | None = None
        try:
            await asyncio.to_thread(self._spool.append, lines, position)
        except (SpoolFullError, OSError) as error:
            refused = error
        else:
            self._keys = keys
        self._say(refused)
        for each in some:
            self._by_key.pop(each.key, None)
            if refused is None:
                each.done.set_result(each.taken)
            else:
                each.done.set_exception(NotKeptError(str(refused)))
                with suppress(NotKeptError):  # looked at here too: who asked may be gone
                    each.done.result()

    def _taken_out(self) -> list[_Waiting]:
        """Return the first of those who wait, up to so many bytes that a spool with some room takes them."""
        size = count = 0
        while count < len(self._pending) and size < self.most:
            size += sum(map(len, self._pending[count].lines))
            count += 1
        some, self._pending = self._pending[:count], self._pending[count:]
        return some

    def _say(self, refused: Exception | None) -> None:
        if refused is not None and not self._refusing:
            LOG.warning("%s: lines are refused for now, who sends them may try again: %s", self._what, refused)
        elif refused is None and self._refusing:
            LOG.info("%s: lines are taken again", self._what)
        self._refusing = refused is not None
