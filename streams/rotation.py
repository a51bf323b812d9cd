"""What must change in a pool: what is compared with what should be, so that doing it twice is harmless."""

from collections.abc import Iterator

import msgspec

from schemas.names import suffixes_of
from schemas.pool_events import OfProvider, PoolEvent, ProviderWithdrawn, ReturnDelayed, WithdrawalRefused
from streams import provider_scope, returning, withdrawing
from streams.distrust import changes
from streams.present import Present
from streams.rounds import flooding
from streams.standing import Pool
from streams.stillness import stilled
from streams.watching import watched, watched_there

_LEAST_KNOWN = 2


def decide(pool: Pool, at: int) -> tuple[PoolEvent, ...]:
    """Return what must change at this time for the pool to be as it should; nothing where it is.

    Which lists are trusted is told first. Orders come next, then returns, then withdrawals, the worst first, as far as
    the guard allows: so what a return makes possible is done at once. What concerns single providers follows, for the
    IPs that carry mail then. At 0 nothing has told the time yet: an order waits for the first tick.
    """
    if not at:
        return ()
    floods = flooding(pool, at)
    decided = (*changes(pool, at, floods), *_decided(Present(pool, at, floods)))
    if pool.rules.is_shadow:
        return tuple(msgspec.structs.replace(event, mode="shadow") for event in decided)
    return decided


def _decided(present: Present) -> Iterator[PoolEvent]:
    ips = present.pool.ips
    carrying = {ip for ip, standing in ips.items() if standing.place != "withdrawn"}
    decided: dict[str, PoolEvent] = {}
    back: set[str] = set()
    told: list[PoolEvent] = []
    for ip, standing in sorted(ips.items()):
        if event := returning.by_order(present, standing):
            decided[ip] = event
        elif isinstance(event := returning.by_evidence(present, standing), ReturnDelayed):
            told.append(event)
        elif event:
            decided[ip] = event
            back.add(ip)
    carrying.update(decided)
    for event in (*withdrawing.by_order(present, carrying), *withdrawing.by_evidence(present, carrying, back)):
        if event.ip in back or isinstance(event, WithdrawalRefused):
            told.append(event)
        else:
            decided.setdefault(event.ip, event)
    providers = tuple(provider_scope.decided(present, carrying))
    decided.update(_set_back(present, carrying, providers))
    yield from (*decided.values(), *told, *providers)
    for ip, standing in sorted(ips.items()):
        if ip not in decided and (event := watched(present, standing)):
            yield event
    changed = {(each.ip, each.provider) for each in providers}
    yield from (event for event in watched_there(present, decided) if (event.ip, event.provider) not in changed)
    if not decided:
        yield from stilled(present)


def _set_back(
    present: Present, carrying: set[str], providers: tuple[OfProvider, ...]
) -> Iterator[tuple[str, PoolEvent]]:
    """Yield what goes back by a stage: for a new listing, or as providers block it from now on.

    Anybody may own a domain and block whom he likes there: a trusted provider counts, or two known by their MX.
    """
    trusted = present.pool.rules.providers.trusted
    blocks = [each for each in providers if isinstance(each, ProviderWithdrawn) and not each.operator]
    for ip in sorted(carrying):
        own = [each for each in blocks if each.ip == ip]
        names = {each.provider for each in own}
        believed = names & set(trusted) or sum(bool(suffixes_of(name)) for name in names) >= _LEAST_KNOWN
        if event := returning.set_back(present, present.pool.ips[ip], own if believed else ()):
            yield ip, event
