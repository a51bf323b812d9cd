"""Postfix's smtpd asks the sunset's policy server of `relaywarden hooks`: no file, and a change counts at once.

    smtpd_restriction_classes = after_pop
    after_pop = permit_auth_destination,
        check_policy_service { inet:127.0.0.1:10028, timeout=5s, default_action=DUNNO }, permit

Mail to the hoster's own domains is no relaying, whoever brings it: it is permitted before the server is asked.

Manual: https://www.postfix.org/SMTPD_POLICY_README.html
"""

from schemas.sunset_stages import PostfixPolicySwitch
from streams.switches import Effect, SunsetPolicy, Switched


def effects(state: Switched, settings: PostfixPolicySwitch) -> tuple[Effect, ...]:  # noqa: ARG001 the contract's
    """Return the one effect: by what the server answers from now on."""
    return (SunsetPolicy(state=state),)
