"""What must change in a pool: what is compared with what should be, so that doing it twice is harmless."""

from collections.abc import Iterator

import msgspec

from schemas.names import suffixes_of
from schemas.pool_events import OfProvider, PoolEvent, ProviderWithdrawn, ReturnDelayed, WithdrawalRefused
from streams import provider_scope, returning, withdrawing
from streams.distrust import changes, distrusted_by_hand
from streams.poolgone import forgotten
from streams.present import Present
from streams.rounds import flooding
from streams.standing import Pool
from streams.stillness import stilled
from streams.watching import watched, watched_there

_LEAST_KNOWN = 2


def decide(pool: Pool, at: int) -> tuple[PoolEvent, ...]:
    """Return what must change at this time for the pool to be as it should; nothing where it is.

    Which lists are trusted is told first. Orders come next, then returns, then withdrawals, the worst first, as far as
    the guard allows: so what a return makes possible is done at once. Where none carries mail, as the others were taken
    out of the configuration, the least bad comes back. What concerns single providers follows, for the IPs that carry
    mail then. At 0 nothing has told the time yet: an order waits for the first tick.
    """
    if not at:
        return ()
    floods = flooding(pool, at)
    decided = (*changes(pool, at, floods), *_decided(Present(pool, at, floods | distrusted_by_hand(pool))))
    if pool.rules.is_shadow:
        return tuple(msgspec.structs.replace(event, mode="shadow") for event in decided)
    return decided


def _decided(present: Present) -> Iterator[PoolEvent]:
    ips = present.pool.ips
    carrying = {ip for ip, standing in ips.items() if standing.place != "withdrawn"}
    ordered, returned, told = _returning(present)
    if not (carrying or ordered or returned):
        needed = returning.needed(present)
        returned[needed.ip] = needed
    decided = dict(sorted((ordered | returned).items()))
    back = set(returned)
    carrying.update(decided)
    for event in (*withdrawing.by_order(present, carrying), *withdrawing.by_evidence(present, carrying, back)):
        if event.ip in back or isinstance(event, WithdrawalRefused):
            told.append(event)
        else:
            decided.setdefault(event.ip, event)
    providers = tuple(provider_scope.decided(present, carrying))
    decided.update(_set_back(present, carrying, providers))
    yield from (*decided.values(), *told, *providers, *forgotten(present))
    for ip, standing in sorted(ips.items()):
        if ip not in decided and (seen := watched(present, standing)):
            yield seen
    changed = {(each.ip, each.provider) for each in providers}
    yield from (event for event in watched_there(present, decided) if (event.ip, event.provider) not in changed)
    if not decided:
        yield from stilled(present)


def _returning(present: Present) -> tuple[dict[str, PoolEvent], dict[str, PoolEvent], list[PoolEvent]]:
    """Return what an operator restores, what comes a step further by itself, and who is delayed."""
    ordered: dict[str, PoolEvent] = {}
    returned: dict[str, PoolEvent] = {}
    delayed: list[PoolEvent] = []
    for ip, standing in sorted(present.pool.ips.items()):
        if order := returning.by_order(present, standing):
            ordered[ip] = order
        elif isinstance(event := returning.by_evidence(present, standing), ReturnDelayed):
            delayed.append(event)
        elif event:
            returned[ip] = event
    return ordered, returned, delayed


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
