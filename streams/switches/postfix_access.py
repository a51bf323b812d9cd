"""A regexp table for Postfix's smtpd, in the restrictions of the clients that may relay since they logged in by POP.

    smtpd_restriction_classes = after_pop
    after_pop = permit_auth_destination, check_sender_access regexp:/etc/postfix/relaywarden-sunset, permit

Mail to the hoster's own domains is no relaying, whoever brings it: it is permitted before the table is asked.
It needs no postmap; but a process of smtpd reads it once, and sees a change only after `reload`.

Manual: https://www.postfix.org/regexp_table.5.html
"""

from schemas.sunset_stages import PostfixAccessSwitch
from streams.deeds import Run, WriteFile
from streams.switches import Effect, Switched
from streams.switches._patterns import patterns

_RELOAD_SECONDS = 60.0
_HEAD = "# Written by relaywarden hooks at each change; do not edit.\n"


def effects(state: Switched, settings: PostfixAccessSwitch) -> tuple[Effect, ...]:
    """Return the table, and what makes Postfix read it."""
    refusal = f"REJECT {state.reply}".replace("$", "$$")
    lines = "".join(f"/{pattern}/ {refusal if off else 'DUNNO'}\n" for pattern, off in patterns(state))
    reload = (Run(command=settings.reload, timeout_seconds=_RELOAD_SECONDS),) if settings.reload else ()
    return (WriteFile(path=str(settings.path), content=_HEAD + lines), *reload)
