"""Postfix asks the socketmap server of `relaywarden hooks` for the transport of each mail: no reload, no file.

    sender_dependent_default_transport_maps = socketmap:inet:127.0.0.1:10025:main
    transport_maps = socketmap:inet:127.0.0.1:10025:main-providers

Manual: https://www.postfix.org/socketmap_table.5.html
"""

from schemas.pool_hooks import SocketmapHook
from streams.hooks import ActiveSet, Answer, checked, for_providers
from streams.hooks._answers import by_answer, known


def effects(active: ActiveSet, settings: SocketmapHook) -> tuple[Answer]:
    """Return the one effect: what the server answers from now on."""
    answers = known(settings.answers, active.ips)
    shares = by_answer(checked(active.shares), answers)
    providers = for_providers(active).items()
    return (
        Answer(
            shares=shares,
            providers={provider: by_answer(rest, answers) for provider, rest in providers},
            instances={name: {} if name in active.shares else shares for name in sorted(active.ips)},
        ),
    )
