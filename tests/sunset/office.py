"""A topic, a mail server, and desks whose clock is set by hand, for what becomes of letters."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from schemas.events import Event
from schemas.mailbox_events import NoticeSent
from schemas.names import derived_id
from schemas.settings import Settings
from schemas.sunset_events import LetterDue
from streams.directory.kept import Kept
from streams.journal import Journal
from streams.letter_task import Posted
from streams.sunset.ledger import Ledgers, fold
from tests.mail_server import Server
from tests.sunset.scene import MAIL, SUNSET, local, use
from tests.sunset.town import idle

AT = local("2027-02-02 10:00")
HOUR = 3_600_000_000


def letter_to(customer: str, due: int, number: int = 1) -> LetterDue:
    """Return a letter about a mailbox of a customer, due then (µs)."""
    identity = derived_id(customer, number)
    return LetterDue(
        id=identity,
        at=AT - HOUR,
        sunset="pop",
        customer=customer,
        name=customer.title(),
        recipient=f"it@{customer}.example",
        language="de",
        kind="letter",
        number=number,
        of=6,
        week=number,
        ends=SUNSET.ends.isoformat(),
        due=due,
        uses=(use(f"a@{customer}.example", AT - HOUR),),
        message_id=f"<{identity}@hoster.example>",
    )


class Office:
    """A topic, a mail server, and a desk whose clock is set by hand."""

    def __init__(self, broker: Broker, server: Server, folder: Path) -> None:
        mail = {**MAIL.model_dump(mode="json", exclude_none=True), "port": server.port}
        sunset = {**SUNSET.model_dump(mode="json", exclude_none=True), "mail": mail}
        self.config = {
            "data": str(folder),
            "kafka": {"bootstrap": [broker.bootstrap]},
            "clickhouse": {"port": free_port()},  # nobody is there: what is not known stays unknown
            "sunset": {"pop": sunset},
        }
        self.settings = Settings.model_validate(self.config)
        ensure_topics(self.settings)
        self.server, self.now = server, AT
        self.told: list[NoticeSent] = []

    def write(self, *events: Event) -> None:
        """Put events on the topic."""
        with Journal(self.settings.kafka, lambda _: None, idle) as journal:
            journal.append(events)

    def work(self, *moments: int, folder: Path | None = None) -> None:
        """Let a desk that starts now have its turn at these moments; in another folder it is another desk."""
        settings = self.settings.model_copy(update={"data": folder}) if folder else self.settings
        ledgers: Ledgers = {}
        directory = Kept(settings)
        posted = Posted(settings, lambda: self.now, lambda: ledgers, lambda: directory.directory(self.now))
        self.told = []

        def take(event: Event) -> None:
            fold(ledgers, (event,))
            posted.take(event)
            if isinstance(event, NoticeSent):
                self.told.append(event)

        with Journal(settings.kafka, take, idle) as journal:
            journal.read()
            for self.now in moments:
                posted.turn(journal)
            journal.rest()

    def taken(self) -> list[str]:
        """Return to whom the server took a letter."""
        return [recipient for recipient, _ in self.server.taken]


@contextmanager
def working(broker: Broker, folder: Path) -> Iterator[Office]:
    """Give an office whose server runs."""
    server = Server(free_port())
    server.start()
    yield Office(broker, server, folder)
    server.stop()
