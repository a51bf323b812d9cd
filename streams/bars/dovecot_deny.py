"""A passwd-file of the suspended for a Dovecot passdb with `deny = yes`: no login by IMAP, POP3, submission or SASL.

    passdb {
      driver = passwd-file
      deny = yes
      args = username_format=%Lu /etc/dovecot/relaywarden-deny
    }

Dovecot reads the file again when it changed, and looks for that once a second; so `kick`, if it is configured, ends the
sessions that are open when that second is over.

Manual: https://doc.dovecot.org/2.3/configuration_manual/authentication/passdb/
"""

from collections.abc import Mapping

from schemas.mailbox_hooks import DovecotDenyHook
from streams.bars import Bar, Effect, ForMailbox, Pass, Refuse, printable
from streams.bars._orders import arguments, values
from streams.deeds import Run, RunWith, WriteFile

_KICK_SECONDS = 30.0
_SEEN = Run(command=("sleep", "1.5"), timeout_seconds=10.0)
_NOBODY = 68
_MASK = frozenset("*?")


def effects(barred: Mapping[str, Bar], changed: Mapping[str, Bar], settings: DovecotDenyHook) -> tuple[Effect, ...]:
    """Return the file, then, when Dovecot has seen it, what ends the sessions of each that is suspended now."""
    names = (name for name in sorted(barred) if barred[name].step == "suspend" and _fits(name))
    deny = WriteFile(path=str(settings.path), content="".join(f"{name}:\n" for name in names))
    singles = [single for name, bar in changed.items() for single in _single(name, bar, settings)]
    kicks = any(isinstance(single, ForMailbox) for single in singles)
    return (deny, *((_SEEN,) if kicks else ()), *singles)


def _single(name: str, bar: Bar, settings: DovecotDenyHook) -> tuple[Effect, ...]:
    if bar.step == "throttle":
        return (Pass(mailbox=name, reason="a login is denied or not; postfix_policy holds throttled mailboxes"),)
    if bar.step == "suspend" and not _fits(name):
        return (Refuse(mailbox=name, reason="no passwd-file can hold a name with such signs"),)
    if bar.step != "suspend" or not settings.kick:
        return ()
    if _MASK & set(name):
        return (
            Refuse(mailbox=name, reason="its logins are denied; not kicked, since doveadm would take it as a mask"),
        )
    try:
        command = arguments(settings.kick, values(name, bar))
    except ValueError as error:
        return (Refuse(mailbox=name, reason=f"its logins are denied; not kicked: {error}"),)
    kick = RunWith(command=command, timeout_seconds=_KICK_SECONDS, fine=(0, _NOBODY))
    return (ForMailbox(mailbox=name, effects=(kick,)),)


def _fits(name: str) -> bool:
    return printable(name) and name[0] != "#" and ":" not in name
