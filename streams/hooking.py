"""The process `relaywarden hooks`: keeps this host's MTAs at the active sets that the log says.

It serves the socketmap at once with the last good sets, follows `pool.events`, folds it, and gives each change as a
whole set to every configured hook. Without the log all stays as it is, for as long as it takes.
"""

import errno
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial

from schemas import settings
from schemas.settings import Settings, SettingsError
from streams import activation, hooks, socketmap
from streams.keeping import Keeper
from streams.lastgood import LastGood
from streams.poollog import LogAwayError, PoolLog
from streams.reporting import Reporter
from streams.socketmap import Choice, Server

_STOP_SECONDS = 3.0
_PAUSE_SECONDS = 1.0
_log = logging.getLogger(__name__)

Address = tuple[str, int]


def run(configuration: Settings) -> None:
    """Keep the MTAs of this host at the pools' active sets until SIGTERM or SIGINT.

    SettingsError where no pool has a hook or two settings contradict each other, OSError where a port or the state
    cannot be used, ValueError where the state is damaged.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.excepthook = _end
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # its retries are many; we say once what they mean
    serve(configuration, stop)


def serve(configuration: Settings, stop: threading.Event) -> None:
    """Do what `run` does until `stop` is set, without touching the process's signals."""
    pools = {name: pool for name, pool in configuration.pool.items() if hooks.configured(pool.hooks)}
    if not pools:
        raise SettingsError("pool: no pool has a hook: add [pool.<name>.hooks.postfix_socketmap] or another")
    last_good = _states(configuration, pools)
    reporter = Reporter(configuration.kafka)
    host = socket.gethostname()
    keepers = [Keeper(name, pool, last_good[name], reporter.report, host) for name, pool in pools.items()]
    servers = _servers(keepers)
    for keeper in keepers:
        keeper.begin(_answer(servers, keeper))
    _follow(configuration, keepers, stop)
    for keeper in keepers:
        keeper.stop(_STOP_SECONDS)
    reporter.stop(_STOP_SECONDS)
    for server in servers.values():
        server.stop()


def _end(died: threading.ExceptHookArgs) -> None:
    """End the process with the thread that died of a fault: started again it is whole, half alive it would be blind."""
    _log.critical("thread %s died", died.thread.name if died.thread else "", exc_info=died.exc_value)
    os._exit(1)


def _states(configuration: Settings, pools: Mapping[str, settings.Pool]) -> dict[str, LastGood]:
    """Return where each pool's last good set is kept, read; pools may share a file."""
    files: dict[str, LastGood] = {}
    kept: dict[str, LastGood] = {}
    for name, pool in pools.items():
        hook = pool.hooks.postfix_socketmap
        path = hook.state if hook else configuration.data / "hooks.json"
        if str(path) not in files:
            files[str(path)] = LastGood(path)
            files[str(path)].load()
        kept[name] = files[str(path)]
    return kept


def _address(keeper: Keeper) -> Address | None:
    hook = keeper.settings.hooks.postfix_socketmap
    return (hook.host, hook.port) if hook else None


def _servers(keepers: list[Keeper]) -> dict[Address, Server]:
    """Return the running socketmap server of each address, with the last good set of each pool that it serves."""
    choices: dict[Address, dict[str, Choice]] = {}
    for keeper in keepers:
        address = _address(keeper)
        if address:
            choices.setdefault(address, {})[keeper.name] = Choice.of(keeper.shares)
    given = activation.inherited(os.environ, os.getpid())
    unused = [f"{host}:{port}" for host, port in given if (host, port) not in choices]
    if unused:
        raise SettingsError(f"systemd listens on {', '.join(unused)}, but no pool's postfix_socketmap does")
    servers: dict[Address, Server] = {}
    for address, pools in choices.items():
        listening = given.get(address) or _listen(address, next(iter(pools)))
        servers[address] = Server(pools)
        servers[address].start([listening])
        _log.info("socketmap of %s: listening on %s port %d", ", ".join(pools), *address)
    return servers


def _listen(address: Address, pool: str) -> socket.socket:
    """Return a socket that listens there. OSError names the setting of that pool which is wrong."""
    try:
        return socketmap.listen(*address)
    except OSError as error:
        key = "host" if error.errno == errno.EADDRNOTAVAIL else "port"
        place = f"pool.{pool}.hooks.postfix_socketmap.{key}"
        raise OSError(f"{place}: {error.filename}: {error.strerror}") from error


def _answer(servers: Mapping[Address, Server], keeper: Keeper) -> Callable[[Mapping[str, float]], None]:
    address = _address(keeper)
    return partial(servers[address].answer, keeper.name) if address else _nobody_asks


def _nobody_asks(shares: Mapping[str, float]) -> None:
    raise ValueError(f"no socketmap server is configured to answer {', '.join(shares)}")


def _follow(configuration: Settings, keepers: list[Keeper], stop: threading.Event) -> None:
    """Read the log for ever, from its beginning whenever it was away; say once that it is away and once that not."""
    away = False
    while not stop.is_set():
        try:
            with PoolLog(configuration.kafka) as log:
                if away:
                    _log.warning("the pool's log is back")
                    away = False
                _read(log, keepers, stop)
        except LogAwayError as error:
            if not away:
                _log.warning("the pool's log is away, the last good sets stay: %s", error)
            away = True
            stop.wait(_PAUSE_SECONDS)


def _read(log: PoolLog, keepers: list[Keeper], stop: threading.Event) -> None:
    for keeper in keepers:
        keeper.start_over()
    heard = time.monotonic()
    while not stop.is_set():
        news = log.next()
        now = time.monotonic()
        heard = now if news else heard
        for keeper in keepers:
            keeper.take(news.events if news else (), now - heard, fresh=bool(news and news.fresh))
