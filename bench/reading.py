"""How many log lines a second become joined, encoded events, on one core: `python -m bench.reading [FILE] [DB.mmdb …]`.

Without a file, a day of the simulated hoster is written and read; with GeoIP databases each client is looked up in
them. Beside it: the lines alone (`bytes.splitlines`).
"""

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from collectors.geo import GeoDatabases
from collectors.reading import LogReader
from embedded.hoster.past import Plan, write
from schemas.codec import encode
from schemas.places import Where, nowhere
from schemas.settings import GeoIp

TRANSPORTS = {f"out{number}": f"192.0.2.{number}" for number in range(1, 5)}
START = 1_793_000_000_000_000
RUNS = 5


def history() -> bytes:
    """Return a day of the simulated hoster's mail log."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "past", Plan(1, START, 1.0, TRANSPORTS))
        return (Path(folder) / "past" / "mail.log").read_bytes()


def read(log: bytes, where: Where = nowhere) -> tuple[int, int]:
    """Read a log as the collector does, and encode its events; return lines and events."""
    reader = LogReader(
        "0123456789abcdef",
        name="bench",
        format="postfix",
        host="",
        zone="UTC",
        outbound_ips=TRANSPORTS,
        networks={},
        reference=datetime.now(UTC),  # noqa: TID251 the log's year is this one or the last
        where=where,
    )
    offset = events = 0
    for line in log.splitlines():
        for event in reader.read(line, offset):
            encode(event)
            events += 1
        offset += len(line) + 1
    return reader.counts.lines, events


def main() -> None:
    """Measure and print: the median of five runs, in CPU seconds."""
    databases = tuple(Path(name) for name in sys.argv[1:] if name.endswith(".mmdb"))
    files = [name for name in sys.argv[1:] if not name.endswith(".mmdb")]
    log = Path(files[0]).read_bytes() if files else history()
    where = GeoDatabases(GeoIp(databases=databases)) if databases else nowhere
    begun = time.process_time()
    lines = len(log.splitlines())
    bare = time.process_time() - begun
    took = []
    for _ in range(RUNS):
        begun = time.process_time()
        lines, events = read(log, where)
        took.append(time.process_time() - begun)
    median = sorted(took)[RUNS // 2]
    spread = f"{lines / max(took):,.0f}-{lines / min(took):,.0f}"
    print(f"{lines:,} lines, {events:,} events: {lines / median:,.0f} lines/s (of {RUNS} runs: {spread})")
    print(f"bytes.splitlines alone: {lines / bare:,.0f} lines/s")


if __name__ == "__main__":
    main()
