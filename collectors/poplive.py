"""POP-before-SMTP while logs are followed: threads that read logins, and threads that read mails, and what they share.

A mail is given to a mailbox only when the logins up to its time are read: its thread waits until each login log was
read beyond that time, or to its end since the mail was read. Login logs wait in turn for mail logs that lie far behind,
so that the shared table stays small. What was decided is written down before it is published (`popdecisions`).
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from collectors.pop import PopLogins, PopSenders, Unnamed, counts
from collectors.popcandidates import Candidates
from collectors.popdecisions import PopDecisions
from collectors.publish import StoppedError
from schemas.events import Event, MailboxAuthenticated

LOG = logging.getLogger("relaywarden.collect")

_LEAD_MINUTES = 60
_LEAD = _LEAD_MINUTES * 60_000_000
_PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.2
_RETRY_SECONDS = 1.0
_SLACK = 60_000_000  # lines of a log come about in the order of their time


@dataclass
class _Reader:
    """How far a log is read: all before the time `at`, and done with before `done`.

    It was at its end when looked at at the moment `ended`, and something was heard of its thread at `seen`.
    """

    at: int = 0
    done: int = 0
    ended: float = float("-inf")
    seen: float = float("-inf")


@dataclass(frozen=True)
class Waiting:
    """When a thread had read its lines (monotonic), what ends its waiting, and the sign of life that it gives."""

    since: float
    stop: threading.Event
    beat: Callable[[], None]


class SharedLogins:
    """The logins by POP3 and IMAP of this process's login logs, and how far each log is read; for many threads."""

    def __init__(
        self, window_minutes: float, mails: Sequence[str], logins: Sequence[str], *, patience: float = _PATIENCE_SECONDS
    ) -> None:
        self._table = PopLogins(window_minutes, _LEAD_MINUTES)
        self._changed = threading.Condition()
        self._mails = {name: _Reader() for name in mails}
        self._logins = {name: _Reader() for name in logins}
        self._patience = patience
        self._warned: set[str] = set()

    def snapshot(self) -> bytes:
        """Return all logins, to be merged in again."""
        with self._changed:
            return self._table.snapshot()

    def merge(self, state: bytes) -> None:
        """Add what was known before a restart."""
        with self._changed:
            self._table.merge(state)

    def note(self, name: str, event: MailboxAuthenticated, waiting: Waiting) -> None:
        """Remember a login, once no mail log lies more than the lead behind it."""
        with self._changed:
            self._reached(self._logins[name], event.at)
            self._wait(self._mails, event.at - _LEAD - 1, waiting)
            self._table.note(event)

    def sender_of(self, name: str, event: Unnamed, waiting: Waiting) -> Candidates:
        """Return the mailboxes that a message may be of, once all logins before it are noted."""
        with self._changed:
            self._reached(self._mails[name], event.at)
            self._wait(self._logins, event.at, waiting)
            return self._table.sender_of(event)

    def reached(self, name: str, at: int) -> None:
        """Note that all of a log before `at` is read and, of a mail log, decided for good."""
        with self._changed:
            reader = self._mails.get(name) or self._logins[name]
            reader.done = max(reader.done, at)
            self._table.settle(min((one.done for one in self._mails.values()), default=0) - _SLACK)
            self._reached(reader, at)

    def ended(self, name: str, looked_at: float) -> None:
        """Note that a log was at its end when it was looked at."""
        with self._changed:
            reader = self._mails.get(name) or self._logins[name]
            reader.ended = looked_at
            self._reached(reader, 0)

    def _reached(self, reader: _Reader, at: int) -> None:
        reader.at = max(reader.at, at)
        reader.seen = time.monotonic()
        self._changed.notify_all()

    def _wait(self, readers: dict[str, _Reader], at: int, waiting: Waiting) -> None:
        """Return when these are read beyond `at` or to their end. StoppedError when the program is to end.

        One of which nothing is heard for long is no longer waited for: better a mail without its mailbox than none.
        """
        begun = time.monotonic()
        while True:
            now = time.monotonic()
            behind = [name for name, one in readers.items() if not (one.at > at or one.ended > waiting.since)]
            silent = [name for name in behind if now - max(readers[name].seen, begun) > self._patience]
            if len(silent) == len(behind):
                self._warn(silent)
                return
            if waiting.stop.is_set():
                raise StoppedError
            waiting.beat()
            self._changed.wait(_LOOK_SECONDS)

    def _warn(self, silent: Sequence[str]) -> None:
        for name in set(silent) - self._warned:
            LOG.warning("%s: nothing is heard of this log; POP-before-SMTP goes on without it", name)
        self._warned = set(silent)


