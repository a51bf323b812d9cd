"""Postfix asks the socketmap server of `relaywarden hooks` for the transport of each mail: no reload, no file.

    sender_dependent_default_transport_maps = socketmap:inet:127.0.0.1:10025:main

Manual: https://www.postfix.org/socketmap_table.5.html
"""

from schemas.pool_hooks import SocketmapHook
from streams.hooks import ActiveSet, Answer, Effect, checked, for_providers


def effects(active: ActiveSet, settings: SocketmapHook) -> tuple[Effect, ...]:  # noqa: ARG001 the contract's
    """Return the one effect: what the server answers from now on."""
    return (Answer(shares=checked(active.shares), providers=for_providers(active)),)
