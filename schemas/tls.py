"""TLS of the inputs: contexts of a client and of a server. What cannot be used is named with its setting.

A server's certificate is read anew when it is renewed; a key that is open to others is refused.
"""

import logging
import ssl
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from schemas.validity import certificates_in, validity

LOG = logging.getLogger("relaywarden.collect")
_Seen = tuple[tuple[int, int, int] | None, ...]
Warn = Callable[[str], None]


def client(
    place: str, ca: Path | None, warn: Warn, certificate: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """Return what trusts `ca`, or this machine's authorities, and shows a certificate where there is one.

    ValueError, naming the setting of the input at `place`, where a file is no use; `warn` is told what is out of date.
    """
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"{place}.ca: {ca}: {error.strerror or error}") from error
    if certificate is not None:
        if key is not None:
            _open(f"{place}.key", key, is_key=True)
        try:
            context.load_cert_chain(certificate, key, password=_no_password(place, key or certificate))
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"{place}.certificate: {certificate}: {error.strerror or error}") from error
        _tell_age(f"{place}.certificate", certificate, warn)
    return context


def server(
    place: str, certificate: Path | None, key: Path | None, warn: Warn, ca: Path | None = None
) -> "Certificates | None":
    """Return what shows a certificate to clients, None where there is none. ValueError as of `client`."""
    if certificate is None or key is None:
        return None
    return Certificates(place, certificate, key, ca, warn)


class Certificates:
    """What a server of TLS needs, from its files; with a `ca` a client needs a certificate that it signed.

    ValueError, naming the setting of `place`, where they are no use; `warn` is told what is out of date, and later
    what could not be read anew.
    """

    def __init__(self, place: str, certificate: Path, key: Path, ca: Path | None, warn: Warn) -> None:
        self._place, self._warn = place, warn
        self._files = {"certificate": certificate, "key": key} | ({"ca": ca} if ca else {})
        self._seen = self._look()
        self._context = self._loaded()

    def context(self) -> ssl.SSLContext:
        """Return the context for a new connection; files that cannot be used leave that which was there before."""
        seen = self._look()
        if seen != self._seen:
            self._seen = seen
            try:
                self._context = self._loaded()
            except ValueError as error:
                self._warn(f"{error}; the certificate that was read before is used on")
            else:
                LOG.info("%s: the certificate is read anew", self._place)
        return self._context

    def standing(self) -> ssl.SSLContext:
        """Return a context for a server that takes one for ever: each handshake shows the certificate of `context`.

        OpenSSL asks for it whether the client names a server (SNI) or not. Whose certificates count stays as it is.
        """

        def show(connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = self.context()

        standing = self._loaded()
        standing.sni_callback = show
        return standing

    def _look(self) -> _Seen:
        return tuple(_state(file) for file in self._files.values())

    def _loaded(self) -> ssl.SSLContext:
        for name, file in self._files.items():
            _open(f"{self._place}.{name}", file, is_key=name == "key")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        # A client that closes with tickets unread resets the connection, and what is on its way is lost.
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
        certificate, key, ca = self._files["certificate"], self._files["key"], self._files.get("ca")
        try:
            context.load_cert_chain(certificate, key, password=_no_password(self._place, key))
        except ssl.SSLError as error:
            why = error.reason or str(error)
            raise ValueError(f"{self._place}.certificate: {certificate} with the key {key}: {why}") from error
        if ca is not None:
            try:
                context.load_verify_locations(ca)
            except ssl.SSLError as error:
                raise ValueError(f"{self._place}.ca: {ca}: {error.reason or error}") from error
            context.verify_mode = ssl.CERT_REQUIRED
        _tell_age(f"{self._place}.certificate", certificate, self._warn)
        return context


def _open(setting: str, file: Path, *, is_key: bool) -> None:
    """Return where a file can be read, and a key by nobody but who may. ValueError: else."""
    try:
        with file.open("rb") as opened:
            mode = stat.S_IMODE(file.stat().st_mode)
            opened.read(1)
    except OSError as error:
        raise ValueError(f"{setting}: {file}: {error.strerror}") from error
    if is_key and mode & stat.S_IRWXO:
        raise ValueError(f"{setting}: {file} is open to others (mode {mode:04o}); chmod 600 it")


def _no_password(place: str, key: Path) -> Callable[[], str]:
    def refuse() -> str:
        raise ValueError(f"{place}.key: {key} asks for a password, which nobody can type here")

    return refuse


def _tell_age(setting: str, file: Path, warn: Warn) -> None:
    """Warn of the first certificate of a file that does not count today."""
    now = datetime.now(UTC)  # noqa: TID251 what is out of date is so by this clock
    for pem in certificates_in(file.read_text(encoding="utf-8", errors="replace")):
        try:
            begin, end = validity(ssl.PEM_cert_to_DER_cert(pem))
        except ValueError as error:
            warn(f"{setting}: {file}: until when it counts cannot be read: {error}")
            return
        if not begin <= now <= end:
            word, when = ("counts from", begin) if now < begin else ("expired", end)
            warn(f"{setting}: {file}: {word} {when:%Y-%m-%d %H:%M} UTC: who looks at it refuses it")
            return


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
