"""A name server on loopback that does as a test tells it: forges, drops, cuts off, repeats, rewrites."""

import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Answer = Callable[[dns.message.Message, int], Iterable[bytes]]


def reply(
    query: dns.message.Message,
    *,
    addresses: Sequence[str] = (),
    texts: Sequence[str] = (),
    rcode: str = "NOERROR",
    soa: tuple[int, int] | None = None,
) -> bytes:
    """Return a reply to a query: its addresses or texts, or its rcode; `soa` is the TTL and the minimum of a SOA."""
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.RA
    answer.set_rcode(dns.rcode.from_text(rcode))
    name = query.question[0].name
    if addresses:
        answer.answer.append(dns.rrset.from_text(name, 60, "IN", "A", *addresses))
    if texts:
        answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *texts))
    if soa:
        ttl, minimum = soa
        text = f"ns.example.net. hostmaster.example.net. 1 3600 600 86400 {minimum}"
        answer.authority.append(dns.rrset.from_text("example.net.", ttl, "IN", "SOA", text))
    return answer.to_wire()


def cut_off(wire: bytes) -> bytes:
    """Return a reply with the flag that says that there was no room for all."""
    return wire[:2] + bytes((wire[2] | 0x02,)) + wire[3:]


def is_test(query: dns.message.Message) -> bool:
    """Tell whether a query is about the test point that every list must name."""
    return query.question[0].name.to_text().startswith("2.0.0.127.")


def honest(query: dns.message.Message, soa: tuple[int, int] | None = None) -> bytes:
    """Return what a list says that names nothing but its test point."""
    return reply(query, addresses=["127.0.0.2"]) if is_test(query) else reply(query, rcode="NXDOMAIN", soa=soa)


class Liar:
    """The server as a context manager: `udp` is given each query and the how-manieth it is, `tcp` what came by TCP.

    `queries` holds all that came by UDP, with the port of who asked. Without `tcp` nothing listens there.
    """

    def __init__(self, udp: Answer, tcp: Answer | None = None, host: str = "127.0.0.1") -> None:
        self._udp, self._tcp = udp, tcp
        self._host, self._family = host, socket.AF_INET6 if ":" in host else socket.AF_INET
        self.queries: list[tuple[dns.message.Message, int]] = []
        self.connections = 0
        self._socket, self._stream = self._sockets()
        self.port: int = self._socket.getsockname()[1]
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._serve)]
        if self._stream is not None:
            self._threads.append(threading.Thread(target=self._serve_tcp, args=(self._stream,)))

    def _sockets(self) -> tuple[socket.socket, socket.socket | None]:
        while True:
            datagrams = socket.socket(self._family, socket.SOCK_DGRAM)
            datagrams.bind((self._host, 0))
            if self._tcp is None:
                return datagrams, None
            stream = socket.socket(self._family, socket.SOCK_STREAM)
            try:
                stream.bind(datagrams.getsockname())
            except OSError:  # another has that port for TCP
                datagrams.close()
                stream.close()
                continue
            stream.listen()
            return datagrams, stream

    def send(self, wire: bytes, port: int) -> None:
        """Send a datagram to a port of who asked."""
        self._socket.sendto(wire, (self._host, port))

    def _serve(self) -> None:
        while not self._end.is_set():
            wire, asker = self._socket.recvfrom(4096)
            if not wire:
                continue
            query = dns.message.from_wire(wire)
            self.queries.append((query, asker[1]))
            for answer in self._udp(query, len(self.queries)):
                with suppress(OSError):
                    self._socket.sendto(answer, asker)

    def _serve_tcp(self, stream: socket.socket) -> None:
        while not self._end.is_set():
            connection, _ = stream.accept()
            with connection, suppress(OSError), connection.makefile("rb") as file:
                wire = file.read(int.from_bytes(file.read(2)))
                if not wire or self._tcp is None:
                    continue
                self.connections += 1
                for answer in self._tcp(dns.message.from_wire(wire), self.connections):
                    connection.sendall(len(answer).to_bytes(2) + answer)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        with socket.socket(self._family, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", (self._host, self.port))
        if self._stream is not None:
            socket.create_connection((self._host, self.port)).close()
        for thread in self._threads:
            thread.join()
        self._socket.close()
        if self._stream is not None:
            self._stream.close()
