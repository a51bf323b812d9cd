"""A server of LMTP (RFC 2033) or SMTP that takes mails for the recipients it knows, and relays nothing.

It stands on aiosmtpd, which keeps the state of a session; DATA is read here, so that a mail takes as much memory as it
has bytes. A mail is acknowledged when it is on disk, by LMTP for each recipient.
"""

import asyncio
import logging
import socket
from asyncio import IncompleteReadError, LimitOverrunError
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import AnyStr

from aiosmtpd.smtp import SMTP, Envelope, Session

from collectors import documents
from collectors.envelope import Recipients, is_plain, unstuffed
from schemas.tls import Certificates

LOG = logging.getLogger("relaywarden.collect")
LARGEST = documents.LARGEST - 4096
"""What is announced as SIZE: with its envelope in front a mail is no larger than the intake reads."""
_END = b"\r\n.\r\n"
_MOST_RECIPIENTS = 100
_LONGEST_COMMAND = 2048
_LIMITS = {"*": 100, "MAIL": 1000, "RCPT": 10_000, "DATA": 1000, "RSET": 2000, "NOOP": 1000}
_STEPS_OF_A_BEGINNING = 10  # asyncio needs some four from a connection to its protocol
_TIMEOUT_SECONDS = 300.0  # for a command, with all of its data
_TOO_LARGE = f"552 5.3.4 the mail is larger than {LARGEST} bytes"
_REFUSED = "500 5.5.1 no such command here"

Keep = Callable[[bytes, str, Sequence[str]], Awaitable[list[bool]]]
"""Keeps a mail by its sender for its recipients; tells of each whether it is on disk."""


@dataclass
class House:
    """What all connections have in common: who may come, for whom mail is taken, and what keeps it.

    `refused` is told why a client, a recipient or a mail was refused, and whom or what.
    """

    hostname: str
    lmtp: bool
    recipients: Recipients
    allow: Sequence[IPv4Network | IPv6Network]
    most: int
    keep: Keep
    refused: Callable[[str, bytes], None]
    tls: Certificates | None = None
    inside: Counter[str] = field(default_factory=Counter)
    open: set["MailServer"] = field(default_factory=set)

    async def close(self) -> None:
        """End all connections, also those that just begin: what was not acknowledged is sent again."""
        for _ in range(_STEPS_OF_A_BEGINNING):
            for each in tuple(self.open):
                if isinstance(each.transport, asyncio.WriteTransport):
                    each.transport.abort()
            await asyncio.sleep(0)

    def barred(self, peer: str) -> str:
        """Return the reply to one who may not come in, "" for others; `peer` is "" on a socket of this machine."""
        if peer:
            address = ip_address(peer.partition("%")[0])
            address = getattr(address, "ipv4_mapped", None) or address
            if not any(address in network for network in self.allow):
                return "554 5.7.1 you are not let in here"
        of_one = self.most if not peer or self.most == 1 else self.most - self.most // 4
        if self.inside.total() >= self.most or self.inside[peer] >= of_one:
            return "421 4.7.0 too many connections"
        return ""


