"""Questions on their way to the name servers, and the replies that fit them: UDP, TCP where a reply was cut off.

Who forges a reply must guess the id, the port, the letters' case and the whole question. Each question is sent again
with a new id from another port, each time after twice the wait, to the next name server if there are several.
"""

import asyncio
import os
from collections import deque
from collections.abc import Iterable

from collectors import dnswire
from collectors.dnswire import HEAD, Kind, Said
from collectors.lanes import Errand, Flight, Lane, Way
from collectors.ports import OPEN, QUESTIONS, Port, Server
from collectors.tcp import by_tcp

AT_ONCE = 128
"""Questions that may wait for their first reply at the same time: more would overflow a socket's buffer."""

_PER_LANE = 16
_TICK_SECONDS = 0.02
_UDP_BYTES = 4096
_DRAINED = 256
_ENDINGS = {kind: dnswire.ending(kind) for kind in (dnswire.A, dnswire.TXT)}
_ENTROPY = 1 << 16


class Counts:
    """What went over the wire: questions, those sent again or by TCP, and what came that fitted none."""

    def __init__(self) -> None:
        self.sent = self.again = self.tcp = self.unfit = 0


class Exchange:
    """Sends the questions of all lanes in turn and tells each reply to who asked; for one event loop, till `close`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._servers: dict[tuple[str, int], Server[Flight]] = {}
        self._ready: deque[Lane] = deque()
        self._fresh = self._under_way = 0
        self._stuck: list[Flight] = []
        self._entropy, self._drawn = b"", 0
        self._ticking: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self.counts = Counts()

    def lane(self, way: Way) -> Lane:
        """Return a new lane."""
        return Lane(way, tuple(map(self._server, way.servers)))

    def _server(self, place: tuple[str, int]) -> Server[Flight]:
        if place not in self._servers:
            self._servers[place] = Server(place, self._loop, self._drain)
        return self._servers[place]

    def ask(self, lane: Lane, errands: Iterable[Errand]) -> None:
        """Ask these questions in turn with those of the other lanes; each errand's `done` is called once, later."""
        lane.queue.extend(errands)
        self._make_ready(lane)
        self._loop.call_soon(self._pump)

    async def reply(self, lane: Lane, labels: bytes, kind: Kind) -> Said:
        """Ask one question and return what is said."""
        told: asyncio.Future[Said] = self._loop.create_future()

        def done(_: str, said: Said) -> None:
            if not told.done():
                told.set_result(said)

        self.ask(lane, (Errand(labels, kind, "", done),))
        return await told

    async def close(self) -> None:
        """Close every socket; what is under way or waits is never told."""
        self._closed = True
        if self._ticking is not None:
            self._ticking.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for server in self._servers.values():
            server.close()

    def _make_ready(self, lane: Lane) -> None:
        if not lane.ready and lane.queue and lane.under_way < _PER_LANE:
            lane.ready = True
            self._ready.append(lane)

    def _resume(self, lane: Lane) -> None:
        lane.ready = False
        self._make_ready(lane)
        self._pump()

    def _pump(self) -> None:
        """Send what may be sent: lane by lane one question, while not too many are under way."""
        ready, now = self._ready, self._loop.time()
        while ready and self._fresh < AT_ONCE and not self._closed:
            lane = ready[0]
            if lane.under_way >= _PER_LANE or not lane.queue:
                ready.popleft()
                lane.ready = False
            elif lane.bucket is not None and (pause := lane.bucket.take(now)):
                ready.popleft()  # still marked as ready: it comes back by itself
                self._loop.call_later(pause, self._resume, lane)
            else:
                ready.rotate(-1)
                lane.under_way += 1
                self._fresh += 1
                self._under_way += 1
                self.counts.sent += 1
                self._send(Flight(lane, lane.queue.popleft(), lane.servers[0], now), now)
        if self._ticking is None and self._under_way and not self._closed:
            self._ticking = self._loop.call_later(_TICK_SECONDS, self._tick)

    def _draw(self, size: int) -> bytes:
        """Return bytes that nobody can guess."""
        start, self._drawn = self._drawn, self._drawn + size
        if self._drawn > len(self._entropy):
            self._entropy = os.urandom(_ENTROPY)
            start, self._drawn = 0, size
        return self._entropy[start : self._drawn]

    def _send(self, flight: Flight, now: float) -> None:
        """Send a question by UDP, with an id of its own, from one of the ports to the name server whose turn it is."""
        lane, errand = flight.lane, flight.errand
        server = flight.server = lane.servers[flight.tries % len(lane.servers)]
        flight.due = now + lane.waits[flight.tries]
        flight.tries += 1
        draw = self._draw(lane.draws)
        place = draw[2] % OPEN
        try:
            port = server.ports[place]
            if port is None or port.used >= QUESTIONS:
                port = server.renewed(place)
        except OSError as error:
            flight.trouble = error.strerror or str(error)
            self._stuck.append(flight)
            return
        ident = draw[:2]
        while ident in port.pending:
            ident = self._draw(2)
        port.used += 1
        flight.ident, flight.port = ident, port
        flight.asked = asked = errand.labels + lane.mixed(draw[3:]) + _ENDINGS[errand.kind]
        port.pending[ident] = flight
        try:
            port.send(ident + HEAD + asked)
        except OSError as error:  # nobody listens there, no way there, the buffer is full: the next try may do better
            flight.trouble = error.strerror or str(error)

    def _drain(self, port: Port[Flight]) -> None:
        """Read what came to a port, till there is nothing more or nobody waits any more."""
        pending, counts = port.pending, self.counts
        for _ in range(_DRAINED):
            try:
                wire = port.recv(_UDP_BYTES)
            except BlockingIOError:
                break
            except OSError as error:
                for waiting in pending.values():
                    waiting.trouble = error.strerror or str(error)
                break
            flight = pending.get(wire[:2])
            if flight is not None and dnswire.fits(wire, flight.asked):
                self._fitted(flight, wire)
                if not pending:
                    break
            elif flight is not None and dnswire.fits_but_for_case(wire, flight.asked):
                self._by_tcp(flight, "it changes the case of the question")
            else:
                counts.unfit += 1
        self._pump()

    def _fitted(self, flight: Flight, wire: bytes) -> None:
        """Take a reply: by TCP if it was cut off, from the next name server if this one fails."""
        try:
            said = dnswire.said(wire, flight.asked, flight.errand.kind)
        except ValueError as error:
            said = Said(failure=f"no answer: {error}", fault="refused")
        if said is dnswire.CUT_OFF:
            self._by_tcp(flight, said.failure)
        elif said.fault:
            self._failed(flight, said)
        else:
            self._finish(flight, said)

    def _failed(self, flight: Flight, said: Said) -> None:
        flight.failures = tuple(sorted({*flight.failures, said.failure}))
        if flight.tries < len(flight.lane.servers):
            flight.unbind()
            self._again(flight, self._loop.time())
        else:
            self._finish(flight, Said(failure="; ".join(flight.failures), fault=said.fault))

    def _again(self, flight: Flight, now: float) -> None:
        self.counts.again += 1
        if flight.lane.bucket is not None:
            flight.lane.bucket.spend(now)
        self._send(flight, now)

    def _finish(self, flight: Flight, said: Said) -> None:
        flight.unbind()
        self._under_way -= 1
        if flight.fresh:
            self._fresh -= 1
        lane, errand = flight.lane, flight.errand
        lane.under_way -= 1
        if not lane.ready and lane.queue:
            self._make_ready(lane)
        lane.pace.ended(said, self._loop.time() - flight.begun)
        errand.done(errand.key, said)

    def _unfresh(self, flight: Flight) -> None:
        if flight.fresh:
            flight.fresh = False
            self._fresh -= 1

    def _by_tcp(self, flight: Flight, why: str) -> None:
        """Ask again by TCP, which nobody forges from afar and nothing cuts off."""
        flight.unbind()
        self._unfresh(flight)
        self.counts.tcp += 1
        task = self._loop.create_task(self._told_by_tcp(flight, why))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _told_by_tcp(self, flight: Flight, why: str) -> None:
        try:
            asking = by_tcp(flight.server.place, flight.asked, flight.errand.kind)
            said = await asyncio.wait_for(asking, flight.lane.patience)
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            told = "no answer in time" if isinstance(error, TimeoutError) else getattr(error, "strerror", None) or error
            said = Said(failure=f"no answer: {why}, and by TCP: {told}", fault="silent")
        if said.fault:
            self._failed(flight, said)
        else:
            self._finish(flight, said)
        self._pump()

    def _tick(self) -> None:
        """Send again what waited too long, give up what waited long enough; with nothing under way, close the ports."""
        self._ticking, now = None, self._loop.time()
        stuck, self._stuck = self._stuck, []
        waiting = [each for server in self._servers.values() for each in server.pending()]
        for flight in (*stuck, *waiting):
            if flight.due > now:
                if flight.port is None:
                    self._stuck.append(flight)
                continue
            flight.unbind()
            self._unfresh(flight)
            if flight.tries < len(flight.lane.waits):
                self._again(flight, now)
            else:
                heard = (*flight.failures, *([flight.trouble] if flight.trouble else []))
                told = f" ({'; '.join(heard)})" if heard else ""
                self._finish(flight, Said(failure=f"no answer in {flight.lane.patience:g} s{told}", fault="silent"))
        self._pump()
        if not self._under_way:
            for server in self._servers.values():
                server.close()
