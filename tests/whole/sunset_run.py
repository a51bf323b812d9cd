"""The run of ten weeks: when the desk has its turn, what happens meanwhile, and what everybody said.

Whoever reads the log of the relay, and the relay's own hours, follow the script; the oracles hear when the desk looked.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from collectors.admin import ensure_topics
from embedded.broker import Broker
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas.events import Event
from schemas.lag import Lag
from schemas.moments import moment_of
from schemas.sunset_events import LetterDue, UserExempted
from schemas.topics import SUNSET_EVENTS
from streams.journal import Journal
from streams.stage_orders import ordered, planned
from tests.migrated import migrate
from tests.whole.sunset_oracle import Exemption, Oracle
from tests.whole.sunset_people import customers
from tests.whole.sunset_script import FIRST, LAST, POP, WAYS, Script, Sending, Way
from tests.whole.sunset_server import Relay
from tests.whole.sunset_setup import Setup
from tests.whole.sunset_stages import MOMENTS, ORDERS, PLANNED, Stages
from tests.whole.sunset_weeks import Clock, Desk, Logs, Warehouse, storing

SEED = int(os.environ.get("RELAYWARDEN_SEED", "7"))
_DATABASE = "t_eight_weeks"
_DANGER, _LITTLE = 0.1, 0.02
"""How often a desk is killed in its turn: while letters go, and else."""
BEGINS = -3
"""The first day on which the desk works."""
AWAY = (15, 9, 12)
"""The day and the hours at which the relay is away: the letters' day of week 3."""
UNREADABLE = 24
"""The day on which nobody can read the directory; the desk is killed on it."""
_MORNING, _HOURS = 8, {9, 10, 12, 13, 14}
"""When the desk has its turn: each day, and on the letters' days."""
_FOR_EVER = 2
"""So many letters wait on a day whatever the server's mood: those of whom it defers for ever."""


class Said(NamedTuple):
    """A sentence of a log, when the clock stood where."""

    at: int
    logger: str
    text: str


