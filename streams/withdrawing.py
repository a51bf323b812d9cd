"""What must leave the pool: by an operator's order, or because trusted lists name it, as far as the guard allows."""

from collections.abc import Iterator

import msgspec

from schemas.facts import Evidence
from schemas.pool_events import IpWithdrawn, PoolEvent
from streams.capacity import lacking
from streams.hearsay import soft
from streams.present import Present, ordered, refused
from streams.rounds import FURTHER_ROUNDS
from streams.standing import Standing, microseconds
from streams.tallies import ranked
from streams.trust import Vote, votes

_UNBELIEVED = f"not believed until it names them for {FURTHER_ROUNDS} more rounds"
_DAY = microseconds(24 * 60)


class _Accused(msgspec.Struct, frozen=True):
    """An IP that trusted or distrusted lists speak against, and what replies add to their votes."""

    standing: Standing
    found: tuple[Vote, ...]
    hearsay: tuple[Evidence, ...]

    @property
    def weight(self) -> float:
        """Return what all speaks against it together."""
        return _weight(self.found) + sum(item.points for item in self.hearsay)

    @property
    def cause(self) -> tuple[tuple[str, int], ...]:
        """Return the lists that name it, each with since when: another cause is told anew."""
        return tuple((vote.list, vote.listing.since) for vote in sorted(self.found, key=lambda vote: vote.list))

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return all that speaks against it, in words."""
        return (*(vote.evidence() for vote in self.found), *self.hearsay)

    def without(self, distrusted: dict[str, str]) -> "_Accused":
        """Return what is left without the votes of these lists; replies alone withdraw nothing."""
        found = tuple(vote for vote in self.found if vote.list not in distrusted)
        return _Accused(self.standing, found, self.hearsay if found else ())


def by_order(present: Present, carrying: set[str]) -> Iterator[PoolEvent]:
    """Withdraw what an operator ordered, below the guard too where he may, but never the last IP.

    `carrying` loses it, in place.
    """
    for ip, standing in sorted(present.pool.ips.items()):
        order = standing.ordered("withdraw", present.at)
        if order is None or ip not in carrying:
            continue
        if carrying == {ip}:
            yield from refused(present, standing, "it is the last IP that carries mail", (ordered(order),), order.id)
            continue
        least = present.pool.rules.min_active
        if order.within_guard and len(carrying) <= least:
            left = f"only {len(carrying)} of {len(present.pool.ips)} IPs carry mail"
            why = f"{left}, min_active is {least}, {order.operator} may not go below it"
            yield from refused(present, standing, why, (ordered(order),), order.id)
            continue
        carrying.discard(ip)
        notes = [f"{len(carrying)} stay, fewer than min_active {least}"] if len(carrying) < least else []
        notes += [short] if (short := lacking(present.pool, carrying, present.at)) else []
        yield IpWithdrawn(
            id=present.identity(ip, "withdrawn", order.id, standing.since),
            at=present.at,
            pool=present.pool.name,
            ip=ip,
            until=order.expires_at,
            relapse=standing.withdrawals,
            evidence=(Evidence(rule="operator", text="; ".join((f"{order.operator}: {order.reason}", *notes))),),
            culprits=ranked(standing.tallies, present.at),
            operator=order.operator,
        )


def by_evidence(present: Present, carrying: set[str], back: set[str]) -> Iterator[PoolEvent]:
    """Withdraw what the lists name, the worst first, as far as the guard allows; say once what stays, and why.

    Of what comes `back` now no trusted list speaks ill: all that can be said is that a list is not believed.
    """
    for accused in sorted(_accused(present, carrying, back), key=lambda one: (-one.weight, one.standing.ip)):
        counted = accused.without(present.distrusted)
        if not _suffices(present, counted):
            lost = [vote.list for vote in accused.found if vote.list in present.distrusted]
            why = f"{'; '.join(present.distrusted[name] for name in lost)}: {_UNBELIEVED}"
            yield from refused(present, accused.standing, why, accused.evidence, "flood", accused.cause)
        elif guard := _guarded(present, carrying, accused.standing.ip):
            kind, why = guard
            yield from refused(present, accused.standing, why, accused.evidence, kind, accused.cause)
        else:
            carrying.discard(accused.standing.ip)
            yield _withdrawal(present, counted)


def _accused(present: Present, carrying: set[str], back: set[str]) -> Iterator[_Accused]:
    for ip, standing in present.pool.ips.items():
        if ip in carrying and (standing.place != "withdrawn" or ip in back) and not standing.is_held(present.at):
            found = votes(present.pool, standing, present.at)
            accused = _Accused(standing, found, soft(present.pool, standing, present.at) if found else ())
            if _suffices(present, accused):
                yield accused


def _suffices(present: Present, accused: _Accused) -> bool:
    """Tell whether all together reaches the threshold; on the first stage of a probation any new listing does."""
    standing = accused.standing
    if accused.weight >= present.pool.rules.threshold:
        return True
    first = standing.place == "probation" and standing.stage == 0
    return first and any(vote.listing.since > standing.since for vote in accused.found)


def _guarded(present: Present, carrying: set[str], ip: str) -> tuple[str, str] | None:
    """Return what the pool would lack without this IP: the kind of guard, and its numbers."""
    pool = present.pool
    if len(carrying) <= pool.rules.min_active:
        why = f"only {len(carrying)} of {len(pool.ips)} IPs carry mail, min_active is {pool.rules.min_active}"
        return "min_active", why
    short = lacking(pool, carrying - {ip}, present.at)
    return ("capacity", short) if short else None


def _weight(found: tuple[Vote, ...]) -> float:
    return sum(vote.weight for vote in found)


def _withdrawal(present: Present, accused: _Accused) -> IpWithdrawn:
    rules, at, standing = present.pool.rules, present.at, accused.standing
    relapse = standing.withdrawals if standing.withdrawn_at and at - standing.withdrawn_at <= memory(present) else 0
    minutes = min(rules.quarantine_max_minutes, rules.quarantine_minutes * 2.0 ** min(relapse, 60))
    newest = max(vote.listing.since for vote in accused.found)
    evidence = accused.evidence
    if accused.weight < rules.threshold:
        evidence = (*evidence, Evidence(rule="probation", text="it had just come back: any new listing suffices"))
    return IpWithdrawn(
        id=present.identity(standing.ip, "withdrawn", standing.since, newest),
        at=at,
        pool=present.pool.name,
        ip=standing.ip,
        until=at + microseconds(minutes),
        relapse=relapse,
        evidence=evidence,
        culprits=ranked(standing.tallies, at),
    )


def memory(present: Present) -> int:
    """Return how long a withdrawal is remembered."""
    return int(present.pool.rules.relapse_memory_days * _DAY)
