"""Pool hooks: each module turns the whole active set into the effects that bring one kind of MTA to it.

The contract is one public function, pure, in `streams/hooks/<name>.py`, where the name is the key under
`[pool.<pool>.hooks]` and the settings are its part of `schemas/pool_hooks.py`:

    def effects(active: ActiveSet, settings: <its settings>) -> tuple[Effect, ...]

A hook always gets the whole set, so a repeat after a crash is harmless. ValueError where it cannot express the set, and
always for an empty one: a relay host without any way out would refuse its customers' mail. A hook that cannot express
what is withdrawn for one provider only ignores `barred`, and its manual says so.

An effect says what shall be so, not what shall change: `streams/bringing.py` performs each kind of effect, and tells,
where that can be seen, whether it is still so. That is all that a repair of what somebody else changed needs.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import cast

import msgspec

from schemas.checked import transport as named
from schemas.part import Part
from schemas.pool_hooks import Hooks
from streams.deeds import (
    Again,
    Deed,
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


class ActiveSet(msgspec.Struct, frozen=True, kw_only=True):
    """What one pool may send through.

    `shares` maps the MTA's transport to its share (above 0, up to 1); a withdrawn one is absent. `ips` has the IP of
    every transport of the pool, withdrawn ones too. `barred` maps a provider to the active transports that are
    withdrawn for it alone; it never names all of them. `decision` is the id of the newest decision that the set
    follows from, `at` its time (UTC epoch microseconds); "" and 0 before there was any.
    """

    pool: str
    shares: dict[str, float]
    ips: dict[str, str]
    barred: dict[str, tuple[str, ...]] = {}
    decision: str = ""
    at: int = 0

    def by_ip(self) -> dict[str, float]:
        """Return the share of each active IP."""
        return {self.ips[transport]: share for transport, share in self.shares.items()}

    def barred_ips(self) -> dict[str, tuple[str, ...]]:
        """Return the IPs that are withdrawn for each provider alone."""
        return {provider: tuple(self.ips[name] for name in names) for provider, names in self.barred.items()}


class Answer(Deed, frozen=True, kw_only=True):
    """Let the socketmap server give these answers (`transport:nexthop`) from now on, each as often as its share says.

    `providers` has those of a provider for which some are withdrawn, `instances` those of each transport that is an
    instance of Postfix by itself: none while it is active.
    """

    shares: dict[str, float]
    providers: dict[str, dict[str, float]] = msgspec.field(default_factory=dict)
    instances: dict[str, dict[str, float]] = msgspec.field(default_factory=dict)


class Publish(Deed, frozen=True, kw_only=True):
    """Let the server of GET /v1/pool give this JSON text for the pool from now on; `at` is the set's time (µs)."""

    body: str
    at: int = 0


Served = Answer | Publish
Effect = (
    WriteFile
    | Run
    | RunWith
    | Again
    | Expect
    | HttpCall
    | HaproxyServers
    | NftMap
    | DnsAddresses
    | KumoEpoch
    | KumoSuspensions
    | SqlNumbers
    | Served
)
Effects = Callable[[ActiveSet, Part], tuple[Effect, ...]]


def names() -> tuple[str, ...]:
    """Return the names of all hooks."""
    return tuple(sorted(file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("_")))


def load(name: str) -> Effects:
    """Return the hook called `name` in the configuration. ValueError lists those that exist."""
    if name not in names():
        raise ValueError(f"no pool hook {name!r}; there are {', '.join(names())}")
    return cast("Effects", import_module(f"{__name__}.{name}").effects)


def configured(hooks: Hooks) -> dict[str, Part]:
    """Return the hooks that a pool's configuration turns on, with the settings of each."""
    chosen = ((name, getattr(hooks, name)) for name in type(hooks).model_fields)
    return {name: settings for name, settings in chosen if isinstance(settings, Part)}


def checked(shares: Mapping[str, float]) -> dict[str, float]:
    """Return the shares in the order of their names. ValueError if there are none or something in them is impossible.

    Every hook passes the shares of its set through this first.
    """
    if not shares:
        raise ValueError("the active set is empty: mail needs at least one transport")
    for transport, share in shares.items():
        named(transport)
        if not (isfinite(share) and 0 < share <= 1):
            raise ValueError(f"the share {share!r} of {transport} is not above 0 and up to 1")
    return dict(sorted(shares.items()))


def for_providers(active: ActiveSet) -> dict[str, dict[str, float]]:
    """Return the shares of each provider for which some transports are withdrawn.

    A provider for which none would be left is not among them: its mail goes the way of all others.
    """
    shares = checked(active.shares)
    left = {
        provider: {name: share for name, share in shares.items() if name not in barred}
        for provider, barred in sorted(active.barred.items())
    }
    return {provider: rest for provider, rest in left.items() if rest and rest != shares}
