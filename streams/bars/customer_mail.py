"""The customer is told by mail what was decided about a mailbox; docs/customer-mail.md says in which words."""

from collections.abc import Mapping

from schemas.mailbox_hooks import CustomerMailHook
from streams.bars import Bar, Effect, Pass, TellCustomers


def effects(
    barred: Mapping[str, Bar],  # noqa: ARG001 the contract's
    changed: Mapping[str, Bar],
    settings: CustomerMailHook,
) -> tuple[Effect, ...]:
    """Return whom to tell; a repeat tells nobody twice, since each mail has a name of its own."""
    told = {name: bar for name, bar in sorted(changed.items()) if bar.word in settings.steps}
    others = sorted(set(changed) - set(told))
    passed = (Pass(mailbox=name, reason=f"no mail is written at {changed[name].word}") for name in others)
    return (*((TellCustomers(bars=told),) if told else ()), *passed)