class _Side:
    """What the thread of any log does."""

    def __init__(self, shared: SharedLogins, name: str) -> None:
        self._shared, self._name = shared, name

    def reached(self, at: int) -> None:
        """Note that all lines up to this time are read, and taken in."""
        self._shared.reached(self._name, at)

    def ended(self, looked_at: float) -> None:
        """Note that the log was at its end, or could not be read, when it was looked at (monotonic)."""
        self._shared.ended(self._name, looked_at)


class LoginSide(_Side):
    """The thread of a login log: its logins are noted, and remembered with its checkpoint."""

    def restore(self, state: bytes) -> None:
        """Begin with what was remembered at the checkpoint."""
        if state:
            self._shared.merge(state)

    def snapshot(self) -> bytes:
        """Return the logins that messages may still ask for."""
        return self._shared.snapshot()

    def step(self, events: list[Event], waiting: Waiting) -> list[Event]:
        """Note the logins among the events. StoppedError when the program is to end."""
        for event in events:
            if isinstance(event, MailboxAuthenticated) and counts(event):
                self._shared.note(self._name, event, waiting)
        return events


class MailSide(_Side):
    """The thread of a mail log: its messages get their mailbox, and what was decided is kept in `file`."""

    def __init__(self, shared: SharedLogins, name: str, file: Path) -> None:
        super().__init__(shared, name)
        self._file = file
        self._decisions: PopDecisions | None = None
        self._senders = PopSenders(self._sender_of)
        self._waiting: Waiting | None = None
        self._asked: list[str] = []
        self._found: dict[str, Candidates] = {}

    def restore(self, state: bytes) -> None:
        """Begin with what was remembered at the checkpoint. ValueError where the file of decisions is damaged."""
        self._decisions = PopDecisions(self._file)
        self._senders = PopSenders(self._sender_of, state)

    def snapshot(self) -> bytes:
        """Return the messages that were given a mailbox."""
        return self._senders.snapshot()

    def step(self, events: list[Event], waiting: Waiting) -> list[Event]:
        """Return the events with their senders; all that was decided for them is on the disk then.

        A full disk is waited for: the log is the spool. StoppedError when the program is to end.
        """
        self._waiting, self._asked, self._found = waiting, [], {}
        known = [self._senders.step(event) for event in events]
        warned = False
        while self._asked and self._decisions is not None:
            try:
                self._decisions.keep(self._asked, self._found)
            except OSError as error:
                if not warned:
                    LOG.warning("%s: decisions cannot be written, tried again until they can: %s", self._name, error)
                warned = True
                if waiting.stop.wait(_RETRY_SECONDS):
                    raise StoppedError from error
            else:
                break
        return known

    def _sender_of(self, event: Unnamed) -> Candidates:
        decided = self._decisions.known(event.id) if self._decisions is not None else None
        if decided is not None:
            return decided
        if self._waiting is None:
            raise ValueError("a sender is asked for outside a batch")
        found = self._shared.sender_of(self._name, event, self._waiting)
        self._asked.append(event.id)
        if found:
            self._found[event.id] = found
        return found


Side = LoginSide | MailSide
