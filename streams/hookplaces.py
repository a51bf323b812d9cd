"""What no hook can express of a configured pool, and what two hooks would take from each other in turn, for ever."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

from schemas.pool_settings import Pool
from streams import hooks
from streams.deeds import (
    DnsAddresses,
    HaproxyServers,
    HttpCall,
    KumoSuspensions,
    NftMap,
    Secret,
    SqlNumbers,
    WriteFile,
)
from streams.hooks import ActiveSet, Effect


def whole(name: str, pool: Pool) -> ActiveSet:
    """Return the set in which all of a pool is active."""
    return ActiveSet(pool=name, shares=dict.fromkeys(pool.transports, 1.0), ips=dict(pool.transports))


def faults(pools: Mapping[str, Pool]) -> Iterator[str]:
    """Yield a sentence for each, with its place in the configuration."""
    owners: dict[str, str] = {}
    for name, pool in pools.items():
        for hook, settings in hooks.configured(pool.hooks).items():
            place = f"pool.{name}.hooks.{hook}"
            try:
                effects = hooks.load(hook)(whole(name, pool), settings)
            except ValueError as error:
                yield f"{place}: {error}"
                continue
            for thing in sorted({thing for effect in effects for thing in _changed(effect)}):
                if owners.setdefault(thing, place) != place:
                    yield f"{place}: {thing} is changed by {owners[thing]} already"


def secrets(pools: Mapping[str, Pool]) -> Iterator[Secret]:
    """Yield each secret that the hooks of these pools need, once; a hook that is at fault needs none."""
    found: dict[Secret, None] = {}
    for name, pool in pools.items():
        for hook, settings in hooks.configured(pool.hooks).items():
            with suppress(ValueError):
                found |= {
                    secret: None
                    for effect in hooks.load(hook)(whole(name, pool), settings)
                    for secret in _secrets(effect)
                }
    yield from found


def _secrets(effect: Effect) -> Iterator[Secret]:
    match effect:
        case HttpCall(secret=secret) | DnsAddresses(secret=secret) | SqlNumbers(url=secret):
            yield secret
        case KumoSuspensions(server=server) if server.user:
            yield server.password
        case _:
            return


def _changed(effect: Effect) -> Iterator[str]:
    """Yield the names of what an effect changes as a whole, so that only one hook may."""
    match effect:
        case WriteFile(path=path):
            yield path
        case NftMap(command=command, family=family, table=table, name=name):
            yield f"{' '.join(command)}: map {family} {table} {name}"
        case DnsAddresses(name=name):
            yield f"the name {name}"
        case HaproxyServers(socket=socket, backend=backend, weights=weights):
            yield from (f"{socket}: {backend}/{server}" for server in weights)
        case SqlNumbers(url=url, numbers=numbers):
            yield from (f"{url.env or url.file}: {key}" for key in numbers)
        case _:
            return
