"""Performs `KumoEpoch` and `KumoSuspensions`: calls of KumoMTA's HTTP API, and what it says is suspended afterwards.

Manual: https://docs.kumomta.com/reference/http/kumod/api_admin_suspend_ready_q_v1_post/
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from itertools import chain
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
_PART = re.compile(r"([0-9]{1,12})([a-z]{1,6})")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_UNITS |= {"day": 86_400.0, "days": 86_400.0, "month": 2_630_016.0, "months": 2_630_016.0}
_UNITS |= {"year": 31_557_600.0, "years": 31_557_600.0}
"""Seconds, as the Rust crate humantime has them."""


class _Entry(msgspec.Struct):
    """One suspension, as KumoMTA lists it."""

    id: str
    name: str
    reason: str
    duration: str = ""


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


class Suspender:
    """Keeps the suspensions of one pool, and knows what it suspended: so it sees what somebody else restored."""

    def __init__(self) -> None:
        self._made: set[str] = set()

    def bring(self, effect: KumoSuspensions) -> None:
        """Suspend what shall be, and restore what was suspended before. EffectError says what is otherwise then."""
        with _opened(effect.server) as kumo:
            there = _there(kumo)
            wanted = _wanted(effect, kumo, there)
            for entry in _ours(effect, there):
                if entry.name not in wanted:
                    _asked(kumo, "DELETE", _SUSPENDED, {"id": entry.id}, fine=(HTTPStatus.NOT_FOUND,))
            self._made.clear()
            found = self._suspend(effect, kumo, there, wanted)
        if found:
            raise EffectError(f"{place_of(effect.server.url)}: {found}")

    def tend(self, effect: KumoSuspensions) -> str:
        """Suspend queues that are new, and renew suspensions at half of their time; return what somebody else changed.

        Then nothing else is done. EffectError where KumoMTA cannot be asked.
        """
        with _opened(effect.server) as kumo:
            there = _there(kumo)
            wanted = _wanted(effect, kumo, there)
            lost = (wanted & self._made) - {entry.name for entry in there}
            over = {entry.name for entry in _ours(effect, there)} - wanted
            return _told(lost, over) or self._suspend(effect, kumo, there, wanted)

    def _suspend(self, effect: KumoSuspensions, kumo: Caller, there: list[_Entry], wanted: set[str]) -> str:
        """Suspend what is not yet, and anew what ends soon: a suspension replaces the one before of the same name."""
        half = effect.minutes * 60 / 2
        due = {entry.name for entry in _ours(effect, there) if left_seconds(entry.duration) < half}
        for name in sorted((wanted & due) | (wanted - {entry.name for entry in there})):
            order = {
                "name": name,
                "reason": f"{_mark(effect)}decision {effect.decision or 'none'}",
                "duration": f"{round(effect.minutes * 60)}s",
            }
            _asked(kumo, "POST", _SUSPENDED, order)
        after = _there(kumo)
        self._made.update(entry.name for entry in _ours(effect, after))
        return _between(effect, after, wanted)


def left_seconds(duration: str) -> float:
    """Return how long a suspension lasts, as KumoMTA writes it (`23h 59m 59s 998ms`); one that cannot be read, 0."""
    parts = [_PART.fullmatch(part) for part in duration.split()]
    if not all(part and part[2] in _UNITS for part in parts):
        return 0.0
    return sum(int(part[1]) * _UNITS[part[2]] for part in parts if part)


def differs(effect: KumoSuspensions) -> str:
    """Return in words which queue is not as it should be, or "". EffectError where KumoMTA cannot be asked."""
    with _opened(effect.server) as kumo:
        there = _there(kumo)
        return _between(effect, there, _wanted(effect, kumo, there))


def _between(effect: KumoSuspensions, there: list[_Entry], wanted: set[str]) -> str:
    return _told(wanted - {entry.name for entry in there}, {entry.name for entry in _ours(effect, there)} - wanted)


def _told(missing: Iterable[str], over: Iterable[str]) -> str:
    missed = (f"{name} is not suspended" for name in sorted(missing))
    return "; ".join(chain(missed, (f"{name} is suspended still" for name in sorted(over))))


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
