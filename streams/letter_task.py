"""The desk's task for letters: what the topic says is due goes into the letterbox, and out of it to the mail server.

The topic tells what was decided, which desk has a letter, and how letters ended; the letterbox what this desk has in
hand. A letter that is another desk's, or was begun before the file was lost, is left alone: whether the server took it
is asked of the mail log, as after a crash.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import NamedTuple

import msgspec

from schemas.events import Event
from schemas.mailbox_events import NoticeSent
from schemas.names import derived_id
from schemas.settings import Settings
from schemas.sunset_events import LetterDue, LetterSettled
from schemas.sunset_settings import Sunset
from streams.carrying import Carrier, Route
from streams.journal import Journal
from streams.letter_claims import Claims, announce
from streams.letter_files import letters_of
from streams.letter_room import Waits, crowded
from streams.letter_settling import Settling
from streams.letter_turns import Turns
from streams.letter_wanted import still, unwanted
from streams.letterbox import Letter, Letterbox
from streams.letterproof import Proofs
from streams.letters.writing import Letters
from streams.sunset.decide import Accounts
from streams.sunset.ledger import Ledger, Ledgers

LOG = logging.getLogger("relaywarden.desk")
FILE = "letters.db"
_DAY = 86_400_000_000
_PAUSE = 15_000_000
_TURN_SECONDS = 5.0
_DUE: msgspec.json.Decoder[LetterDue] = msgspec.json.Decoder(LetterDue)


class Posted:
    """The letters of all sunsets that write some; `clock` tells the time in µs, `ledgers` what is known of sunsets.

    `accounts` tells whose the mailboxes are, None while that never could be read: what is exempt by another of its
    names cannot be told then, and letters wait where anything is exempt.

    ValueError where the templates of the program itself cannot be used, OSError where the letterbox cannot.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], int],
        ledgers: Callable[[], Ledgers],
        accounts: Callable[[], Accounts | None],
    ) -> None:
        self._clock, self._sunsets = clock, settings.sunset
        self._ledgers, self._accounts = ledgers, accounts
        self._routes = _routes(settings, ledgers, accounts)
        self._box = Letterbox(settings.data / FILE)
        self._claims, self._turns = Claims(self._box, clock), Turns()
        self._settling = Settling(self._box, clock)
        self._journal: Journal | None = None
        self._proofs = Proofs(settings)
        self._carrier = Carrier(self._box, self._routes, self._publish, self._proofs.proof, clock)
        self._cleared = 0
        self._trouble = ""
        self.start_over()

    def start_over(self) -> None:
        """Forget what is not in the letterbox yet: the topic comes from its beginning."""
        self._waiting: dict[str, Letter] = {}
        self._claims.start_over()
        self._turns.start_over()
        self._settling.start_over()
        self._begun = False
        self._pause = 0
        self._proofs.forget()

    def take(self, event: Event) -> None:
        """Take in a letter that is due, or how one goes on; the file is not touched before the next turn."""
        if isinstance(event, LetterDue) and event.recipient and event.sunset in self._routes:
            self._waiting.setdefault(event.message_id, _letter(event))
        elif isinstance(event, LetterSettled):
            self._settling.take(event)
            if event.status == "again":
                self._claims.free(event.message_id)
        elif isinstance(event, NoticeSent) and event.sunset in self._routes:
            if event.status != "intended":
                self._waiting.pop(event.message_id, None)
            self._claims.take(event)
            self._turns.take(event)

    def turn(self, journal: Journal) -> None:
        """Hand over what is due, for a few seconds at most; where that cannot be, it waits, and is told once."""
        self._journal = journal
        try:
            if not self._begun:
                self._carrier.begin()
                self._begun = True
            self._catch_up()
            self._settling.follow(journal)
            self._clear()
            if self._box.next_due() and not 0 < self._pause - self._clock() <= _PAUSE:
                journal.rest()  # another desk may have begun one
                self._catch_up()
                self._know()
                self._carry()
            self._trouble = ""
        except (sqlite3.Error, OSError) as error:
            self._pause = self._clock() + _PAUSE
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

    def _know(self) -> None:
        """Raise an OSError where it cannot be told who is exempt."""
        if self._accounts() is None and any(ledger.exemptions for ledger in self._ledgers().values()):
            raise OSError("the directory could not be read yet, so who is exempt is not known")

    def _carry(self) -> None:
        until = time.monotonic() + _TURN_SECONDS
        while self._carrier.turn() and time.monotonic() < until:
            pass

    def _catch_up(self) -> None:
        """Bring the file to where the topic is. sqlite3.Error where it cannot be: it is done again."""
        new = self._box.take(map(self._in_turn, self._waiting.values()))
        if new:
            LOG.info("letters: %d to write", new)
            self._warn()
        self._claims.settle()
        self._waiting = {}

    def _in_turn(self, letter: Letter) -> Letter:
        missed = self._turns.missed(letter.route, letter.notice.customer)
        return msgspec.structs.replace(letter, missed=missed) if missed else letter

    def _warn(self) -> None:
        """Tell where `per_hour` is too small for the letters that wait."""
        for name, sunset in self._sunsets.items():
            if name in self._routes and (said := crowded(name, sunset, Waits(*self._box.unbegun(name)), self._clock())):
                LOG.warning("%s", said)

    def _clear(self) -> None:
        now = self._clock()
        if not 0 <= now - self._cleared < _DAY:
            self._box.forget(now)
            self._cleared = now

    def _publish(self, event: NoticeSent) -> None:
        announce(event, self._claims, self._journal, self._catch_up)


