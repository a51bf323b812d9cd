"""Child processes that end with their parent, are restarted when they die, and write to a log each."""

import ctypes
import logging
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

LOG = logging.getLogger("relaywarden.up")
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_STABLE_SECONDS = 60.0


def end_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent dies (prctl(2)): kill -9 of `up` leaves no orphans."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """A supervised process: started again, after a pause that grows, whenever it ends by itself.

    `notes` is a folder in which its process id stands while it may run.
    """

    def __init__(
        self, name: str, command: Sequence[str], logs: Path, notes: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        self._command = list(command)
        self._note = notes / f"{name}.pid"
        self._env = {**os.environ, **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = 0.5
        self._started = 0.0
        self._again = 0.0

    @property
    def running(self) -> bool:
        """Tell whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def status(self) -> int | None:
        """Return the exit status of a process that ended by itself, else None."""
        return self._process.poll() if self._process is not None else None

    def start(self) -> None:
        """Start the process; its output goes to the log."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509 the supervisor forks from its main thread
            )
        self._started = time.monotonic()
        self._again = 0.0
        with suppress(psutil.NoSuchProcess):
            self._note.write_text(f"{self._process.pid} {psutil.Process(self._process.pid).create_time()}")

    def look(self) -> None:
        """Start the process again if it ended by itself; call this every second or so."""
        if self._process is None or self.running:
            return
        now = time.monotonic()
        if not self._again:
            self._pause = 0.5 if now - self._started > _STABLE_SECONDS else min(self._pause * 2, 30)
            self._again = now + self._pause
            LOG.warning(
                "%s ended with status %s; started again in %.1f s (see %s)",
                self.name,
                self._process.returncode,
                self._pause,
                self.log,
            )
        if now >= self._again:
            self.start()

    def terminate(self) -> None:
        """Ask the process to end, without waiting for it."""
        if self._process is not None and self.running:
            self._process.terminate()

    def stop(self, timeout_seconds: float = 15.0) -> int | None:
        """End the process with SIGTERM, after the time-out with SIGKILL; return its exit status (None: never ran)."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(max(timeout_seconds, 0.0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                if timeout_seconds > 0:
                    LOG.warning("%s did not end within %.0f s and was killed", self.name, timeout_seconds)
        self._note.unlink(missing_ok=True)
        return process.returncode


def stop_all(children: Iterable[Child], timeout_seconds: float) -> None:
    """End these processes together."""
    ending = list(children)
    deadline = time.monotonic() + timeout_seconds
    if timeout_seconds > 0:
        for child in ending:
            child.terminate()
    for child in ending:
        child.stop(deadline - time.monotonic() if timeout_seconds > 0 else 0.0)


def end_orphans(notes: Path, patience_seconds: float) -> None:
    """End what an earlier supervisor, itself killed, left behind; who has not ended after the time is killed.

    A process is known by its id and the moment of its start: an id that was given to another since is left alone.
    """
    left = [process for note in notes.glob("*.pid") if (process := _noted(note)) is not None]
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(left, timeout=patience_seconds)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=patience_seconds)
    for note in notes.glob("*.pid"):
        note.unlink(missing_ok=True)


def _noted(note: Path) -> psutil.Process | None:
    pid, _, created = note.read_text().partition(" ")
    with suppress(psutil.NoSuchProcess, ValueError):
        process = psutil.Process(int(pid))
        if abs(process.create_time() - float(created)) < 1:
            return process
    return None
