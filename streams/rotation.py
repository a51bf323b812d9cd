"""What must change in a pool: what is compared with what should be, so that doing it twice is harmless."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from schemas.facts import Culprit, Evidence
from schemas.names import derived_id
from schemas.pool_events import (
    IpProbationStarted,
    IpRestored,
    IpWithdrawn,
    PoolEvent,
    WithdrawalDrifted,
    WithdrawalRefused,
    WithdrawalVerified,
)
from streams.rounds import FURTHER_ROUNDS, flooding
from streams.standing import Order, Pool, Standing, microseconds, moment
from streams.trust import Vote, clearance, doubts, votes

TEN_MINUTES = microseconds(10)
_BUCKETS_AN_HOUR = 7
_CULPRITS = 10
_DRIFT_EVERY = microseconds(1)
_UNBELIEVED = f"not believed until it names them for {FURTHER_ROUNDS} more rounds"


class _Case(msgspec.Struct, frozen=True):
    """A pool at a time, with the lists that lost their vote by naming too much at once."""

    pool: Pool
    at: int
    distrusted: dict[str, str]

    def identity(self, ip: str, what: str, *cause: object) -> str:
        return derived_id("pool", self.pool.name, ip, what, *cause)


def decide(pool: Pool, at: int) -> tuple[PoolEvent, ...]:
    """Return what must change at this time for the pool to be as it should; nothing where it is.

    Orders come first, then returns, then withdrawals, the worst first, as far as the guard allows: so what a return
    makes possible is done at once. At 0 nothing has told the time yet: an order waits for the first tick.
    """
    if not at:
        return ()
    case = _Case(pool, at, flooding(pool, at))
    carrying = {ip for ip, standing in pool.ips.items() if standing.place != "withdrawn"}
    decided: dict[str, PoolEvent] = {}
    back: set[str] = set()
    for ip, standing in sorted(pool.ips.items()):
        event = _restored_by_order(case, standing)
        if event is None and (event := _returned(case, standing)):
            back.add(ip)
        if event:
            decided[ip] = event
            carrying.add(ip)
    refused = []
    for event in (*_withdrawn_by_order(case, carrying), *_withdrawn(case, carrying, back)):
        if event.ip in back:
            refused.append(event)
        else:
            decided.setdefault(event.ip, event)
    watched = (_watched(case, standing) for ip, standing in sorted(pool.ips.items()) if ip not in decided)
    return (*decided.values(), *refused, *(event for event in watched if event))


def _restored_by_order(case: _Case, standing: Standing) -> PoolEvent | None:
    order = standing.ordered("restore", case.at)
    if order is None or standing.place == "active":
        return None
    return IpRestored(
        id=case.identity(standing.ip, "restored", order.id),
        at=case.at,
        pool=case.pool.name,
        ip=standing.ip,
        evidence=(_ordered(order),),
        operator=order.operator,
    )


def _ordered(order: Order) -> Evidence:
    return Evidence(rule="operator", text=f"{order.operator}: {order.reason}")


def _returned(case: _Case, standing: Standing) -> PoolEvent | None:
    """Return the next step of an IP's way back, if it may take one now."""
    at, rules = case.at, case.pool.rules
    doubted = doubts(case.pool, standing, case.distrusted)
    if standing.place == "active" or (at < standing.until and not doubted):
        return None
    if standing.ordered("pin", at) or standing.ordered("withdraw", at):
        return None
    if standing.place == "withdrawn" and standing.operator and not standing.until:
        return None
    evidence = clearance(case.pool, standing, case.distrusted, at)
    if evidence is None:
        return None
    evidence = (*doubted, *evidence)
    stage = standing.stage + 1 if standing.place == "probation" else 0
    cause = (standing.place, standing.since, stage)
    if stage >= len(rules.probation_shares):
        identity = case.identity(standing.ip, "restored", *cause)
        return IpRestored(id=identity, at=at, pool=case.pool.name, ip=standing.ip, evidence=evidence)
    return IpProbationStarted(
        id=case.identity(standing.ip, "probation", *cause),
        at=at,
        pool=case.pool.name,
        ip=standing.ip,
        share=rules.probation_shares[stage],
        until=at + microseconds(rules.probation_minutes) // len(rules.probation_shares),
        evidence=evidence,
    )


def _withdrawn_by_order(case: _Case, carrying: set[str]) -> Iterator[PoolEvent]:
    """Withdraw what an operator ordered, below `min_active` too, but never the last IP."""
    for ip, standing in sorted(case.pool.ips.items()):
        order = standing.ordered("withdraw", case.at)
        if order is None or standing.place == "withdrawn":
            continue
        if carrying == {ip}:
            yield from _refused(case, standing, "it is the last IP that carries mail", (_ordered(order),), order.id)
            continue
        carrying.discard(ip)
        left = len(carrying)
        below = f"; {left} stay, fewer than min_active {case.pool.rules.min_active}"
        note = below if left < case.pool.rules.min_active else ""
        yield IpWithdrawn(
            id=case.identity(ip, "withdrawn", order.id),
            at=case.at,
            pool=case.pool.name,
            ip=ip,
            until=order.expires_at,
            relapse=standing.withdrawals,
            evidence=(Evidence(rule="operator", text=f"{order.operator}: {order.reason}{note}"),),
            culprits=culprits(standing, case.at),
            operator=order.operator,
        )


