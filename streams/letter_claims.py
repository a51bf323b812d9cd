"""Whose a letter is, where two desks follow one topic: both read the same claims in the same order, and so agree."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import msgspec

from schemas.mailbox_events import NoticeSent
from schemas.names import derived_id
from streams.carrying import ClaimedError
from streams.journal import Journal
from streams.letterbox import OPEN, Letterbox
from streams.topiclog import LogAwayError

_HOUR = 3_600_000_000
_QUIET = 2 * _HOUR
_ASK_AGAIN = 60_000_000


class Claim(NamedTuple):
    """A desk's `NoticeSent(intended)`: its id tells which desk's letter it is, `at` (µs) when it was about to try."""

    id: str
    at: int


def intention(message_id: str, desk: str) -> str:
    """Return the id under which a desk claims a letter."""
    return derived_id("notice", message_id, "intended", desk)


def claimed(before: Claim | None, event: NoticeSent) -> Claim:
    """Return whose a letter is after this claim: the first's, until it has not tried for two hours.

    A desk that lives claims its letter anew at each try, the longest pause between two being a quarter of an hour.
    Where the server is at fault it may be two hours and more: what was refused may be another desk's, too.
    """
    claim = Claim(event.id, event.at)
    return claim if may(before, claim) else before or claim


def may(before: Claim | None, claim: Claim) -> bool:
    """Tell whether a claim would hold after the one that holds."""
    return before is None or before.id == claim.id or claim.at - before.at > _QUIET


class _End(NamedTuple):
    """How a letter ended, as the topic says."""

    status: Literal["sent", "refused"]
    reply: str
    at: int


class Claims:
    """Who has which letter, as the topic tells, for one letterbox; `clock` tells the time in µs."""

    def __init__(self, box: Letterbox, clock: Callable[[], int]) -> None:
        self._box, self._clock = box, clock
        self.start_over()

    def start_over(self) -> None:
        """Forget all: the topic comes from its beginning."""
        self._claims: dict[str, Claim] = {}
        self._touched: set[str] = set()
        self._ended: dict[str, _End] = {}

    def take(self, event: NoticeSent) -> None:
        """Take in how a letter goes on; the file is not touched before `settle`."""
        if event.status == "intended":
            self._claims[event.message_id] = claimed(self._claims.get(event.message_id), event)
            self._touched.add(event.message_id)
        else:
            self._claims.pop(event.message_id, None)
            self._touched.discard(event.message_id)
            self._ended[event.message_id] = _End(event.status, event.reply, event.at)

    def free(self, message_id: str) -> None:
        """Take in that an operator has a letter handed over again: it is the next desk's that claims it."""
        self._claims.pop(message_id, None)
        self._touched.discard(message_id)

    def settle(self) -> None:
        """Bring the file to where the topic is. sqlite3.Error where it cannot be: it is done again."""
        for message_id, end in self._ended.items():
            known = self._box.letter(message_id)
            if known is not None and known.status in OPEN:
                self._box.end(known, end.status, end.reply, end.at)
        for message_id in self._touched:
            claim = self._claims[message_id]
            if claim.id != intention(message_id, self._box.name):
                self._leave(message_id, claim)
        self._touched, self._ended = set(), {}

    def claim(self, event: NoticeSent, write: Callable[[NoticeSent], object], read_on: Callable[[], None]) -> None:
        """Put an intention on the topic, and read on to see whether it was the first. ClaimedError where not.

        `write` puts an event on the topic; `read_on` takes in all that it holds by then, and settles it.
        """
        wanted = Claim(intention(event.message_id, self._box.name), event.at)
        before = self._claims.get(event.message_id)
        if before is not None and not may(before, wanted):
            self._leave(event.message_id, before)
            raise ClaimedError
        write(msgspec.structs.replace(event, id=wanted.id))
        read_on()
        known = self._box.letter(event.message_id)
        if known is None or known.status != "waiting":
            raise ClaimedError

    def _leave(self, message_id: str, claim: Claim) -> None:
        """Leave a letter to the desk that has it, and ask the mail log about it."""
        known = self._box.letter(message_id)
        if known is not None and known.status in OPEN:
            self._box.leave(known, claim.at, self._clock() + _ASK_AGAIN)


def announce(event: NoticeSent, claims: Claims, journal: Journal | None, catch_up: Callable[[], None]) -> None:
    """Put on the desk's topic how a letter goes on; of one that is intended, read on to see whose it is (`catch_up`).

    ClaimedError where it is another desk's, OSError where the topic is away.
    """
    if journal is None:
        raise OSError("no log is open")

    def read_on() -> None:
        journal.rest()
        catch_up()

    try:
        if event.status == "intended":
            claims.claim(event, lambda claim: journal.append((claim,)), read_on)
        else:
            journal.append((event,))
    except LogAwayError as error:
        raise OSError(str(error)) from error
