"""The desk's task that mails the hoster's own people what stages do by themselves: `tell` of `[sunset.NAME.stages]`.

The mails go as letters do (`streams/carrying.py`), out of a file of their own, by the server of the sunset's letters.
Each comes at least once: where nobody knows whether it was taken it is handed over again, under the same Message-ID.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from email.message import EmailMessage
from functools import partial

import msgspec

from schemas.events import Event
from schemas.mailbox_events import NoticeSent
from schemas.names import derived_id, domain_of
from schemas.settings import Settings
from schemas.sunset_events import StagesPlanned, StageStepped, SunsetEvent
from schemas.sunset_settings import SunsetMail
from streams.carrying import Carrier, Proof, Route
from streams.journal import Journal
from streams.letter_claims import Claims, announce
from streams.letterbox import Letter, Letterbox
from streams.notices.composing import Envelope, composed
from streams.sunset.alarms import Alarm, alarm, words_of
from streams.sunset.ledger import Ledger, Ledgers, fold

LOG = logging.getLogger("relaywarden.desk")
FILE = "alarms.db"
TEMPLATE = "alarm"
_DAY = 86_400_000_000
_PAUSE = 15_000_000
_ALARM: msgspec.json.Decoder[Alarm] = msgspec.json.Decoder(Alarm)


class Alarms:
    """The mails of all sunsets that tell somebody; `clock` tells the time in µs. OSError where its file is unusable."""

    def __init__(self, settings: Settings, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._told = told(settings)
        self._mails = {name: sunset.mail for name, sunset in settings.sunset.items() if sunset.mail is not None}
        self._box = Letterbox(settings.data / FILE)
        self._claims = Claims(self._box, clock)
        self._carrier = Carrier(self._box, self._routes(), self._publish, _unknowable, clock)
        self._journal: Journal | None = None
        self._trouble = ""
        self.start_over()

    def start_over(self) -> None:
        """Forget what is not in the file yet: the topic comes from its beginning."""
        self._ledgers: Ledgers = {}
        self._waiting: dict[str, Letter] = {}
        self._claims.start_over()
        self._begun = False
        self._rest = 0

    def take(self, event: Event) -> None:
        """Take in what may be told, and how a mail goes on; what is older than a day is no news any more."""
        if isinstance(event, NoticeSent):
            if event.template == TEMPLATE:
                self._goes_on(event)
        elif isinstance(event, SunsetEvent) and event.sunset in self._told:
            found = alarm(event, self._ledgers.get(event.sunset, Ledger()))
            if found is not None and self._clock() - found.at < _DAY:
                self._waiting.update((each.message_id, each) for each in self._letters(found))
            if isinstance(event, StagesPlanned | StageStepped):
                fold(self._ledgers, (event,))

    def turn(self, journal: Journal) -> None:
        """Hand over what waits; where that cannot be, it waits on, and that is told once."""
        self._journal = journal
        if self._clock() < self._rest:
            return
        try:
            if not self._begun:
                self._carrier.begin()
                self._begun = True
            self._catch_up()
            if 0 < self._box.next_due() <= self._clock():
                journal.rest()  # another desk may have begun it
                self._catch_up()
                while self._carrier.turn():
                    pass
            self._trouble = ""
        except (sqlite3.Error, OSError) as error:
            self._rest = self._clock() + _PAUSE
            if str(error) != self._trouble:
                LOG.warning("what stages do is not mailed yet: %s", error)
            self._trouble = str(error)

    def _goes_on(self, event: NoticeSent) -> None:
        if event.status != "intended":
            self._waiting.pop(event.message_id, None)
        self._claims.take(event)

    def _catch_up(self) -> None:
        self._box.take(self._waiting.values())
        self._claims.settle()
        self._waiting = {}

    def _letters(self, event: Alarm) -> Iterator[Letter]:
        domain = domain_of(self._mails[event.sunset].sender)
        for address in self._told[event.sunset]:
            identity = derived_id("alarm", event.id, address)
            notice = NoticeSent(
                id=identity,
                at=event.at,
                recipient=address,
                template=TEMPLATE,
                language="en",
                message_id=f"<{identity}@{domain}>",
                status="intended",
                decision=event.id,
                sunset=event.sunset,
            )
            yield Letter(route=event.sunset, notice=notice, content=msgspec.json.encode(event), due=event.at)

    def _routes(self) -> Mapping[str, Route]:
        return {
            name: Route(
                mail.model_copy(update={"when_unsure": "again"}),
                mail.sender,
                f"sunset.{name}.mail",
                partial(self._composed, name, mail),
            )
            for name, mail in self._mails.items()
            if name in self._told
        }

    def _composed(self, name: str, mail: SunsetMail, letter: Letter, at: int) -> EmailMessage:
        words = words_of(_ALARM.decode(letter.content), self._ledgers.get(name, Ledger()), self._clock())
        envelope = Envelope(
            sender=mail.sender,
            sender_name=mail.sender_name or mail.company,
            recipient=letter.notice.recipient,
            language="en",
            message_id=letter.message_id,
        )
        return composed(words, envelope, at)

    def _publish(self, event: NoticeSent) -> None:
        announce(event, self._claims, self._journal, self._catch_up)


def told(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Return whom each sunset tells what its stages do."""
    return {
        name: sunset.stages.tell
        for name, sunset in settings.sunset.items()
        if sunset.stages is not None and sunset.stages.tell
    }


def _unknowable(_letter: Letter, _at: int) -> Proof:
    """Return that it is not known whether a mail was taken: no log is asked, and it is handed over again."""
    return "unknowable"
