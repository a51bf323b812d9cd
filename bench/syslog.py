"""How many lines a second the syslog input takes in, on one core: `python -m bench.syslog [LINES]`.

A sender of its own process writes as fast as it can, datagrams also so many a second; counted are the lines on disk and
the CPU seconds of the whole input: sockets, frames, lines, spool. What is missing by UDP the kernel dropped.
"""

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from collectors.inputs import Outlet, syslog
from collectors.losses import Losses
from collectors.spool import Spool
from embedded.broker import free_port
from schemas.inputs.syslog import SyslogInput

LINES = 300_000
SENDER = """
import socket, sys, time
way, port, count, pace = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
text = (b"<22>2026-11-21T14:02:%02d.723742+00:00 mx1 postfix/out2/smtp[915]: E2AE29B5D11: to=<buyer48828@gmail.com>, "
        b"relay=gmail-smtp-in.l.google.com[192.0.2.209]:25, delay=0.22, delays=0.03/0.01/0.09/0.11, dsn=2.0.0, "
        b"status=sent (250 2.0.0 OK queued as 1fc1ba5e35)")
lines = [text % (number % 60) for number in range(600)]
if way == "udp":
    client = socket.socket(type=socket.SOCK_DGRAM)
    client.connect(("127.0.0.1", port))
    begun = time.monotonic()
    for number in range(count):
        client.send(lines[number % 600])
        if pace and number % 100 == 0:
            time.sleep(max(0.0, begun + number / pace - time.monotonic()))
else:
    framed = b"".join(b"%d %b" % (len(line), line) if way == "counted" else line + b"\\n" for line in lines)
    with socket.create_connection(("127.0.0.1", port)) as client:
        for _ in range(count // 600):
            client.sendall(framed)
"""


def measured(way: str, count: int, pace: int = 0) -> str:
    """Send so many lines by a way, so many a second; return what became of them."""
    port, stop = free_port(), threading.Event()
    settings = SyslogInput.model_validate({"kind": "syslog", "udp" if way == "udp" else "tcp": f"127.0.0.1:{port}"})
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder) / "spool", 1 << 30)
        outlet = Outlet("bench", spool, None, Losses("bench", "syslog"), Path(folder) / "state.json")
        thread = threading.Thread(target=syslog.run, args=(settings, outlet, stop))
        begun, begun_cpu = time.monotonic(), time.process_time()
        thread.start()
        time.sleep(0.3)  # it listens; whoever comes earlier is refused
        subprocess.run([sys.executable, "-c", SENDER, way, str(port), str(count), str(pace)], check=True)
        stop.set()
        thread.join()
        cpu, took = time.process_time() - begun_cpu, time.monotonic() - begun - 0.3
        kept = sum(file.read_bytes().count(b"\n") for file in spool.file.parent.glob("lines*"))
        spool.close()
    paced = f" ({pace:,} sent a second)" if pace else ""
    return (
        f"{way}{paced}: {kept:,} of {count:,} lines kept, {kept / cpu:,.0f} a CPU second, {kept / took:,.0f} a second"
    )


def main(count: int = LINES) -> None:
    """Measure and print: lines ended by a line feed, counted ones, datagrams."""
    for way in ("line feed", "counted", "udp"):
        print(measured(way, count - count % 600))
    for pace in (20_000, 40_000, 60_000):
        print(measured("udp", count - count % 600, pace))


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2]))
