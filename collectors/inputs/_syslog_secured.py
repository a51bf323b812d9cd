"""TLS for syslog (RFC 5425): certificate and key, and whose certificates of clients count; read anew when renewed."""

import logging
import ssl
import stat
from pathlib import Path

LOG = logging.getLogger("relaywarden.collect")
_Seen = tuple[tuple[int, int, int] | None, ...]


class Certificates:
    """What a server of TLS needs, from its files. ValueError, naming the setting of `place`, where they are no use."""

    def __init__(self, place: str, certificate: Path, key: Path, ca: Path | None) -> None:
        self._place = place
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
                LOG.warning("%s; the certificate that was read before is used on", error)
            else:
                LOG.info("%s: the certificate is read anew", self._place)
        return self._context

    def _look(self) -> _Seen:
        return tuple(_state(file) for file in self._files.values())

    def _loaded(self) -> ssl.SSLContext:
        for name, file in self._files.items():
            try:
                with file.open("rb") as opened:
                    mode = stat.S_IMODE(file.stat().st_mode)
                    opened.read(1)
            except OSError as error:
                raise ValueError(f"{self._place}.{name}: {file}: {error.strerror}") from error
            if name == "key" and mode & stat.S_IRWXO:
                raise ValueError(f"{self._place}.key: {file} is open to others (mode {mode:04o}); chmod 600 it")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        # A client that closes with tickets unread resets the connection, and what is on its way is lost.
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
        certificate, key, ca = self._files["certificate"], self._files["key"], self._files.get("ca")
        try:
            context.load_cert_chain(certificate, key, password=self._no_password)
        except ssl.SSLError as error:
            why = error.reason or str(error)
            raise ValueError(f"{self._place}.certificate: {certificate} with the key {key}: {why}") from error
        if ca is not None:
            try:
                context.load_verify_locations(ca)
            except ssl.SSLError as error:
                raise ValueError(f"{self._place}.ca: {ca}: {error.reason or error}") from error
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _no_password(self) -> str:
        raise ValueError(f"{self._place}.key: {self._files['key']} asks for a password, which nobody can type here")


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
