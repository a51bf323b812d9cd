"""Two moments beside each other: what differs for sure, where a list holds only the first of what there was. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Key = tuple[str, str]
NONE = "·"


@dataclass(frozen=True)
class Known:
    """What is known of a moment, by kind and name; of the kinds in `cut` there was more: who is absent is not known.

    Nor is it where `silent` says why nobody told it at that moment: what there is was told before.
    """

    told: Mapping[Key, str] = field(default_factory=dict)
    cut: frozenset[str] = frozenset()
    silent: str = ""

    def says(self, key: Key) -> str | None:
        """Return what it was, `NONE` where it was not among these; None where nobody knows."""
        return self.told.get(key, None if self.silent or key[0] in self.cut else NONE)


def different(then: Known, now: Known) -> Iterator[tuple[Key, str, str]]:
    """Give each that was something else for sure, with what it was and is."""
    for key in sorted({*then.told, *now.told}):
        before, after = then.says(key), now.says(key)
        if before is not None and after is not None and before != after:
            yield key, before, after


def joined(parts: Sequence[tuple[str, Mapping[str, str], bool]], silent: str = "") -> Known:
    """Return what lists know, each of a kind, by name, and whether it is cut."""
    told = {(kind, name): said for kind, names, _ in parts for name, said in names.items()}
    return Known(told, frozenset(kind for kind, _, cut in parts if cut), silent)
