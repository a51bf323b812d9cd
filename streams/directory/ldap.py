"""Entries of an LDAP server, page by page (RFC 2696); each value of the address' attribute is a row of its own."""

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from ldap3 import NONE, SUBTREE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException
from pyasn1.error import PyAsn1Error

from schemas.directory_settings import LdapDirectory
from schemas.password import secret
from streams.directory import DirectoryError, Row

_UNREADABLE = (PyAsn1Error, ValueError, LookupError, TypeError, AttributeError, RecursionError)


def rows(settings: LdapDirectory) -> Iterator[tuple[str, Row]]:
    """Yield a row for each address of each entry, its place being the DN. DirectoryError says why it ended."""
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
                yield from _of_entry(found["dn"], found["attributes"], names)


def _of_entry(dn: str, attributes: Mapping[str, object], names: Mapping[str, str]) -> Iterator[tuple[str, Row]]:
    """Yield a row for each address: the first is the mailbox, unless an attribute says it, the others its aliases."""
    fields = {field: _values(attributes.get(name)) for field, name in names.items()}
    addresses = fields["address"] or [""]
    mailbox = "".join(fields.get("mailbox", [])[:1]) or addresses[0]
    for address in addresses:
        row = {field: values[0] if values else "" for field, values in fields.items()}
        row["flags"] = " ".join(fields.get("flags", []))
        yield dn, row | {"address": address, "mailbox": mailbox if address != mailbox else ""}


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
