"""The process `relaywarden hooks`: keeps this host's MTAs at the active sets, and barred who is, as the log says.

It serves the socketmap and the policy at once with the last good state, follows `pool.events`, `mailbox.events` and
`sunset.events`, folds them, and gives each change to every configured hook or switch. Without the log all stays as it
is, for as long as it takes; only a brown-out ends.
"""

import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from schemas import pool_settings
from schemas.ending import apart, wait_for
from schemas.settings import Settings, SettingsError
from streams import activation, bars, hooks, pulling, serving, switch_written, switching, switchplaces
from streams.barring import Barring
from streams.bringing import Tools
from streams.following import follow
from streams.hook_secrets import absent
from streams.hookplaces import faults, secrets
from streams.hooks import Answer, Publish, postfix_socketmap, pull
from streams.keeping import Keeper
from streams.lastgood import LastGood
from streams.poollog import pool_log
from streams.reporting import Reporter
from streams.socketmap import Server

_STOP_SECONDS = 3.0
_log = logging.getLogger(__name__)

Address = tuple[str, int]


def run(configuration: Settings) -> None:
    """Keep the MTAs of this host at the pools' active sets until SIGTERM or SIGINT.

    SettingsError where there is no hook or two settings contradict each other, OSError where a port or the state
    cannot be used, ValueError where the state is damaged.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, apart(stop.set))
    threading.excepthook = _end
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # its retries are many; we say once what they mean
    serve(configuration, stop)


def serve(configuration: Settings, stop: threading.Event) -> None:
    """Do what `run` does until `stop` is set, without touching the process's signals."""
    pools = _hooked(configuration)
    barred, sunsets = bars.configured(configuration.mailboxes.hooks), _switches(configuration)
    _startable(configuration, pools)
    tokens = _tokens(pools)
    last_good = _states(configuration, pools)
    parts: list[Barring | switching.Switching] = [Barring(configuration)] if barred else []
    parts += [_switching(configuration)] if sunsets else []
    sockets = _sockets(_places(configuration, pools))
    host = socket.gethostname()
    reporters = [Reporter(configuration.kafka) for _ in range(3)]
    keepers = [Keeper(name, pool, last_good[name], reporters[0].report, host) for name, pool in pools.items()]
    servers = _servers(keepers, sockets)
    pulls = _pulls(keepers, sockets, tokens)
    for keeper in keepers:
        keeper.begin(Tools(answer=_answer(servers, keeper), publish=_publish(pulls, keeper)))
    for part, reporter in zip(parts, reporters[1:], strict=False):
        part.begin(sockets, host, reporter.report, stop)
    if keepers:
        follow("pools", partial(pool_log, configuration.kafka), keepers, stop)
    wait_for(stop)
    for working in (*keepers, *parts, *reporters):
        working.stop(_STOP_SECONDS)
    for server in servers.values():
        server.stop()
    for giving in pulls.values():
        giving.stop()


def has_work(configuration: Settings) -> bool:
    """Tell whether there is a hook of a pool, of the mailboxes, or a switch of a sunset: else `serve` refuses."""
    barred = bars.configured(configuration.mailboxes.hooks)
    return bool(_hooked(configuration) or barred or _switches(configuration))


def _switching(configuration: Settings) -> switching.Switching:
    """Return this host's switches, which no other process has. ValueError where one has them."""
    part = switching.Switching(configuration)
    part.hold()
    return part


def _switches(configuration: Settings) -> bool:
    """Tell whether there is a switch of a sunset, or what one wrote that is configured no more."""
    return bool(switchplaces.switched(configuration) or switch_written.left(configuration))


def _hooked(configuration: Settings) -> dict[str, pool_settings.Pool]:
    return {name: pool for name, pool in configuration.pool.items() if hooks.configured(pool.hooks)}


def _startable(configuration: Settings, pools: Mapping[str, pool_settings.Pool]) -> None:
    """Return if there is something to do, and nothing that contradicts itself. SettingsError says what is wrong."""
    if not has_work(configuration):
        raise SettingsError(
            "pool, mailboxes.hooks: no pool has a hook, and mailboxes have none: add"
            " [pool.<name>.hooks.postfix_socketmap], [mailboxes.hooks.postfix_policy], a switch of a sunset or another"
        )
    wrong = [*faults(pools), *absent(secrets(pools))]
    if wrong:
        raise SettingsError("; ".join(wrong))


def _end(died: threading.ExceptHookArgs) -> None:
    """End the process with the thread that died of a fault: started again it is whole, half alive it would be blind."""
    _log.critical("thread %s died", died.thread.name if died.thread else "", exc_info=died.exc_value)
    os._exit(1)


def state_file(configuration: Settings, pool: pool_settings.Pool) -> Path:
    """Return where the set that a pool's hooks were given last is kept."""
    hook = pool.hooks.postfix_socketmap
    return hook.state if hook else configuration.data / "hooks.json"


def _states(configuration: Settings, pools: Mapping[str, pool_settings.Pool]) -> dict[str, LastGood]:
    """Return where each pool's last good set is kept, read; pools may share a file."""
    files: dict[str, LastGood] = {}
    kept: dict[str, LastGood] = {}
    for name, pool in pools.items():
        path = state_file(configuration, pool)
        if str(path) not in files:
            files[str(path)] = LastGood(path)
            files[str(path)].load()
        kept[name] = files[str(path)]
    return kept


