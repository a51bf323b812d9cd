"""Performs the effects of pool hooks, each within its time, and tells whether they are still in force."""

from collections.abc import Callable
from dataclasses import dataclass

from streams import effects_dns, effects_haproxy, effects_nft
from streams.deeds import DnsAddresses, Expect, HaproxyServers, NftMap, Run, WriteFile
from streams.effects import EffectError, expected, held, put, run
from streams.hooks import Answer, Effect


@dataclass(frozen=True)
class Tools:
    """What performing needs besides the effect: who takes what the socketmap server answers."""

    answer: Callable[[Answer], None]


def perform(effect: Effect, tools: Tools) -> None:
    """Perform one effect. EffectError says what could not be done; HopelessError, that trying again is of no use."""
    match effect:
        case WriteFile():
            put(effect)
        case Run(command=command, timeout_seconds=timeout_seconds):
            run(command, timeout_seconds)
        case Expect():
            if found := expected(effect):
                raise EffectError(found)
        case Answer():
            tools.answer(effect)
        case HaproxyServers():
            effects_haproxy.bring(effect)
        case NftMap():
            effects_nft.bring(effect)
        case DnsAddresses():
            effects_dns.bring(effect)


def differs(effect: Effect) -> str:
    """Return in words how what is there differs from an effect; "" where it does not, or nobody could see it.

    EffectError where it cannot be asked: who does not answer may have forgotten it.
    """
    match effect:
        case WriteFile():
            return held(effect)
        case Expect():
            return expected(effect)
        case HaproxyServers():
            return effects_haproxy.differs(effect)
        case NftMap():
            return effects_nft.differs(effect)
        case DnsAddresses():
            return effects_dns.differs(effect)
        case Run() | Answer():
            return ""