class _Hooks:
    """What aiosmtpd asks."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def handle_EHLO(  # noqa: N802 aiosmtpd's names and shapes, here and below
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, replies: list[str]
    ) -> list[str]:
        session.host_name = hostname
        told = [reply[4:] for reply in replies if not reply[4:].startswith(("AUTH", "HELP"))]
        return [f"250-{reply}" for reply in told[:-1]] + [f"250 {told[-1]}"]

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address != "<>" and not is_plain(address):
            return "553 5.1.7 the sender's address is not understood"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if not is_plain(address):
            return "553 5.1.3 the recipient's address is not understood"
        if address not in self._house.recipients:
            self._house.refused("a recipient that is none of `recipients`", address.encode("utf-8", "replace"))
            return "550 5.1.1 no such recipient here, and nothing is relayed"
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        LOG.warning("a mail server's command failed: %r", error)
        return "451 4.3.0 it failed here; try again"


class MailServer(SMTP):
    """One connection."""

    line_length_limit = 64 * 1024  # how much is read ahead

    def __init__(self, house: House, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            _Hooks(house),
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            hostname=house.hostname,
            ident="relaywarden",
            tls_context=house.tls.context() if house.tls is not None else None,
            timeout=_TIMEOUT_SECONDS,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            command_call_limit=_LIMITS,
            loop=loop,
        )
        self.command_size_limit = _LONGEST_COMMAND
        self.command_size_limits = defaultdict(lambda: _LONGEST_COMMAND)  # of its own: else all connections share one
        self._house = house

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, in the clear or, a second time, with TLS."""
        super().connection_made(transport)
        self._house.open.add(self)
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family != socket.AF_UNIX:
            # A reply of several lines goes out line by line: Nagle's algorithm would keep the second back for 40 ms.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, error: Exception | None) -> None:
        """End."""
        super().connection_lost(error)
        self._house.open.discard(self)

    def eof_received(self) -> bool:
        """Close the connection with the client's end of it; the library would keep one that ends before it begins."""
        super().eof_received()
        return False

    async def _handle_client(self) -> None:
        peer = self._peer()
        barred = self._house.barred(peer)
        if barred:
            self._house.refused(f"a connection of {peer or 'this machine'} is refused: {barred}", b"")
            await self.push(barred)
            if self.transport is not None:
                self.transport.close()
            return
        self._house.inside[peer] += 1
        try:
            await super()._handle_client()
        finally:
            self._house.inside[peer] -= 1
            self._house.inside += Counter()  # forgets who is gone

    def _peer(self) -> str:
        peer = self.session.peer if self.session is not None else None
        return str(peer[0]) if isinstance(peer, tuple) else ""

    async def push(self, status: AnyStr) -> None:
        """Send a reply; where the library's own lacks the reason's code, ours."""
        too_large = isinstance(status, str) and status.startswith("552 Error")
        if too_large:
            await super().push(_TOO_LARGE)
        else:
            await super().push(status)

    async def smtp_LHLO(self, hostname: str) -> None:  # noqa: N802
        """Begin a session of LMTP."""
        await (super().smtp_EHLO(hostname) if self._house.lmtp else self.push(_REFUSED))

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        """Begin a session of SMTP."""
        await (self.push(_REFUSED) if self._house.lmtp else super().smtp_EHLO(hostname))

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802
        """Begin a session of SMTP without extensions."""
        await (self.push(_REFUSED) if self._house.lmtp else super().smtp_HELO(hostname))

    async def smtp_AUTH(self, _arg: str) -> None:  # noqa: N802
        """Refuse logins: there are none."""
        await self.push(_REFUSED)

    async def smtp_HELP(self, _arg: str) -> None:  # noqa: N802
        """Refuse a list of the library's commands."""
        await self.push(_REFUSED)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        """Take a mail in: one reply by SMTP, one for each recipient by LMTP."""
        envelope = self.envelope
        if envelope is None or not envelope.rcpt_tos:
            await self.push("503 5.5.1 no recipient yet")
            return
        if arg:
            await self.push("501 5.5.4 DATA takes nothing behind it")
            return
        # So that a dot on the first line ends it, too; the library itself clears this buffer, which nothing else gives.
        self._reader._buffer[:0] = b"\r\n"  # type: ignore[attr-defined]  # noqa: SLF001 see above
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        mail = await self._until_the_dot()
        replies = await self._taken(envelope, mail)
        self.envelope = self._create_envelope()
        await self.push("\r\n".join(replies if self._house.lmtp else replies[:1]))

    async def _until_the_dot(self) -> bytes | None:
        """Return the mail that is sent, None where it is too large. ConnectionResetError where the connection ends."""
        data = bytearray()
        too_large = False
        while True:
            try:
                piece = await self._reader.readuntil(_END)
            except LimitOverrunError as more:
                piece = await self._reader.readexactly(more.consumed)
                ended = False
            except IncompleteReadError:
                raise ConnectionResetError from None
            else:
                ended = True
            too_large = too_large or len(data) + len(piece) > LARGEST + len(_END)
            if too_large:
                data.clear()
            else:
                data += piece
            if ended:
                return None if too_large else unstuffed(data)

    async def _taken(self, envelope: Envelope, mail: bytes | None) -> list[str]:
        """Return a reply for each recipient; the first that is no success stands before the others by SMTP."""
        recipients = envelope.rcpt_tos
        if mail is None:
            self._house.refused(f"a mail of more than {LARGEST} bytes", b"")
            return [_TOO_LARGE] * len(recipients)
        sender = str(envelope.mail_from).removeprefix("<").removesuffix(">")
        kept = await self._house.keep(mail, sender, recipients)
        replies = ["250 2.0.0 taken" if each else "452 4.3.1 it cannot be written here now" for each in kept]
        return replies if self._house.lmtp else sorted(replies, reverse=True)
