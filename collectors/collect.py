"""The collecting process: a thread for each log, input and Maildir, one for the DNSBLs, until it is told to end."""

import faulthandler
import fcntl
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from collectors import inputs
from collectors.demands import demands
from collectors.domainwatch.poll import CustomerDomains, has_work
from collectors.geo import GeoDatabases
from collectors.intake import Intake
from collectors.log import LogCollector
from collectors.ownpoll import OwnSide
from collectors.poplive import LoginSide, MailSide, SharedLogins, Side
from collectors.publish import BrokerReplacedError, Publisher, StoppedError
from collectors.reading import loaded
from collectors.resolve import Poller
from collectors.retrying import Retries
from collectors.sentlog import ClickHouseLog
from collectors.stored import Sink, stored_of
from schemas.alone import alone
from schemas.ending import LOOK_SECONDS, apart, wait_for
from schemas.events import Event
from schemas.settings import Kafka, Settings

LOG = logging.getLogger("relaywarden.collect")

_ENDS_SECONDS = 25.0  # systemd, and rsyslog for its omprog, kill after 30

Work = Callable[[], None]
Publish = Callable[[Sequence[Event]], None]


class BusyError(ValueError):
    """Another collector works with the same checkpoints."""


def run(settings: Settings, stop: threading.Event | None = None) -> None:
    """Collect all that is configured until `stop`, or SIGTERM or SIGINT where none is given.

    ValueError, before anything is read, where the configuration or a checkpoint cannot be used; OSError where the data
    folder cannot. What fails later is tried again for ever.
    """
    # Its clients tell every lost connection at length: the publisher says once that the broker is away.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    (settings.data / "checkpoints").mkdir(parents=True, exist_ok=True)
    with _locked(settings), _stopping(stop) as ended:
        sink = Sink(settings.kafka) if settings.kafka.confirm == "sink" else None
        try:
            _run_all(_works(settings, ended, sink), ended)
        finally:
            if sink is not None:
                sink.close()


