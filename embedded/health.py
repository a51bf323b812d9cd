"""What `relaywarden healthy NAME` tells of a process of this host: whether its work goes on."""

import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial

from embedded.listening import answers_as_api, answers_as_policy, answers_as_pull
from schemas.alert_settings import PULSE
from schemas.metrics_settings import Process
from schemas.probes import Look, clickhouse, kafka
from schemas.pulse import Pulse, ages
from schemas.settings import Settings
from schemas.telemetry import telling
from streams import switchplaces

PROCESSES: tuple[Process, ...] = ("collect", "stream", "sink", "hooks", "desk", "api")
_PATIENCE_SECONDS = 60.0


def told(settings: Settings, process: Process) -> AbstractContextManager[None]:
    """Tell Prometheus and health checks of a process while the block runs. ValueError as of `telling`."""
    probes = {"Kafka": kafka(settings.kafka)}
    if process in {"sink", "desk", "api"}:
        probes["ClickHouse"] = clickhouse(settings.clickhouse)
    needs = (*probes, *(("partitions",) if process == "stream" else ()))
    return telling(settings.metrics, process, partial(ailments, settings, process, here=True), needs, Look(probes))


def ailments(settings: Settings, process: str, *, here: bool = False) -> list[str]:
    """Return what is wrong with a process, nothing where it works. ValueError for a process that has no check.

    With `here` that is this process; others may share its folder.
    """
    age = _age_here if here else lambda name: Pulse(settings.data, name).age()
    match process:
        case "collect":
            logs = [f"collect-mta-{name}" for name in settings.mta] + [
                f"collect-logins-{name}" for name in settings.logins
            ]
            return [sentence for name in logs for sentence in _silent(name, age(name))]
        case "stream" | "sink":
            return list(_silent(process, age(process)))
        case "desk":
            alerting = _silent(PULSE, age(PULSE)) if settings.alert else ()
            return [*_silent(process, age(process)), *alerting] if settings.desk_works else []
        case "hooks":
            maps = [
                sentence for name in settings.pool for sentence in (*_deaf(settings, name), *_closed(settings, name))
            ]
            return maps + list(_mute(settings))
        case "api":
            return list(_unserved(settings))
        case _:
            raise ValueError(f"no check for {process!r}; there are {', '.join(PROCESSES)}")


def _age_here(name: str) -> float | None:
    """Return the age of a sign of this process; a sink with a share has a name with its number."""
    return min((age for each, age in ages().items() if each == name or each.startswith(f"{name}-")), default=None)


def _silent(name: str, age: float | None) -> Iterator[str]:
    if age is None:
        yield f"{name}: no sign of life yet"
    elif age > _PATIENCE_SECONDS:
        yield f"{name}: no sign of life for {age:.0f} s"


def _deaf(settings: Settings, pool: str) -> Iterator[str]:
    hook = settings.pool[pool].hooks.postfix_socketmap
    if hook is None:
        return
    try:
        with socket.create_connection((hook.host, hook.port), timeout=3):
            return
    except OSError as error:
        yield f"hooks: the socketmap of {pool} does not answer on {hook.host}:{hook.port}: {error.strerror or error}"


def _closed(settings: Settings, pool: str) -> Iterator[str]:
    hook = settings.pool[pool].hooks.pull
    if hook is not None and not answers_as_pull(hook.host, hook.port):
        yield f"hooks: GET /v1/pool of {pool} does not answer on {hook.host}:{hook.port}"


def _unserved(settings: Settings) -> Iterator[str]:
    api = settings.api
    if api is not None and not answers_as_api(api):
        yield f"api: GET /healthz does not answer on {api.host}:{api.port}"


def _mute(settings: Settings) -> Iterator[str]:
    hook = settings.mailboxes.hooks.postfix_policy
    if hook is not None and not answers_as_policy(hook.host, hook.port):
        yield f"hooks: the policy server does not answer on {hook.host}:{hook.port}"
    for place, (host, port) in switchplaces.places(settings).items():
        if not answers_as_policy(host, port):
            yield f"hooks: {place} does not answer on {host}:{port}"
