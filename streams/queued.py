"""Whose the messages in a Postfix queue are, read from what postqueue(1) and postcat(1) print.

The envelope's sender says nothing where somebody logged in: a thief forges it. So the login of the queue file counts,
else the customer network of the client, else, for programs of this host alone, the envelope's sender.

Manuals: https://www.postfix.org/postqueue.1.html, https://www.postfix.org/postcat.1.html
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from sys import intern

import msgspec

from schemas.names import canonical_ip, canonical_mailbox, domain_of

WAITING = frozenset(("incoming", "active", "deferred"))
HOLD = "hold"
_ID = re.compile(r"[0-9A-Za-z]{5,40}")
_BLOCK = re.compile(r"\*\*\* ENVELOPE RECORDS \S*?([0-9A-Za-z]+) \*\*\*")
_END = "*** MESSAGE CONTENTS "
_ATTRIBUTE = "named_attribute: "
_NOBODY = "MAILER-DAEMON"  # postqueue's name of the null sender
_CLIENTS = ("log_client_address", "client_address")


class _Recipient(msgspec.Struct, frozen=True):
    address: str = ""


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    queue_name: str
    queue_id: str
    arrival_time: int
    sender: str = ""
    recipients: tuple[_Recipient, ...] = ()


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message of the queue: an id is used again later, so the arrival (epoch seconds) is part of its name.

    `domains` are those of the recipients who have not got it yet.
    """

    queue_name: str
    queue_id: str
    arrival_time: int
    sender: str = ""
    domains: tuple[str, ...] = ()


class Envelope(msgspec.Struct, frozen=True):
    """What a queue file tells of who handed a message in: the login, and the client ("": a program of this host)."""

    login: str = ""
    client_ip: str = ""


_LINE: msgspec.json.Decoder[_Line] = msgspec.json.Decoder(_Line)


def listed(lines: Iterable[bytes]) -> Iterator[Message]:
    """Yield the messages of `postqueue -j`. ValueError names a line that cannot be read."""
    for raw in lines:
        text = raw.decode(errors="replace")
        try:
            line = _LINE.decode(text)
        except msgspec.DecodeError as error:
            raise ValueError(f"postqueue -j: {text[:200]!r}: {error}") from error
        if not _ID.fullmatch(line.queue_id):
            raise ValueError(f"postqueue -j: {line.queue_id!r} is no queue id")
        if line.queue_name in WAITING or line.queue_name == HOLD:
            yield Message(
                queue_name=intern(line.queue_name),
                queue_id=line.queue_id,
                arrival_time=line.arrival_time,
                sender=intern(line.sender),
                domains=tuple(sorted({intern(domain_of(each.address)) for each in line.recipients})),
            )


def envelopes(output: bytes, asked: Sequence[str]) -> dict[str, Envelope]:
    """Return what `postcat -eq` tells of each id, up to the first that was gone.

    ValueError where other messages are told of than were asked for, in another order: a program of this host can write
    line ends into its own envelope (the name behind `sendmail -F`), and so what looks like another message's. Asked for
    alone, it can only lie about itself, and `_envelope` believes no login behind such a name.
    """
    found: dict[str, Envelope] = {}
    blocks = list(_blocks(output.decode(errors="replace").split("\n")))
    ids = [queue_id for queue_id, _ in blocks]
    if ids != list(asked[: len(ids)]):
        raise ValueError(f"postcat tells of {', '.join(ids)[:200]} in place of {', '.join(asked)[:200]}")
    for queue_id, lines in blocks:
        found[queue_id] = _envelope(lines)
    return found


def envelope(output: bytes, asked: str) -> Envelope | None:
    """Return what `postcat -eq` tells of one message, or None where it was gone; all but its first lines is ignored."""
    first = next(_blocks(output.decode(errors="replace").split("\n")), None)
    return _envelope(first[1]) if first and first[0] == asked else None


def _blocks(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    queue_id, block = "", list[str]()
    for line in lines:
        begins = _BLOCK.fullmatch(line)
        if begins:
            if queue_id:
                yield queue_id, block
            queue_id, block = begins[1], []
        else:
            block.append(line)
    if queue_id:
        yield queue_id, block


def _envelope(lines: Sequence[str]) -> Envelope:
    """Read a block in the order in which smtpd(8) writes it: its own mark, the login, the sender, the client.

    What a program of this host handed to sendmail(1) bears the program's full name before its sender, and no mark.
    """
    login, marked, clients = "", False, dict[str, str]()
    sender_seen = False
    for line in lines:
        if line.startswith(("sender_fullname:", _END)) and not sender_seen:
            return Envelope()
        if line.startswith("sender:"):
            if not marked:
                return Envelope()
            sender_seen = True
        elif line.startswith(("original_recipient:", "recipient:", _END)):
            break
        elif line.startswith(_ATTRIBUTE):
            name, _, value = line.removeprefix(_ATTRIBUTE).partition("=")
            marked = marked or name == "log_ident"
            if name == "sasl_username" and not sender_seen:
                login = login or value
            elif name in _CLIENTS and sender_seen:
                clients.setdefault(name, value)
    client_ip = next((clients[name] for name in _CLIENTS if name in clients), "")
    return Envelope(canonical_mailbox(login), _ip(client_ip))


def _ip(text: str) -> str:
    try:
        return canonical_ip(text.removeprefix("IPv6:"))
    except ValueError:
        return ""


class Networks:
    """The names of the customers' networks; of several that hold an address, the smallest counts."""

    def __init__(self, networks: Mapping[str, str]) -> None:
        known: list[tuple[IPv4Network | IPv6Network, str]] = [
            (ip_network(network), name or network) for network, name in networks.items()
        ]
        self._known = sorted(known, key=lambda item: -item[0].prefixlen)

    def owner(self, found: Envelope, sender: str) -> str:
        """Return whose a message is, as events name senders, or "" for nobody of ours."""
        if found.login:
            return found.login
        local = "" if sender == _NOBODY else canonical_mailbox(sender)
        if not found.client_ip:
            return local
        address = ip_address(found.client_ip)
        network = next((name for network, name in self._known if address in network), "")
        return network or (local if address.is_loopback else "")
