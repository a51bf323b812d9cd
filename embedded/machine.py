"""All processes of one machine: begun in the order in which they need each other, kept running, ended in order."""

import http.client
import logging
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from clickhouse_connect.driver.exceptions import ClickHouseError
from kafka.errors import KafkaError

from embedded import effective
from embedded.clickhouse import PASSWORD_ENV
from embedded.eventlog import EventLog
from embedded.processes import Child, end_orphans, stop_all
from embedded.rewinding import Rewinding
from schemas import topics
from schemas.lag import Carried, Lag
from schemas.settings import Settings
from streams.hooking import has_work
from streams.migrate import UPGRADE_SECONDS, migrate
from streams.warehouse_client import connect

LOG = logging.getLogger("relaywarden.up")
_TOLD = (topics.POOL_OBSERVATIONS, topics.MAILBOX_SIGNALS, topics.MAILBOX_LEAKS, topics.CASE_OBSERVATIONS)
FED = (topics.MAIL_EVENTS, topics.COMPLAINTS, *_TOLD)
_PROCESSES = ("hooks", "sink", "stream", "collect", "desk", "dashboard", "api")
_ORPHAN_SECONDS = 12.0
_END_SECONDS = 27.0
_STUCK_SECONDS = 60.0


class Machine:
    """The processes; `told` tells whether to end: whatever is waited for then is given up."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        told: Callable[[], bool],
        demo: Callable[[Path], list[str]] | None = None,
    ) -> None:
        self.config = folder / effective.FILE
        self._folder = folder
        self._logs, self._notes = folder / "log", folder / "run"
        self._given = self._settings = settings
        self._told = told
        self._demo = demo
        self._children: dict[str, Child] = {}
        self._log: EventLog | None = None
        self._rewinding = Rewinding(settings, folder / "folded")

    @property
    def url(self) -> str:
        """Return where the pages are."""
        return f"http://{self._settings.dashboard.host}:{self._settings.dashboard.port}"

    def orphans(self) -> None:
        """End what is left of a machine that was itself killed: it holds ports, and ClickHouse's folder."""
        for folder in (self._logs, self._notes):
            folder.mkdir(parents=True, exist_ok=True)
        end_orphans(self._notes, _ORPHAN_SECONDS)

    def start(self) -> None:
        """Start all, in order; return when the pages answer, or `told`. OSError names what did not come up."""
        self._settings = effective.effective(self._given, self._folder)
        password = effective.password(self._settings)
        effective.write(self._settings, self._folder)
        self._rewinding = Rewinding(self._settings, self._folder / "folded")
        clickhouse = self._settings.clickhouse
        env = {clickhouse.password_env: password, PASSWORD_ENV: password, "PYTHONUNBUFFERED": "1"}
        path = str(self._folder / "clickhouse")
        command = [sys.executable, "-m", "embedded.clickhouse", "--path", path, "--port", str(clickhouse.port)]
        server = self._child("clickhouse", command, env)
        if not self._answers(f"http://{clickhouse.host}:{clickhouse.port}/ping", 30, server):
            return
        self._prepare()
        for name in self._processes():
            if not self._told():
                self._child(name, [sys.executable, "-m", "relaywarden", name, "--config", str(self.config)], env)
        if self._demo is not None and not self._told():
            self._child("hoster", self._demo(self._folder), env)
        self._answers(f"{self.url}/_stcore/health", 60, self._children["dashboard"])

    def _processes(self) -> list[str]:
        """Return the processes that have work: one without any would end at once, and be started for ever."""
        chosen = self._settings
        idle = {"hooks": not has_work(chosen), "desk": not chosen.desk_works, "api": chosen.api is None}
        return [name for name in _PROCESSES if not idle.get(name)]

    def _prepare(self) -> None:
        """Make tables and topics and fill the broker."""
        self._log = EventLog(self._settings, self._logs / "broker.log")
        try:
            with connect(self._settings, database="", answer_seconds=UPGRADE_SECONDS) as client:
                chosen = self._settings.clickhouse
                migrate(client, chosen.database, keep_days=chosen.keep_days)
            self._rewinding.rewind()
            self._rewinding.settled()
            self._log.fill()
        except (ClickHouseError, KafkaError) as error:
            raise OSError(f"{str(error).splitlines()[0]}; see {self._logs}") from error

    def _child(self, name: str, command: list[str], env: dict[str, str]) -> Child:
        child = Child(name, command, self._logs, self._notes, env)
        child.start()
        self._children[name] = child
        return child

    def _answers(self, url: str, seconds: float, child: Child) -> bool:
        """Wait until a child answers there; False when `told`. OSError with its log's place where it never does."""
        deadline = time.monotonic() + seconds
        while not self._told():
            with (
                suppress(urllib.error.URLError, OSError, http.client.HTTPException),
                urllib.request.urlopen(url, timeout=2),  # noqa: S310 our own server on loopback
            ):
                return True
            if child.status is not None:
                raise OSError(
                    f"{child.name} ended with status {child.status} ({_last_line(child.log)}); see {child.log}"
                )
            if time.monotonic() > deadline:
                raise OSError(f"{child.name} does not answer on {url} within {seconds:.0f} s; see {child.log}")
            time.sleep(0.1)
        return False

    def watch(self) -> None:
        """Keep all running, and the broker under its memory cap, until `told`."""
        while not self._told() and self._log is not None:
            self._look()
            if not self._log.alive():
                LOG.error("the embedded broker ended by itself; it is replaced and filled again")
                self._replace([])
            elif self._log.full():
                LOG.info("the embedded broker holds %.0f MB: drained and replaced", self._log.memory_mb())
                carried = self._drain()
                if not self._told():
                    self._replace(carried)
            else:
                self._rewinding.look()
            time.sleep(0.3)

    def _look(self) -> None:
        for child in self._children.values():
            child.look()

    def _drain(self) -> list[Carried]:
        """Stop who writes and let who reads catch up; return what was told after that.

        The hooks keep on: they answer Postfix, and wait for the new broker.
        """
        group, began = self._settings.kafka.group, time.monotonic()
        try:
            self._stop(("collect", "desk"), 15)
            folded = self._caught_up(group, FED)
            self._stop(("stream",), 15)
            stored = self._caught_up(f"{group}-sink", topics.TOPICS)
            self._stop(("sink",), 15)
            if folded and stored:
                self._rewinding.settled()
            LOG.info("drained in %.1f s", time.monotonic() - began)
            with Lag(self._settings) as lag:
                by_hand = (topics.SUNSET_EVENTS, topics.ALERT_EVENTS)  # by who kept on: nothing folds them
                ordered = lag.uncommitted(f"{group}-sink", by_hand)
                return lag.uncommitted(group, _TOLD) + ordered
        except KafkaError as error:
            LOG.warning("the broker could not be drained: %s; what is not stored is read again", error)
            return []

    def _replace(self, carried: list[Carried]) -> None:
        """Put an empty broker in the place of this one, fill it, and start again who works with it."""
        began = time.monotonic()
        self._stop(("collect", "stream", "sink", "desk"), 0)
        self._rewinding.rewind()
        while self._log is not None and not self._told():
            try:
                self._log.fill()
                self._log.carry(carried)
                break
            except (ClickHouseError, KafkaError, OSError) as error:
                LOG.warning("no new broker yet, tried again: %s", str(error).splitlines()[0])
            self._look()
            time.sleep(1)
        if self._told():
            return
        for name in ("sink", "stream", "collect", "desk"):
            if name in self._children:
                self._children[name].start()
        LOG.info("the new broker is in its place after %.1f s", time.monotonic() - began)

    def _stop(self, names: Iterable[str], seconds: float) -> None:
        stop_all([self._children[name] for name in names if name in self._children], seconds)

    def _caught_up(self, group: str, read: Iterable[topics.Topic], seconds: float = _STUCK_SECONDS) -> bool:
        """Wait until a group has read all there is now, as long as it moves on; False where it has not."""
        with Lag(self._settings) as lag:
            wanted = lag.ends(read)
            least, moved = -1, time.monotonic()
            while behind := lag.behind(group, wanted):
                if behind < least or least < 0:
                    least, moved = behind, time.monotonic()
                if time.monotonic() - moved > seconds:
                    LOG.warning("%s stands still %d records before the end; the drain goes on without", group, behind)
                if time.monotonic() - moved > seconds or self._told():
                    return False
                self._look()
                time.sleep(0.2)
        return True

    def stop(self) -> None:
        """End all within half a minute: who writes first, then who decides, then who stores."""
        deadline = time.monotonic() + _END_SECONDS
        group = self._settings.kafka.group
        self._stop(("hoster", "collect", "desk", "api", "dashboard"), 6)
        self._told = lambda: time.monotonic() > deadline - 15
        folded = self._settled("stream", group, FED)
        self._stop(("stream",), 6)
        self._told = lambda: time.monotonic() > deadline - 9
        if self._settled("sink", f"{group}-sink", topics.TOPICS) and folded:
            self._rewinding.settled()
        self._stop(("sink", "hooks"), 4)
        if self._log is not None:
            self._log.kill()
        self._stop(("clickhouse",), max(deadline - time.monotonic(), 3))

    def _settled(self, name: str, group: str, read: Iterable[topics.Topic]) -> bool:
        """Let a process that runs read what there is; tell whether it has."""
        child = self._children.get(name)
        if self._log is not None and self._log.alive() and child is not None and child.running:
            with suppress(KafkaError):
                return self._caught_up(group, read, 5)
        return False


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it wrote nothing"
