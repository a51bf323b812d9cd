"""A pool at one moment: what its decisions are made from."""

from collections.abc import Iterator

import msgspec

from schemas.facts import Evidence
from schemas.names import derived_id
from schemas.pool_events import WithdrawalRefused
from streams.regard import Order
from streams.standing import Pool, Standing


class Present(msgspec.Struct, frozen=True):
    """A pool at a time, with the lists that lost their vote by naming too much at once, or by an operator's word."""

    pool: Pool
    at: int
    distrusted: dict[str, str]

    def identity(self, ip: str, what: str, *cause: object) -> str:
        """Return the id of a decision: it follows from its cause, so that a repeated one is the same event."""
        return derived_id("pool", self.pool.name, ip, what, *cause)


def refused(
    present: Present, standing: Standing, reason: str, evidence: tuple[Evidence, ...], *cause: object
) -> Iterator[WithdrawalRefused]:
    """Yield that an IP stays, once for each cause."""
    identity = present.identity(standing.ip, "refused", *cause)
    if identity not in standing.refused:
        yield WithdrawalRefused(
            id=identity, at=present.at, pool=present.pool.name, ip=standing.ip, reason=reason, evidence=evidence
        )


def ordered(order: Order) -> Evidence:
    """Return an operator's order as evidence."""
    return Evidence(rule="operator", text=f"{order.operator}: {order.reason}")
