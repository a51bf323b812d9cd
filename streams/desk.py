"""The process `relaywarden desk`: decides about sunsets, hour by hour, on `sunset.events`; sends letters; alerts.

It also stores whose the mailboxes are, for the pages.

What it knows it reads from that topic, from the beginning; so it goes on after any end as if there had been none. A
task is told all that the topic holds, and has its turn again and again.
"""

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from schemas.alone import alone
from schemas.ending import apart
from schemas.events import Event
from schemas.pulse import Pulse
from schemas.readiness import READINESS
from schemas.settings import Settings
from streams.alert_channels import faults
from streams.alert_desk import AlertDesk
from streams.alert_keeping import AlertsKept
from streams.journal import Journal
from streams.letter_task import Posted
from streams.operating import now
from streams.owners_task import Owners
from streams.reports.asking import idle
from streams.stage_alarms import Alarms, told
from streams.stage_task import StageTask
from streams.sunset_desk import Sunsets
from streams.topiclog import LogAwayError

if TYPE_CHECKING:
    from streams.report_task import Reports

LOG = logging.getLogger("relaywarden.desk")
_RETRY_SECONDS = 1.0
_END_SECONDS = 5.0


class Task(Protocol):
    """What the desk does; nothing of it knows more than the topic told it."""

    def start_over(self) -> None:
        """Forget all: the topic comes from its beginning."""

    def take(self, event: Event) -> None:
        """Take in an event of the topic, a task's own too."""

    def turn(self, journal: Journal) -> None:
        """Do what is due now. LogAwayError where the topic is gone: all begins anew."""


def run(settings: Settings, *, dry_run: bool) -> None:
    """Work until SIGTERM or SIGINT. ValueError where another desk works here.

    With `dry_run` nothing leaves it, and it may work beside another: it has neither its lock nor its pulse.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, apart(stop.set))
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # its retries are many; we say once what they mean
    beat: Callable[[], None] = idle if dry_run else Pulse(settings.data, "desk").beat
    with nullcontext() if dry_run else only_desk(settings.data):
        stages = StageTask(settings, now, dry_run=dry_run)
        sunsets = Sunsets(settings, now, beat, dry_run=dry_run)
        tasks: list[Task] = [sunsets, stages]
        mailed: list[Reports] = []
        if not dry_run:
            tasks.extend(_posted(settings, sunsets))
            tasks.extend(_owners(settings, sunsets, beat))
            tasks.extend(_alarms(settings))
        if settings.report:
            from streams.report_task import reports  # noqa: PLC0415 it draws: a desk without reports saves 70 MB

            mailed = reports(settings, now, beat, dry_run=dry_run)
        alerts = _alerting(settings, stop, dry_run=dry_run)
        try:
            work(settings, [*tasks, *mailed, *alerts], stop, beat)
        finally:
            stop.set()
            for kept in alerts:
                kept.join(_END_SECONDS)
        stages.stop()
        for each in mailed:
            each.stop()


def _alerting(settings: Settings, stop: threading.Event, *, dry_run: bool) -> list[AlertsKept]:
    """Return what keeps the thread that alerts, begun; none where no alert is configured. ValueError: unknown rules."""
    if settings.alert is None:
        return []
    for fault in faults(settings):
        LOG.error("%s; nothing is told there until that is mended", fault)
    desk = AlertDesk(settings, settings.alert, now, dry_run=dry_run)
    return [AlertsKept(desk.work, stop)]


def _owners(settings: Settings, sunsets: Sunsets, beat: Callable[[], None]) -> Iterator[Owners]:
    """Yield the task that stores whose mailboxes are, where anything says so."""
    if settings.directory is not None or settings.customers:
        yield Owners(settings, sunsets.accounts, now, beat)


def _posted(settings: Settings, sunsets: Sunsets) -> Iterator[Posted]:
    """Yield the task that sends letters; without a letterbox that can be used, all but sending goes on."""
    try:
        yield Posted(settings, now, lambda: sunsets.ledgers, sunsets.accounts)
    except OSError as error:
        LOG.error("no letter is sent: %s; move the file away, and start again", error)  # noqa: TRY400 no trace helps


def _alarms(settings: Settings) -> Iterator[Alarms]:
    """Yield the task that mails what stages do by themselves, where somebody is told."""
    try:
        if told(settings):
            yield Alarms(settings, now)
    except OSError as error:
        LOG.error("nobody is told what stages do: %s; move the file away, and start again", error)  # noqa: TRY400 likewise


def work(settings: Settings, tasks: Sequence[Task], stop: threading.Event, beat: Callable[[], None]) -> None:
    """Give the tasks their turns until `stop` is set; a broker that is away is waited for."""
    away = False
    while not stop.is_set():
        for task in tasks:
            task.start_over()
        try:
            with Journal(settings.kafka, partial(_told, tasks), beat) as journal:
                journal.read()
                LOG.info("the desk has read all that was decided") if not away else LOG.warning("the log is back")
                away = False
                READINESS.has("the log")
                _turns(journal, tasks, stop, beat)
        except LogAwayError as error:
            if not away:
                LOG.warning("the log is away, nothing is decided: %s", error)
            away = True
            READINESS.waits("the log", str(error))
            beat()
            stop.wait(_RETRY_SECONDS)


def _turns(journal: Journal, tasks: Sequence[Task], stop: threading.Event, beat: Callable[[], None]) -> None:
    while not stop.is_set():
        for task in tasks:
            task.turn(journal)
        journal.read()
        beat()


def _told(tasks: Sequence[Task], event: Event) -> None:
    for task in tasks:
        task.take(event)


def only_desk(data: Path) -> AbstractContextManager[None]:
    """Hold the data folder's lock. ValueError where another desk has it."""
    data.mkdir(parents=True, exist_ok=True)
    return alone(data / "desk.lock", ValueError(f"data: {data}: another relaywarden desk works there"))
