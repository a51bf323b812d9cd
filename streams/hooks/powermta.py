"""PowerMTA: `pmta enable source` for the IPs that may send, `pmta disable source` for those that may not.

Sources have no weights: an IP on its way back is enabled once its share reaches `from_share`. What is withdrawn for one
provider only is disabled for that provider's queues. pmta does not tell which sources are disabled, so they are
disabled again at each look: after a restart of PowerMTA, too.

Manual: PowerMTA User's Guide, chapter "Console Commands"
"""

from schemas.names import suffixes_of
from schemas.pool_hooks_more import PowerMtaHook
from streams.deeds import Again, Run
from streams.hooks import ActiveSet, Effect, checked, for_providers


def effects(active: ActiveSet, settings: PowerMtaHook) -> tuple[Effect, ...]:
    """Return the commands: first all that may send, so that there is always one, then those that may not."""
    shares = checked(active.shares)
    named = [name for name, share in shares.items() if share >= settings.from_share] or list(shares)
    gone = [name for name in sorted(active.ips) if name not in named]
    disabled = [(name, "*") for name in gone]
    for provider, rest in for_providers(active).items():
        able = [name for name in named if name in rest]
        queues = settings.domains.get(provider) or suffixes_of(provider) or (provider,)
        disabled += [(name, queue) for name in named if able and name not in able for queue in queues]
    return (
        *(
            Run(command=_order("enable", name, "*", active, settings), timeout_seconds=settings.timeout_seconds)
            for name in named
        ),
        *(
            Again(command=_order("disable", name, queue, active, settings), timeout_seconds=settings.timeout_seconds)
            for name, queue in disabled
        ),
    )


def _order(verb: str, name: str, domain: str, active: ActiveSet, settings: PowerMtaHook) -> tuple[str, ...]:
    return (*settings.command, verb, "source", active.ips[name], f"{domain}/{settings.virtual_mta}")
