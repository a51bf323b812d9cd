"""What an operator decides about a letter of which nobody knows whether the mail server took it."""

import logging
from collections.abc import Callable
from typing import get_args

import msgspec

from schemas.events import Event
from schemas.mailbox_events import NoticeSent
from schemas.moments import rfc3339
from schemas.settings import Settings
from schemas.sunset_events import LetterDue, LetterOutcome, LetterSettled
from schemas.sunset_orders import settlement
from schemas.topics import SUNSET_EVENTS
from streams.carrying import ended
from streams.journal import Journal
from streams.letterbox import OPEN, Letterbox
from streams.topiclog import LogAwayError, TopicLog

LOG = logging.getLogger("relaywarden.desk")
_SAYS: dict[LetterOutcome, str] = {
    "again": "has it handed over again",
    "sent": "says that it was taken",
    "refused": "gives it up",
}


class Said(msgspec.Struct):
    """What the log says of one letter: that it is due, when it was tried last (µs, 0: never), and how it ended."""

    due: LetterDue | None = None
    tried: int = 0
    ended: NoticeSent | None = None


def outcome(*, again: bool, sent: bool, refused: bool) -> LetterOutcome:
    """Return the one outcome that was asked for. ValueError where it is none, or more than one."""
    said = [name for name, wanted in zip(get_args(LetterOutcome), (again, sent, refused), strict=True) if wanted]
    if len(said) != 1:
        given = " and ".join(f"--{name}" for name in said) or "none of them"
        raise ValueError(f"{given}: say one of --again, --sent and --refused")
    found: LetterOutcome = said[0]
    return found


def said(settings: Settings, name: str, message_id: str, advance: Callable[[int], None]) -> Said:
    """Return what the log says of a letter of the sunset `name`, read to its end. OSError where it is away."""
    found = Said()

    def take(event: Event) -> None:
        advance(1)
        match event:
            case LetterDue(message_id=letter, sunset=sunset) if (letter, sunset) == (message_id, name):
                found.due = found.due or event
            case NoticeSent(message_id=letter, status="intended") if letter == message_id:
                found.tried = max(found.tried, event.at)
            case NoticeSent(message_id=letter) if letter == message_id:
                found.ended = event

    try:
        with TopicLog[None](settings.kafka, SUNSET_EVENTS, take) as log:
            log.next()
    except LogAwayError as error:
        where = ", ".join(settings.kafka.bootstrap)
        raise OSError(f"kafka.bootstrap: {SUNSET_EVENTS.name} cannot be read at {where}: {error}") from error
    return found


def bracketed(text: str) -> str:
    """Return a Message-ID as the log has it: in angle brackets."""
    return f"<{text.strip().strip('<>')}>"


def settled(letter: Said, given: LetterSettled) -> LetterSettled:
    """Return an operator's word, by his login where he gives no name. ValueError says why it cannot be followed."""
    done = settlement(given)
    if letter.due is None:
        raise ValueError(f"MESSAGE_ID {given.message_id!r}: no letter of {given.sunset} has it")
    if letter.ended is not None:
        how = f"{letter.ended.status} at {rfc3339(letter.ended.at)}: {letter.ended.reply}"
        raise ValueError(f"MESSAGE_ID {given.message_id!r}: it has ended, {how}")
    if not letter.tried:
        raise ValueError(f"MESSAGE_ID {given.message_id!r}: it waits, and was not tried yet: nothing is unknown of it")
    return done


def words(event: LetterSettled) -> str:
    """Return an operator's word as it stands beside the letter."""
    return f"{event.operator} {_SAYS[event.status]}: {event.reason}"


class Settling:
    """Follows what operators said of the letters of a letterbox; `clock` tells the time in µs."""

    def __init__(self, box: Letterbox, clock: Callable[[], int]) -> None:
        self._box, self._clock = box, clock
        self.start_over()

    def start_over(self) -> None:
        """Forget all: the topic comes from its beginning."""
        self._said: dict[str, LetterSettled] = {}

    def take(self, event: LetterSettled) -> None:
        """Take in an operator's word; the file is not touched before `follow`."""
        self._said[event.message_id] = event

    def follow(self, journal: Journal) -> None:
        """Follow what was said, unless the letter was tried since: that word was about an earlier try.

        That a letter ended the topic is told, and tells the letterbox; killed in between, it is done again.
        """
        for event in self._said.values():
            letter = self._box.letter(event.message_id)
            if letter is None or letter.status not in OPEN:
                continue
            if event.status == "again":
                if event.at > letter.tried:
                    self._box.later(letter, "waiting", words(event), self._clock())
            elif event.at > letter.tried:
                journal.append((ended(letter, event.status, words(event), event.at),))
            else:
                LOG.warning("letters: %s: it was tried after this was said: %s", event.message_id, words(event))
        self._said = {}
