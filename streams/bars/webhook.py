"""Tells a URL of each change: a JSON text, signed, with a key by which the receiver knows a repeat.

docs/hooks-mailboxes.md has the fields and how to verify the signature.
"""

from collections.abc import Mapping

import msgspec

from schemas.mailbox_hooks import WebhookHook
from schemas.names import derived_id
from streams.bars import Bar, Effect, ForMailbox, Pass
from streams.bars._orders import values
from streams.deeds import HttpCall, Secret


def effects(
    barred: Mapping[str, Bar],  # noqa: ARG001 the contract's
    changed: Mapping[str, Bar],
    settings: WebhookHook,
) -> tuple[Effect, ...]:
    """Return the call of each change whose step the URL is told of."""
    return tuple(_single(name, bar, settings) for name, bar in sorted(changed.items()))


def _single(name: str, bar: Bar, settings: WebhookHook) -> Effect:
    if bar.word not in settings.steps:
        return Pass(mailbox=name, reason=f"the URL is not told of {bar.word}")
    call = HttpCall(
        url=settings.url,
        body=msgspec.json.encode(values(name, bar) | {"since": bar.since}).decode(),
        idempotency_key=derived_id(bar.decision, name, bar.word),
        secret=Secret(
            setting="mailboxes.hooks.webhook.secret",
            env=settings.secret_env,
            file=str(settings.secret_file or ""),
        ),
        timeout_seconds=settings.timeout_seconds,
    )
    return ForMailbox(mailbox=name, effects=(call,))