def _withdrawn(case: _Case, carrying: set[str], back: set[str]) -> Iterator[PoolEvent]:
    """Withdraw what the lists name, the worst first, down to `min_active`; say once what stays, and why.

    Of what comes `back` now no trusted list speaks ill: all that can be said is that a list is not believed.
    """
    accused = [
        (standing, found)
        for ip, standing in case.pool.ips.items()
        if ip in carrying
        and (standing.place != "withdrawn" or ip in back)
        and not _is_held(standing, case.at)
        and _weight(found := votes(case.pool, standing, case.at)) >= case.pool.rules.threshold
    ]
    for standing, found in sorted(accused, key=lambda row: (-_weight(row[1]), row[0].ip)):
        counted = tuple(vote for vote in found if vote.list not in case.distrusted)
        evidence = tuple(vote.evidence() for vote in found)
        cause = tuple((vote.list, vote.listing.since) for vote in sorted(found, key=lambda vote: vote.list))
        if _weight(counted) < case.pool.rules.threshold:
            why = "; ".join(case.distrusted[vote.list] for vote in found if vote.list in case.distrusted)
            yield from _refused(case, standing, f"{why}: {_UNBELIEVED}", evidence, "flood", cause)
        elif len(carrying) <= case.pool.rules.min_active:
            why = f"only {len(carrying)} of {len(case.pool.ips)} IPs carry mail, min_active is "
            yield from _refused(case, standing, f"{why}{case.pool.rules.min_active}", evidence, "min_active", cause)
        else:
            carrying.discard(standing.ip)
            yield _withdrawal(case, standing, counted)


def _is_held(standing: Standing, at: int) -> bool:
    """Tell whether an operator's order stands in the way of the automat."""
    restored = standing.ordered("restore", at)
    return bool(standing.ordered("pin", at) or standing.ordered("withdraw", at) or (restored and restored.expires_at))


def _weight(found: tuple[Vote, ...]) -> float:
    return sum(vote.weight for vote in found)


def _withdrawal(case: _Case, standing: Standing, found: tuple[Vote, ...]) -> PoolEvent:
    rules, at = case.pool.rules, case.at
    memory = int(rules.relapse_memory_days * 86_400_000_000)
    relapse = standing.withdrawals if standing.withdrawn_at and at - standing.withdrawn_at <= memory else 0
    minutes = min(rules.quarantine_max_minutes, rules.quarantine_minutes * 2.0 ** min(relapse, 60))
    return IpWithdrawn(
        id=case.identity(standing.ip, "withdrawn", standing.since, max(vote.listing.since for vote in found)),
        at=at,
        pool=case.pool.name,
        ip=standing.ip,
        until=at + microseconds(minutes),
        relapse=relapse,
        evidence=tuple(vote.evidence() for vote in found),
        culprits=culprits(standing, at),
    )


def _refused(
    case: _Case, standing: Standing, reason: str, evidence: tuple[Evidence, ...], *cause: object
) -> Iterator[PoolEvent]:
    identity = case.identity(standing.ip, "refused", *cause)
    if identity not in standing.refused:
        yield WithdrawalRefused(
            id=identity, at=case.at, pool=case.pool.name, ip=standing.ip, reason=reason, evidence=evidence
        )


def culprits(standing: Standing, at: int) -> tuple[Culprit, ...]:
    """Return who sent most through an IP in the last hour, ranked."""
    ranked = sorted(sent(standing, at).items(), key=lambda item: (-item[1], item[0]))[:_CULPRITS]
    return tuple(Culprit(sender=sender, messages=messages) for sender, messages in ranked)


def sent(standing: Standing, at: int) -> Counter[str]:
    """Return the messages of each known sender through an IP in the last hour."""
    total: Counter[str] = Counter()
    for bucket, senders in standing.senders.items():
        if int(bucket) > at // TEN_MINUTES - _BUCKETS_AN_HOUR:
            total.update(senders)
    return total


def _watched(case: _Case, standing: Standing) -> PoolEvent | None:
    """Return what the logs say of a withdrawal: that it worked, or that mail still leaves; each only once."""
    if standing.place != "withdrawn":
        return None
    grace = int(case.pool.rules.verify_seconds * 1_000_000)
    if standing.last_mail > max(standing.since + grace, standing.drifted_mail):
        return _drifted(case, standing) if case.at >= standing.drifted_at + _DRIFT_EVERY else None
    quiet_from = max(standing.since, standing.last_mail)
    others = max((other.last_mail for ip, other in case.pool.ips.items() if ip != standing.ip), default=0)
    if standing.verified or others < quiet_from + grace:
        return None
    seconds = (others - quiet_from) // 1_000_000
    text = f"others sent for {seconds} s while nothing left through it"
    return WithdrawalVerified(
        id=case.identity(standing.ip, "verified", standing.since, standing.drifted_at),
        at=case.at,
        pool=case.pool.name,
        ip=standing.ip,
        evidence=(Evidence(rule="traffic", text=text, value=seconds),),
    )


def _drifted(case: _Case, standing: Standing) -> PoolEvent:
    seconds = (standing.last_mail - standing.since) // 1_000_000
    text = f"mail left through it at {moment(standing.last_mail)}, {seconds} s after the withdrawal"
    return WithdrawalDrifted(
        id=case.identity(standing.ip, "drifted", standing.since, standing.last_mail),
        at=case.at,
        pool=case.pool.name,
        ip=standing.ip,
        evidence=(Evidence(rule="traffic", text=text, value=seconds),),
    )
