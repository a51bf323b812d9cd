"""A small authoritative DNS server on loopback for DNSBL zones (RFC 5782): the demo's block lists.

UDP only: its answers are short. What it does not serve it refuses, as a real server does.
"""

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address
from types import TracebackType
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.reversename
import dns.rrset

_TTL_SECONDS = 5
_ALWAYS = ("127.0.0.2", "::ffff:7f00:2")
_OCTETS, _NIBBLES = 4, 32
_UDP_BYTES = 4096


class Zones:
    """Zones served by a thread, as a context manager; whom they list may be changed while they answer.

    The RFC 5782 test points 127.0.0.2 and ::FFFF:7F00:2 are always listed. `relays` maps IPs to the names of the hosts
    that they are: PTR, address and SPF are served for them, too; so are the `records` of other names (type to
    text), in the zones `others`.
    """

    def __init__(  # noqa: PLR0913 as many as it serves
        self,
        zones: Sequence[str],
        port: int = 0,
        host: str = "127.0.0.1",
        *,
        relays: Mapping[str, str] | None = None,
        records: Mapping[str, Mapping[str, str]] | None = None,
        others: Sequence[str] = (),
    ) -> None:
        lists = [dns.name.from_text(zone) for zone in zones]
        self._hosts: dict[dns.name.Name, Mapping[str, str]] = dict(_host_records(relays or {}))
        above = {name.parent() for name in self._hosts}
        self._hosts |= {dns.name.from_text(name): each for name, each in (records or {}).items()}
        plain = map(dns.name.from_text, others)
        self._zones = tuple(sorted({*lists, *above, *plain}, key=len, reverse=True))
        self._lists = tuple(lists)
        self._listed = {(zone, ip_address(ip)): ("127.0.0.2", "test point") for zone in lists for ip in _ALWAYS}
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self.port: int = self._socket.getsockname()[1]
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="dnsbl-zones", daemon=True)

    def list_ip(self, ip: str, reason: str, zone: str = "", code: str = "127.0.0.2") -> None:
        """List an IP in a zone ("": in all), with the return code and the reason of the TXT record."""
        with self._lock:
            for each in self._meant(zone):
                self._listed[each, ip_address(ip)] = (code, reason)

    def delist_ip(self, ip: str, zone: str = "") -> None:
        """Take an IP off a zone ("": off all); one that is not listed stays so."""
        with self._lock:
            for each in self._meant(zone):
                self._listed.pop((each, ip_address(ip)), None)

    def _meant(self, zone: str) -> Iterator[dns.name.Name]:
        if not zone:
            yield from self._lists
        elif dns.name.from_text(zone) in self._lists:
            yield dns.name.from_text(zone)
        else:
            raise ValueError(f"no zone {zone!r}; there are {', '.join(map(str, self._lists))}")

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                wire, sender = self._socket.recvfrom(_UDP_BYTES)
            except OSError:
                continue  # ICMP told of an asker that is gone, or the socket is being closed
            reply = self.answer(wire)
            if reply:
                with suppress(OSError):
                    self._socket.sendto(reply, sender)

    def answer(self, wire: bytes) -> bytes:
        """Return the wire form of the answer to a query, b"" for what is none."""
        try:
            query = dns.message.from_wire(wire)
        except (dns.exception.DNSException, ValueError):
            return b""
        if query.flags & dns.flags.QR or len(query.question) != 1:
            return b""
        reply = dns.message.make_response(query)
        asked = query.question[0]
        zone = next((zone for zone in self._zones if asked.name.is_subdomain(zone)), None)
        if zone is None or query.opcode() != dns.opcode.QUERY or asked.rdclass != dns.rdataclass.IN:
            reply.set_rcode(dns.rcode.REFUSED)
            return reply.to_wire()
        reply.flags |= dns.flags.AA
        self._fill(reply, zone, asked.name, asked.rdtype)
        return reply.to_wire()

    def _fill(
        self, reply: dns.message.Message, zone: dns.name.Name, name: dns.name.Name, kind: dns.rdatatype.RdataType
    ) -> None:
        records = self._records(zone, name)
        found = [
            dns.rrset.from_text(name, _TTL_SECONDS, "IN", each, text)
            for each, text in records.items()
            if kind in (dns.rdatatype.from_text(each), dns.rdatatype.ANY)
        ]
        reply.answer.extend(found)
        if not found:
            reply.authority.append(dns.rrset.from_text(zone, _TTL_SECONDS, "IN", "SOA", _soa(zone)))
        if not records:
            reply.set_rcode(dns.rcode.NXDOMAIN)

    def _records(self, zone: dns.name.Name, name: dns.name.Name) -> Mapping[str, str]:
        if name == zone:
            return {"SOA": _soa(zone), "NS": f"ns.{zone}", **self._hosts.get(name, {})}
        if name in self._hosts:
            return self._hosts[name]
        ip = _ip(name.relativize(zone))
        with self._lock:
            code, reason = self._listed.get((zone, ip_address(ip)), ("", "")) if ip else ("", "")
        return {"A": code, "TXT": _quoted(reason)} if code else {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()


def _host_records(relays: Mapping[str, str]) -> Iterator[tuple[dns.name.Name, dict[str, str]]]:
    """Yield the records of each IP's reverse name, and of the host that it is."""
    for ip, host in relays.items():
        kind = "AAAA" if ":" in ip else "A"
        yield dns.reversename.from_address(ip), {"PTR": f"{host}."}
        yield dns.name.from_text(host), {kind: ip, "TXT": '"v=spf1 a -all"'}


def _soa(zone: dns.name.Name) -> str:
    return f"ns.{zone} hostmaster.{zone} 1 3600 600 86400 {_TTL_SECONDS}"


def _quoted(text: str) -> str:
    clean = "".join(letter if letter.isprintable() else " " for letter in text).encode()[:255]
    return '"' + clean.decode(errors="ignore").replace("\\", "\\\\").replace('"', '\\"') + '"'


def _ip(name: dns.name.Name) -> str:
    """Return the IP whose octets or nibbles the labels hold in reverse order, "" where they are none."""
    labels = [label.decode("ascii", errors="replace") for label in reversed(name.labels)]
    with suppress(ValueError):
        if len(labels) == _OCTETS:
            return str(ip_address(".".join(labels)))
        if len(labels) == _NIBBLES:
            return str(ip_address(bytes.fromhex("".join(labels))))
    return ""
