"""A table of 100 slots, of which an MTA or the kernel draws one at random: a transport holds as many as its share."""

from collections.abc import Mapping

SLOTS = 100


def drawn(shares: Mapping[str, float]) -> tuple[str, ...]:
    """Return whose each slot is, from the first to the last. ValueError for more transports than slots."""
    return tuple(name for name, count in slots(shares).items() for _ in range(count))


def slots(shares: Mapping[str, float]) -> dict[str, int]:
    """Return how many of the slots each transport holds: by largest remainder, but at least one.

    ValueError for more transports than slots.
    """
    if len(shares) > SLOTS:
        raise ValueError(f"{len(shares)} active transports are more than the {SLOTS} slots of the table")
    total = sum(shares.values())
    exact = {transport: SLOTS * share / total for transport, share in shares.items()}
    held = {transport: max(1, int(quota)) for transport, quota in exact.items()}
    by_remainder = sorted(exact, key=lambda transport: (held[transport] - exact[transport], transport))
    for transport in by_remainder[: max(0, SLOTS - sum(held.values()))]:
        held[transport] += 1
    while sum(held.values()) > SLOTS:
        held[max(held, key=lambda transport: (held[transport], transport))] -= 1
    return held
