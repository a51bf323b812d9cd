"""Replaces attributes of a mailbox's entry in LDAP, per step: the directory that Postfix and Dovecot ask.

DN: RFC 4514; every sign of a name that is no letter or digit goes into it as hexadecimal pairs, which the RFC allows
for each, so that no name reaches another entry.
"""

from collections.abc import Mapping

from schemas.mailbox_hooks import LdapHook, places
from streams.bars import Bar, Effect, ForMailbox, LdapModify, Pass, Refuse
from streams.deeds import Secret

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@._-")


def effects(
    barred: Mapping[str, Bar],  # noqa: ARG001 the contract's
    changed: Mapping[str, Bar],
    settings: LdapHook,
) -> tuple[Effect, ...]:
    """Return the modification of each change's step."""
    return tuple(_single(name, bar, settings) for name, bar in sorted(changed.items()))


def _single(name: str, bar: Bar, settings: LdapHook) -> Effect:
    orders = {"suspend": settings.suspend, "throttle": settings.throttle, "release": settings.release}
    attributes = orders[bar.word]
    if not attributes:
        return Pass(mailbox=name, reason=f"no attributes for {bar.word}")
    user, at, domain = name.rpartition("@")
    told = {"mailbox": name, "user": user if at else name, "domain": domain if at else ""}
    empty = sorted(place for place in places(settings.dn) if not told[place])
    if empty:
        return Refuse(mailbox=name, reason=f"the name has no {empty[0]}, which the DN {settings.dn!r} needs")
    modify = LdapModify(
        url=settings.url,
        starttls=settings.starttls,
        bind_dn=settings.bind_dn,
        password=Secret(
            setting="mailboxes.hooks.ldap.password",
            env=settings.password_env,
            file=str(settings.password_file or ""),
        ),
        dn=settings.dn.format_map({place: escaped(value) for place, value in told.items()}),
        attributes=dict(sorted(attributes.items())),
        timeout_seconds=settings.timeout_seconds,
    )
    return ForMailbox(mailbox=name, effects=(modify,))


def escaped(value: str) -> str:
    """Return a value as it stands in a DN, whatever it is."""
    return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:02x}" for byte in value.encode())
