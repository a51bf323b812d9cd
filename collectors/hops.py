"""What the `Received` lines of a reported mail tell: which of them our relay wrote, and from which IP the mail came.

Our relay's own word is what it wrote into the mail's header before the mail left: the `Received` directly behind the
provider's hop that names our IP, and the fields put between the two. A content filter of ours puts hops over loopback
between; they are followed. Whatever lies below may be forged.
"""

import re
from email.message import Message
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from collectors import headers
from collectors.addresses import ip_or_empty, is_loopback

AUTHENTICATED = re.compile(r"\(Authenticated sender: ([^()\s]{1,320})\)")
_QUEUE_ID = re.compile(r"\bid ([0-9A-Za-z]{5,24})\b")
_ADDRESS = re.compile(r"[\[( ](?:IPv6:)?([0-9A-Fa-f:.]{3,45})(?=[\]) ])")
_PRIVATE = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::/127",
        "fc00::/7",
        "fe80::/10",
    )
)


class OurPart(NamedTuple):
    """The `Received` lines that our relay wrote, topmost first, the fields above the last, and when they took it over.

    `taken_over` is the time of the provider's hop, 0 where it tells none.
    """

    lines: tuple[str, ...]
    above: Message
    taken_over: int = 0

    @property
    def queue(self) -> tuple[str, str]:
        """Return the host and the queue id of the delivery: of the topmost line that names one; else both "".

        What a content filter hands back is delivered under a queue id of its own.
        """
        return next((told for line in self.lines if (told := _queue(line))[1]), ("", ""))


def our_part(original: Message, source: str) -> OurPart:
    """Return what our relay wrote into a mail that came from our IP `source`.

    Ours begins directly behind the topmost hop from that IP, and ends with the first line that tells a login or is not
    from loopback: what stands below, a stranger may have written (below a hop over loopback, who may submit there
    without a login). All is empty where that cannot be told: no hop names our IP, or a login is told there or above.
    """
    ours: list[str] = []
    above, since = headers.empty(), headers.empty()
    hop = ""
    for name, value in original.items():
        line = " ".join(headers.text(value).split())
        if name.lower() != "received":
            if hop:
                since[name] = line
        elif hop:
            ours.append(line)
            for field, told in since.items():
                above[field] = told
            since = headers.empty()
            if AUTHENTICATED.search(line) or not _is_loopback(line):  # a webmail logs in over loopback
                break
        elif AUTHENTICATED.search(line):
            break
        elif source and source in _addresses_of(line):
            hop = line
    return OurPart(tuple(ours), above, headers.time(hop.rpartition(";")[2]))


def handed_over(original: Message) -> tuple[str, int]:
    """Return from which IP the provider took the mail, and when: told by its topmost `Received`, or above that.

    Both are empty where that line is not the provider's: it names a login, so it is one of ours.
    """
    told = ""
    for name, value in original.items():
        line = " ".join(headers.text(value).split())
        if name.lower() == "x-originating-ip":
            told = told or ip_or_empty(line.strip("[]"))
        elif name.lower() == "received":
            hop = [] if AUTHENTICATED.search(line) else _addresses_of(line)
            ip = next((ip for ip in (told, *reversed(hop)) if ip and not _is_private(ip)), "")
            return ip, headers.time(line.rpartition(";")[2]) if ip else 0
    return "", 0


def _queue(received: str) -> tuple[str, str]:
    """Return who wrote a line, and under which queue id; what follows `for`, a stranger's recipient, is left out."""
    before, by, after = f" {received}".partition(" by ")
    words = (after if by else before).partition(" for ")[0]
    found = _QUEUE_ID.search(words)
    return (words.split()[0].lower()[:253] if by and words.split() else ""), found[1] if found else ""


def _is_private(ip: str) -> bool:
    found = ip_address(ip)
    return any(found in network for network in _PRIVATE)


def _is_loopback(received: str) -> bool:
    addresses = _addresses_of(received)
    return bool(addresses) and all(map(is_loopback, addresses))


def _addresses_of(received: str) -> list[str]:
    """Return the addresses that a `Received` tells of who sent the mail; the connection's own is the last."""
    found = (ip_or_empty(text) for text in _ADDRESS.findall(received.partition(" by ")[0]))
    return [ip for ip in found if ip]
