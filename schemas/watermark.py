"""How far each source was applied: what makes a log read twice count once.

Ids of one source sort by place (`names.event_id`), the publisher keeps one chunk in flight per partition, and a
partition keeps its order. So the highest id applied of each source tells whether an event is new, whatever was sent
again after a crash, in chunks of whatever size.
"""

from schemas.names import source_of


class Watermarks:
    """The highest id applied of each (partition, source)."""

    def __init__(self, highest: dict[tuple[int, str], str] | None = None) -> None:
        self.highest = dict(highest or {})

    def is_new(self, partition: int, identity: str) -> bool:
        """Tell whether the event of this id was not applied yet in this partition."""
        return identity > self.highest.get((partition, source_of(identity)), "")

    def advance(self, partition: int, identity: str) -> None:
        """Note that the event of this id, and so all before it of its source, are applied."""
        key = (partition, source_of(identity))
        if identity > self.highest.get(key, ""):
            self.highest[key] = identity
