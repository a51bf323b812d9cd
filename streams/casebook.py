"""The cases of all customers, folded from the one ordered log of steps, and what a flush must write.

As with the pools (streams/pools.py) decisions are written first, then the snapshots: the same step gives the same
decision with the same id. A snapshot holds the offset of the last step that changed it, valid in its cluster only.
"""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from schemas import codec
from schemas.customers import Customers
from schemas.mailbox_events import CaseEvent, StepChanged
from schemas.mailbox_settings import Mailboxes
from schemas.topics import CASE_EVENTS, CASE_OBSERVATIONS, CASE_STATE
from streams import cases as fold
from streams import moved
from streams.cases import Attacked, Member, Threshold
from streams.missed import missed
from streams.partition import Output


class _Fold(msgspec.Struct):
    folded: Attacked
    cluster: str
    offset: int
    decided: str = ""


class _Snapshot(msgspec.Struct):
    customer: str
    at: int
    state: _Fold


_SNAPSHOT: msgspec.json.Decoder[_Snapshot] = msgspec.json.Decoder(_Snapshot)


class Casebook:
    """What is known of each customer, as `cluster` tells of it."""

    def __init__(self, limits: Mailboxes, customers: Customers, cluster: str) -> None:
        self._limits = limits
        self._customers = customers
        self._cluster = cluster
        self._known: dict[str, _Fold] = {}
        self._decided: list[CaseEvent] = []
        self._dirty: set[str] = set()
        self._flagged: defaultdict[str, set[str]] = defaultdict(set)  # of each mailbox with which customers it is

    def __len__(self) -> int:
        """Return of how many customers something is known."""
        return len(self._known)

    def restore(self, value: bytes) -> None:
        """Take back what is known of a customer. ValueError says what is wrong with it."""
        try:
            snapshot = _SNAPSHOT.decode(value)
        except msgspec.DecodeError as error:
            raise ValueError(f"no customer's state: {error}") from error
        self._known[snapshot.customer] = snapshot.state

    def catch_up(self, decisions: Iterable[CaseEvent]) -> None:
        """Fold the decisions that a customer's snapshot does not know, then begin in this cluster.

        In the cluster of the snapshot nothing is folded: its steps are all there and give the decisions again.
        """
        logged: dict[str, list[CaseEvent]] = {}
        for event in decisions:
            logged.setdefault(event.customer, []).append(event)
        for name in {*logged, *self._known}:
            one = self._of(name)
            if one.cluster == self._cluster:
                continue
            for event in missed(logged.get(name, []), one.decided, one.folded.at):
                one.folded, one.decided = fold.evolve(one.folded, event), event.id
            one.cluster, one.offset = self._cluster, -1
            self._dirty.add(name)
        self._flagged.clear()
        for name, one in self._known.items():
            for mailbox, member in one.folded.members.items():
                self._note(name, mailbox, member)

    def moves(self) -> list[Output]:
        """Return the steps to tell of flagged mailboxes that are another customer's by now: the configuration changed.

        They are folded as any other step once they are read; told twice they are the same.
        """
        latest = max((one.folded.at for one in self._known.values()), default=0)
        told: list[StepChanged] = []
        for mailbox, holders in sorted(self._flagged.items()):
            owner = self._customers.of(mailbox)
            for holder in sorted(holders - {owner}):
                newest = self._known[holder].folded.members[mailbox]
                there = self._known[owner].folded.members.get(mailbox) if owner in self._known else None
                newest = there if there is not None and there.at > newest.at else newest
                told.extend(moved.into(owner, mailbox, newest, latest))
        return [Output(CASE_OBSERVATIONS, 0, event.customer.encode(), codec.encode(event)) for event in told]

    def apply(self, offset: int, events: Iterable[StepChanged]) -> None:
        """Fold a record's steps, unless the customer knows them; a mailbox of his is nobody else's any more."""
        for event in events:
            if not self._fold(offset, event.customer, event):
                continue
            for holder in sorted(self._flagged.get(event.mailbox, set()) - {event.customer}):
                self._fold(offset, holder, event)

    def _fold(self, offset: int, name: str, event: StepChanged) -> bool:
        """Fold a step into what is known of a customer; tell whether it is, or was by this very record, news."""
        one = self._of(name)
        if offset <= one.offset:
            return True
        change = fold.step if name == event.customer else moved.out
        known, decided = change(one.folded, event, self._threshold(name))
        news = known is not one.folded
        if news:
            one.folded, one.offset, one.cluster = known, offset, self._cluster
            self._dirty.add(name)
            self._note(name, event.mailbox, known.members.get(event.mailbox))
        if decided:
            one.decided = decided[-1].id
            self._decided.extend(decided)
        return news

    def _note(self, name: str, mailbox: str, member: Member | None) -> None:
        """Keep whether a mailbox is flagged with a customer."""
        if member is not None and member.since:
            self._flagged[mailbox].add(name)
        elif mailbox in self._flagged:
            self._flagged[mailbox].discard(name)
            if not self._flagged[mailbox]:
                del self._flagged[mailbox]

    def flush(self) -> tuple[list[Output], list[Output]]:
        """Return the decisions to write, and the snapshots to write after them; both only once."""
        decisions = [Output(CASE_EVENTS, 0, event.customer.encode(), codec.encode(event)) for event in self._decided]
        states = [_output(name, self._known[name]) for name in sorted(self._dirty)]
        self._decided.clear()
        self._dirty.clear()
        return decisions, states

    def _of(self, customer: str) -> _Fold:
        return self._known.setdefault(customer, _Fold(Attacked(customer=customer), "", -1))

    def _threshold(self, customer: str) -> Threshold:
        return threshold(customer, self._limits, self._customers)


def threshold(customer: str, limits: Mailboxes, customers: Customers) -> Threshold:
    """Return when there is a case; a customer with fewer mailboxes than that has one when all are flagged."""
    if not customers.has_cases(customer):
        return Threshold(0, limits.case_hours)
    size = customers.mailboxes(customer)
    least = limits.case_mailboxes if size is None else max(2, min(size, limits.case_mailboxes))
    return Threshold(least, limits.case_hours)


def _output(name: str, one: _Fold) -> Output:
    return Output(CASE_STATE, 0, name.encode(), msgspec.json.encode(_Snapshot(name, one.folded.at, one)))
