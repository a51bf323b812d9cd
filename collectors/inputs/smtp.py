"""Mails that an MTA delivers by LMTP or SMTP, into the Maildir of who takes them; acknowledged when on disk."""

import asyncio
import grp
import logging
import os
import socket
import stat
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from collectors.away import Away
from collectors.envelope import Recipients, name_of, stamped
from collectors.inputs import Outlet
from collectors.inputs._refused import words_of
from collectors.mailserver import House, MailServer
from schemas import tls
from schemas.inputs.smtp import SmtpInput

LOG = logging.getLogger("relaywarden.collect")
_BACKLOG = 100


def run(settings: SmtpInput, outlet: Outlet, stop: threading.Event) -> None:
    """Take mails until `stop`. ValueError where the place cannot be listened at, or the certificate not be used."""
    # aiosmtpd tells each command of a stranger at length; what is refused here is told as dead letters.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    place = f"input.{outlet.name}"
    with (
        ready(settings, place, LOG.warning) as (listener, certificates),
        ThreadPoolExecutor(1, f"{place}-disk") as disk,  # one at a time: two of one mail would share a draft
    ):
        asyncio.run(_serve(settings, outlet, stop, listener, certificates, disk))


@contextmanager
def ready(settings: SmtpInput, place: str, warn: tls.Warn) -> Iterator[tuple[socket.socket, tls.Certificates | None]]:
    """Give a listening socket, which is gone in the end, and the certificate."""
    certificates = tls.server(place, settings.certificate, settings.key, warn)
    listener = _listener(settings, place)
    try:
        yield listener, certificates
    finally:
        listener.close()
        if settings.listen.startswith("/"):
            Path(settings.listen).unlink(missing_ok=True)


async def _serve(  # noqa: PLR0913, PLR0917 all that `run` made ready
    settings: SmtpInput,
    outlet: Outlet,
    stop: threading.Event,
    listener: socket.socket,
    certificates: tls.Certificates | None,
    disk: ThreadPoolExecutor,
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_told)
    desk = _Desk(settings, outlet)

    async def keep(mail: bytes, sender: str, recipients: Sequence[str]) -> list[bool]:
        return await loop.run_in_executor(disk, desk.keep, mail, sender, tuple(recipients))

    house = House(
        hostname=desk.hostname,
        lmtp=settings.protocol == "lmtp",
        recipients=Recipients(settings.recipients),
        allow=tuple(map(ip_network, settings.allow)),
        most=settings.connections,
        keep=keep,
        refused=lambda reason, sample: outlet.losses.note(f"{settings.listen}: {reason}", sample=sample),
        tls=certificates,
    )
    create = loop.create_unix_server if settings.listen.startswith("/") else loop.create_server
    server = await create(lambda: MailServer(house, loop), sock=listener)
    try:
        await asyncio.to_thread(stop.wait)
    finally:
        loop.remove_reader(listener)  # asyncio's server must not be closed while a connection begins
        await house.close()
        server.close()


class _Desk:
    """Writes mails down, with their envelope in front."""

    def __init__(self, settings: SmtpInput, outlet: Outlet) -> None:
        self._mails = outlet.mails
        self._protocol = settings.protocol.upper()
        self._away = Away(f"input.{outlet.name}: the Maildir")
        self.hostname = socket.gethostname()

    def keep(self, mail: bytes, sender: str, recipients: Sequence[str]) -> list[bool]:
        """Return for each recipient whether the mail to him is on disk."""
        now = format_datetime(datetime.now(UTC))  # noqa: TID251 when we received it, of which nothing else tells
        received = f"by {self.hostname} (relaywarden) with {self._protocol}; {now}"
        return [self._kept(mail, sender, recipient, received) for recipient in recipients]

    def _kept(self, mail: bytes, sender: str, recipient: str, received: str) -> bool:
        if self._mails is None:
            return False
        try:
            self._mails.deliver(stamped(mail, sender, recipient, received), name_of(mail, recipient))
        except OSError as error:
            self._away.failed(f"a mail cannot be written, and its sender is told to try again: {error.strerror}")
            return False
        self._away.well()
        return True


def _listener(settings: SmtpInput, place: str) -> socket.socket:
    """Return a socket that listens where it is asked to. ValueError where that is not possible."""
    try:
        if settings.listen.startswith("/"):
            return _of_this_machine(settings)
        host, _, port = settings.listen.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, int(port)), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ValueError(f"{place}.listen: {settings.listen}: {words_of(error)}") from error
    except KeyError as error:
        raise ValueError(f"{place}.socket_group: {settings.socket_group!r} is no group here") from error


def _of_this_machine(settings: SmtpInput) -> socket.socket:
    """Return a listening socket in the file system; one that was left behind by a crash is replaced."""
    path = Path(settings.listen)
    _remove_dead(path)
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(str(path))
        if settings.socket_group:
            os.chown(path, -1, grp.getgrnam(settings.socket_group).gr_gid)
        path.chmod(int(settings.socket_mode, 8))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _remove_dead(path: Path) -> None:
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            return
        with socket.socket(socket.AF_UNIX) as tried:
            try:
                tried.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()


def _told(loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Pass over connections that end in the middle of something: any stranger can do that."""
    if not isinstance(context.get("exception"), ConnectionError):
        loop.default_exception_handler(dict(context))
