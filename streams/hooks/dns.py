"""The addresses of one name, replaced by one signed dynamic update (RFC 2136 with TSIG, RFC 8945).

Addresses have no weights: an IP on its way back is named once its share reaches `from_share`. What is withdrawn for one
provider only, it cannot express.
"""

from schemas.pool_hooks import DnsHook
from streams.deeds import DnsAddresses, Secret
from streams.hooks import ActiveSet, Effect, checked


def effects(active: ActiveSet, settings: DnsHook) -> tuple[Effect, ...]:
    """Return the one effect: all addresses that the name has from now on; where none has the share, all active ones."""
    shares = checked(active.shares)
    named = [transport for transport, share in shares.items() if share >= settings.from_share] or list(shares)
    return (
        DnsAddresses(
            server=settings.server,
            port=settings.port,
            zone=settings.zone,
            name=settings.name,
            ttl=settings.ttl_seconds,
            addresses=tuple(sorted(active.ips[transport] for transport in named)),
            key=settings.key,
            algorithm=settings.algorithm,
            secret=Secret(
                setting=f"pool.{active.pool}.hooks.dns.secret",
                env=settings.secret_env,
                file=str(settings.secret_file or ""),
            ),
            timeout_seconds=settings.timeout_seconds,
        ),
    )
