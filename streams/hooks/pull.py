"""Programs fetch the set from `relaywarden hooks` when they want it: GET /v1/pool/NAME, from memory.

docs/hooks-others.md has the fields, and how a client asks for what changed only.
"""

from schemas.pool_hooks_more import PullHook
from streams.hooks import ActiveSet, Publish
from streams.hooks._whole import text


def effects(active: ActiveSet, settings: PullHook) -> tuple[Publish]:  # noqa: ARG001 the contract's
    """Return the one effect: what the server gives from now on."""
    return (Publish(body=text(active), at=active.at),)
