"""Performs `KumoEpoch` and `KumoSuspensions`: calls of KumoMTA's HTTP API, and what it says is suspended afterwards.

Manual: https://docs.kumomta.com/reference/http/kumod/api_admin_suspend_ready_q_v1_post/
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TypeVar

import msgspec

from streams.asking import Caller, calling, place_of
from streams.deeds import KumoEpoch, KumoServer, KumoSuspensions
from streams.effects import EffectError
from streams.hook_secrets import secret_of

_EPOCH = "/api/admin/bump-config-epoch"
_SUSPENDED = "/api/admin/suspend-ready-q/v1"
_METRICS = "/metrics.json"
_MOST_BYTES = 64 * 1024 * 1024
_Answer = TypeVar("_Answer")


class _Entry(msgspec.Struct):
    """One suspension, as KumoMTA lists it."""

    id: str
    name: str
    reason: str


class _Services(msgspec.Struct):
    """The services that a metric counts: `PROTOCOL`, and `PROTOCOL:QUEUE` for each ready queue."""

    service: dict[str, float] = {}


class _Metric(msgspec.Struct):
    """One metric by service."""

    value: _Services


class _Metrics(msgspec.Struct):
    """Those metrics by which kcli knows the ready queues, too; one of which there is nothing yet is not there."""

    connection_count: _Metric | None = None
    ready_count: _Metric | None = None
    total_messages_delivered: _Metric | None = None
    total_messages_transfail: _Metric | None = None

    def queues(self) -> set[str]:
        """Return the names of the ready queues that there are, or were a few minutes ago."""
        metrics = (
            self.connection_count,
            self.ready_count,
            self.total_messages_delivered,
            self.total_messages_transfail,
        )
        services = {service for metric in metrics if metric for service in metric.value.service}
        return {service.partition(":")[2] for service in services}


def bump(effect: KumoEpoch) -> None:
    """Have the configuration evaluated anew. EffectError says why not."""
    with _opened(effect.server) as kumo:
        _asked(kumo, "POST", _EPOCH)


def bring(effect: KumoSuspensions) -> None:
    """Suspend what shall be, and restore what we suspended before. EffectError says what is otherwise afterwards."""
    with _opened(effect.server) as kumo:
        there = _there(kumo)
        wanted = _wanted(effect, kumo, there)
        for entry in _ours(effect, there):
            if entry.name not in wanted:
                _asked(kumo, "DELETE", _SUSPENDED, {"id": entry.id}, fine=(HTTPStatus.NOT_FOUND,))
        for name in sorted(wanted - {entry.name for entry in there}):
            order = {
                "name": name,
                "reason": f"{_mark(effect)}decision {effect.decision or 'none'}",
                "duration": f"{round(effect.minutes * 60)}s",
            }
            _asked(kumo, "POST", _SUSPENDED, order)
        found = _differs(effect, kumo)
    if found:
        raise EffectError(f"{place_of(effect.server.url)}: {found}")


def differs(effect: KumoSuspensions) -> str:
    """Return in words which queue is not as it should be, or "". EffectError where KumoMTA cannot be asked."""
    with _opened(effect.server) as kumo:
        return _differs(effect, kumo)


def _differs(effect: KumoSuspensions, kumo: Caller) -> str:
    there = _there(kumo)
    wanted = _wanted(effect, kumo, there)
    missing = sorted(wanted - {entry.name for entry in there})
    over = sorted({entry.name for entry in _ours(effect, there)} - wanted)
    told = (*(f"{name} is not suspended" for name in missing), *(f"{name} is suspended still" for name in over))
    return "; ".join(told)


def _mark(effect: KumoSuspensions) -> str:
    """Return how the reason of each suspension of ours begins: others' are left alone."""
    return f"relaywarden pool {effect.pool}: "


def _ours(effect: KumoSuspensions, there: Iterable[_Entry]) -> list[_Entry]:
    return [entry for entry in there if entry.reason.startswith(_mark(effect))]


def _there(kumo: Caller) -> list[_Entry]:
    return _read(kumo, _SUSPENDED, list[_Entry])


def _wanted(effect: KumoSuspensions, kumo: Caller, there: Iterable[_Entry]) -> set[str]:
    """Return the queues that shall be suspended: those named, and each of a barred site that there is.

    A queue of ours that was suspended for long is idle, and in no metric any more: it stays suspended.
    """
    if not effect.barred:
        return set(effect.queues)
    known = _read(kumo, _METRICS, _Metrics).queues() | {entry.name for entry in _ours(effect, there)}
    return {*effect.queues, *(name for name in known if _is_barred(name, effect))}


def _is_barred(queue: str, effect: KumoSuspensions) -> bool:
    """Tell of a queue `SOURCE->SITE@PROTOCOL`; a site is MX hosts in one pattern, as `(alt1|alt2)?.mx.example.net`."""
    source, _, rest = queue.partition("->")
    site = rest.rpartition("@")[0].rstrip(")?").lower()
    endings = effect.barred.get(source, ())
    return any(not ending or site == ending or site.endswith(f".{ending}") for ending in endings)


@contextmanager
def _opened(server: KumoServer) -> Iterator[Caller]:
    login = (server.user, secret_of(server.password)) if server.user else None
    with calling(server.url, server.timeout_seconds, login) as caller:
        yield caller


def _read(kumo: Caller, path: str, kind: type[_Answer]) -> _Answer:
    answer = _asked(kumo, "GET", path)
    try:
        return msgspec.json.decode(answer, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"GET {path}: {error}") from error


def _asked(
    kumo: Caller, method: str, path: str, body: dict[str, str] | None = None, fine: tuple[int, ...] = ()
) -> bytes:
    """Return what KumoMTA answers. ValueError where it does so with neither 200 to 299 nor what is `fine`."""
    content = msgspec.json.encode(body) if body else b""
    answer = kumo.ask(method, path, _MOST_BYTES, content, {"Content-Type": "application/json"} if body else None)
    if not answer.fine and answer.status not in fine:
        raise ValueError(f"{method} {path}: {answer}")
    if not answer.whole:
        raise ValueError(f"{method} {path}: the answer is longer than {_MOST_BYTES} bytes")
    return answer.content
