"""Hands the letters of a letterbox over: none twice, none forgotten, so many an hour.

Before a letter is handed over, its event `NoticeSent(intended)` is on the log and the step in the file; afterwards its
end is in the file and then on the log. Where the answer to a whole mail was lost, or the process died in between, the
mail log of the server tells whether it took the mail (`Proof`): our own log is read already. Only what is known not to
have been taken is handed over again.
"""

import logging
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from email.message import EmailMessage
from typing import Literal, NamedTuple

import msgspec

from schemas.mailbox_events import WITHDRAWN, NoticeSent
from schemas.names import derived_id
from schemas.smtp_settings import Posting
from streams.letterbox import Letter, Letterbox
from streams.smtp import Reply, handed_over

Proof = Literal["taken", "not_taken", "not_yet", "unknowable"]
"""What the mail log says of a letter: the server has it; it does not, in a log read beyond; the log is not read so far
yet; or no log tells of our letters at all.
"""
_SECOND = 1_000_000
_HOUR = 3600 * _SECOND
_FIRST_PAUSE, _LONGEST_PAUSE = 15 * _SECOND, 900 * _SECOND
_LOOK_AGAIN = 60 * _SECOND
_HELD = 3600 * _SECOND
_TOLD_AGAIN = _HOUR
_HALT = 900 * _SECOND
_ALIKE, _HALTS_APART = 5, 4  # so many others are tried before one that was refused like them
_IN_DOUBT = 5400 * _SECOND  # more than the hour until another may begin, less than two until another desk may claim it
_STATUS = re.compile(r"[A-Z]+: 5[0-9]{2} 5\.(?P<detail>[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])")  # RFC 2034
_OF_RECIPIENT = frozenset(
    ("1.1", "1.2", "1.3", "1.6", "1.10", "2.1", "2.2")
)  # RFC 3463, 7505: never the server's fault
_LEAST_TRYING, _HELD_AT_MOST = 6 * _HOUR, 96 * _HOUR
_log = logging.getLogger("relaywarden.desk")


class ClaimedError(Exception):
    """Another desk has the letter, or it ended there: what is to be noted in the file is."""


def _never(_letter: Letter, _at: int) -> str:
    return ""


def _plain(letter: Letter, at: int) -> NoticeSent:
    return msgspec.structs.replace(letter.notice, at=at)


class Route(NamedTuple):
    """How letters of one kind go: the server and its place in the configuration, and what makes a mail of a letter.

    `compose` gets the letter and the time of its Date (µs); ValueError where no mail can be made of it. `unwanted` says
    why a letter does not go any more at a time (µs), "" where it does. `intended` returns the event that it is about to
    be handed over then, with what it will say.
    """

    settings: Posting
    sender: str
    place: str
    compose: Callable[[Letter, int], EmailMessage]
    unwanted: Callable[[Letter, int], str] = _never
    intended: Callable[[Letter, int], NoticeSent] = _plain


