"""Take complaints, bounces and reports in from a Maildir: published, and moved to `cur` as seen only when acknowledged.

No mail is ever deleted. Ended between the two, the same mail is published again later under the same id. One that must
wait for the log of what was sent (`collectors/waiting.py`) stays where it is. A report's Date is believed as far as it
lies within the two weeks before its mail came, which the time of the file tells: else a wrong one would hide it. Where
it has none, nor any other time, that of the file counts.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from collectors import bounced
from collectors.again import Tried
from collectors.attribution import SentLog
from collectors.documents import LARGEST, reader
from collectors.feedback import dated as of_its_file
from collectors.feedback import placed
from collectors.reports import dated
from collectors.waiting import Attributor
from collectors.ways import ways_of
from schemas.bounce_events import BounceReceived
from schemas.events import ComplaintReceived, DeadLetter, Event
from schemas.names import derived_id
from schemas.redaction import redacted
from schemas.settings import Maildir

LOG = logging.getLogger("relaywarden.complaints")

_BATCH = 64  # what is published but not moved comes again after a crash: the worker knows a mailbox's last 512 by id
_MOST_EVENTS = 10_000  # a report may have that many rows alone
_PAUSE_SECONDS = 1.0
_TEXT_LENGTH = 4000
_NOTHING = "it is neither complaint nor bounce nor report"
_OLDEST = 14 * 24 * 3600 * 1_000_000  # how long a report may be under way


class Intake:
    """The reader of one Maildir, which is made where its parent folder is there; without a `log`, headers alone tell.

    `attempts` is the log in which bounces are looked for: what was tried, whether or not it was taken.
    ValueError names an unknown format or a missing key; OSError, with the place, a folder that can be neither used nor
    made.
    """

    def __init__(
        self,
        settings: Maildir,
        name: str,
        log: SentLog | None = None,
        clock: Callable[[], float] | None = None,
        attempts: SentLog | None = None,
    ) -> None:
        self._name = name
        self._format = settings.format
        self._read = reader(settings.format, ways_of(settings, f"complaints.{name}"))
        self._attributor = None if log is None else Attributor(settings, name, log, clock)
        self._of_bounces = None if attempts is None else Attributor(settings, name, attempts, clock)
        self._new, self._cur = settings.maildir / "new", settings.maildir / "cur"
        self._unreadable: set[Path] = set()
        for folder in (settings.maildir, self._new, self._cur, settings.maildir / "tmp"):
            folder.mkdir(exist_ok=True)

    def run(self, publish: Callable[[Sequence[Event]], None], stop: threading.Event) -> None:
        """Take in what comes, until `stop`; `publish` returns when the events are acknowledged."""
        while not stop.is_set():
            if not self.take(publish):
                stop.wait(_PAUSE_SECONDS)

    def take(self, publish: Callable[[Sequence[Event]], None]) -> int:
        """Take in the mails that wait now, at most `_BATCH`; return how many they were."""
        done: list[Path] = []
        events: list[Event] = []
        for path in self._waiting():
            if not all(each.due(path) for each in (self._attributor, self._of_bounces) if each is not None):
                continue
            try:
                taken = self._events(path)
            except FileNotFoundError:
                continue  # another program moved it
            except OSError as error:
                self._warn(path, error)
                continue
            if taken is None:
                continue
            events.extend(taken)
            done.append(path)
            if len(done) == _BATCH or len(events) >= _MOST_EVENTS:
                break
        if events:
            publish(events)
        for path in done:
            self._seen(path)
        return len(done)

    def again(self, letter: DeadLetter) -> Tried | None:
        """Return what the mail of a dead letter gives when it is read now; None where it must wait for the log."""
        place = letter.place.partition("/")[0]
        path = next(
            (each for folder in (self._new, self._cur) for each in folder.iterdir() if _place(each) == place), None
        )
        if path is None:
            return Tried(letter, "gone", f"the mail is in {self._new.parent} no more")
        events = self._events(path)
        if events is None:
            return None
        dead = next((each for each in events if isinstance(each, DeadLetter) and each.place == letter.place), None)
        if dead is not None:
            return Tried(letter, "unread", dead.reason)
        read = tuple(each for each in events if not isinstance(each, DeadLetter))
        return Tried(letter, "recovered", events=read) if read else Tried(letter, "nothing", _NOTHING)

    def _waiting(self) -> Iterator[Path]:
        for folder in (self._new, self._cur):
            for path in sorted(folder.iterdir()):
                hidden = path.name.startswith(".")
                if not hidden and path.is_file() and not (folder == self._cur and "S" in _flags(path.name)):
                    yield path

    def _events(self, path: Path) -> tuple[Event, ...] | None:
        """Return what a mail makes, nothing where it is neither complaint nor report; None where it must wait."""
        with path.open("rb") as file:
            mail = file.read(LARGEST + 1)
            mtime_ns = os.fstat(file.fileno()).st_mtime_ns
        try:
            if len(mail) > LARGEST:
                raise ValueError(f"a mail of more than {LARGEST} bytes")  # noqa: TRY301 one way out for both
            found = of_its_file(self._read(mail), mtime_ns // 1000)
        except ValueError as error:
            return (self._dead(path, mail, mtime_ns, str(error)),)
        if not found:
            LOG.info("%s: %s is neither complaint nor bounce nor report", self._name, path.name)
        bounces = [each for each in found if isinstance(each, BounceReceived)]
        if bounces:
            return self._bounced(path, bounces, mtime_ns)
        taken = [self._one(path, each, mtime_ns) for each in found]
        return None if None in taken else tuple(filter(None, taken))

    def _one(self, path: Path, event: Event, mtime_ns: int) -> Event | None:
        """Return an event of a mail as it is published; None where the mail must wait."""
        if isinstance(event, DeadLetter):
            return placed(event, self._name, _place(path), mtime_ns // 1000)
        return self._complaint(path, event, mtime_ns) if isinstance(event, ComplaintReceived) else event

    def _complaint(self, path: Path, complaint: ComplaintReceived, mtime_ns: int) -> ComplaintReceived | None:
        came = mtime_ns // 1000
        complaint = dated(complaint, came, came - _OLDEST)
        return complaint if self._attributor is None else self._attributor.judged(path, complaint, mtime_ns / 1e9)

    def _bounced(self, path: Path, bounces: list[BounceReceived], mtime_ns: int) -> tuple[Event, ...] | None:
        """Return a mail's bounces with their sender, who is the same for all; None where it must wait."""
        came = mtime_ns // 1000
        told = [dated(each, came, came - _OLDEST) for each in bounces]
        if self._of_bounces is None:
            return tuple(told)
        found = self._of_bounces.judged(path, bounced.probe(told[0]), mtime_ns / 1e9)
        return None if found is None else tuple(bounced.attributed(each, found) for each in told)

    def _dead(self, path: Path, mail: bytes, mtime_ns: int, reason: str) -> DeadLetter:
        place = _place(path)
        return DeadLetter(
            id=derived_id("dead mail", self._name, place),
            at=mtime_ns // 1000,
            name=self._name,
            format=self._format,
            reason=redacted(reason),
            text=redacted(mail[: 2 * _TEXT_LENGTH].decode(errors="replace"))[:_TEXT_LENGTH],
            place=place,
        )

    def _seen(self, path: Path) -> None:
        """Move a mail to `cur` with the flag S; a name that is taken there gets a mark, since a move would delete."""
        base, flags = path.name.partition(":")[0], "".join(sorted({*_flags(path.name), "S"}))
        target = self._cur / f"{base}:2,{flags}"
        while target.exists():
            base += "_"
            target = self._cur / f"{base}:2,{flags}"
        try:
            path.rename(target)
        except FileNotFoundError:
            LOG.info("%s: another program moved %s", self._name, path)

    def _warn(self, path: Path, error: OSError) -> None:
        if path not in self._unreadable:
            self._unreadable.add(path)
            LOG.warning("%s: %s cannot be read and stays where it is: %s", self._name, path, error.strerror)


def _place(path: Path) -> str:
    return os.fsencode(path.name.partition(":")[0]).decode(errors="replace")


def _flags(name: str) -> str:
    return name.rpartition(":2,")[2] if ":2," in name else ""