class _Ears(logging.Handler):
    """Hears what the desk says."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[Said] = []
        self._clock = clock

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(Said(self._clock.now, record.name, record.getMessage()))


class Weeks:
    """The run, and what came of it."""

    def __init__(self, setup: Setup, script: Script) -> None:
        self.setup, self.settings, self.script = setup, setup.settings, script
        since = script.moment(BEGINS, 8)
        self.exemptions = (Exemption("free", since), Exemption("later", since, 20))
        self.stages = Stages(script, frozenset(("f@free.example",)))
        self.oracles = {way: Oracle(script, way) for way in WAYS if way is not POP}
        self.oracles[POP] = Oracle(script, POP, self.exemptions, self.stages)
        self.clock = Clock()
        always = {"it@refused.example": "refuses", "it@deferred.example": "defers"}
        self.relay = Relay(setup.port, SEED, lambda: self.clock.now, always, "it@bounced.example")  # type: ignore[arg-type]
        self.events = list[Event]()
        self.asked: list[tuple[Sending, bool]] = []
        self.kills = self._turned = 0
        self._ears = _Ears(self.clock)

    def decided(self, *ways: Way) -> list[LetterDue]:
        """Return the letters on the topic; one that stands there twice, since a desk was killed in between, is one."""
        names = {way.name for way in ways or WAYS}
        found = [event for event in self.events if isinstance(event, LetterDue) and event.sunset in names]
        return list({event.id: event for event in found}.values())

    def told(self, customer: str, way: Way = POP) -> list[tuple[int, int, tuple[str, ...]]]:
        """Return week, number and thanked mailboxes of a customer's letters, as the oracle has them."""
        due = self.oracles[way].letters
        return [(each.week, each.number, each.thanked) for each in due if each.customer == customer]

    @property
    def said(self) -> list[Said]:
        """Return what was said to whoever reads the desk's log."""
        return self._ears.heard

    def run(self) -> None:
        """Let the weeks go by."""
        logging.getLogger("relaywarden").addHandler(self._ears)
        logs = Logs(self.script, self.settings, self.relay, self.setup.folder)
        logs.write(self.script.moment(FIRST), self.script.moment(*PLANNED))
        self.relay.start()
        with storing(self.settings) as warehouse:
            desk = Desk(self.settings, self.clock, Random(f"kills {SEED}"))
            try:
                for at, danger in self.moments(desk.left):
                    self._turn(at, danger, desk, logs, warehouse)
            finally:
                desk.end()
                self.relay.stop()
                logging.getLogger("relaywarden").removeHandler(self._ears)
            self.kills = desk.kills
            self._kept(warehouse)
        self.counts = logs.counts

    def _turn(self, at: int, danger: float, desk: Desk, logs: Logs, warehouse: Warehouse) -> None:
        """Let it be `at`: what happens by itself, then the desk's turn."""
        self.clock.now = at
        self._relay_at(at)
        self._directory_at(at, desk)
        warehouse.publish(logs.until(at))
        warehouse.store()
        if at == self.exemptions[0].since:
            desk.write([self._exempted(each) for each in self.exemptions])
        self._ask(at, desk)
        self._order(at, desk, logs)
        known = len(desk.begun)
        if desk.work(danger=danger):
            for oracle in self.oracles.values():
                oracle.look(at)
        ways = {way.name: way for way in WAYS}
        for each in list(desk.begun.values())[known:]:
            if each.sunset in ways:
                self.oracles[ways[each.sunset]].went(each.customer, each.at)

    def _ask(self, at: int, desk: Desk) -> None:
        """Ask the relay hosts about all mails since the last turn: what they know is from then."""
        since, self._turned = self._turned, at
        for each in self.script.tries if self.stages.firsts else ():
            if each.habit.sends and since < each.at <= at:
                self.asked.append((each, desk.refuses(each.envelope, each.at)))

    def _order(self, at: int, desk: Desk, logs: Logs) -> None:
        """Plan the stages, and from then on have the logs tell of whom is refused; or do what an operator does."""
        if at == self.script.moment(*PLANNED):
            plan = planned(desk.book, at, operator="ann")
            desk.write([plan])
            self.stages.firsts = tuple(stage.first for stage in plan.stages)
            self.script.off = self.stages.off
            self.oracles[POP].uses()
            logs.write(at, self.script.moment(LAST + 2))
        for order in ORDERS:
            if at == self.script.moment(*order.when):
                desk.write(ordered(desk.book, order.action, order.stage, at, reason="the phones", operator="ann"))

    def _kept(self, warehouse: Warehouse) -> None:
        """Read what the desks decided, and have it stored."""
        with Journal(self.settings.kafka, self.events.append, lambda: None) as journal:
            journal.read()
        with Lag(self.settings) as lag:
            warehouse.store(lag.ends((SUNSET_EVENTS,)))

    def moments(self, left: Callable[[], int]) -> Iterator[tuple[int, float]]:
        """Yield when the desk has its turn, and how dangerous that is.

        Each morning, within the hours of the letters and while some are `left`, when a stage goes off or on, and at an
        operator's orders.
        """
        for day in range(BEGINS, LAST + 1):
            letters = day % 7 == 1 and 0 <= day < POP.settled
            hours = {_MORNING} | {
                hour for number, hour in (*MOMENTS, *(order.when for order in ORDERS)) if number == day
            }
            hours |= _HOURS if letters else {12} if day == UNREADABLE else set()
            for hour in sorted(hours):
                danger = _DANGER if hour > _MORNING else _LITTLE
                yield self.script.moment(day, hour), 0.0 if day == UNREADABLE else danger
            for minute in range(10, 180, 20):
                if letters and left() > _FOR_EVER:
                    yield self.script.moment(day, 14 + minute // 60, minute % 60), _DANGER

    def _relay_at(self, at: int) -> None:
        day, begin, end = AWAY
        away = self.script.moment(day, begin) <= at < self.script.moment(day, end)
        if away != self.relay.away:
            (self.relay.stop if away else self.relay.start)()

    def _directory_at(self, at: int, desk: Desk) -> None:
        """Take the directory away for a day; a desk that knew it is killed at noon."""
        hidden = self.setup.directory.with_suffix(".away")
        if at == self.script.moment(UNREADABLE, 8):
            self.setup.directory.rename(hidden)
        elif at == self.script.moment(UNREADABLE, 12):
            desk.kill()
        elif at == self.script.moment(UNREADABLE + 1, 8):
            hidden.rename(self.setup.directory)

    def _exempted(self, exemption: Exemption) -> UserExempted:
        until = "" if exemption.until > LAST else self.script.day(exemption.until).isoformat()
        return UserExempted(
            id=f"exempt-{exemption.customer}",
            at=exemption.since,
            sunset=POP.name,
            subject=exemption.customer,
            until=until,
            operator="ann",
            reason="asked for it",
        )


@contextmanager
def running(folder: Path, clickhouse: ClickHouseServer) -> Iterator[Weeks]:
    """Let the weeks go by, with a broker and a database of their own."""
    today = moment_of(time.time_ns() // 1000).date()  # tables forget what is old
    script = Script(SEED, today - timedelta(days=77 + today.weekday()), customers(SEED))
    client = clickhouse.connect()
    client.command(f"CREATE DATABASE {_DATABASE}")
    with pytest.MonkeyPatch.context() as patch, Broker(folder / "broker.log") as broker:
        logging.getLogger("kafka").setLevel(logging.CRITICAL)
        patch.setenv(PASSWORD_ENV, clickhouse.password)
        setup = Setup(folder, broker, clickhouse, _DATABASE, script)
        migrate(client, _DATABASE)
        ensure_topics(setup.settings)
        weeks = Weeks(setup, script)
        weeks.run()
        yield weeks
    client.command(f"DROP DATABASE {_DATABASE}")
