"""The run of eight weeks: its configuration and directory, and when the desk has its turn.

Whoever reads the log of the relay, and the relay's own hours, follow the script; the oracle hears when the desk looked.
"""

import csv
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from embedded.broker import Broker, free_port
from embedded.clickhouse import ClickHouseServer
from schemas.events import Event
from schemas.settings import Settings
from schemas.sunset_events import UserExempted
from schemas.topics import SUNSET_EVENTS
from streams.journal import Journal
from streams.lag import Lag
from tests.whole.sunset_oracle import Exemption, Oracle
from tests.whole.sunset_script import ENDS, FIRST, ZONE, Script
from tests.whole.sunset_server import Relay
from tests.whole.sunset_weeks import Clock, Desk, Logs, Warehouse, storing

SEED = int(os.environ.get("RELAYWARDEN_SEED", "7"))
_DANGER, _LITTLE = 0.2, 0.02
"""How often a desk is killed in its turn: while letters go, and else."""
AWAY = (15, 9, 12)
"""The day and the hours at which the relay is away: the letters' day of week 3."""


def configured(folder: Path, broker: Broker, server: ClickHouseServer, database: str, script: Script) -> Settings:
    """Return the configuration, and write the directory."""
    with (folder / "customers.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("address", "mailbox", "customer", "name", "contact", "language"))
        for customer in script.customers:
            for row in customer.rows:
                address, _, mailbox = row.partition(">")
                rows.writerow((address, mailbox, customer.name, customer.title, customer.contact, customer.language))
    mail = {
        "sender": "care@hoster.example",
        "company": "Hoster",
        "support": "+41 44 1234",
        "smtp_server": "smtp.hoster.example",
        "language": "de",
    }
    return Settings.model_validate(
        {
            "data": str(folder / "state"),
            "kafka": {"bootstrap": [broker.bootstrap], "partitions": 1},
            "clickhouse": {"host": server.host, "port": server.port, "database": database},
            "directory": {"kind": "csv", "path": str(folder / "customers.csv")},
            "sunset": {
                "pop": {
                    "kind": "smtp_after_pop",
                    "begins": script.begins,
                    "ends": script.ends,
                    "timezone": str(ZONE),
                    "mail": {**mail, "port": free_port(), "timeout_seconds": 5, "per_hour": 1000},
                }
            },
        }
    )


class Weeks:
    """The run, and what came of it."""

    def __init__(self, settings: Settings, script: Script, folder: Path) -> None:
        self.settings, self.script, self._folder = settings, script, folder
        self.exemptions = (Exemption("free", script.moment(-8, 8)), Exemption("later", script.moment(-8, 8), 20))
        self.oracle = Oracle(script, self.exemptions)
        self.clock = Clock()
        mail = settings.sunset["pop"].mail
        assert mail is not None
        always = {"it@refused.example": "refuses", "it@deferred.example": "defers"}
        self.relay = Relay(mail.port, SEED, lambda: self.clock.now, always, "it@bounced.example")  # type: ignore[arg-type]
        self.events = list[Event]()
        self.kills = 0

    def run(self) -> None:
        """Let the weeks go by."""
        rng = Random(f"kills {SEED}")
        logs = Logs(self.script, self.settings, self.relay, self._folder)
        self.relay.start()
        with storing(self.settings) as warehouse:
            desk = Desk(self.settings, self.clock, rng)
            try:
                for at, dangerous in self.moments(desk.left):
                    self.clock.now = at
                    self._relay_at(at)
                    warehouse.publish(logs.until(at))
                    warehouse.store()
                    if at == self.exemptions[0].since:
                        desk.write([self._exempted(each) for each in self.exemptions])
                    if desk.work(danger=_DANGER if dangerous else _LITTLE):
                        self.oracle.look(at)
            finally:
                desk.end()
                self.relay.stop()
            self.kills = desk.kills
            self._kept(warehouse)
        self.counts = logs.past.counts

    def _kept(self, warehouse: Warehouse) -> None:
        """Read what the desks decided, and have it stored."""
        with Journal(self.settings.kafka, self.events.append, lambda: None) as journal:
            journal.read()
        with Lag(self.settings) as lag:
            warehouse.store(lag.ends((SUNSET_EVENTS,)))

    def moments(self, left: Callable[[], int]) -> Iterator[tuple[int, bool]]:
        """Yield when the desk has its turn: each morning, on the letters' days each hour, and while some are `left`."""
        for day in range(FIRST + 1, ENDS + 1):
            yield self.script.moment(day, 8), False
            if day % 7 == 1 and 0 <= day < ENDS:
                for hour in range(9, 16):
                    yield self.script.moment(day, hour), True
                for minute in range(10, 180, 15):
                    if left() > 1:  # besides that of whom the server defers for ever
                        yield self.script.moment(day, 15 + minute // 60, minute % 60), True

    def _relay_at(self, at: int) -> None:
        day, begin, end = AWAY
        away = self.script.moment(day, begin) <= at < self.script.moment(day, end)
        if away != self.relay.away:
            (self.relay.stop if away else self.relay.start)()

    def _exempted(self, exemption: Exemption) -> UserExempted:
        until = "" if exemption.until > ENDS else self.script.day(exemption.until).isoformat()
        return UserExempted(
            id=f"exempt-{exemption.customer}",
            at=exemption.since,
            sunset="pop",
            subject=exemption.customer,
            until=until,
            operator="ann",
            reason="asked for it",
        )
