"""Keeps the queued mail of suspended mailboxes on hold on this host, and lets go only what it put on hold itself.

The process `relaywarden hooks` looks again while anybody is suspended; the commands `relaywarden queue` share its
memory, a file, under a lock.
"""

import fcntl
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from schemas.mailbox_events import QueueHeld
from schemas.mailbox_hooks import PostfixQueueHook
from schemas.names import derived_id
from streams.bars import Bar, HoldQueue
from streams.effects import EffectError, write
from streams.holds import Cause, Done, Kept, Outlook, Queue, orders, planned, settled
from streams.postfix_queue import PostfixQueue
from streams.queued import Networks

_KEPT: msgspec.json.Decoder[Kept] = msgspec.json.Decoder(Kept)
_CACHED = 300_000
_log = logging.getLogger(__name__)


class Memory:
    """What we hold, in one file; `opened` lets one process at a time read and change it."""

    def __init__(self, data: Path) -> None:
        self._path = data / "queue.json"

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Lock the memory against other processes. EffectError where that is impossible."""
        lock = self._path.with_suffix(".lock")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = lock.open("w")
        except OSError as error:
            raise EffectError(f"{lock}: {error.strerror}") from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def load(self) -> Kept:
        """Return what is kept, nothing where there is no file. EffectError where it cannot be read."""
        try:
            return _KEPT.decode(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise EffectError(f"{self._path}: {error.strerror}") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EffectError(f"{self._path}: no memory of the queue: {error}") from error

    def save(self, kept: Kept) -> None:
        """Keep it, so that it survives a crash. EffectError where that is impossible."""
        try:
            write(self._path, msgspec.json.encode(kept).decode(), mode=0o600)
        except OSError as error:
            raise EffectError(f"{self._path}: {error.strerror}") from error


class Owners:
    """Whose each message is, asked once per message: the answers of those still queued are kept, up to a bound."""

    def __init__(self, postfix: PostfixQueue, networks: Mapping[str, str]) -> None:
        self._postfix = postfix
        self._networks = Networks(networks)
        self._known: dict[tuple[str, int], str] = {}

    def of(self, queue: Queue) -> dict[str, str]:
        """Return the owner of each message of the queue; one that is gone meanwhile has none."""
        found = {
            name: self._known[key] for name, each in queue.items() if (key := (name, each.arrival_time)) in self._known
        }
        for name, envelope in self._postfix.envelopes(name for name in queue if name not in found):
            found[name] = self._networks.owner(envelope, queue[name].sender)
        kept = list(found.items())[:_CACHED]
        self._known = {(name, queue[name].arrival_time): owner for name, owner in kept}
        return found


class QueueKeeper:
    """Holds on this host: `want` takes who is suspended now, and a thread looks again while anybody is."""

    def __init__(
        self,
        settings: PostfixQueueHook,
        networks: Mapping[str, str],
        data: Path,
        host: str,
        report: Callable[[QueueHeld], None],
    ) -> None:
        self._settings = settings
        self._postfix = PostfixQueue(str(settings.config or ""))
        self._owners = Owners(self._postfix, networks)
        self._memory = Memory(data)
        self._host = host
        self._report = report
        self._turn = threading.Lock()
        self._stopped = threading.Event()
        self._outlook: Outlook | None = None
        self._thread = threading.Thread(target=self._work, name="queue", daemon=True)
        self._thread.start()

    def want(self, effect: HoldQueue) -> None:
        """Bring the queue to this at once. EffectError where it cannot be done; it is harmless to say it again."""
        self._outlook = Outlook(
            suspended=_causes(effect.suspended),
            released=_causes(effect.released),
            rule=self._settings.on_release,
            older_seconds=self._settings.release_older_hours * 3600,
        )
        self.look(self._outlook)

    def look(self, outlook: Outlook) -> None:
        """Compare the queue with what shall be, and do what is missing. EffectError where it cannot be done."""
        with self._turn, self._memory.opened():
            kept = self._memory.load()
            if not (outlook.suspended or kept):
                return
            queue = self._postfix.messages()
            kept, done = settled(kept, queue)
            self._tell(done)
            kept = planned(kept, queue, self._owners.of(queue) if outlook.suspended else {}, outlook)
            self._memory.save(kept)
            hold, free = orders(kept, "holding"), orders(kept, "letting")
            if not (hold or free):
                return
            moved = dict.fromkeys(self._postfix.hold(hold), "hold") | dict.fromkeys(
                self._postfix.release(free), "deferred"
            )
            after = {name: msgspec.structs.replace(queue[name], queue_name=place) for name, place in moved.items()}
            kept, done = settled(kept, {**queue, **after})
            self._tell(done)
            self._memory.save(kept)

    def stop(self, timeout_seconds: float) -> None:
        """End the thread after what it does now."""
        self._stopped.set()
        self._thread.join(timeout_seconds)

    def _tell(self, done: tuple[Done, ...]) -> None:
        at = time.time_ns() // 1000  # noqa: TID251 the fact is that it is done now
        for each in done:
            _log.info("queue of %s: %s %d of %s", self._host, each.action, len(each.messages), each.mailbox)
            self._report(fact_of(each, self._host, at))

    def _work(self) -> None:
        failing = False
        while not self._stopped.wait(self._settings.look_again_seconds):
            outlook = self._outlook
            if outlook is None or not outlook.suspended:
                continue
            try:
                self.look(outlook)
                failing = False
            except EffectError as error:
                if not failing:
                    _log.warning("the queue cannot be looked at again: %s", error)
                failing = True


def _causes(bars: Mapping[str, Bar]) -> dict[str, Cause]:
    return {mailbox: Cause(since=bar.since, decision=bar.decision) for mailbox, bar in bars.items()}


def fact_of(done: Done, host: str, at: int, operator: str = "", reason: str = "") -> QueueHeld:
    """Return the event of what was done; told again after a crash it has the same id."""
    return QueueHeld(
        id=derived_id("queue_held", host, done.mailbox, done.action, done.decision, *done.messages),
        at=at,
        mailbox=done.mailbox,
        host=host,
        action=done.action,
        messages=len(done.messages),
        decision=done.decision,
        operator=operator,
        reason=reason,
    )
