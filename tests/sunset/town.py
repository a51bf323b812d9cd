"""A hoster for the desk: broker, ClickHouse and a running sink; each day its hosts' logs tell who sent which way."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta

from clickhouse_connect.driver.client import Client
from kafka import KafkaProducer

from collectors.admin import ensure_topics
from embedded.broker import Broker
from embedded.clickhouse import ClickHouseServer
from schemas.events import Event
from schemas.settings import Settings
from schemas.sunset_events import LetterDue, SunsetEvent
from schemas.topics import MAIL_EVENTS
from streams.journal import Journal
from streams.sunset.weeks import start_of
from streams.sunset_desk import Sunsets
from streams.warehouse import store_until
from tests.migrated import migrate
from tests.parts import packed
from tests.sink.rig import until
from tests.sunset.logs import LOGINS, RELAYS, noise, sent

NAME = "pop"


def configured(broker: Broker, server: ClickHouseServer, database: str, folder: str, begins: date) -> Settings:
    """Return the configuration: a sunset of seven weeks, three customers, one of whom nobody can write to."""
    return Settings.model_validate(
        {
            "data": folder,
            "kafka": {"bootstrap": [broker.bootstrap], "partitions": 2},
            "clickhouse": {"host": server.host, "port": server.port, "database": database},
            "customers": {
                "acme": {"mailboxes": ["acme.example"], "contact": "it@acme.example", "language": "fr"},
                "solo": {"mailboxes": ["solo.example"], "contact": "me@solo.example", "language": "de"},
                "mute": {"mailboxes": ["mute.example"]},
            },
            "sunset": {
                NAME: {
                    "kind": "smtp_after_pop",
                    "begins": begins,
                    "ends": begins + timedelta(days=49),
                    "letters": 6,
                    "timezone": "Europe/Berlin",
                    "mail": {
                        "sender": "care@hoster.example",
                        "company": "Hoster",
                        "support": "+49 89 1234",
                        "smtp_server": "smtp.hoster.example",
                    },
                }
            },
        }
    )


def idle() -> None:
    """Tell nobody that the desk is alive."""


class Town:
    """What the hoster's hosts log, the sink that stores it, and the desk with its clock."""

    def __init__(self, settings: Settings, client: Client) -> None:
        self.settings, self.client = settings, client
        self.sunset = settings.sunset[NAME]
        self.clock = 0
        self.desk = Sunsets(settings, lambda: self.clock, lambda: None)
        self._producer = KafkaProducer(bootstrap_servers=list(settings.kafka.bootstrap))
        self.store()

    def store(self) -> None:
        """Begin a sink."""
        self._stop = threading.Event()
        self._sink = threading.Thread(target=store_until, args=(self._stop, self.settings), daemon=True)
        self._sink.start()

    def stop_storing(self) -> None:
        """End the sink."""
        self._stop.set()
        self._sink.join(60)

    def close(self) -> None:
        self._producer.close(timeout=2)

    def day(self, day: date, senders: Sequence[str], silent: Sequence[str] = ()) -> None:
        """Tell a day's logs: who sent without a login at noon; each host that is not silent has something then."""
        noon = start_of(self.sunset, day, 12)
        self._publish(
            [noise(host, noon) for host in (*RELAYS, LOGINS) if host not in silent]
            + [sent(mailbox, noon + number * 1_000_000) for number, mailbox in enumerate(senders)]
        )

    def dawn(self, day: date, silent: Sequence[str] = ()) -> None:
        """Tell what hosts log just after midnight: now the day before is read to its end."""
        first = start_of(self.sunset, day) + 60_000_000
        self._publish([noise(host, first) for host in (*RELAYS, LOGINS) if host not in silent])

    def _publish(self, events: Sequence[Event]) -> None:
        self._producer.send(MAIL_EVENTS.name, packed(events), partition=0).get(60)

    def turn(self, at: int, journal: Journal) -> None:
        """Set the clock, and give the desk its turn until it has looked."""
        self.clock = at

        def looked() -> bool:
            self.desk.turn(journal)
            return self.desk.looked == at

        until(looked, 30, "a look")

    def written(self) -> list[SunsetEvent]:
        """Return all that the topic holds."""
        found: list[SunsetEvent] = []
        with Journal(
            self.settings.kafka, lambda event: found.append(event) if isinstance(event, SunsetEvent) else None, idle
        ) as journal:
            journal.read()
        return found

    def letters(self) -> list[LetterDue]:
        return [event for event in self.written() if isinstance(event, LetterDue)]


@contextmanager
def running(settings: Settings, server: ClickHouseServer) -> Iterator[Town]:
    """Make topics and tables, and store until the end of the block."""
    migrate(server.connect(), settings.clickhouse.database)
    ensure_topics(settings)
    town = Town(settings, server.connect(settings.clickhouse.database))
    try:
        yield town
    finally:
        town.close()
        town.stop_storing()
