"""Entries of an LDAP server, page by page (RFC 2696); each value of the address' attribute is a row of its own.

The values of Exchange's `proxyAddresses` begin with their type: `SMTP:` is the mailbox, `smtp:` its aliases, and others
(X500, SIP) are no mail addresses. https://learn.microsoft.com/windows/win32/adschema/a-proxyaddresses
"""

import re
import ssl
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from ldap3 import NONE, SUBTREE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException
from pyasn1.error import PyAsn1Error

from schemas.directory_settings import LdapDirectory
from schemas.password import secret
from streams.directory import DirectoryError, Misfit, Row

_TYPED = re.compile(r"(?!mailto:)(?P<type>[A-Za-z][A-Za-z0-9]{0,8}):(?P<address>.*)", re.IGNORECASE | re.DOTALL)
_UNREADABLE = (PyAsn1Error, ValueError, LookupError, TypeError, AttributeError, RecursionError)


def rows(settings: LdapDirectory) -> Iterator[tuple[str, Row | Misfit]]:
    """Yield a row for each address of each entry, its place being the DN. DirectoryError says why it ended.

    Last, how many addresses are of another type than SMTP, and so passed over.
    """
    passed: Counter[str] = Counter()
    names = {field: name for field, name in settings.columns.items() if name}
    with _bound(settings) as connection:
        for found in connection.extend.standard.paged_search(
            settings.base,
            settings.filter,
            search_scope=SUBTREE,
            attributes=sorted(set(names.values())),
            paged_size=settings.page_size,
            generator=True,
        ):
            if found["type"] == "searchResEntry":
                yield from _of_entry(found["dn"], found["attributes"], names, passed)
    if passed:
        types = ", ".join(sorted(passed))
        yield (
            settings.url,
            Misfit(f"{passed.total()} addresses of other types are passed over: {types}", left_out=False),
        )


def _of_entry(
    dn: str, attributes: Mapping[str, object], names: Mapping[str, str], passed: Counter[str]
) -> Iterator[tuple[str, Row]]:
    """Yield a row for each address: the first is the mailbox, unless an attribute says it, the others its aliases.

    First is what Exchange says is. What is passed over is counted by its type.
    """
    fields = {field: _values(attributes.get(name)) for field, name in names.items()}
    typed = [_typed(value) for value in fields["address"]]
    passed.update(kind.upper() for kind, _ in typed if kind.upper() not in {"", "SMTP"})
    mails = sorted((each for each in typed if each[0].upper() in {"", "SMTP"}), key=lambda each: each[0] != "SMTP")
    addresses = [address for _, address in mails] or [""]
    mailbox = "".join(_typed(value)[1] for value in fields.get("mailbox", [])[:1]) or addresses[0]
    for address in addresses:
        row = {field: values[0] if values else "" for field, values in fields.items()}
        row["flags"] = " ".join(fields.get("flags", []))
        yield dn, row | {"address": address, "mailbox": mailbox if address != mailbox else ""}


def _typed(value: str) -> tuple[str, str]:
    """Return the type of an address ("": it has none) and the address."""
    match = _TYPED.fullmatch(value.strip())
    return (match["type"], match["address"]) if match else ("", value)


def _values(value: object) -> list[str]:
    if value is None or value == []:
        return []
    if isinstance(value, bytes):
        return [value.decode(errors="replace")]
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [text for each in value for text in _values(each)]
    return [str(value)]


@contextmanager
def _bound(settings: LdapDirectory) -> Iterator[Connection]:
    try:
        password = (
            secret(settings.password_env, settings.password_file, "directory.password") if settings.bind_dn else None
        )
        server = Server(
            settings.url, connect_timeout=settings.timeout_seconds, get_info=NONE, tls=Tls(validate=ssl.CERT_REQUIRED)
        )
        connection = Connection(
            server,
            settings.bind_dn or None,
            password,
            receive_timeout=max(1, round(settings.timeout_seconds)),
            raise_exceptions=True,
            check_names=False,
            read_only=True,
        )
        try:
            connection.open()
            if settings.starttls:
                connection.start_tls()
            connection.bind()
            yield connection
        finally:
            with suppress(LDAPException, OSError, *_UNREADABLE):
                connection.unbind()
    except (LDAPException, OSError) as error:
        raise DirectoryError(f"{settings.url}: {error}") from error
    except _UNREADABLE as error:
        raise DirectoryError(f"{settings.url}: {_told(error)}") from error


def _told(error: Exception) -> str:
    """Return what a setting's error says; what ldap3 lets through may hold the password."""
    said = str(error)
    return said if said.startswith("directory.") else f"the server's answer cannot be read ({type(error).__name__})"
