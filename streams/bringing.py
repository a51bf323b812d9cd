"""Performs the effects of pool hooks, each within its time, and tells whether they are still in force."""

from collections.abc import Callable
from dataclasses import dataclass, field

from streams import effects_dns, effects_haproxy, effects_http, effects_kumomta, effects_nft, effects_sql
from streams.deeds import (
    Again,
    DnsAddresses,
    Expect,
    HaproxyServers,
    HttpCall,
    KumoEpoch,
    KumoSuspensions,
    NftMap,
    Run,
    RunWith,
    SqlNumbers,
    WriteFile,
)
from streams.effects import EffectError, expected, held, put, run
from streams.hooks import Answer, Effect, Publish, Served

Brought = WriteFile | HttpCall | HaproxyServers | NftMap | DnsAddresses | KumoEpoch | SqlNumbers


def _nobody(effect: Served) -> None:
    raise ValueError(f"no server is configured to give a {type(effect).__name__}")


@dataclass(frozen=True)
class Tools:
    """What performing needs besides the effect: who takes what the socketmap server answers, and GET /v1/pool gives.

    `kumomta` keeps the suspensions of ready queues.
    """

    answer: Callable[[Answer], None]
    publish: Callable[[Publish], None] = _nobody
    kumomta: effects_kumomta.Suspender = field(default_factory=effects_kumomta.Suspender)


def perform(effect: Effect, tools: Tools) -> None:
    """Perform one effect. EffectError says what could not be done; HopelessError, that trying again is of no use."""
    match effect:
        case Answer():
            tools.answer(effect)
        case Publish():
            tools.publish(effect)
        case Run() | RunWith() | Again() | Expect():
            _run(effect)
        case KumoSuspensions():
            tools.kumomta.bring(effect)
        case _:
            _bring(effect)


def _run(effect: Run | RunWith | Again | Expect) -> None:
    match effect:
        case (
            Run(command=command, timeout_seconds=timeout_seconds)
            | Again(command=command, timeout_seconds=timeout_seconds)
        ):
            run(command, timeout_seconds)
        case RunWith(command=command, timeout_seconds=timeout_seconds, stdin=stdin, fine=fine):
            run(command, timeout_seconds, stdin, fine)
        case Expect():
            if found := expected(effect):
                raise EffectError(found)


def _bring(effect: Brought) -> None:
    match effect:
        case WriteFile():
            put(effect)
        case HttpCall():
            effects_http.call(effect)
        case HaproxyServers():
            effects_haproxy.bring(effect)
        case NftMap():
            effects_nft.bring(effect)
        case DnsAddresses():
            effects_dns.bring(effect)
        case KumoEpoch():
            effects_kumomta.bump(effect)
        case SqlNumbers():
            effects_sql.bring(effect)


def look(effect: Effect, tools: Tools) -> str:
    """Return in words what somebody else changed of an effect that was performed, or "".

    On the way is done what is due by itself: what nobody can read back is ordered again, and KumoMTA's suspensions are
    renewed, and made for queues that are new. EffectError where it cannot be asked: who does not answer may have
    forgotten it.
    """
    match effect:
        case Again():
            _run(effect)
            return ""
        case KumoSuspensions():
            return tools.kumomta.tend(effect)
        case _:
            return differs(effect)


def differs(effect: Effect) -> str:
    """Return in words how what is there differs from an effect; "" where it does not, or nobody could see it.

    Nothing is changed. EffectError where it cannot be asked.
    """
    found = ""
    match effect:
        case WriteFile():
            found = held(effect)
        case Expect():
            found = expected(effect)
        case HaproxyServers():
            found = effects_haproxy.differs(effect)
        case NftMap():
            found = effects_nft.differs(effect)
        case DnsAddresses():
            found = effects_dns.differs(effect)
        case KumoSuspensions():
            found = effects_kumomta.differs(effect)
        case SqlNumbers():
            found = effects_sql.differs(effect)
        case Run() | RunWith() | Again() | HttpCall() | KumoEpoch() | Answer() | Publish():
            pass
    return found
