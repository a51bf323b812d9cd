"""A table of 100 slots, of which Postfix's randmap draws one per mail; a reload makes Postfix read a new table.

    sender_dependent_default_transport_maps =
        pipemap:{randmap:{00,01,…,99},texthash:/etc/postfix/relaywarden-pool.cf}

main.cf stays as it is: Postfix cannot include a file there, so randmap draws the slot's number and pipemap looks it up
in the file. A transport holds as many slots as its share of the traffic, at least one.

Manual: https://www.postfix.org/DATABASE_README.html
"""

from collections.abc import Iterator, Mapping

from schemas.pool_hooks import RandmapHook
from streams.deeds import Run, WriteFile
from streams.hooks import ActiveSet, Effect, checked

SLOTS = 100
_RELOAD_SECONDS = 30.0
_HEAD = "# Written by relaywarden hooks at each change of the pool; do not edit.\n"


def slots(active: Mapping[str, float]) -> dict[str, int]:
    """Return how many of the slots each transport holds: by largest remainder, but at least one.

    ValueError for more transports than slots.
    """
    if len(active) > SLOTS:
        raise ValueError(f"{len(active)} active transports are more than the {SLOTS} slots of the table")
    total = sum(active.values())
    exact = {transport: SLOTS * share / total for transport, share in active.items()}
    held = {transport: max(1, int(quota)) for transport, quota in exact.items()}
    by_remainder = sorted(exact, key=lambda transport: (held[transport] - exact[transport], transport))
    for transport in by_remainder[: max(0, SLOTS - sum(held.values()))]:
        held[transport] += 1
    while sum(held.values()) > SLOTS:
        held[max(held, key=lambda transport: (held[transport], transport))] -= 1
    return held


def effects(active: ActiveSet, settings: RandmapHook) -> tuple[Effect, ...]:
    """Return the table and the reload, in this order."""
    lines = (f"{slot:02} {transport}:\n" for slot, transport in enumerate(_spread(slots(checked(active.shares)))))
    table = WriteFile(path=str(settings.path), content=_HEAD + "".join(lines))
    return (table, Run(command=settings.reload, timeout_seconds=_RELOAD_SECONDS))


def _spread(held: Mapping[str, int]) -> Iterator[str]:
    for transport, count in held.items():
        for _ in range(count):
            yield transport
