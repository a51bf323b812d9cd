"""What shall be on hold in a Postfix queue, and what was put there by us: compared, planned, and remembered.

Each message goes through states that are written down before the queue is touched, so that a crash at any place leaves
what can be told apart: `holding` and `letting` are orders whose outcome is not known yet.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from streams.queued import HOLD, WAITING, Message

State = Literal["holding", "held", "kept", "letting", "freed"]
"""`kept`: stays until an operator says so. `freed`: somebody else let it go, and his word counts."""
Rule = Literal["keep", "release"]


class Entry(msgspec.Struct, frozen=True):
    """A message that is ours to let go."""

    arrival: int
    state: State


class Holds(msgspec.Struct, frozen=True, kw_only=True):
    """One mailbox's messages: the suspension that they are held for began at `since` (epoch microseconds)."""

    since: int = 0
    decision: str = ""
    suspended: bool = False
    messages: dict[str, Entry] = {}


Kept = dict[str, Holds]
Queue = Mapping[str, Message]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to a mailbox's messages."""

    mailbox: str
    action: Literal["hold", "release", "drop"]
    decision: str
    messages: tuple[str, ...]


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why a mailbox is suspended, or no longer: the decision and its time."""

    since: int
    decision: str


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """Who is suspended, who was let go lately, and what becomes of mail then.

    Under the rule `keep`, what arrived more than `older_seconds` before the suspension is let go all the same.
    """

    suspended: dict[str, Cause]
    released: dict[str, Cause]
    rule: Rule
    older_seconds: float


def orders(kept: Kept, state: State) -> tuple[str, ...]:
    """Return the ids of all messages in a state."""
    return tuple(
        queue_id for holds in kept.values() for queue_id, entry in holds.messages.items() if entry.state == state
    )


def settled(kept: Kept, queue: Queue) -> tuple[Kept, tuple[Done, ...]]:
    """Compare what was ordered with the queue as it is: return what is known now, and what turned out to be done."""
    new: Kept = {}
    done: list[Done] = []
    for mailbox, holds in kept.items():
        messages: dict[str, Entry] = {}
        held, let = list[str](), list[str]()
        for queue_id, entry in holds.messages.items():
            message = queue.get(queue_id)
            there = message is not None and message.arrival_time == entry.arrival
            on_hold = there and message is not None and message.queue_name == HOLD
            after = _after(entry.state, there=there, on_hold=on_hold)
            if after:
                messages[queue_id] = Entry(entry.arrival, after)
            if entry.state == "holding" and after == "held":
                held.append(queue_id)
            if entry.state == "letting" and after != "letting":
                let.append(queue_id)
        new[mailbox] = msgspec.structs.replace(holds, messages=messages)
        done += _done(mailbox, holds.decision, held, let)
    return new, tuple(done)


def _after(state: State, *, there: bool, on_hold: bool) -> State | None:
    """Return a message's next state, None once it is out of the queue."""
    if not there:
        return None
    if on_hold:
        return "held" if state == "holding" else state
    return state if state == "holding" else "freed"


def _done(mailbox: str, decision: str, held: list[str], let: list[str]) -> Iterator[Done]:
    if held:
        yield Done(mailbox=mailbox, action="hold", decision=decision, messages=tuple(sorted(held)))
    if let:
        yield Done(mailbox=mailbox, action="release", decision=decision, messages=tuple(sorted(let)))


def planned(kept: Kept, queue: Queue, owners: Mapping[str, str], outlook: Outlook) -> Kept:
    """Return what shall be: the mail of the suspended on hold, that of the released let go or kept, by the rule."""
    new = {mailbox: _let_go(holds, mailbox, outlook) for mailbox, holds in kept.items()}
    new |= {mailbox: _begun(new.get(mailbox), cause) for mailbox, cause in outlook.suspended.items()}
    for message in queue.values():
        holds = new.get(owners.get(message.queue_id, ""))
        if holds and holds.suspended and message.queue_name in WAITING and message.queue_id not in holds.messages:
            holds.messages[message.queue_id] = Entry(message.arrival_time, "holding")
    return {mailbox: holds for mailbox, holds in new.items() if holds.suspended or holds.messages}


def _begun(before: Holds | None, cause: Cause) -> Holds:
    """Return a suspended mailbox's messages; what is kept from an earlier suspension stays so."""
    messages = dict(before.messages) if before else {}
    return Holds(since=cause.since, decision=cause.decision, suspended=True, messages=messages)


def _let_go(holds: Holds, mailbox: str, outlook: Outlook) -> Holds:
    if mailbox in outlook.suspended and holds.suspended:
        return holds
    if not holds.suspended:
        mine = {queue_id: entry for queue_id, entry in holds.messages.items() if entry.state != "freed"}
        return msgspec.structs.replace(holds, messages=mine)
    begun = holds.since / 1_000_000 - outlook.older_seconds
    messages: dict[str, Entry] = {}
    for queue_id, entry in holds.messages.items():
        if entry.state == "held":
            goes = outlook.rule == "release" or entry.arrival < begun
            messages[queue_id] = Entry(entry.arrival, "letting" if goes else "kept")
        elif entry.state in {"kept", "letting"}:
            messages[queue_id] = entry
    cause = outlook.released.get(mailbox)
    decision = cause.decision if cause else holds.decision
    return Holds(since=holds.since, decision=decision, messages=messages)


def ordered(holds: Holds, queue: Queue, state: Literal["kept", "letting"], ids: tuple[str, ...]) -> Holds:
    """Return a mailbox's messages after an operator's order about these ids: to be kept on hold, or let go."""
    messages = dict(holds.messages)
    messages |= {queue_id: Entry(queue[queue_id].arrival_time, state) for queue_id in ids}
    return msgspec.structs.replace(holds, messages=messages)


def ours(holds: Holds, queue: Queue) -> tuple[str, ...]:
    """Return the ids of a mailbox's messages that we hold and that are on hold now."""
    return tuple(
        queue_id
        for queue_id, entry in holds.messages.items()
        if entry.state in {"held", "kept", "letting"} and queue_id in queue and queue[queue_id].queue_name == HOLD
    )
