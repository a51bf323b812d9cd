"""What `relaywarden check` finds about the pools' hooks: each is tried without changing anything, on this host.

Files and programs must be there, secrets too; what is asked over a socket is asked something that only reads: HAProxy
its servers, nft(8) whether it would take the map, a zone's primary for the name (signed), KumoMTA what is suspended,
Postal's database for the columns that are used. A webhook's host is only connected to.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from embedded.checking_bars import is_local
from embedded.checking_paths import creatable, runnable, writable
from schemas.part import Part
from schemas.pool_settings import Pool
from schemas.settings import Settings
from streams import (
    effects_dns,
    effects_haproxy,
    effects_http,
    effects_kumomta,
    effects_nft,
    effects_sql,
    hooks,
    pulling,
)
from streams.deeds import (
    Again,
    DnsAddresses,
    Expect,
    HaproxyServers,
    HttpCall,
    KumoSuspensions,
    NftMap,
    Run,
    RunWith,
    SqlNumbers,
    WriteFile,
)
from streams.effects import EffectError
from streams.hookplaces import whole
from streams.hooks import Effect


def pool_hooks(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each thing that would not work, with its place in the configuration."""
    for name, pool in settings.pool.items():
        for hook, part in hooks.configured(pool.hooks).items():
            yield from dict.fromkeys(_tried(f"pool.{name}.hooks.{hook}", name, pool, hook, part))


def open_hooks(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each hook that works, but tells in clear what others may read on its way."""
    for name, pool in settings.pool.items():
        place, webhook, kumomta, pull = f"pool.{name}.hooks", pool.hooks.webhook, pool.hooks.kumomta, pool.hooks.pull
        if webhook is not None and webhook.url.startswith("http://") and not is_local(webhook.url):
            yield f"{place}.webhook.url: the set goes there in clear; say https://"
        if kumomta is not None and kumomta.user and kumomta.url.startswith("http://") and not is_local(kumomta.url):
            yield f"{place}.kumomta.url: the password goes there in clear; say https://"
        if pull is not None and not ip_address(pull.host).is_loopback:
            yield f"{place}.pull.host: {pull.host}: the token comes there in clear; put a TLS proxy before it"


def _tried(place: str, name: str, pool: Pool, hook: str, part: Part) -> Iterator[str]:
    if pool.hooks.postfix_socketmap is not None and hook == "postfix_socketmap":
        yield from creatable(f"{place}.state", pool.hooks.postfix_socketmap.state)
    if pool.hooks.pull is not None and hook == "pull":
        try:
            pulling.token_of(name, pool.hooks.pull)
        except EffectError as error:
            yield str(error)
    try:
        effects = hooks.load(hook)(whole(name, pool), part)
    except ValueError:
        return  # told already, as what no hook can express
    for effect in effects:
        absent = list(_files(place, part, effect))
        yield from absent
        try:
            if not absent:
                ask(effect)
        except EffectError as error:
            told = str(error)
            yield told if told.startswith(place) else f"{place}: {told}"


def _files(place: str, part: Part, effect: Effect) -> Iterator[str]:
    match effect:
        case WriteFile(path=path):
            yield from writable(f"{place}.path", Path(path))
        case Run() | RunWith() | Again() | Expect() | NftMap():
            yield from runnable(f"{place}.{_key(part, effect.command)}", effect.command)
        case _:
            return


def _key(part: Part, command: tuple[str, ...]) -> str:
    """Return the setting that a command begins with."""
    given = ((key, getattr(part, key)) for key in type(part).model_fields)
    return next(key for key, value in given if isinstance(value, tuple) and command[: len(value)] == value)


def ask(effect: Effect) -> None:
    """Ask whoever would carry out an effect something that changes nothing. EffectError where it would not work."""
    match effect:
        case HaproxyServers():
            effects_haproxy.differs(effect)
        case NftMap():
            effects_nft.check(effect)
        case DnsAddresses():
            effects_dns.differs(effect)
        case KumoSuspensions():
            effects_kumomta.differs(effect)
        case SqlNumbers():
            effects_sql.differs(effect)
        case HttpCall():
            effects_http.reach(effect)
        case _:
            return
