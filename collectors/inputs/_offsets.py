"""Where reading a Kafka topic stands: which topic it is, by the cluster's id and its own, and the next offsets."""

from collections.abc import Mapping

import msgspec


class Cursor(msgspec.Struct, frozen=True):
    """The next offset of each partition, of this topic of this cluster."""

    cluster: str
    topic: str
    offsets: dict[int, int]

    def packed(self) -> bytes:
        """Return it as bytes."""
        return msgspec.json.encode(self)


class Lost(msgspec.Struct, frozen=True):
    """The records of a partition from `first` to `last` were deleted before they were read."""

    partition: int
    first: int
    last: int

    @property
    def count(self) -> int:
        """Return how many records these offsets are, of which some may never have been records."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        return (
            f"partition {self.partition}: {self.count} records, offsets {self.first} to {self.last},"
            " were deleted before they were read"
        )


class Bounds(msgspec.Struct, frozen=True):
    """The first offset of each partition, and the one behind its last."""

    first: Mapping[int, int]
    end: Mapping[int, int]


class Plan(msgspec.Struct, frozen=True):
    """Where reading goes on, what is lost before that, and what else is to be said."""

    cursor: Cursor
    lost: tuple[Lost, ...] = ()
    said: tuple[str, ...] = ()


def read(position: bytes) -> Cursor | None:
    """Return what was kept as a position, None where nothing was. ValueError where it is no cursor."""
    return msgspec.json.decode(position, type=Cursor) if position else None


def plan(
    at: Cursor | None,
    topic: tuple[str, str],
    bounds: Bounds,
    *,
    from_end: bool = False,
    beyond: frozenset[int] = frozenset(),
) -> Plan:
    """Return where reading goes on in a topic (its cluster and itself); `from_end` is for one that was never read.

    Only of the partitions in `beyond`, whose offset the broker refused, the end is held against what was read.
    """
    if at is None:
        return Plan(Cursor(*topic, dict(bounds.end if from_end else bounds.first)))
    if (at.cluster, at.topic) != topic:
        said = f"another topic (of cluster {topic[0]}) is in the place of the one that was read: it is begun anew"
        return Plan(Cursor(*topic, dict(bounds.first)), said=(said,))
    offsets, lost, cut = dict(at.offsets), [], []
    for partition, beginning in bounds.first.items():
        offset, end = offsets.setdefault(partition, 0), bounds.end[partition]
        if offset < beginning:
            lost.append(Lost(partition, offset, beginning - 1))
            offsets[partition] = beginning
        elif partition in beyond and offset > end:
            cut.append(f"partition {partition} was cut off at offset {end}, though {offset} was reached")
            offsets[partition] = end
    return Plan(Cursor(*topic, offsets), tuple(lost), tuple(cut))


def after(at: Cursor, seen: Mapping[int, int]) -> Cursor:
    """Return where reading stands after the records of these last offsets."""
    offsets = at.offsets | {partition: offset + 1 for partition, offset in seen.items()}
    return msgspec.structs.replace(at, offsets=offsets)
