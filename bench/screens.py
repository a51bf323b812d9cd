"""What open screens cost the sink: `python -m bench.screens [EVENTS] [ROUNDS] [SCREENS …]`.

So many screens (0, 10 and 50) show four pages in turn, each refreshed as often as a browser does it, in
Streamlit's own messages; the browsers' process yields the processor to all else, as if they had one of their own.
Meanwhile one sink stores a broker's events at its full rate, then `RATE` a second as they come. Told are its rows a
second, the CPU seconds a second of the dashboard and of ClickHouse, how often a screen was drawn, and how old the
newest row is: the medians of the rounds, which take turns.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from bench.given import positive
from bench.sink import CHUNK, PARTITIONS, fill
from collectors.admin import ensure_topics
from dashboards.elements import EVERY
from embedded.broker import Broker
from embedded.clickhouse import ClickHouseServer
from schemas.access_settings import Dashboard
from schemas.settings import ClickHouse, Kafka, Settings
from tests.pages import conftest as pages
from tests.pages.serving import serving
from tests.sink.rig import Rig

PAGES = ("", "pool", "providers", "mailboxes")
RATE = 5_000
"""Events a second that come while it is told how old the newest row is: 25 from each of 200 relays."""
STEADY = 30
"""Seconds for which they come."""
_SETTLED = 5  # seconds in which the sink finds its pace


class Screen:
    """One screen: its page is drawn once, then its fragment again and again, as often as the server does."""

    def __init__(self, socket: ClientConnection, page: str) -> None:
        self._socket = socket
        self._page = page
        self._place: tuple[str, str] | None = None
        self._hash = ""
        self._asked = 0.0

    async def ask(self) -> None:
        """Ask for the page, for its fragment alone if it has told of one."""
        message = BackMsg()
        message.rerun_script.page_name = self._page
        if self._place is not None:
            message.rerun_script.fragment_id, message.rerun_script.page_script_hash = self._place
            message.rerun_script.is_auto_rerun = True
        self._asked = time.monotonic()
        await self._socket.send(message.SerializeToString())

    async def drawn(self) -> float:
        """Read all that is sent until a drawing has ended; return the seconds since it was asked for."""
        while True:
            told = ForwardMsg.FromString(bytes(await self._socket.recv(decode=False)))
            kind = told.WhichOneof("type")
            if kind == "new_session":
                self._hash = told.new_session.page_script_hash
            elif kind == "auto_rerun":
                self._place = (told.auto_rerun.fragment_id, self._hash)
            elif kind == "script_finished":
                return time.monotonic() - self._asked


async def watch(port: int, screens: int) -> None:
    """Keep so many screens open; each drawing is a line on standard output."""

    async def show(number: int) -> None:
        page = PAGES[number % len(PAGES)]
        await asyncio.sleep(EVERY * number / screens)
        async with connect(f"ws://127.0.0.1:{port}/_stcore/stream", max_size=None, proxy=None) as socket:
            screen = Screen(socket, page)
            await screen.ask()
            print(f"{await screen.drawn():.3f}", flush=True)
            asking = asyncio.create_task(again(screen))
            while not asking.done():
                print(f"{await screen.drawn():.3f}", flush=True)

    async def again(screen: Screen) -> None:
        while True:
            await asyncio.sleep(EVERY)
            await screen.ask()

    async with asyncio.TaskGroup() as group:
        for number in range(screens):
            group.create_task(show(number))


@contextmanager
def watched(port: int, screens: int, log: Path) -> Iterator[None]:
    """Have so many screens open in a process beside; wait until each was drawn once."""
    if not screens:
        log.write_bytes(b"")
        yield
        return
    with log.open("wb") as out:
        line = [sys.executable, "-m", "bench.screens", "--watch", str(port), str(screens)]
        process = subprocess.Popen(line, stdout=out)
    try:
        deadline = time.monotonic() + 300
        while log.read_bytes().count(b"\n") < screens:
            if time.monotonic() > deadline or process.poll() is not None:
                raise OSError(f"{screens} screens were not all drawn")
            time.sleep(0.2)
        yield
    finally:
        process.kill()
        process.wait()


def used(*processes: psutil.Process) -> list[float]:
    """Return the CPU seconds of each process."""
    return [sum(process.cpu_times()[:2]) for process in processes]


def rows(rig: Rig) -> int:
    """Return how many rows of mail events are stored."""
    found: int = rig.client.query("SELECT count() FROM mail_events").result_rows[0][0]
    return found


def stored(rig: Rig, wanted: int) -> float:
    """Wait until so many rows more are stored; return how many came a second since the first of them."""
    before = first = rows(rig)
    while first == before:
        time.sleep(0.05)
        first = rows(rig)
    begun, there = time.monotonic(), first
    while there < before + wanted:
        time.sleep(0.1)
        there = rows(rig)
    return (there - first) / (time.monotonic() - begun)


def ages(rig: Rig, source: str) -> list[float]:
    """Send events at `RATE` for `STEADY` seconds; return how old the newest that is stored was, ten times a second."""
    found, sent, begun = [], 0, time.monotonic()
    while (passed := time.monotonic() - begun) < STEADY:
        due = int(passed * RATE)
        for start in range(sent, due, CHUNK):
            rig.send(start // CHUNK % PARTITIONS, source, start, min(start + CHUNK, due))
        sent = due
        now = time.time()  # noqa: TID251 - the events are of now
        recent = {"since": int((now - 60) * 1e6)}
        newest = rig.client.query("SELECT max(at) FROM mail_events WHERE at > {since:Int64}", recent).result_rows[0][0]
        if passed > _SETTLED:
            found.append(now - newest / 1e6)
        time.sleep(0.1)
    return found


def main(events: int, rounds: int, screens: tuple[int, ...]) -> None:
    """Measure and print."""
    with (
        tempfile.TemporaryDirectory() as made,
        Broker(Path(made) / "broker.log") as broker,
        ClickHouseServer(Path(made) / "data") as server,
    ):
        folder = Path(made)
        hall = pages.furnish(server, folder, "screens")
        pages.fill(hall.client, hall.now)
        settings = Settings(
            kafka=Kafka(bootstrap=(broker.bootstrap,), partitions=PARTITIONS),
            clickhouse=ClickHouse(host=server.host, port=server.port, database="screens"),
        )
        ensure_topics(settings)
        rig = Rig(settings, broker, server, server.connect("screens"), folder / "sink.log")
        told: dict[int, list[tuple[float, ...]]] = defaultdict(list)
        with serving(hall, server.password, folder / "dashboard.log") as (process, port):
            both = (psutil.Process(process.pid), psutil.Process(server.pid))
            both[0].nice(Dashboard().nice)
            for turn, number in enumerate(screens * rounds):
                fill(broker, events, turn)
                with watched(port, number, folder / "drawn"):
                    told[number].append(_round(rig, events, both, folder / "drawn", f"{turn:08x}steady00"))
                print(number, *(f"{value:.2f}" for value in told[number][-1]), flush=True)
        rig.end()
    print(
        "screens: rows/s of the sink, CPU of the dashboard, of ClickHouse, drawings a second, seconds a drawing took; "
        f"at {RATE} events/s: age of the newest row in s, median and 95th of 100, seconds a drawing took"
    )
    for number, values in told.items():
        print(f"{number:4}: " + "  ".join(f"{statistics.median(each):.2f}" for each in zip(*values, strict=True)))


def _round(
    rig: Rig, events: int, both: tuple[psutil.Process, psutil.Process], log: Path, source: str
) -> tuple[float, ...]:
    """Store so many events that wait, then some as they come; return what `main` prints."""
    drawn, cpu, begun = len(log.read_text().split()), used(*both), time.monotonic()
    sink = rig.start()
    rate = stored(rig, events)
    passed = time.monotonic() - begun
    spent = [(after - before) / passed for before, after in zip(cpu, used(*both), strict=True)]
    times = [float(each) for each in log.read_text().split()[drawn:]]
    steady = len(times) + drawn
    old = sorted(ages(rig, source))
    calm = [float(each) for each in log.read_text().split()[steady:]]
    sink.kill()
    sink.wait()
    aged = (statistics.median(old), old[int(len(old) * 0.95)])
    return (rate, *spent, len(times) / passed, _middle(times), *aged, _middle(calm))


def _middle(values: list[float]) -> float:
    return statistics.median(values) if values else 0.0


def _number(text: str) -> int:
    return 0 if text == "0" else positive(text)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--watch"]:
        os.nice(19)
        asyncio.run(watch(int(sys.argv[2]), int(sys.argv[3])))
    else:
        parser = argparse.ArgumentParser(prog="python -m bench.screens", description=__doc__)
        parser.add_argument("events", nargs="?", type=positive, default=200_000, help="that wait for the sink")
        parser.add_argument("rounds", nargs="?", type=positive, default=3)
        parser.add_argument("screens", nargs="*", type=_number, help="how many are open, in turn: 0 10 50")
        given = parser.parse_args()
        main(given.events, given.rounds, tuple(given.screens) or (0, 10, 50))
