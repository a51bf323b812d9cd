"""All pools, folded from the one ordered log of observations, and what a flush must write.

A restart reads again what its snapshot knows already: the snapshot holds the offset of the last observation applied,
which counts only in the cluster it was read from, and the id of the last traffic counts of each partition, since a
mail agent writes its last counts again when it comes back. Decisions, and the culprits that they name, are written
first, then the snapshot: the same observation gives the same decision and culprits with the same ids.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from schemas import codec, pool_settings
from schemas.mailbox_events import CulpritNamed
from schemas.names import derived_id, source_of
from schemas.observations import PoolObservation, RepliesCounted, TrafficCounted
from schemas.pool_events import IpWithdrawn, PoolEvent
from schemas.topics import POOL_EVENTS, POOL_STATE, place_of
from streams import pool as fold
from streams.missed import missed
from streams.partition import Output
from streams.pool import Learnt


class _Fold(msgspec.Struct):
    folded: msgspec.Raw
    cluster: str
    offset: int
    decided: str = ""
    counted: dict[int, str] = {}


class _Snapshot(msgspec.Struct):
    pool: str
    at: int
    state: _Fold


_SNAPSHOT: msgspec.json.Decoder[_Snapshot] = msgspec.json.Decoder(_Snapshot)


class _One(msgspec.Struct):
    """One pool, and how far the log is in it."""

    pool: fold.Pool
    cluster: str = ""
    offset: int = -1
    decided: str = ""
    counted: dict[int, str] = {}
    dirty: bool = False

    def learn(self, event: PoolObservation, written: int) -> tuple[Learnt, ...]:
        if isinstance(event, TrafficCounted | RepliesCounted):
            last = self.counted.get(event.partition, "")
            if source_of(event.id) == source_of(last) and event.id <= last:
                return ()
            self.counted[event.partition] = event.id
        before = self.pool
        self.pool, learned = fold.steps(before, event, written)
        self.dirty = self.dirty or self.pool is not before
        for one in learned:
            if one.decided:
                self.decided = one.decided[-1].id
        return learned


def named(pool: fold.Pool, decided: Iterable[PoolEvent]) -> Iterator[CulpritNamed]:
    """Yield the culprits of listings among what was decided; a withdrawal by hand accuses nobody."""
    for event in decided:
        if not isinstance(event, IpWithdrawn) or event.operator or event.ip not in pool.ips:
            continue
        total = sum(one.messages for one in event.culprits)
        for one in event.culprits:
            yield CulpritNamed(
                id=derived_id("culprit", event.id, one.sender),
                at=event.at,
                mailbox=one.sender,
                pool=event.pool,
                ip=event.ip,
                messages=one.messages,
                share=one.share or round(one.messages / max(1, total), 3),  # earlier releases told no share
                decision=event.id,
            )


class Pools:
    """The pools of the configuration, as `cluster` tells of them; mailboxes are in so many `partitions`."""

    def __init__(self, configured: Mapping[str, pool_settings.Pool], cluster: str, partitions: int) -> None:
        self._configured = configured
        self._cluster = cluster
        self._partitions = partitions
        self._pools = {name: _One(fold.initial(name, its)) for name, its in configured.items()}
        self._decided: list[PoolEvent] = []
        self._named: list[CulpritNamed] = []

    @property
    def pools(self) -> dict[str, fold.Pool]:
        """Return the pools by name."""
        return {name: one.pool for name, one in self._pools.items()}

    def restore(self, value: bytes) -> None:
        """Take back a pool's snapshot; one no longer configured is skipped. ValueError says what is wrong with it."""
        try:
            snapshot = _SNAPSHOT.decode(value)
        except msgspec.DecodeError as error:
            raise ValueError(f"no pool's state: {error}") from error
        its, state = self._configured.get(snapshot.pool), snapshot.state
        if its is not None:
            pool = fold.decode(bytes(state.folded), its)
            self._pools[snapshot.pool] = _One(pool, state.cluster, state.offset, state.decided, state.counted)

    def catch_up(self, decisions: Iterable[PoolEvent]) -> None:
        """Fold the decisions that a pool's snapshot does not know, then begin in this cluster.

        In the cluster of the snapshot nothing is folded: its observations are all there and give the decisions again.
        The culprits of what is folded are named again: it is not known whether the old cluster still took their names.
        """
        logged = list(decisions)
        for name, one in self._pools.items():
            if one.cluster == self._cluster:
                continue
            own = [event for event in logged if event.pool == name]
            fresh = missed(own, one.decided, one.pool.at)
            if one.pool.at:  # else there is no snapshot, and what was decided of old accuses nobody today
                self._named.extend(named(one.pool, fresh))
            for event in fresh:
                one.pool = fold.evolve(one.pool, event)
                one.decided = event.id
            one.cluster, one.offset, one.dirty = self._cluster, -1, True

    def apply(self, offset: int, events: Iterable[PoolObservation], written: int = 0) -> list[Learnt]:
        """Fold a record's observations into every pool that does not know them yet; return what each became by what.

        `written` is when the broker wrote the record (0: unknown).
        """
        observed = list(events)
        learnt: list[Learnt] = []
        for one in self._pools.values():
            if offset > one.offset:
                one.offset = offset
                for event in observed:
                    learnt.extend(one.learn(event, written))
        for each in learnt:
            self._decided.extend(each.decided)
            self._named.extend(named(each.pool, each.decided))
        return learnt

    def flush(self) -> tuple[list[Output], list[Output]]:
        """Return the decisions and culprits to write, and the snapshots to write after them; both only once."""
        decisions = [Output(POOL_EVENTS, 0, event.pool.encode(), codec.encode(event)) for event in self._decided]
        decisions += [
            Output(*place_of(event, self._partitions), event.mailbox.encode(), codec.encode(event))
            for event in self._named
        ]
        states = [_output(name, one) for name, one in self._pools.items() if one.dirty]
        for one in self._pools.values():
            one.dirty = False
        self._decided.clear()
        self._named.clear()
        return decisions, states


def _output(name: str, one: _One) -> Output:
    state = _Fold(msgspec.Raw(fold.encode(one.pool)), one.cluster, one.offset, one.decided, one.counted)
    snapshot = _Snapshot(name, one.pool.at, state)
    return Output(POOL_STATE, 0, name.encode(), msgspec.json.encode(snapshot))