def is_running(settings: Settings) -> bool:
    """Tell whether a collector works with these checkpoints. It does not where there are none; OSError: unknown."""
    try:
        with (settings.data / "checkpoints" / ".lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _works(settings: Settings, stop: threading.Event, sink: Sink | None) -> dict[str, Work]:
    """Return what is to be done, by name. ValueError where something configured cannot be."""
    works: dict[str, Work] = {}
    where, sides = GeoDatabases(settings.geoip), _sides(settings)
    for kind, logs in (("mta", settings.mta), ("logins", settings.logins)):
        for name, log in logs.items():
            try:
                loaded(log.format)
            except ValueError as error:
                raise ValueError(f"{kind}.{name}.format: {error}") from error
            identity = f"{kind}-{name}@{log.host or socket.gethostname()}"
            place = f"{kind}.{name}"
            collector = LogCollector(settings, name, log, identity, stop, sink, where, sides.get(place))
            works[place] = collector.run
    if wrong := [*demands(settings)]:
        raise ValueError("; ".join(wrong))
    works |= _inputs(settings, stop)
    poller = Poller(settings.dnsbl, [ip for pool in settings.pool.values() for ip in pool.ips])
    works["dnsbl"] = _publishing(poller.run, settings.kafka, stop, None)  # asked again next round, if it gets lost
    works["own side"] = _publishing(OwnSide(settings).run, settings.kafka, stop, None)  # likewise
    if has_work(settings):
        works["customers' domains"] = _publishing(CustomerDomains(settings).run, settings.kafka, stop, sink)
    for name, maildir in settings.complaints.items():
        intake = Intake(
            maildir,
            name,
            ClickHouseLog(settings.clickhouse),
            attempts=ClickHouseLog(settings.clickhouse, attempts=True),
        )
        works[f"complaints.{name}"] = _publishing(intake.run, settings.kafka, stop, sink)
    if settings.mta or settings.logins or settings.complaints:
        again = Retries(settings, where)
        works["dead letters again"] = _publishing(again.run, settings.kafka, stop, sink, recovers=True)
    return works


def _inputs(settings: Settings, stop: threading.Event) -> dict[str, Work]:
    """Return what is to be done for each input that a table takes. ValueError, OSError as of `inputs.outlet_of`."""
    works: dict[str, Work] = {}
    for name in sorted({*settings.inputs_by_table.values()} - {""}):
        given, outlet = settings.input[name], inputs.outlet_of(settings, name)
        works[f"input.{name}"] = partial(inputs.load(given.kind), given, outlet, stop)
        works[f"losses of input.{name}"] = _publishing(outlet.losses.run, settings.kafka, stop, None)
    return works


def _sides(settings: Settings) -> dict[str, Side]:
    """Return what each log's thread does about POP-before-SMTP, by its place; empty where there is nothing to do."""
    mails, logins = [f"mta.{name}" for name in settings.mta], [f"logins.{name}" for name in settings.logins]
    if not (settings.pop_before_smtp_minutes and mails and logins):
        return {}
    shared = SharedLogins(settings.pop_before_smtp_minutes, mails, logins)
    folder = settings.data / "checkpoints"
    sides: dict[str, Side] = {place: LoginSide(shared, place) for place in logins}
    return sides | {f"mta.{name}": MailSide(shared, f"mta.{name}", folder / f"mta-{name}.pop") for name in settings.mta}


def _run_all(works: dict[str, Work], stop: threading.Event) -> None:
    """Do all in threads until `stop`; when one of them fails, all end, and its error is raised."""
    if not works:
        wait_for(stop)
        return
    with ThreadPoolExecutor(len(works)) as pool:
        running: list[Future[None]] = []
        for name, work in works.items():
            LOG.info("collecting %s", name)
            running.append(pool.submit(work))
        while not _over(running):
            pass
        stop.set()
    for each in running:
        each.result()


def _over(running: Sequence[Future[None]]) -> bool:
    """Tell, after a second at most, whether all have ended or one has failed; signals are handled in between."""
    done, others = wait(running, timeout=LOOK_SECONDS, return_when=FIRST_EXCEPTION)
    return not others or any(each.exception() for each in done)


def _publishing(
    source: Callable[[Publish, threading.Event], None],
    kafka: Kafka,
    stop: threading.Event,
    sink: Sink | None,
    *,
    recovers: bool = False,
) -> Work:
    """Return the work of a source that publishes by itself and waits until its events are safe.

    With `recovers` its mail events are those of dead letters.
    """

    def work() -> None:
        publisher = Publisher(kafka, stop, recovers=recovers)

        def publish(events: Sequence[Event]) -> None:
            nonlocal publisher
            while True:
                try:
                    publisher.publish(events)
                    publisher.barrier()
                    _wait_until_stored(publisher, sink, stop)
                except BrokerReplacedError as error:
                    LOG.warning("%s; what it may have lost is sent again", error)
                    publisher.close()
                    publisher = Publisher(kafka, stop, recovers=recovers)
                else:
                    return

        try:
            source(publish, stop)
        except StoppedError:
            LOG.info("ended with unacknowledged events; they are taken in again")
        finally:
            publisher.close()

    return work


def _wait_until_stored(publisher: Publisher, sink: Sink | None, stop: threading.Event) -> None:
    """Return when the sink has stored all that was acknowledged; at once where nobody asked for that."""
    while sink is not None:
        stored = stored_of(sink, publisher) or {}
        if all(stored.get(place, 0) >= offset for place, offset in publisher.acknowledged.items()):
            return
        if stop.wait(0.2):
            raise StoppedError


def _locked(settings: Settings) -> AbstractContextManager[None]:
    """Keep the checkpoints to this process. BusyError where another has them."""
    busy = BusyError(f"{settings.data}: another relaywarden collect works there")
    return alone(settings.data / "checkpoints" / ".lock", busy)


@contextmanager
def _stopping(stop: threading.Event | None) -> Iterator[threading.Event]:
    """Give `stop`, or an event that SIGTERM and SIGINT set: then the process has so many seconds to end.

    One that takes longer writes where each thread hangs and exits with 1; what it had not kept is read again.
    """
    if stop is not None:
        yield stop
        return
    ended = threading.Event()

    def end() -> None:
        is_first = not ended.is_set()
        ended.set()
        if is_first:
            faulthandler.dump_traceback_later(_ENDS_SECONDS, exit=True, file=2)

    previous = {number: signal.signal(number, apart(end)) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        if not ended.is_set():  # else further signals stay ignored: they would cut off what is left to do
            for number, handler in previous.items():
                signal.signal(number, handler)
