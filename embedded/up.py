"""`relaywarden up`: all on this machine, watched over: broker, ClickHouse, the processes, in the demo the hoster.

The embedded broker keeps all in memory and frees nothing. So at its cap it is drained and replaced, by the same
refill from ClickHouse that follows any start (docs/adr/0006-one-machine.md): collectors hold their checkpoints back
until the sink has stored what they sent (`kafka.confirm = "sink"`), and decisions and states come back from ClickHouse.
"""

import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType

import tomli_w

from embedded.machine import Machine
from embedded.ports import refusal
from schemas.alone import alone
from schemas.inputs.taken import not_with_up
from schemas.settings import Settings, load

LOG = logging.getLogger("relaywarden.up")


class BusyError(ValueError):
    """Another `relaywarden up` works in this data folder."""


def _locked(folder: Path) -> AbstractContextManager[None]:
    """Hold the data folder's lock. BusyError where another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    return alone(folder / "up.lock", BusyError(f"{folder}: another relaywarden up works there"))


@contextmanager
def _logging(folder: Path) -> Iterator[None]:
    """Write what happens into `log/up.log`, and what concerns the user to standard error too."""
    (folder / "log").mkdir(exist_ok=True)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # its retries are many; we say once what they mean
    file = logging.FileHandler(folder / "log" / "up.log")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    screen = logging.StreamHandler()
    screen.setFormatter(logging.Formatter("relaywarden: %(message)s"))
    LOG.addHandler(screen)
    LOG.setLevel(logging.INFO)
    root = logging.getLogger()
    root.addHandler(file)
    try:
        yield
    finally:
        LOG.removeHandler(screen)
        root.removeHandler(file)
        file.close()


@contextmanager
def _until_told() -> Iterator[Callable[[], bool]]:
    """Give the function that tells whether SIGINT or SIGTERM came; a second one changes nothing."""
    told = False

    def note(_signal: int, _frame: FrameType | None) -> None:
        nonlocal told
        told = True

    previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: told
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler if not told else signal.SIG_IGN)


def run(settings: Settings, say: Callable[[str], None], demo: Callable[[Path], list[str]] | None = None) -> None:
    """Run everything until SIGINT or SIGTERM; `say` is told the URL of the pages once they answer.

    ValueError or OSError, and nothing is left running, where the data folder is in use, a port is taken, a server does
    not come up, or the collector is to read the standard input. After SIGINT or SIGTERM further ones are ignored: the
    caller is to end.
    """
    if refused := "; ".join(not_with_up(settings.input, settings.inputs_by_table)):
        raise ValueError(refused)
    folder = settings.embedded.data.absolute()
    with _until_told() as told, _locked(folder), _logging(folder):
        machine = Machine(settings, folder, told, demo)
        try:
            machine.orphans()
            _pages_port(settings)
            machine.start()
            if not told():
                say(machine.url)
                LOG.info("operator commands take --config %s", machine.config)
            machine.watch()
            say("")
        finally:
            machine.stop()


def _pages_port(settings: Settings) -> None:
    host, port = settings.dashboard.host, settings.dashboard.port
    reason = refusal(host, port)
    if reason:
        raise ValueError(f"dashboard.port: {host}:{port}: {reason}")


def demo_settings(folder: Path) -> Settings:
    """Write the demo's configuration into its folder and return it as read from there. BusyError as of `run`."""
    from embedded.demo import configuration  # noqa: PLC0415 only the demo needs the hoster

    with _locked(folder):
        path = folder / "relaywarden.toml"
        path.write_text(tomli_w.dumps(configuration(folder) | {"embedded": {"data": str(folder)}}))
        return load(path)


def demo_command(settings: Settings, folder: Path) -> list[str]:
    """Return the command that plays the hoster for these settings."""
    hook = settings.pool["main"].hooks.postfix_socketmap
    if hook is None:
        raise ValueError("the demo's pool has no socketmap hook")
    ports = ("--socketmap-port", str(hook.port), "--dns-port", str(settings.dnsbl.port))
    return [sys.executable, "-m", "embedded.demo", "--folder", str(folder), *ports]
