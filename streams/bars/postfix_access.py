"""Tables of the suspended for Postfix's smtpd: of logins, and of senders where local programs send without a login.

    smtpd_recipient_restrictions =
        check_sasl_access lmdb:/etc/postfix/relaywarden-suspended, …

A table of senders holds whole addresses only: in an access(5) table any other key would be a domain's or a part's, and
stand for mailboxes of others.

Manual: https://www.postfix.org/access.5.html
"""

from collections.abc import Mapping

from schemas.mailbox_hooks import PostfixAccessHook
from streams.bars import Bar, Effect, Pass, Refuse, printable
from streams.deeds import Run, WriteFile

_BUILD_SECONDS = 60.0
_HEAD = "# Written by relaywarden hooks at each change; do not edit.\n"


def effects(barred: Mapping[str, Bar], changed: Mapping[str, Bar], settings: PostfixAccessHook) -> tuple[Effect, ...]:
    """Return the tables and the command that builds them, and what cannot stand in one."""
    suspended = [name for name in sorted(barred) if barred[name].step == "suspend" and _fits(name)]
    tables = [WriteFile(path=str(settings.path), content=_table(suspended, settings.answer))]
    if settings.senders is not None:
        addresses = [name for name in suspended if _is_address(name)]
        tables.append(WriteFile(path=str(settings.senders), content=_table(addresses, settings.answer)))
    built = (Run(command=settings.build, timeout_seconds=_BUILD_SECONDS),) if settings.build else ()
    return (*tables, *built, *(left for name, bar in changed.items() for left in _left_out(name, bar)))


def _left_out(name: str, bar: Bar) -> tuple[Effect, ...]:
    if bar.step == "throttle":
        return (Pass(mailbox=name, reason="a table cannot count recipients; postfix_policy holds throttled mailboxes"),)
    if bar.step == "suspend" and not _fits(name):
        return (Refuse(mailbox=name, reason="no table of Postfix can hold a name with such signs"),)
    return ()


def _fits(name: str) -> bool:
    return printable(name) and name[0] not in '#"'


def _is_address(name: str) -> bool:
    user, _, domain = name.rpartition("@")
    return bool(user and domain)


def _table(names: list[str], answer: str) -> str:
    return _HEAD + "".join(f"{name} {answer}\n" for name in names)
