"""The desk's task for letters: what the topic says is due goes into the letterbox, and out of it to the mail server.

The topic tells what was decided and how letters ended, the letterbox what this desk has in hand. A letter that, by the
topic, was begun, and by this letterbox was not, was begun by another desk, or before the file was lost: whether the
server took it is asked of the mail log, as after a crash.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from functools import partial

import msgspec

from schemas.events import Event
from schemas.mailbox_events import NoticeSent
from schemas.names import derived_id
from schemas.settings import Settings
from schemas.sunset_events import LetterDue
from schemas.sunset_settings import Sunset, SunsetMail
from streams.carrying import Carrier, Route
from streams.journal import Journal
from streams.letter_files import letters_of
from streams.letterbox import OPEN, Letter, Letterbox
from streams.letterproof import Proofs
from streams.letters.writing import Letters
from streams.sunset_desk import over
from streams.topiclog import LogAwayError

LOG = logging.getLogger("relaywarden.desk")
FILE = "letters.db"
_DAY = 86_400_000_000
_ASK_AGAIN = 60_000_000
_TURN_SECONDS = 5.0
_DUE: msgspec.json.Decoder[LetterDue] = msgspec.json.Decoder(LetterDue)


class Posted:
    """The letters of all sunsets that write some; `clock` tells the time in µs.

    ValueError where the templates of the program itself cannot be used, OSError where the letterbox cannot.
    """

    def __init__(self, settings: Settings, clock: Callable[[], int]) -> None:
        self._settings, self._clock = settings, clock
        self._routes = _routes(settings)
        self._box = Letterbox(settings.data / FILE)
        self._journal: Journal | None = None
        self._carrier = Carrier(self._box, self._routes, self._publish, Proofs(settings).proof, clock)
        self._cleared = 0
        self._trouble = ""
        self.start_over()

    def start_over(self) -> None:
        """Forget what is not in the letterbox yet: the topic comes from its beginning."""
        self._waiting: dict[str, Letter] = {}
        self._begun = False

    def take(self, event: Event) -> None:
        """Take in a letter that is due, or how one goes on."""
        if isinstance(event, LetterDue) and event.recipient and event.sunset in self._routes:
            self._waiting.setdefault(event.message_id, _letter(event))
        elif isinstance(event, NoticeSent) and event.sunset in self._routes:
            self._told(event)

    def turn(self, journal: Journal) -> None:
        """Hand over what is due, for a few seconds at most; where that cannot be, it waits, and is told once."""
        self._journal = journal
        try:
            if not self._begun:
                self._carrier.begin()
                self._begun = True
            self._take()
            self._clear()
            if self._box.next_due():
                journal.rest()  # another desk may have begun one
                self._take()
                self._carry()
            self._trouble = ""
        except (sqlite3.Error, OSError) as error:
            if str(error) != self._trouble:
                LOG.warning("letters wait: %s", error)
            self._trouble = str(error)

    def ended_since(self, at: int) -> list[Letter]:
        """Return the letters that ended since a moment (µs)."""
        return self._box.ended_since(at)

    def left(self) -> int:
        """Return how many letters have not ended."""
        return sum(map(self._box.open, self._routes))

    def due(self) -> bool:
        """Tell whether a letter is due now."""
        return 0 < self._box.next_due() <= self._clock()

    def _carry(self) -> None:
        until = time.monotonic() + _TURN_SECONDS
        while self._carrier.turn() and time.monotonic() < until:
            pass

    def _take(self) -> None:
        waiting, self._waiting = self._waiting, {}
        new = self._box.take(waiting.values())
        if new:
            LOG.info("letters: %d to write", new)

    def _clear(self) -> None:
        now = self._clock()
        if not 0 <= now - self._cleared < _DAY:
            self._box.forget(now)
            self._cleared = now

    def _told(self, event: NoticeSent) -> None:
        """Note what the topic says of a letter, where this letterbox does not know it."""
        waiting = self._waiting.get(event.message_id)
        known = self._box.letter(event.message_id)
        if event.status != "intended":
            self._waiting.pop(event.message_id, None)
            if known is not None and known.status in OPEN:
                self._box.end(known, event.status, event.reply, event.at)
        elif known is not None and known.status == "waiting" and not known.began:
            self._box.later(self._box.intend(known, event.at), "unsure", "another desk began it", event.at + _ASK_AGAIN)
        elif waiting is not None:
            self._waiting[event.message_id] = msgspec.structs.replace(
                waiting, status="unsure", began=event.at, tried=event.at, attempts=1
            )

    def _publish(self, event: NoticeSent) -> None:
        if self._journal is None:
            raise OSError("no log is open")
        try:
            self._journal.append((event,))
        except LogAwayError as error:
            raise OSError(str(error)) from error


def _routes(settings: Settings) -> Mapping[str, Route]:
    found: dict[str, Route] = {}
    for name, sunset in settings.sunset.items():
        if sunset.mail is not None:
            letters, faults = letters_of(sunset, sunset.mail, name)
            for fault in faults:
                LOG.error("%s", fault)
            found[name] = _route(name, sunset, sunset.mail, letters)
    return found


def _route(name: str, sunset: Sunset, mail: SunsetMail, letters: Letters) -> Route:
    return Route(mail, mail.sender, f"sunset.{name}.mail", partial(_composed, letters, sunset))


def _composed(letters: Letters, sunset: Sunset, letter: Letter, at: int) -> EmailMessage:
    if over(sunset, at):
        raise ValueError(f"it did not go before {sunset.ends}, when it ended")
    return letters.mail(_DUE.decode(letter.content), at)


def _letter(due: LetterDue) -> Letter:
    notice = NoticeSent(
        id=derived_id("notice", due.message_id, "intended"),
        at=due.at,
        customer=due.customer,
        recipient=due.recipient,
        template=due.kind,
        language=due.language,
        message_id=due.message_id,
        status="intended",
        decision=due.id,
        sunset=due.sunset,
    )
    return Letter(route=due.sunset, notice=notice, content=msgspec.json.encode(due), due=due.due)
