"""Takes back what the switches of this host wrote: what is configured no more, or all of it for good."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from schemas.alone import alone
from schemas.part import Part
from schemas.settings import Settings
from streams import switches
from streams.effects import EffectError
from streams.switch import Switch, Tools, Wanted, perform
from streams.switch_written import Written, left, note
from streams.switch_written import configured as files_of
from streams.switches import Switched
from streams.switchplaces import switched

_log = logging.getLogger(__name__)


def only_switching(configuration: Settings) -> AbstractContextManager[None]:
    """Hold the lock of this host's switches. ValueError where another process has it."""
    folder = configuration.data / "switches"
    folder.mkdir(parents=True, exist_ok=True)
    return alone(folder / ".lock", ValueError(f"data: {configuration.data}: relaywarden hooks works there"))


def emptied(written: Written, tools: Tools, stop: threading.Event) -> bool:
    """Let a switch that is configured no more refuse nobody, as soon as it can; tell whether it could before `stop`.

    A file that is not there is as good; where that cannot be seen it is tried.
    """
    what = f"sunset {written.sunset}: {written.switch} is configured no more: {written.path}"
    switch = Switch(written.switch, written.part(), lambda: Wanted(_nothing(written.sunset), ""), tools)
    while not _absent(written.path):
        switch.turn(time.monotonic())
        if switch.works:
            _log.warning("%s refuses nobody any more", what)
            return True
        if stop.wait(1.0):
            return False
    _log.warning("%s is not there any more", what)
    return True


def cleared(configuration: Settings) -> Iterator[dict[str, object]]:
    """Let each switch of this host refuse nobody, also what is configured no more, and yield how that went.

    ValueError where `relaywarden hooks` runs: it would write all again.
    """
    with only_switching(configuration):
        gone, failed = [each for each in left(configuration) if not _absent(each.path)], set[str]()
        parts = [(each.sunset, each.switch, each.part()) for each in gone]
        parts += [
            (name, switch, part)
            for name, sunset in switched(configuration).items()
            for switch, part in switches.configured(sunset.switch).items()
        ]
        for sunset, switch, part in parts:
            path, problem = str(getattr(part, "path", "")), _problem(sunset, switch, part)
            failed |= {path} if problem else set()
            yield {"sunset": sunset, "switch": switch, "path": path, "problem": problem}
        note(configuration, (each for each in (*gone, *files_of(configuration)) if each.path in failed))


def _problem(sunset: str, switch: str, part: Part) -> str:
    """Let a switch refuse nobody; return why it could not, "" where it could."""
    try:
        for effect in switches.load(switch)(_nothing(sunset), part):
            perform(effect, lambda _: None)
    except (EffectError, ValueError) as error:
        return str(error)
    return ""


def _absent(path: str) -> bool:
    """Tell whether a file is surely not there."""
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _nothing(sunset: str) -> Switched:
    """Return the state of a sunset of which nothing is off: nobody is refused."""
    return Switched(sunset=sunset, reply="")
