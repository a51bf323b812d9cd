"""`relaywarden up` as a process of a test: its children, its messages, what it stored, and an MTA that asks it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
from kafka import KafkaProducer

from embedded.broker import free_port
from embedded.clickhouse import ClickHouseServer
from embedded.hoster.live import ask_socketmap
from embedded.zones import Zones
from schemas.settings import Settings, load
from streams.warehouse_client import connect
from tests.whole.lab import ROOT, TRANSPORTS, Lab, until

LISTED, LISTED_TRANSPORT = "192.0.2.12", "out2"
COMMAND = (sys.executable, "-m", "relaywarden")


class Up(Lab):
    """A hoster with a log, a pool of four and a block list, and `relaywarden up` on a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.zones = Zones(("trapnet.example",))
        self.socketmap = ("127.0.0.1", free_port())
        self.mail_log = folder / "mail.log"
        self.data = folder / "var"
        self.metrics = {name: free_port() for name in ("collect", "stream", "hooks", "sink", "dashboard")}
        hook = {"port": self.socketmap[1], "state": str(folder / "state" / "socketmap.json")}
        main = {
            "transports": TRANSPORTS,
            "min_active": 2,
            "verify_seconds": 600.0,
            "hooks": {"postfix_socketmap": hook},
        }
        trapnet = {"zone": "trapnet.example", "weight": 1.0, "codes": {"127.0.0.2": "spamtrap hit"}}
        config = {
            "kafka": {"partitions": 3, "session_timeout_seconds": 6.0},
            "mta": {"mx1": {"format": "postfix", "log": str(self.mail_log), "host": "mx1"}},
            "dnsbl": {
                "own": {"trapnet": trapnet},
                "port": self.zones.port,
                "interval_seconds": 2.0,
                "timeout_seconds": 1.0,
            },
            "pool": {"main": main},
            "metrics": {**self.metrics, "desk": 0},
            "embedded": {"data": str(self.data), "broker_memory_mb": 64},
        }
        super().__init__(folder, config)
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Serve the block list; `begin` starts the rest."""
        self.zones.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            left = self.children()
            self.process.kill()
            self.process.wait()
            for process in psutil.wait_procs(left, timeout=15)[1]:
                process.kill()
        self.zones.__exit__(kind, error, trace)

    def begin(self) -> float:
        """Start `relaywarden up` and return how many seconds its URL took."""
        began = time.monotonic()
        said = self.folder / "up.out"
        with said.open("ab") as out:
            self.process = subprocess.Popen(
                [*COMMAND, "up", "--config", str(self.config)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        before = said.stat().st_size
        process = self.process
        until(
            lambda: process.poll() is not None or "operator commands take" in said.read_text()[before:], 120, "a start"
        )
        assert process.poll() is None, said.read_text()
        return time.monotonic() - began

    @property
    def effective(self) -> Settings:
        """Return the settings that its processes have."""
        return load(self.data / "effective.toml")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, as an operator's command would get them."""
        with connect(self.effective) as client:
            return [tuple(row) for row in client.query(query).result_rows]

    def children(self) -> list[psutil.Process]:
        """Return all processes below `up`."""
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, word: str) -> psutil.Process | None:
        """Return the process whose command line has this word."""
        for process in self.children():
            try:
                if word in process.cmdline():
                    return process
            except psutil.Error:
                continue
        return None

    def broker_mb(self) -> float:
        """Return the broker's memory in MiB, 0 while there is none."""
        try:
            found = self.child("--cluster-id")
            return float(found.memory_info().rss) / 1024 / 1024 if found else 0.0
        except psutil.Error:
            return 0.0

    def messages(self) -> str:
        """Return what `up` noted of its work."""
        path = self.data / "log" / "up.log"
        return path.read_text() if path.exists() else ""

    def end(self, name: str = "up", seconds: float = 30.0) -> int:
        """Press Ctrl-C twice, as a terminal does, and return the exit status."""
        assert self.process is not None, name
        os.killpg(self.process.pid, signal.SIGINT)
        time.sleep(0.5)
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(seconds)

    def stored(self) -> ClickHouseServer:
        """Return a ClickHouse on what the ended `up` left."""
        return ClickHouseServer(
            self.data / "clickhouse", self.effective.clickhouse.port, self.effective.clickhouse.password
        )

    def tracebacks(self) -> list[str]:
        """Return the logs that hold a traceback."""
        logs = [self.folder / "up.out", *(self.data / "log").glob("*.log")]
        return [path.name for path in logs if "Traceback" in path.read_text(errors="replace")]

    def withdraw(self, mta: "Mta") -> None:
        """Let the block list name an IP, and wait until the pool has left it."""
        self.zones.list_ip(LISTED, "spam")
        query = "SELECT ip FROM pool_events FINAL WHERE type = 'ip_withdrawn'"
        until(lambda: self.rows(query) == [(LISTED,)], 60, "the IP is withdrawn")
        until(mta.left_it, 30, "the MTA is told")


class Mta(threading.Thread):
    """Asks the socketmap twenty times a second through which transport to send."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(daemon=True)
        self._address = address
        self._ended = threading.Event()
        self.answers: list[str] = []
        self.told = 0

    def run(self) -> None:
        while not self._ended.wait(0.05):
            self.answers.append(ask_socketmap(self._address, f"sender{len(self.answers)}@example.net"))

    def left_it(self) -> bool:
        """Tell whether the withdrawn transport was not named for 60 answers; answers count from then on."""
        last = self.answers[-60:]
        self.told = len(self.answers)
        return len(last) == 60 and all(last) and LISTED_TRANSPORT not in last

    def stop(self) -> list[str]:
        """Return the answers since it was told."""
        self._ended.set()
        self.join()
        return self.answers[self.told :]


class Ballast(threading.Thread):
    """Makes the broker larger by 6 MB a second until `enough`, and notes how large it ever was."""

    def __init__(self, up: Up, enough: Callable[[], bool]) -> None:
        super().__init__(daemon=True)
        self._up = up
        self._enough = enough
        self.peak_mb = 0.0

    def run(self) -> None:
        producer = KafkaProducer(bootstrap_servers=list(self._up.effective.kafka.bootstrap), max_block_ms=5000)
        while not self._enough():
            producer.send("ballast", os.urandom(300_000), partition=0)
            self.peak_mb = max(self.peak_mb, self._up.broker_mb())
            time.sleep(0.05)
        producer.close(timeout=0)
