"""Where a client is in the stream of decisions, as the id of each server-sent event tells it (Last-Event-ID)."""

import re
from dataclasses import dataclass, field, replace
from typing import Self

from schemas.names import EMBEDDED
from streams.api.told import BEGINNING, TOPICS, Offsets, Place

_CLUSTER = re.compile(r"[A-Za-z0-9_-]{0,100}")
_PARTITION = re.compile(r"([0-9]{1,5})=([0-9]{1,18})")
_PAST = re.compile(r"@([0-9]{1,18})\.([!-:<-~]{1,200})")
_NAMES = {topic.name for topic in TOPICS}


@dataclass(frozen=True)
class Position:
    """The next offset of each partition of one log, by its cluster; `past` is how far it was told of earlier logs.

    As text `CLUSTER;TOPIC:PARTITION=OFFSET,…;TOPIC:…[;@AT.ID]`.
    """

    cluster: str = ""
    offsets: Offsets = field(default_factory=dict)
    past: Place = BEGINNING

    def __str__(self) -> str:
        by_topic: dict[str, list[str]] = {}
        for (topic, partition), offset in sorted(self.offsets.items()):
            by_topic.setdefault(topic, []).append(f"{partition}={offset}")
        parts = [self.cluster, *(f"{topic}:{','.join(each)}" for topic, each in by_topic.items())]
        if self.past.id:
            parts.append(f"@{self.past.at}.{self.past.id}")
        return ";".join(parts)

    @classmethod
    def of(cls, text: str) -> Self:
        """Return what an id tells. ValueError where it is none of ours."""
        cluster, *parts = text.split(";")
        offsets: dict[tuple[str, int], int] = {}
        past = BEGINNING
        for part in parts:
            told = _PAST.fullmatch(part)
            if told is not None:
                past = Place(int(told[1]), told[2])
                continue
            topic, _, places = part.partition(":")
            found = [_PARTITION.fullmatch(place) for place in places.split(",")]
            if topic not in _NAMES or None in found:
                raise ValueError(f"{text[:80]!r} is no id of an event of this stream")
            offsets |= {(topic, int(each[1])): int(each[2]) for each in found if each is not None}
        if _CLUSTER.fullmatch(cluster) is None:
            raise ValueError(f"{text[:80]!r} is no id of an event of this stream")
        return cls(cluster, offsets, past)

    def behind(self, topic: str, partition: int, offset: int) -> Self:
        """Return the position behind a record."""
        return replace(self, offsets={**self.offsets, (topic, partition): offset + 1})

    def follows(self, cluster: str) -> bool:
        """Tell whether it can be told what came between this position and that log: it is of it, or of an earlier one.

        Of two logs only the embedded ones' names tell which is the earlier.
        """
        return self.cluster in {"", cluster} or (self.cluster.startswith(EMBEDDED) and cluster.startswith(EMBEDDED))
