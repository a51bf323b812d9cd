"""What providers' replies say of an IP: what they block there, and which lists they name."""

import msgspec

from schemas.facts import Evidence
from schemas.names import suffixes_of
from schemas.observations import RepliesCounted, TrafficCounted
from streams.regard import Regard, forgiven_until
from streams.standing import Pool, Standing, microseconds

BLOCKING = frozenset(("listed", "reputation", "volume"))
"""The kinds of replies that blame the IP; what blames the content, the recipient or nobody does not count."""
_LEAST_PROVIDERS = 2
MOST_PROVIDERS = 32
"""Of how many providers it is known what they make of an IP: those that matter, and those with most mail."""
_MOST_NAMED = 16
_replace = msgspec.structs.replace


def traffic_counted(standing: Standing, event: TrafficCounted, grace: int) -> Standing:
    """Return the standing with what was tried at a provider; `grace` is how long hooks may take to bar an IP there."""
    tried = event.sent + event.deferred + event.bounced
    if not (event.provider and tried):
        return standing
    regard = standing.providers.get(event.provider, Regard()).hearing(tried=tried)
    last = min(event.last_at, event.at)
    regard = regard.leaving(tried, min(event.first_at or last, last), last, grace)
    return _replace(standing, providers={**standing.providers, event.provider: regard})


def replies_counted(standing: Standing, event: RepliesCounted) -> Standing:
    """Return the standing with what a provider blocked, and the list that it names."""
    if not event.provider or event.kind not in BLOCKING:
        return standing
    said = f"{event.enhanced_status} {event.text}".strip()
    regard = standing.providers.get(event.provider, Regard()).hearing(blocked=event.count, said=said)
    standing = _replace(standing, providers={**standing.providers, event.provider: regard})
    if not event.named:
        return standing
    at = max(event.at, standing.named.get(event.named, {}).get(event.provider, 0))
    named = {**standing.named, event.named: {**standing.named.get(event.named, {}), event.provider: at}}
    if len(named) > _MOST_NAMED:
        del named[min(named, key=lambda name: (max(named[name].values()), name))]
    return _replace(standing, named=named)


def ticked(pool: Pool, at: int) -> Pool:
    """Return the pool with what came since the last tick counted, for all IPs at one moment."""
    half_life = microseconds(pool.rules.providers.half_life_minutes)
    ips = {ip: _ticked(standing, at, half_life) for ip, standing in pool.ips.items()}
    if not any(ips[ip] is not pool.ips[ip] for ip in ips):
        return pool
    least = pool.rules.providers.min_messages * pool.rules.providers.blocked_share
    names = {
        name
        for standing in ips.values()
        for name, regard in standing.providers.items()
        if regard.blocked >= least or regard.is_held(at)
    }
    return _replace(pool, ips=ips, questioned=tuple(sorted(names)))


def questioning(pool: Pool, provider: str) -> Pool:
    """Return the pool with one provider more of which something may have to be decided."""
    return pool if provider in pool.questioned else _replace(pool, questioned=(*pool.questioned, provider))


def _ticked(standing: Standing, at: int, half_life: int) -> Standing:
    few = len(standing.providers) <= MOST_PROVIDERS
    if few and not any(regard.new_tried or regard.new_blocked for regard in standing.providers.values()):
        return standing
    counted = {name: regard.ticked(at, half_life) for name, regard in standing.providers.items()}
    if len(counted) > MOST_PROVIDERS:
        held = {name for name, regard in counted.items() if regard.withdrawn or suffixes_of(name)}
        held |= _ordered(counted, at)
        others = sorted(counted.keys() - held, key=lambda name: (-counted[name].counts(at, half_life)[1], name))
        kept = held.union(others[: max(0, MOST_PROVIDERS - len(held))])
        counted = {name: regard for name, regard in counted.items() if name in kept}
    return _replace(standing, providers=counted)


def _ordered(regards: dict[str, Regard], at: int) -> set[str]:
    """Return the providers with an order still to be obeyed, the newest; what is beyond them was refused."""
    ordered = [
        (-regard.order.at, name)
        for name, regard in regards.items()
        if regard.order is not None and regard.is_held(at) and not regard.withdrawn
    ]
    return {name for _, name in sorted(ordered)[:MOST_PROVIDERS]}


def soft(pool: Pool, standing: Standing, at: int) -> tuple[Evidence, ...]:
    """Return the lists that trusted providers' replies name, at least two of them and lately.

    A list that was asked itself speaks for itself, whatever it said; and what an operator restored the IP in spite of
    counts no more.
    """
    rules = pool.rules.providers
    stale = microseconds(pool.rules.stale_minutes)
    forgiven = forgiven_until(standing.order)
    found = []
    for name, tellers in sorted(standing.named.items()):
        asked = standing.listings.get(name)
        if not rules.list_weight or (asked is not None and at - asked.at <= stale):
            continue
        fresh = sorted(
            provider
            for provider, said in tellers.items()
            if provider in rules.trusted and at - said <= stale and said > forgiven
        )
        if len(fresh) >= _LEAST_PROVIDERS:
            text = f"replies of {', '.join(fresh)} name {name}, weight {rules.list_weight:g}"
            found.append(Evidence(rule=f"replies/{name}", text=text, value=float(len(fresh)), points=rules.list_weight))
    return tuple(found)
