r"""A passwd-file for a Dovecot passdb with `deny = yes` in which only logins without TLS are looked up by their name.

    passdb {
      driver = passwd-file
      deny = yes
      args = username_format=%Lu%c /etc/dovecot/relaywarden-sunset
    }

`%c` is `secured` of a login over TLS (or from the server itself), and nobody of that name is in the file. A passwd-file
can only list: a mailbox that was never seen to log in without TLS is not in it, and is let in. Dovecot escapes the name
that it looks up, so that it asks for `d\'arc@` where `d'arc@` logs in.

Manual: https://doc.dovecot.org/2.3/configuration_manual/authentication/passdb/
"""

from schemas.sunset_stages import DovecotSwitch
from streams.deeds import WriteFile
from streams.switches import Effect, Switched, writable


def effects(state: Switched, settings: DovecotSwitch) -> tuple[Effect, ...]:
    """Return the file."""
    off = (_key(mailbox) for mailbox in state.known if writable(mailbox) and state.refuses(mailbox))
    return (WriteFile(path=str(settings.path), content="".join(f"{mailbox}:\n" for mailbox in off), mode=0o644),)


def _key(mailbox: str) -> str:
    return mailbox.replace("'", "\\'")