def _address(keeper: Keeper) -> Address | None:
    hook = keeper.settings.hooks.postfix_socketmap
    return (hook.host, hook.port) if hook else None


def _places(configuration: Settings, pools: Mapping[str, pool_settings.Pool]) -> dict[Address, str]:
    """Return where this process listens, each address with the part of the configuration that says so."""
    places: dict[Address, str] = {}
    for name, pool in pools.items():
        for hook in ("postfix_socketmap", "pull"):
            settings = getattr(pool.hooks, hook)
            if settings is not None:
                _placed(places, (settings.host, settings.port), f"pool.{name}.hooks.{hook}")
    policy = configuration.mailboxes.hooks.postfix_policy
    if policy is not None:
        _placed(places, (policy.host, policy.port), "mailboxes.hooks.postfix_policy")
    for place, address in switchplaces.places(configuration).items():
        if other := places.get(address):
            raise SettingsError(f"{place}.port: {address[1]} is the port of {other} too")
        places[address] = place
    return places


def _placed(places: dict[Address, str], address: Address, place: str) -> None:
    """Add an address. SettingsError where another kind of server has it: pools may share one of their kind."""
    other = places.setdefault(address, place)
    if other.rpartition(".")[2] != place.rpartition(".")[2]:
        raise SettingsError(f"{place}.port: {address[1]} is the port of {other} too")


def _sockets(places: Mapping[Address, str]) -> dict[Address, socket.socket]:
    """Return a listening socket for each address, systemd's where it has one."""
    given = activation.inherited(os.environ, os.getpid())
    unused = [f"{host}:{port}" for host, port in given if (host, port) not in places]
    if unused:
        raise SettingsError(
            f"systemd listens on {', '.join(unused)},"
            " but no pool's postfix_socketmap or pull and no postfix_policy does"
        )
    opened: dict[Address, socket.socket] = {}
    try:
        for address, place in places.items():
            opened[address] = given.get(address) or _listen(address, place)
    except OSError:
        for listening in opened.values():
            listening.close()
        raise
    return opened


def _servers(keepers: list[Keeper], sockets: Mapping[Address, socket.socket]) -> dict[Address, Server]:
    """Return the running socketmap server of each address, with the last good set of each pool that it serves."""
    answers: dict[Address, dict[str, Answer]] = {}
    for keeper in keepers:
        hook = keeper.settings.hooks.postfix_socketmap
        if hook:
            (answer,) = postfix_socketmap.effects(keeper.active, hook)
            answers.setdefault((hook.host, hook.port), {})[keeper.name] = answer
    servers: dict[Address, Server] = {}
    for address, pools in answers.items():
        servers[address] = Server(pools)
        servers[address].start([sockets[address]])
        _log.info("socketmap of %s: listening on %s port %d", ", ".join(pools), *address)
    return servers


def _tokens(pools: Mapping[str, pool_settings.Pool]) -> dict[Address, str]:
    """Return the token of each address of GET /v1/pool. SettingsError where two pools there differ on it."""
    tokens: dict[Address, str] = {}
    for name, pool in pools.items():
        hook = pool.hooks.pull
        if hook is not None:
            token = pulling.token_of(name, hook)
            if tokens.setdefault((hook.host, hook.port), token) != token:
                raise SettingsError(f"pool.{name}.hooks.pull.token_env: port {hook.port} has another token already")
    return tokens


def _pulls(
    keepers: list[Keeper], sockets: Mapping[Address, socket.socket], tokens: Mapping[Address, str]
) -> dict[Address, pulling.Server]:
    """Return the running server of GET /v1/pool of each address, with the last good set of each pool that it serves."""
    sets: dict[Address, dict[str, Publish]] = {}
    for keeper in keepers:
        hook = keeper.settings.hooks.pull
        if hook:
            (publish,) = pull.effects(keeper.active, hook)
            sets.setdefault((hook.host, hook.port), {})[keeper.name] = publish
    for address, pools in sets.items():
        _log.info("GET /v1/pool of %s: listening on %s port %d", ", ".join(pools), *address)
    return {address: pulling.Server(pools, sockets[address], tokens[address]) for address, pools in sets.items()}


def _listen(address: Address, place: str) -> socket.socket:
    """Return a socket that listens there. OSError names the setting that is wrong."""
    try:
        return serving.listen(*address)
    except OSError as error:
        key = "host" if error.errno == errno.EADDRNOTAVAIL else "port"
        raise OSError(f"{place}.{key}: {error.filename}: {error.strerror}") from error


def _answer(servers: Mapping[Address, Server], keeper: Keeper) -> Callable[[Answer], None]:
    address = _address(keeper)
    return partial(servers[address].answer, keeper.name) if address else _nobody_asks


def _publish(servers: Mapping[Address, pulling.Server], keeper: Keeper) -> Callable[[Publish], None]:
    hook = keeper.settings.hooks.pull
    return partial(servers[hook.host, hook.port].sets.publish, keeper.name) if hook else _nobody_fetches


def _nobody_fetches(effect: Publish) -> None:
    raise ValueError(f"no server is configured to give {effect.body.strip()}")


def _nobody_asks(effect: Answer) -> None:
    raise ValueError(f"no socketmap server is configured to answer {', '.join(effect.shares)}")
