"""What tests of inputs share: an outlet into a folder of their own, and what waits there or was lost."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from collectors.follow import Follower
from collectors.inputs import Outlet, load
from collectors.losses import Losses
from collectors.reading import LogReader
from collectors.spool import Spool
from schemas.events import DeadLetter, Event
from schemas.inputs import LineInput


def outlet_in(folder: Path, kind: str, most_bytes: int = 64 << 20) -> Outlet:
    """Return an outlet of lines, `in1` by its configuration, whose spool lies in the folder."""
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    spool = Spool(folder / "spool", most_bytes)
    return Outlet("in1", spool, None, Losses("in1", kind), folder / "checkpoints" / "input-in1.json")


def kept(folder: Path) -> list[bytes]:
    """Return the lines that wait in the spool of a folder."""
    follower = Follower(folder / "spool" / "lines", "mx1", begin="oldest", settle_seconds=0)
    found: list[bytes] = []
    while (batch := follower.read()) is not None:
        found += batch.lines
    follower.close()
    return found


def lost(outlet: Outlet) -> list[str]:
    """Return the reasons of what was noted as lost since this was last asked."""
    told: list[Event] = []
    ended = threading.Event()
    ended.set()
    outlet.losses.run(told.extend, ended)
    return [event.reason for event in told if isinstance(event, DeadLetter)]


@contextmanager
def running(settings: LineInput, outlet: Outlet) -> Iterator[threading.Thread]:
    """Run an input while the block runs; what it raises, the block's end raises."""
    stop, failed = threading.Event(), []

    def work() -> None:
        try:
            load(str(getattr(settings, "kind")))(settings, outlet, stop)  # noqa: B009 each kind has one
        except (OSError, ValueError) as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()
    if failed:
        raise failed[0]


def events_of(lines: list[bytes], format_name: str, host: str = "mx1") -> list[Event]:
    """Return what a log's reader makes of lines."""
    reader = LogReader(
        "source",
        name="mx1",
        format=format_name,
        host=host,
        zone="UTC",
        outbound_ips={},
        networks={},
        reference=datetime(2026, 11, 29, tzinfo=UTC),
    )
    events: list[Event] = []
    offset = 0
    for line in lines:
        events += reader.read(line, offset)
        offset += len(line) + 1
    return events
