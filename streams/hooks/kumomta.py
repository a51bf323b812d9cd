"""KumoMTA: the weights of an egress pool in a file of policy-extras.sources, and suspended ready queues.

The file takes effect with POST /api/admin/bump-config-epoch, without a restart. A source that is withdrawn, or for one
provider only, has its ready queues suspended, too: KumoMTA then sends what is due there by the pool's other sources.
The queues of a provider that is just a domain are those of its `sites` only: a ready queue is named by MX hosts, and
these may be a hoster's, with other domains' mail.

Manual: https://docs.kumomta.com/reference/http/
"""

from collections.abc import Iterator

import msgspec

from schemas.names import suffixes_of
from schemas.pool_hooks_more import KumoMtaHook
from streams.deeds import KumoEpoch, KumoServer, KumoSuspensions, Secret, WriteFile
from streams.hooks import ActiveSet, Effect, checked, for_providers

_FULL = 100


def effects(active: ActiveSet, settings: KumoMtaHook) -> tuple[Effect, ...]:
    """Return the file, its reading, and the queues that are suspended, in this order."""
    shares = checked(active.shares)
    weights = {name: {"weight": max(1, round(_FULL * share))} for name, share in shares.items()}
    content = msgspec.json.format(msgspec.json.encode({"pool": {settings.egress_pool or active.pool: weights}}))
    server = _server(active, settings)
    barred: dict[str, tuple[str, ...]] = {name: ("",) for name in sorted(active.ips) if name not in shares}
    queues: list[str] = []
    for name, provider in sorted(_barred(active)):
        if endings := suffixes_of(provider):
            barred[name] = (*barred.get(name, ()), *endings)
        queues += [f"{name}->{site}@smtp_client" for site in settings.sites.get(provider, ())]
    return (
        WriteFile(path=str(settings.path), content=content.decode() + "\n"),
        KumoEpoch(server=server),
        KumoSuspensions(
            server=server,
            pool=active.pool,
            decision=active.decision,
            queues=tuple(queues),
            barred=barred,
            minutes=settings.suspend_minutes,
        ),
    )


def _barred(active: ActiveSet) -> Iterator[tuple[str, str]]:
    """Yield each transport with a provider for which it alone is withdrawn."""
    for provider, rest in for_providers(active).items():
        yield from ((name, provider) for name in active.shares if name not in rest)


def _server(active: ActiveSet, settings: KumoMtaHook) -> KumoServer:
    return KumoServer(
        url=settings.url.rstrip("/"),
        user=settings.user,
        password=Secret(
            setting=f"pool.{active.pool}.hooks.kumomta.password",
            env=settings.password_env,
            file=str(settings.password_file or ""),
        ),
        timeout_seconds=settings.timeout_seconds,
    )
