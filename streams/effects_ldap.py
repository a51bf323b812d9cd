"""Performs `LdapModify`: one modification over a connection of its own; certificates are always verified."""

import ssl
from contextlib import suppress

from ldap3 import MODIFY_REPLACE, NONE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException, LDAPNoSuchObjectResult
from pyasn1.error import PyAsn1Error

from streams.bars import LdapModify
from streams.effects import EffectError, HopelessError
from streams.hook_secrets import secret_of

_UNREADABLE = (PyAsn1Error, ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What ldap3 lets through where an answer is no LDAP, or a name cannot be encoded: it decodes without looking."""


def modify(effect: LdapModify) -> None:
    """Replace the attributes. EffectError says why not, HopelessError where there is no such entry."""
    password = secret_of(effect.password)
    changes = {name: [(MODIFY_REPLACE, list(values))] for name, values in effect.attributes.items()}
    try:
        server = Server(
            effect.url,
            connect_timeout=effect.timeout_seconds,
            get_info=NONE,
            tls=Tls(validate=ssl.CERT_REQUIRED),
        )
        connection = Connection(
            server,
            effect.bind_dn,
            password,
            receive_timeout=max(1, round(effect.timeout_seconds)),  # goes into a struct of whole seconds
            raise_exceptions=True,
            check_names=False,  # the DN is escaped already, and goes out as it stands
        )
        try:
            connection.open()
            if effect.starttls:
                connection.start_tls()
            connection.bind()
            connection.modify(effect.dn, changes)
        finally:
            with suppress(LDAPException, OSError, *_UNREADABLE):
                connection.unbind()
    except LDAPNoSuchObjectResult as error:
        raise HopelessError(f"{effect.url}: there is no entry {effect.dn}") from error
    except (LDAPException, OSError) as error:
        raise EffectError(f"{effect.url}: {error}") from error
    except _UNREADABLE as error:  # the text may hold the password
        told = f"the host's name, the server's answer or what it was to be told cannot be read ({type(error).__name__})"
        raise EffectError(f"{effect.url}: {told}") from error
