"""Syslog of other hosts, by UDP, TCP and TLS: RFC 3164, 5424, 6587, 5425.

One thread reads all sockets, another appends to the spool. While there is no room in the spool nobody is read: what
comes by TCP waits at its sender, what comes by UDP is dropped by the kernel once its buffer is full, and counted.
"""

import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import cast

from collectors.inputs import Outlet
from collectors.inputs._gathered import Gathered
from collectors.inputs._refused import words_of
from collectors.inputs._syslog_datagrams import Datagrams
from collectors.inputs._syslog_desk import Desk
from collectors.inputs._syslog_streams import WAITING, Streams
from schemas import tls
from schemas.inputs.syslog import SyslogInput, address_of
from schemas.tls import Certificates, Warn

LOG = logging.getLogger("relaywarden.collect")
_LOOK_SECONDS = 0.2
_SWEEP_SECONDS = 1.0
_END_SECONDS = 1.0  # so long who sends on and on is read at the end,
_END_MOST_SECONDS = 5.0  # and so long what the kernel had taken before, if the machine is that slow
_ROOM_SECONDS = 0.02
_RECEIVE_BYTES = 256 * 1024  # of a connection: what the kernel took and nobody read is lost with this process


def run(settings: SyslogInput, outlet: Outlet, stop: threading.Event) -> None:
    """Take messages until `stop`. ValueError where a place cannot be listened at, or a certificate is no use."""
    place = f"input.{outlet.name}"
    if outlet.lines is None:
        raise ValueError(f"{place}: no log takes its lines")
    with ready(settings, place, LOG.warning) as (sockets, certificates), ThreadPoolExecutor(1, place) as pool:
        for way in sockets:
            LOG.info("%s listens at %s by %s", place, getattr(settings, way), way)
        gathered = Gathered(outlet.name, outlet.lines, outlet.losses, stop)
        reader = _Reader(settings, Desk(settings, gathered, outlet.losses), sockets, certificates)
        reading = pool.submit(reader.run, stop)
        reading.add_done_callback(lambda _: gathered.close())
        try:
            gathered.run()
        finally:
            stop.set()
        reading.result()


class _Reader:
    """The thread that reads all sockets."""

    def __init__(
        self, settings: SyslogInput, desk: Desk, sockets: dict[str, socket.socket], certificates: Certificates | None
    ) -> None:
        self._selector = selectors.DefaultSelector()
        self._desk = desk
        self._streams = Streams(self._selector, desk, settings.connections)
        self._sweeps: list[Callable[[], None]] = [self._streams.sweep]
        self._datagrams: list[Datagrams] = []
        for way, bound in sockets.items():
            if way == "udp":
                datagrams = Datagrams(f"udp {settings.udp}", bound, desk)
                self._selector.register(bound, selectors.EVENT_READ, datagrams.ready)
                self._datagrams.append(datagrams)
                self._sweeps.append(datagrams.sweep)
            else:
                self._streams.listen(bound, certificates if way == "tls" else None)

    def run(self, stop: threading.Event) -> None:
        """Read until `stop`, and then what is there already."""
        with self._selector:
            sweep_at = 0.0
            while not stop.is_set():
                self._read(_LOOK_SECONDS)
                if time.monotonic() >= sweep_at:
                    self._sweep()
                    sweep_at = time.monotonic() + _SWEEP_SECONDS
            self._end()
            self._sweep()
            self._streams.close()

    def _end(self) -> None:
        """Read what is there, until nothing comes any more; who sends without an end does not hold it up."""
        began = time.monotonic()
        self._streams.end()
        for datagrams in self._datagrams:
            datagrams.end()
        while (passed := time.monotonic() - began) < _END_MOST_SECONDS:
            if passed >= _END_SECONDS:
                self._close_endless()
            if self._desk.full:  # who writes it down makes room, or tells what is lost
                time.sleep(_ROOM_SECONDS)
            elif not self._read(_LOOK_SECONDS):
                return

    def _close_endless(self) -> None:
        self._streams.close_endless()
        for datagrams in tuple(self._datagrams):
            if datagrams.left <= 0:
                self._datagrams.remove(datagrams)
                self._selector.unregister(datagrams.socket)

    def _read(self, seconds: float) -> bool:
        """Read where there is something, waiting for it so long; tell whether there was."""
        ready = self._selector.select(seconds)
        for key, _ in ready:
            if key.fileobj in self._selector.get_map():  # no listening socket that pauses since one before
                cast("Callable[[], None]", key.data)()
        return bool(ready)

    def _sweep(self) -> None:
        for sweep in self._sweeps:
            sweep()


@contextmanager
def ready(
    settings: SyslogInput, place: str, warn: Warn
) -> Iterator[tuple[dict[str, socket.socket], Certificates | None]]:
    """Give a bound socket for each way that is configured, and the certificates; the sockets are closed in the end."""
    certificates = tls.server(place, settings.certificate, settings.key, warn, settings.ca)
    bound: dict[str, socket.socket] = {}
    try:
        for way, where in (("udp", settings.udp), ("tcp", settings.tcp), ("tls", settings.tls)):
            if where:
                try:
                    bound[way] = _bound(way, *address_of(where))
                except OSError as error:
                    raise ValueError(f"{place}.{way}: {where!r}: {words_of(error)}") from error
        yield bound, certificates
    finally:
        for each in bound.values():
            each.close()


def _bound(way: str, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM if way == "udp" else socket.SOCK_STREAM)
    try:
        bound.setblocking(False)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != "::")
        if way != "udp":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        bound.bind((host, port))
        if way != "udp":
            bound.listen(WAITING)
    except OSError:
        bound.close()
        raise
    return bound
