"""Tells a URL the whole state as JSON, signed, with a key by which the receiver knows a repeat.

The fields: docs/sunset-stages.md; how to verify the signature: docs/hooks-mailboxes.md. It is told at every start, too.
"""

from schemas.names import derived_id
from schemas.sunset_stages import WebhookSwitch
from streams.deeds import HttpCall, Secret
from streams.switches import Effect, Switched
from streams.switches._told import told


def effects(state: Switched, settings: WebhookSwitch) -> tuple[Effect, ...]:
    """Return the one call."""
    body = told(state)
    secret = Secret(
        setting=f"sunset.{state.sunset}.switch.webhook.secret",
        env=settings.secret_env,
        file=str(settings.secret_file or ""),
    )
    call = HttpCall(
        url=settings.url,
        body=body,
        idempotency_key=derived_id("switch", state.step, body),
        secret=secret,
        timeout_seconds=settings.timeout_seconds,
    )
    return (call,)
