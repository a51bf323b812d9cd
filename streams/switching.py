"""Keeps this host's switches at what the log says of each sunset: the shell of `streams/switched.py`."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import msgspec

from schemas.settings import Settings, SettingsError
from schemas.sunset_events import StagesSwitched, SunsetEvent
from schemas.topics import SUNSET_EVENTS
from streams import switches
from streams.directory.kept import Kept as KeptDirectory
from streams.effects import write
from streams.following import follow
from streams.sunset_policy import SunsetPolicyServer
from streams.switch import Switch, Tools, Wanted
from streams.switch_emptying import emptied, only_switching
from streams.switch_written import Written, left, note
from streams.switch_written import configured as files_of
from streams.switched import Fold, Kept, coverage, kept_of, state_of, wanted
from streams.switches import Switched
from streams.switchplaces import Address, clashes, places, switched
from streams.topiclog import TopicLog

_log = logging.getLogger(__name__)
_LEAVE_SECONDS = 10.0
_DECODER = msgspec.json.Decoder(Kept)


def _now() -> int:
    return time.time_ns() // 1000  # noqa: TID251 stages are off by the clock


class Switching:
    """The sunsets of this host, kept on disk, and their switches; `clock` tells the time in µs."""

    def __init__(self, configuration: Settings, clock: Callable[[], int] = _now) -> None:
        """Read what is known. ValueError where it is damaged or two switches clash, OSError where it is unreadable."""
        if wrong := "; ".join(clashes(configuration)):
            raise SettingsError(wrong)
        self._configuration = configuration
        self._clock = clock
        self._sunsets = switched(configuration)
        self._folder = configuration.data / "switches"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._left = left(configuration)
        self._kept = {name: _read(self._folder / f"{name}.json") for name in self._sunsets}
        self._directory = KeptDirectory(configuration)
        self._unread: set[str] = set()  # sunsets whose exemptions wait for the directory
        self._servers: dict[str, SunsetPolicyServer] = {}
        self._threads: list[threading.Thread] = []
        self._noting = threading.Lock()
        self._alone = ExitStack()
        self.start_over()

    def hold(self) -> None:
        """Have this host's switches until `stop`. ValueError where another process has them."""
        self._alone.enter_context(only_switching(self._configuration))

    def begin(
        self,
        sockets: Mapping[Address, socket.socket],
        host: str,
        report: Callable[[StagesSwitched], None],
        stop: threading.Event,
    ) -> None:
        """Bring in force what was known last, answer on the policies' sockets, and follow the log until `stop`.

        What switches wrote that are configured no more is emptied.
        """
        note(self._configuration, (*files_of(self._configuration), *self._left))
        for each in self._left:
            tools = Tools(answer=lambda _: None, report=report, host=host)
            self._start(f"switch {each.sunset} {each.switch}", partial(self._empty, each, tools, stop))
        for place, address in places(self._configuration).items():
            name = place.split(".")[1]
            self._servers[name] = SunsetPolicyServer(self._wanted(name).state)
            self._servers[name].start([sockets[address]])
            _log.info("sunset %s: policy: listening on %s port %d", name, *address)
        for name, sunset in self._sunsets.items():
            for hook, settings in switches.configured(sunset.switch).items():
                tools = Tools(answer=partial(self._answer, name), report=report, host=host)
                switch = Switch(hook, settings, partial(self._wanted, name), tools)
                self._start(f"switch {name} {hook}", partial(switch.work, stop))
        if self._sunsets:
            self._start("sunsets", partial(follow, "sunsets", self._log, [self], stop))

    def stop(self, timeout_seconds: float) -> None:
        """End when `stop` is set."""
        for thread in self._threads:
            thread.join(max(timeout_seconds, _LEAVE_SECONDS))
        for server in self._servers.values():
            server.stop()
        self._alone.close()

    def _empty(self, written: Written, tools: Tools, stop: threading.Event) -> None:
        if emptied(written, tools, stop):
            with self._noting:
                self._left = tuple(each for each in self._left if each != written)
                note(self._configuration, (*files_of(self._configuration), *self._left))

    def start_over(self) -> None:
        """Await the log from its beginning; until it tells as much as is known, nothing changes."""
        self._folds = {name: Fold(name, self._kept[name]) for name in self._sunsets}
        self._stale: set[str] = set()

    def take(self, events: tuple[SunsetEvent, ...], quiet_seconds: float, *, fresh: bool) -> None:  # noqa: ARG002 a log's
        """Take what came from the log, and let the switches have it where it is news."""
        for name, fold in self._folds.items():
            if fold.take(events) or self._readable_again(name):
                self._stale.add(name)
            if name in self._stale and fold.tells(quiet_seconds):
                self._stale.discard(name)
                self._keep(name, self._known(name, fold))

    def _known(self, name: str, fold: Fold) -> Kept:
        """Return what the log tells; the directory is read only where somebody is exempt, for other addresses."""
        exempted = bool(fold.ledger.exemptions)
        people = self._directory.directory(self._clock()) if exempted else None
        if exempted and people is None:
            self._unread.add(name)
        else:
            self._unread.discard(name)
        covered = coverage(fold.ledger, people, self._kept[name].covered)
        listed = self._sunsets[name].switch.dovecot is not None
        return kept_of(fold.ledger, covered, listed=listed, decision=fold.decision, step=fold.step)

    def _readable_again(self, name: str) -> bool:
        return name in self._unread and self._directory.directory(self._clock()) is not None

    def _keep(self, name: str, kept: Kept) -> None:
        if kept == self._kept[name]:
            return
        for subject in kept.exempt.keys() - self._kept[name].exempt.keys():
            if not switches.writable(subject):
                _log.error(
                    "sunset %s: %r is exempt, but no table can hold it: it is refused as others are", name, subject
                )
        self._kept[name] = kept
        path = self._folder / f"{name}.json"
        try:
            write(path, msgspec.json.encode(kept).decode() + "\n", mode=0o600)
        except OSError as error:
            _log.error("%s: what is off is in memory only: %s", path, error.strerror)

    def _wanted(self, name: str) -> Wanted:
        kept = self._kept[name]
        closed = frozenset(number for number, step in kept.steps.items() if step.step == "closed")
        return Wanted(state_of(name, self._sunsets[name], kept, self._clock()), kept.decision, closed)

    def _log(self) -> TopicLog[SunsetEvent]:
        return TopicLog(self._configuration.kafka, SUNSET_EVENTS, wanted)

    def _answer(self, name: str, state: Switched) -> None:
        self._servers[name].state = state

    def _start(self, name: str, work: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=work, name=name, daemon=True))
        self._threads[-1].start()


def _read(path: Path) -> Kept:
    try:
        return _DECODER.decode(path.read_bytes())
    except FileNotFoundError:
        return Kept()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: no state of a sunset: {error}") from error