class Carrier:
    """Carries the letters of a letterbox.

    `publish` puts an event on the log and returns once it is kept there (OSError where it cannot be; ClaimedError
    where it is an intention, and the letter another desk's); `proof` asks the
    mail log about a letter at a time (µs); `clock` tells it.
    """

    def __init__(
        self,
        box: Letterbox,
        routes: Mapping[str, Route],
        publish: Callable[[NoticeSent], None],
        proof: Callable[[Letter, int], Proof],
        clock: Callable[[], int],
    ) -> None:
        self._box, self._routes = box, routes
        self._publish, self._proof, self._clock = publish, proof, clock
        self._untold: list[NoticeSent] = []
        self._refusals = {name: _in_a_row(box.doubted(name)) for name in routes}
        self._halted: dict[str, int] = {}

    def begin(self) -> None:
        """Tell again what ended within the last hour: its event may have been lost with the process. OSError."""
        for letter in self._box.ended_since(self._clock() - _TOLD_AGAIN):
            status: Literal["sent", "refused"] = "sent" if letter.status == "sent" else "refused"
            self._untold.append(ended(letter, status, letter.reply, letter.ended))
        self._tell()

    def turn(self) -> int:
        """Do what is due of each route, one letter each; return how many were looked at.

        OSError where the log or the file cannot take what is to be noted: nothing is handed over then.
        """
        self._tell()
        try:
            return sum(self._turn_of(name, route) for name, route in self._routes.items())
        except sqlite3.Error as error:
            raise OSError(f"the letterbox: {error}") from error

    def _turn_of(self, name: str, route: Route) -> int:
        now = self._clock()
        unsure = self._box.due(name, "unsure", now)
        if unsure is not None:
            self._resolve(unsure, route)
            return 1
        letter = self._box.due(name, "waiting", now)
        if letter is None or now < self._halted.get(name, 0) or (not letter.began and self._full(name, route, now)):
            return 0 if self._box.due(name, "doubted", now) is None else self._settle(name)
        try:
            self._publish(route.intended(letter, now))
        except ClaimedError:
            return 1
        if why := route.unwanted(letter, now):
            self._end(letter, "refused", f"{WITHDRAWN}{why}")
        else:
            self._send(self._box.intend(letter, now), route)
        return 1

    def _full(self, name: str, route: Route, now: int) -> bool:
        return len(self._box.begun_since(name, now - _HOUR)) >= route.settings.per_hour

    def _send(self, letter: Letter, route: Route) -> None:
        try:
            mail = route.compose(letter, letter.began)
        except ValueError as error:
            self._end(letter, "refused", f"no mail can be made of it: {error}")
            return
        self._answered(
            letter, route, handed_over(mail, letter.notice.recipient, route.sender, route.settings, route.place)
        )

    def _answered(self, letter: Letter, route: Route, reply: Reply) -> None:
        match reply.status:
            case "sent":
                self._end(letter, "sent", reply.words)
                self._settle(letter.route)
            case "refused":
                self._refused(letter, route, reply.words)
            case "unsure":
                _log.warning("letters: %s to %s: %s", letter.message_id, letter.notice.recipient, reply.words)
                self._box.later(letter, "unsure", reply.words, self._clock() + _LOOK_AGAIN)
            case "later":
                self._again(letter, route, reply.words)

    def _refused(self, letter: Letter, route: Route, words: str) -> None:
        """End a letter that is refused by its own fault; where it may be the server's, wait what others are told.

        Once so many in a row are refused alike, it is the server's: they are tried again one by one, the route rests.
        """
        said = _of_server(letter, words)
        if not said:
            self._end(letter, "refused", words)
            self._settle(letter.route)
            return
        before, others = self._refusals[letter.route]
        earlier = [] if before == said else self._box.doubted(letter.route)
        recipients = (others if before == said else frozenset()) | {letter.notice.recipient}
        self._refusals[letter.route] = said, recipients
        if len(recipients) < _ALIKE:
            _log.warning("letters: %s to %s: in doubt: %s", letter.message_id, letter.notice.recipient, words)
            self._box.doubt(letter, words, self._clock() + _IN_DOUBT)
            self._final(earlier)
            return
        self._halted[letter.route] = self._clock() + _HALT
        _log.error(
            "letters: %s: %d recipients in a row are refused alike, it waits a quarter of an hour: %s",
            letter.route, len(recipients), words,
        )  # fmt: skip
        self._again(letter, route, words, _HALTS_APART * _HALT)
        for later, each in enumerate(self._box.doubted(letter.route), _HALTS_APART + 1):
            self._again(each, route, each.reply, later * _HALT)

    def _settle(self, name: str) -> int:
        """End the letters in doubt as refused: the server is sound, or nobody else was tried; return how many."""
        self._refusals[name] = _in_a_row(())
        doubted = self._box.doubted(name)
        self._final(doubted)
        return len(doubted)

    def _final(self, doubted: Iterable[Letter]) -> None:
        for letter in doubted:
            self._end(letter, "refused", letter.reply)

    def _again(self, letter: Letter, route: Route, words: str, rest: int = 0) -> None:
        """Try a letter again after a pause, and `rest` (µs) beside it: others go first; or give it up."""
        now = self._clock()
        patience = int(route.settings.give_up_hours * _HOUR)
        if now - letter.due > patience and now - letter.began > min(patience, _LEAST_TRYING):
            self._end(letter, "refused", f"given up after {letter.attempts} tries: {words}")
            return
        _log.warning(
            "letters: %s to %s: try %d: %s", letter.message_id, letter.notice.recipient, letter.attempts, words
        )
        self._box.later(letter, "waiting", words, now + rest + pause(letter.attempts))

    def _resolve(self, letter: Letter, route: Route) -> None:
        """Find out about a letter that may have been taken."""
        now = self._clock()
        match self._proof(letter, now):
            case "taken":
                self._end(letter, "sent", "the mail log says that it was taken")
            case "not_taken":
                self._box.later(letter, "waiting", "the mail log says that it was not taken", now)
            case "not_yet":
                self._box.later(letter, "unsure", letter.reply, now + _LOOK_AGAIN)
            case "unknowable" if route.settings.when_unsure == "again":
                self._box.later(letter, "waiting", "nobody knows whether it was taken; it is sent again", now)
            case "unknowable":
                words = "nobody knows whether it was taken: no log that is read tells of our letters"
                if now - letter.due > _HELD_AT_MOST:
                    self._end(letter, "refused", words)
                    return
                _log.error("letters: %s to %s is held: %s", letter.message_id, letter.notice.recipient, words)
                self._box.later(letter, "unsure", words, now + _HELD)

    def _end(self, letter: Letter, status: Literal["sent", "refused"], words: str) -> None:
        now = self._clock()
        self._box.end(letter, status, words, now)
        level = logging.INFO if status == "sent" else logging.ERROR
        _log.log(level, "letters: %s to %s: %s: %s", letter.message_id, letter.notice.recipient, status, words)
        self._untold.append(ended(letter, status, words, now))
        self._tell()

    def _tell(self) -> None:
        """Put on the log what ended; what it does not take waits, and holds up all that would follow."""
        while self._untold:
            self._publish(self._untold[0])
            del self._untold[0]


def _in_a_row(doubted: Sequence[Letter]) -> tuple[str, frozenset[str]]:
    """Return what recipients in a row were refused with, and who: as it is in the file after a restart."""
    said = _of_server(doubted[-1], doubted[-1].reply) if doubted else ""
    return said, frozenset(letter.notice.recipient for letter in doubted)


def _of_server(letter: Letter, words: str) -> str:
    """Return the status of a refusal that may be the server's fault, or its words without one; "" where it is not."""
    status = _STATUS.match(words)
    if status is None:
        return words.replace(letter.notice.recipient, "")
    return "" if status["detail"] in _OF_RECIPIENT else status[0]


def ended(letter: Letter, status: Literal["sent", "refused"], words: str, at: int) -> NoticeSent:
    """Return the event that a letter ended; the same whoever tells it, however often."""
    identity = derived_id("notice", letter.message_id, status)
    return msgspec.structs.replace(letter.notice, id=identity, at=at, status=status, reply=words)


def pause(attempts: int) -> int:
    """Return how long to wait after so many tries (µs): twice as long each time, up to a quarter of an hour."""
    return int(min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempts - 1, 10)))
