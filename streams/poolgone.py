"""IPs that are not configured any more: how they stood is kept for as many as may come back, the others are restored.

The hooks fold the same decisions, and know an IP as it left; so one that is forgotten here is restored in the log, too.
"""

from collections.abc import Iterator

from schemas.facts import Evidence
from schemas.pool_events import IpRestored, PoolEvent, ProviderRestored
from streams.present import Present
from streams.standing import Standing

_MOST = 64


def forgotten(present: Present) -> Iterator[PoolEvent]:
    """Yield what is restored of IPs that are not configured any more, where these are too many.

    First who was simply active, then who has stood as it is for longest.
    """
    gone = present.pool.gone
    if len(gone) <= _MOST:
        return
    order = sorted(gone.values(), key=lambda each: (not _is_plain(each), each.since, each.ip))
    text = f"not configured any more, as {_MOST} others that changed later: how it stood is forgotten"
    why = (Evidence(rule="forgotten", text=text),)
    at, name = present.at, present.pool.name
    for standing in order[:-_MOST]:
        ip = standing.ip
        for provider, regard in sorted(standing.providers.items()):
            if regard.withdrawn:
                identity = present.identity(ip, "provider forgotten", provider, regard.since, at)
                yield ProviderRestored(id=identity, at=at, pool=name, ip=ip, provider=provider, evidence=why)
        identity = present.identity(ip, "forgotten", standing.since, at)
        yield IpRestored(id=identity, at=at, pool=name, ip=ip, evidence=why)


def _is_plain(standing: Standing) -> bool:
    """Tell whether it was active, for all providers, and under no order."""
    barred = any(regard.withdrawn for regard in standing.providers.values())
    return standing.place == "active" and standing.order is None and not barred
