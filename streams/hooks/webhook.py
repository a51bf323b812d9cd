"""Tells a URL the whole set at each change: a JSON text, signed, with a key by which the receiver knows a repeat.

docs/hooks-others.md has the fields and how to verify the signature.
"""

from schemas.names import derived_id
from schemas.pool_hooks_more import PoolWebhookHook
from streams.deeds import HttpCall, Secret
from streams.hooks import ActiveSet, Effect
from streams.hooks._whole import text


def effects(active: ActiveSet, settings: PoolWebhookHook) -> tuple[Effect, ...]:
    """Return the one effect: the call. The same set after the same decision has the same key."""
    body = text(active)
    return (
        HttpCall(
            url=settings.url,
            body=body,
            idempotency_key=derived_id("pool", body),
            secret=Secret(
                setting=f"pool.{active.pool}.hooks.webhook.secret",
                env=settings.secret_env,
                file=str(settings.secret_file or ""),
            ),
            timeout_seconds=settings.timeout_seconds,
        ),
    )
