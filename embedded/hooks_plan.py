"""What `relaywarden hooks --plan` shows: the effects of the set that is in force, and how what is there differs."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from schemas import pool_settings
from schemas.settings import Settings
from streams import hooks
from streams.asking import place_of
from streams.bringing import differs
from streams.deeds import HttpCall, KumoEpoch, KumoSuspensions
from streams.effects import EffectError
from streams.hooking import state_file
from streams.hooks import ActiveSet, Effect
from streams.keeping import given
from streams.lastgood import LastGood, active_set, restored


def rows(settings: Settings) -> Iterator[dict[str, object]]:
    """Yield each effect of each hook, in the order in which they would be performed; nothing is changed.

    The set is the last that the hooks of this host were given, or all IPs where there was none. ValueError where what
    was kept is damaged.
    """
    for name, pool in settings.pool.items():
        active = _active(name, pool, state_file(settings, pool))
        for hook, part in hooks.configured(pool.hooks).items():
            place = {"pool": name, "hook": hook}
            try:
                effects = hooks.load(hook)(active, part)
            except ValueError as error:
                yield {**place, "state": f"refused: {error}", "effect": ""}
                continue
            for effect in effects:
                yield {**place, "state": _state(effect), "effect": msgspec.json.encode(_shown(effect)).decode()}


def _active(name: str, pool: pool_settings.Pool, path: Path) -> ActiveSet:
    kept = None
    if path.exists():
        last_good = LastGood(path)
        last_good.load()
        kept = last_good.pools.get(name)
    return active_set(name, given(restored(kept, pool), pool), pool)


def _shown(effect: Effect) -> Effect:
    """Return the effect as it may be printed: of a URL only the host, since the rest may hold a token."""
    match effect:
        case HttpCall():
            return msgspec.structs.replace(effect, url=place_of(effect.url))
        case KumoEpoch() | KumoSuspensions():
            server = msgspec.structs.replace(effect.server, url=place_of(effect.server.url))
            return msgspec.structs.replace(effect, server=server)
        case _:
            return effect


def _state(effect: Effect) -> str:
    """Return how what is there differs from an effect; "" where it does not, or nobody can see it."""
    try:
        found = differs(effect)
    except EffectError as error:
        return f"failed: {error}"
    return f"differs: {found}" if found else ""
