"""Copies of the collectors' checkpoints that are not ahead of the mailboxes' states in ClickHouse.

A checkpoint says that ClickHouse has the events; the worker may not have folded them, or its states may not be stored.
After a crash of the broker, or of `up`, the checkpoints go back to the last copy: the lines are read again, the sink
and the worker drop what they know (`schemas.watermark`), and the rest is folded. What an input remembers lies beside
them and never goes back: what it brought waits in its spool or Maildir, and would wait there twice.
"""

import logging
import os
import time
from pathlib import Path

import msgspec
from kafka.errors import KafkaError

from collectors.checkpoint import Checkpoint
from schemas import topics
from schemas.lag import Lag, Offsets
from schemas.settings import Settings

LOG = logging.getLogger("relaywarden.up")
_EVERY_SECONDS = 2.0
_LOGS = ("mta-", "logins-")  # collectors.log.LogCollector.file
_MADE = (topics.MAILBOX_STATE, topics.TRAFFIC_STATE, topics.MAILBOX_EVENTS, topics.CASE_OBSERVATIONS)


class Rewinding:
    """Takes copies while all runs (`look`), and puts them back after a crash (`rewind`)."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._checkpoints = settings.data / "checkpoints"
        self._folder = folder
        self._taken: dict[str, bytes] = {}
        self._read: Offsets = {}
        self._made: Offsets | None = None
        self._next = 0.0
        self._warned = False

    def look(self) -> None:
        """Take the next step of a copy; a broker that does not answer is asked again in a moment."""
        self._keep(self._beginnings())
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY_SECONDS
        try:
            self._step(self._settings.kafka.group)
        except KafkaError as error:
            if not self._warned:
                LOG.warning("the broker does not tell how far it was read: %s", error)
            self._warned = True
        else:
            self._warned = False

    def _step(self, group: str) -> None:
        with Lag(self._settings) as lag:
            if not self._taken:
                self._taken, self._made = self._present(), None
                self._read = lag.ends([topics.MAIL_EVENTS])
            if self._made is None and not lag.behind(group, self._read):
                self._made = lag.ends(_MADE)
            if self._made is not None and not lag.behind(f"{group}-sink", self._made):
                self._keep(self._taken)
                self._forget()

    def rewind(self) -> None:
        """Put the copies in the checkpoints' place; the collectors must not run."""
        self._forget()
        for copy in self._folder.glob("*.json"):
            place = self._checkpoints / copy.name
            if place.exists() and place.read_bytes() != copy.read_bytes():
                LOG.info("%s goes back to where the mailboxes' states are", place)
                fresh = place.with_suffix(".rewound")
                fresh.write_bytes(copy.read_bytes())
                fresh.replace(place)

    def settled(self) -> None:
        """Copy the checkpoints as they are: the collectors do not run, and all is folded and stored."""
        self._forget()
        self._keep(self._present())

    def _present(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self._of_logs()}

    def _of_logs(self) -> list[Path]:
        return [path for path in self._checkpoints.glob("*.json") if path.name.startswith(_LOGS)]

    def _beginnings(self) -> dict[str, bytes]:
        """Return new logs' checkpoints from before their first line: nothing is folded that far."""
        new = [path for path in self._of_logs() if not (self._folder / path.name).exists()]
        contents = {path.name: path.read_bytes() for path in new}
        return {
            name: content
            for name, content in contents.items()
            if not msgspec.json.decode(content, type=Checkpoint).opened
        }

    def _keep(self, checkpoints: dict[str, bytes]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, content in checkpoints.items():
            fresh = self._folder / f"{name}.new"
            with fresh.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._folder / name)

    def _forget(self) -> None:
        """Drop a copy that is half taken: the offsets it waits for may be of a broker that is gone."""
        self._taken, self._read, self._made = {}, {}, None
