"""The mail of a suspended mailbox that waits in this host's Postfix is put on hold; docs/queue-hold.md has the rules.

Manual: https://www.postfix.org/postsuper.1.html
"""

from collections.abc import Mapping

from schemas.mailbox_hooks import PostfixQueueHook
from streams.bars import Bar, Effect, HoldQueue, Pass


def effects(
    barred: Mapping[str, Bar],
    changed: Mapping[str, Bar],
    settings: PostfixQueueHook,  # noqa: ARG001 the contract's; the keeper of the queue has them
) -> tuple[Effect, ...]:
    """Return whose mail shall be on hold from now on; one who is held to a number an hour keeps his queued mail."""
    suspended = {name: bar for name, bar in sorted(barred.items()) if bar.step == "suspend"}
    released = {name: bar for name, bar in sorted(changed.items()) if bar.step != "suspend"}
    throttled = (name for name, bar in released.items() if bar.step == "throttle")
    passed = (Pass(mailbox=name, reason="queued mail waits for a suspension only") for name in throttled)
    return (HoldQueue(suspended=suspended, released=released), *passed)
