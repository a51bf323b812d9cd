"""Postfix's smtpd asks the policy server of `relaywarden hooks` at each recipient: no file, no reload, throttles too.

    smtpd_recipient_restrictions =
        check_policy_service { inet:127.0.0.1:10026, timeout=5s, default_action=DUNNO }, …

Manual: https://www.postfix.org/SMTPD_POLICY_README.html
"""

from collections.abc import Mapping

from schemas.mailbox_hooks import PostfixPolicyHook
from streams.bars import Bar, Effect, Policy


def effects(
    barred: Mapping[str, Bar],
    changed: Mapping[str, Bar],  # noqa: ARG001 the contract's
    settings: PostfixPolicyHook,
) -> tuple[Effect, ...]:
    """Return the one effect: by what the server answers from now on."""
    bars = dict(sorted(barred.items()))
    return (Policy(barred=bars, suspended=settings.suspended, throttled=settings.throttled),)
