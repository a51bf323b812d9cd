"""The delisting cases of all pools and domains, folded beside the pools, and what a flush must write.

The pools tell what each of them learned; what concerns domains, and pools that are configured no longer, comes from the
log itself. Decisions are written first, then these snapshots, then those of the pools: so a pool tells again whatever
a snapshot here does not know, and what it does know is passed over by its offset.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from schemas import codec, pool_settings
from schemas.delisting_events import DelistingEvent
from schemas.observations import PoolObservation
from schemas.pool_events import PoolEvent
from schemas.topics import DELISTING_EVENTS, DELISTING_STATE
from streams import delisting as fold
from streams.delisting import Files
from streams.missed import missed
from streams.partition import Output
from streams.pool import Learnt
from streams.standing import Pool

_DOMAINS = ""


class _Fold(msgspec.Struct):
    folded: Files
    cluster: str
    offset: int
    decided: str = ""


class _Snapshot(msgspec.Struct):
    pool: str
    at: int
    state: _Fold


_SNAPSHOT: msgspec.json.Decoder[_Snapshot] = msgspec.json.Decoder(_Snapshot)


class Delistings:
    """The cases of each pool of the configuration, and of domains, as `cluster` tells of them."""

    def __init__(self, configured: Mapping[str, pool_settings.Pool], cluster: str) -> None:
        self._configured = configured
        self._cluster = cluster
        self._known = {name: _Fold(Files(pool=name), "", -1) for name in (_DOMAINS, *configured)}
        self._decided: list[DelistingEvent] = []
        self._dirty: set[str] = set()

    def __len__(self) -> int:
        """Return how many cases are open."""
        return sum(bool(file.opened) for one in self._known.values() for file in one.folded.cases.values())

    def restore(self, value: bytes) -> None:
        """Take back the cases of a pool. ValueError says what is wrong with them."""
        try:
            snapshot = _SNAPSHOT.decode(value)
        except msgspec.DecodeError as error:
            raise ValueError(f"no delisting cases: {error}") from error
        self._known[snapshot.pool] = snapshot.state

    def catch_up(self, decisions: Iterable[DelistingEvent]) -> None:
        """Fold the decisions that a snapshot does not know, then begin in this cluster, as streams/casebook.py does.

        A snapshot of each is written before anything is decided: what is logged later its observations tell again.
        """
        logged: dict[str, list[DelistingEvent]] = {}
        for event in decisions:
            logged.setdefault(event.pool, []).append(event)
        for name in {*logged, *self._known}:
            one = self._known.setdefault(name, _Fold(Files(pool=name), "", -1))
            if one.cluster == self._cluster:
                continue
            for event in missed(logged.get(name, []), one.decided, one.folded.at):
                one.folded, one.decided = fold.evolve(one.folded, event), event.id
            one.cluster, one.offset = self._cluster, -1
            self._dirty.add(name)

    def apply(self, offset: int, events: Iterable[PoolObservation], learnt: Iterable[Learnt]) -> None:
        """Fold a record of observations, and what the pools learned from it."""
        before = {name: one.folded for name, one in self._known.items()}
        for told in learnt:
            if self._of(told.pool.name).offset < offset:
                self._step(told.pool.name, told.pool, told.event, told.decided)
        others = [name for name, one in self._known.items() if name not in self._configured and one.offset < offset]
        for event in events:
            for name in others:
                self._step(name, None, event)
        for name, one in self._known.items():
            if one.folded is not before.get(name):
                one.offset = offset
                self._dirty.add(name)

    def flush(self) -> tuple[list[Output], list[Output]]:
        """Return the decisions to write, and the snapshots to write after them; both only once."""
        decisions = [Output(DELISTING_EVENTS, 0, event.pool.encode(), codec.encode(event)) for event in self._decided]
        states = [*self._states()]
        self._decided.clear()
        self._dirty.clear()
        return decisions, states

    def _step(self, name: str, pool: Pool | None, event: PoolObservation, decided: Sequence[PoolEvent] = ()) -> None:
        one = self._of(name)
        one.folded, told = fold.step(one.folded, pool, event, decided)
        if told:
            one.decided = told[-1].id
            self._decided.extend(told)

    def _states(self) -> Iterator[Output]:
        for name in sorted(self._dirty):
            one = self._known[name]
            value = msgspec.json.encode(_Snapshot(name, one.folded.at, one))
            yield Output(DELISTING_STATE, 0, name.encode(), value)

    def _of(self, name: str) -> _Fold:
        return self._known.setdefault(name, _Fold(Files(pool=name), self._cluster, -1))
