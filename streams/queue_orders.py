"""The operator's hand on this host's queue: see what is held and what waits, hold, let go, drop; each is an event."""

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import msgspec

from schemas.mailbox_events import QueueHeld
from schemas.mailbox_hooks import PostfixQueueHook
from schemas.moments import moment_of
from schemas.settings import Settings
from streams.holds import Done, Holds, Kept, Queue, ordered, ours, settled
from streams.operating import login, now
from streams.postfix_queue import PostfixQueue
from streams.queued import HOLD, WAITING, Message
from streams.queueing import Memory, Owners, fact_of

Order = Literal["hold", "release", "drop"]
_DOMAINS = 5
_NOBODY = Holds()


class Obeyed(msgspec.Struct, frozen=True):
    """An order that was carried out: its event, and the messages that it was carried out on."""

    event: QueueHeld
    messages: tuple[Message, ...]


class Desk:
    """The queue of this host, opened for one order."""

    def __init__(self, settings: Settings) -> None:
        hook = settings.mailboxes.hooks.postfix_queue or PostfixQueueHook()
        self._postfix = PostfixQueue(str(hook.config or ""))
        self._memory = Memory(settings.data / "bars")
        self._owners = Owners(self._postfix, settings.networks)

    def rows(self, mailbox: str = "") -> list[dict[str, object]]:
        """Return what is queued, a row for each mailbox (or this one): held by us, waiting, held by others.

        EffectError where Postfix or our memory cannot be asked.
        """
        with self._memory.opened():
            kept = self._memory.load()
        queue = self._postfix.messages()
        owners = self._owners.of(queue)
        known = [name for name in {*owners.values(), *kept} if name and mailbox in {"", name}]
        rows = [_row(name, queue, owners, kept.get(name, _NOBODY)) for name in known]
        return sorted((row for row in rows if row["held"] or row["waiting"] or row["held_by_others"]), key=_rank)

    def concerned(self, order: Order, mailbox: str) -> dict[str, tuple[str, ...]]:
        """Return the ids of the messages that an order would be about, with the recipients' domains."""
        with self._looked(mailbox) as (_, queue, holds):
            return {name: queue[name].domains for name in self._ids(order, mailbox, queue, holds)}

    def obey(
        self, order: Order, mailbox: str, reason: str, operator: str = "", only: frozenset[str] | None = None
    ) -> Obeyed | None:
        """Carry an order out and return what was done, None where there was nothing to do; `only`: no ids but these.

        ValueError without a reason, EffectError where Postfix or our memory refuses.
        """
        if not reason.strip():
            raise ValueError(f"--reason {reason!r}: say why; it is kept with the order")
        with self._looked(mailbox) as (kept, queue, holds):
            ids = tuple(name for name in self._ids(order, mailbox, queue, holds) if only is None or name in only)
            done = self._carried_out(order, mailbox, ids, kept, queue)
        if not done:
            return None
        at = now()
        told = Done(mailbox=mailbox, action=order, decision=f"order at {at}", messages=done)
        event = fact_of(told, socket.gethostname(), at, operator or login(), reason)
        event = msgspec.structs.replace(event, decision="")
        return Obeyed(event, tuple(queue[name] for name in done))

    @contextmanager
    def _looked(self, mailbox: str) -> Iterator[tuple[Kept, Queue, Holds]]:
        with self._memory.opened():
            queue = self._postfix.messages()
            kept, _ = settled(self._memory.load(), queue)
            yield kept, queue, kept.get(mailbox, _NOBODY)

    def _ids(self, order: Order, mailbox: str, queue: Queue, holds: Holds) -> tuple[str, ...]:
        if order != "hold":
            return ours(holds, queue)
        waiting = {name: message for name, message in queue.items() if message.queue_name in WAITING}
        return tuple(name for name, owner in self._owners.of(waiting).items() if owner == mailbox)

    def _carried_out(
        self, order: Order, mailbox: str, ids: tuple[str, ...], kept: Kept, queue: Queue
    ) -> tuple[str, ...]:
        """Write down what shall be, do it, and write down what is; return the ids that it was done to."""
        state: Literal["kept", "letting"] = "kept" if order == "hold" else "letting"
        before = kept.get(mailbox, _NOBODY)
        if order != "drop":
            self._memory.save({**kept, mailbox: ordered(before, queue, state, ids)})
        work: Callable[[tuple[str, ...]], frozenset[str]] = {
            "hold": self._postfix.hold,
            "release": self._postfix.release,
            "drop": self._postfix.drop,
        }[order]
        done = work(ids)
        place = {"hold": HOLD, "release": "deferred", "drop": ""}[order]
        after = {name: msgspec.structs.replace(queue[name], queue_name=place) for name in done}
        rest = {name: message for name, message in {**queue, **after}.items() if message.queue_name}
        told, _ = settled({**kept, mailbox: ordered(before, queue, state, ids)}, rest)
        self._memory.save({name: holds for name, holds in told.items() if holds.suspended or holds.messages})
        return tuple(sorted(done))


def _row(mailbox: str, queue: Queue, owners: dict[str, str], holds: Holds) -> dict[str, object]:
    held = set(ours(holds, queue))
    mine = [message for name, message in queue.items() if owners.get(name) == mailbox or name in held]
    on_hold = [message for message in mine if message.queue_name == HOLD and message.queue_id not in held]
    waiting = [message for message in mine if message.queue_name in WAITING]
    domains = Counter(domain for message in mine for domain in message.domains)
    oldest = min((message.arrival_time for message in mine), default=0)
    return {
        "mailbox": mailbox,
        "suspended": holds.suspended,
        "held": len(held),
        "waiting": len(waiting),
        "held_by_others": len(on_hold),
        "oldest": f"{moment_of(oldest * 1_000_000):%Y-%m-%d %H:%M} UTC" if oldest else "",
        "domains": ", ".join(f"{domain} ({number})" for domain, number in domains.most_common(_DOMAINS)),
    }


def _rank(row: dict[str, object]) -> tuple[int, int, str]:
    return -int(str(row["held"])), -int(str(row["waiting"])), str(row["mailbox"])
