"""TLS of the inputs: contexts of a client and of a server. What cannot be used is named with its setting."""

import os
import ssl
from pathlib import Path


def client(place: str, ca: Path | None, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """Return what trusts `ca`, or this machine's authorities, and shows a certificate where there is one.

    ValueError, naming the setting of the input at `place`, where a file is no use.
    """
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"{place}.ca: {ca}: {error.strerror or error}") from error
    if certificate is not None:
        try:
            context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"{place}.certificate: {certificate}: {error.strerror or error}") from error
    return context


def server(place: str, certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """Return what shows a certificate to clients, None where there is none. ValueError as of `client`."""
    if certificate is None or key is None:
        return None
    for name, path in (("certificate", certificate), ("key", key)):
        if not os.access(path, os.R_OK):
            raise ValueError(f"{place}.{name}: {path} cannot be read")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"{place}.certificate: {certificate} with {key}: {error}") from error
    return context
