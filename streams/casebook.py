"""The cases of all customers, folded from the one ordered log of steps, and what a flush must write.

As with the pools (streams/pools.py) decisions are written first, then the snapshots: the same step gives the same
decision with the same id. A snapshot holds the offset of the last step that changed it, valid in its cluster only.
"""

from collections.abc import Iterable

import msgspec

from schemas import codec
from schemas.customers import Customers
from schemas.mailbox_events import CaseEvent, StepChanged
from schemas.mailbox_settings import Mailboxes
from schemas.topics import CASE_EVENTS, CASE_STATE
from streams import cases as fold
from streams.cases import Attacked, Threshold
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

    def apply(self, offset: int, events: Iterable[StepChanged]) -> None:
        """Fold a record's steps, unless the customer knows them."""
        for event in events:
            one = self._of(event.customer)
            if offset <= one.offset:
                continue
            known, decided = fold.step(one.folded, event, self._threshold(event.customer))
            if known is not one.folded:
                one.folded, one.offset, one.cluster = known, offset, self._cluster
                self._dirty.add(event.customer)
            if decided:
                one.decided = decided[-1].id
                self._decided.extend(decided)

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
