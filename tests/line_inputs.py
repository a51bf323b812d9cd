"""What the tests of lines' inputs share: an outlet with a spool, and the events that are read from it."""

import resource
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from collectors.follow import Follower
from collectors.inputs import Outlet
from collectors.losses import Losses
from collectors.reading import LogReader
from collectors.spool import Spool
from schemas.events import DeadLetter, Event
from schemas.maildrop import Maildrop

ROOMY = 64 << 20
LINE = (
    "2026-11-21T14:02:04.723742+00:00 mx1 postfix/smtp[915]: E{number:010X}: to=<u{number}@example.com>,"
    " relay=mx.example.com[192.0.2.209]:25, delay=0.22, delays=0.03/0.01/0.09/0.11, dsn=2.0.0, status=sent (250 OK)"
)


def line(number: int) -> bytes:
    """Return one of many lines of Postfix: it sent a mail to uNUMBER@example.com."""
    return LINE.format(number=number).encode()


def outlet(folder: Path, kind: str, *, most_bytes: int = ROOMY, mails: Maildrop | None = None) -> Outlet:
    """Return the outlet of an input, with its spool in the folder."""
    return Outlet("t", Spool(folder / "spool", most_bytes), mails, Losses("t", kind), folder / "state.json")


def kept(to: Outlet) -> list[bytes]:
    """Return the lines that are in the spool by now."""
    assert to.lines is not None
    follower = Follower(to.lines.file, "mx1", begin="oldest", settle_seconds=0)
    found: list[bytes] = []
    while (batch := follower.read()) is not None:
        found += batch.lines
    follower.close()
    return found


def events(to: Outlet, format_name: str = "postfix") -> list[Event]:
    """Return what a log's reader makes of the spool."""
    reader = LogReader(
        "source",
        name="mx1",
        format=format_name,
        host="",
        zone="UTC",
        outbound_ips={},
        networks={},
        reference=datetime(2026, 12, 1, tzinfo=UTC),
    )
    return [event for place, each in enumerate(kept(to)) for event in reader.read(each, place)]


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """Let the disk refuse what would make a file of this process larger, as a full or broken one does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def losses(to: Outlet) -> list[DeadLetter]:
    """Return what is lost by now, as it would be told; it is told once."""
    told: list[DeadLetter] = []
    stop = threading.Event()
    stop.set()

    def publish(letters: Sequence[Event]) -> None:
        told.extend(each for each in letters if isinstance(each, DeadLetter))

    to.losses.run(publish, stop)
    return told