def _routes(
    settings: Settings, ledgers: Callable[[], Ledgers], accounts: Callable[[], Accounts | None]
) -> Mapping[str, Route]:
    found: dict[str, Route] = {}
    for name, sunset in settings.sunset.items():
        if sunset.mail is not None:
            letters, faults = letters_of(sunset, sunset.mail, name)
            for fault in faults:
                LOG.error("%s", fault)
            wanted = _Wanted(name, sunset, letters, ledgers, accounts)
            place = f"sunset.{name}.mail"
            found[name] = Route(
                sunset.mail, sunset.mail.sender, place, wanted.composed, wanted.unwanted, wanted.intended
            )
    return found


class _Wanted(NamedTuple):
    """What a letter of a sunset says at the moment when it goes, by what is known then."""

    name: str
    sunset: Sunset
    letters: Letters
    ledgers: Callable[[], Ledgers]
    accounts: Callable[[], Accounts | None]

    def unwanted(self, letter: Letter, at: int) -> str:
        return unwanted(_DUE.decode(letter.content), self.sunset, self._ledger(), at, self.accounts())

    def composed(self, letter: Letter, at: int) -> EmailMessage:
        """Return its mail, dated `at`; what became exempt, done or off since is not in it, by its last try."""
        due, left = self._left(letter, letter.tried)
        if left != due:
            LOG.info("letters: %s: it tells who is exempt, done or back, and the days, as of now", letter.message_id)
        return self.letters.mail(left, at)

    def intended(self, letter: Letter, at: int) -> NoticeSent:
        """Return the event that it is handed over at a moment, with what it says then."""
        _, left = self._left(letter, at)
        named = tuple(use.mailbox for use in left.uses)
        return msgspec.structs.replace(letter.notice, at=at, template=left.kind, named=named, thanked=left.thanked)

    def _left(self, letter: Letter, at: int) -> tuple[LetterDue, LetterDue]:
        """Return a letter as it was decided, and what is left of it at a moment."""
        due = _DUE.decode(letter.content)
        return due, still(due, self.sunset, self._ledger(), at, self.accounts())

    def _ledger(self) -> Ledger:
        return self.ledgers().get(self.name, Ledger())


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
