"""The questions about one domain: each is asked once, and their number and the size of what comes is bounded.

A zone belongs to a stranger. Beyond the bounds nothing is asked any more, and what would have needed it is unknown.
"""

from collections.abc import Awaitable, Callable

import msgspec

from collectors.spf import Found, Kind

MOST_QUESTIONS = 120
MOST_FAILURES = 5
MOST_ANSWER = 16 * 1024
MOST_TEXT = 32 * 1024


class Answer(msgspec.Struct, frozen=True):
    """What the DNS says about a name: the values (none: there are none), or why it could not be asked.

    `missing` is a name that does not exist at all (NXDOMAIN), `alias` where a CNAME led, "" where there was none.
    """

    values: tuple[str, ...] = ()
    failure: str = ""
    missing: bool = False
    alias: str = ""


Ask = Callable[[str, Kind], Awaitable[Answer]]


class Inquiry:
    """What was asked about one domain so far."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._known: dict[tuple[str, Kind], Answer] = {}
        self._failures = self._size = 0
        self.questions = 0

    async def __call__(self, name: str, kind: Kind) -> Answer:
        """Return what the DNS says about a name, or why that is not asked."""
        key = (name.lower().removesuffix("."), kind)
        if key not in self._known:
            self._known[key] = await self._asked(*key)
        return self._known[key]

    async def found(self, name: str, kind: Kind) -> Found:
        """Return the same in the words of SPF."""
        answer = await self(name, kind)
        return Found(answer.values, answer.failure)

    async def _asked(self, name: str, kind: Kind) -> Answer:
        if self.questions >= MOST_QUESTIONS:
            return Answer(failure=f"not asked: its zone leads to more than {MOST_QUESTIONS} questions")
        if self._failures >= MOST_FAILURES:
            return Answer(failure=f"not asked: {MOST_FAILURES} questions about this domain had no answer")
        self.questions += 1
        answer = await self._ask(name, kind)
        self._failures += bool(answer.failure)
        size = sum(map(len, answer.values))
        if size > MOST_ANSWER:
            return Answer(failure=f"its answer is longer than {MOST_ANSWER} characters")
        self._size += size
        if self._size > MOST_TEXT:
            return Answer(failure=f"all answers together are longer than {MOST_TEXT} characters")
        return answer
