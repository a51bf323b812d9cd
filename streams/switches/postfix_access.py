"""A regexp table for Postfix's smtpd, in the restrictions of the clients that may relay since they logged in by POP.

    smtpd_restriction_classes = after_pop
    after_pop = check_sender_access regexp:/etc/postfix/relaywarden-sunset, permit

smtpd reads such a table when it starts, and ends soon after it finds that the file changed; no postmap, no reload.

Manual: https://www.postfix.org/regexp_table.5.html
"""

from schemas.sunset_stages import PostfixAccessSwitch
from streams.deeds import WriteFile
from streams.switches import Effect, Switched
from streams.switches._patterns import patterns

_HEAD = "# Written by relaywarden hooks at each change; do not edit.\n"


def effects(state: Switched, settings: PostfixAccessSwitch) -> tuple[Effect, ...]:
    """Return the table."""
    refusal = f"REJECT {state.reply}".replace("$", "$$")
    lines = "".join(f"/{pattern}/ {refusal if off else 'DUNNO'}\n" for pattern, off in patterns(state))
    return (WriteFile(path=str(settings.path), content=_HEAD + lines),)
