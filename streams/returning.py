"""The way back: an operator's word, the next step of a probation, or a step back where something new is heard."""

from collections.abc import Iterable, Iterator

from schemas.facts import Culprit, Evidence
from schemas.pool_events import (
    IpProbationStarted,
    IpRestored,
    PoolEvent,
    ProbationSetBack,
    ProviderWithdrawn,
    ReturnDelayed,
)
from streams.clearing import Bar, clearance
from streams.present import Present, ordered
from streams.standing import Standing, microseconds, moment
from streams.suspects import Suspect
from streams.trust import Vote, doubts, naming, votes


def by_order(present: Present, standing: Standing) -> PoolEvent | None:
    """Return that an operator restored an IP, at once; of an active one, too, as the hooks may not know it as such."""
    order = standing.ordered("restore", present.at)
    if order is None or (standing.place == "active" and order.done):
        return None
    return IpRestored(
        id=present.identity(standing.ip, "restored", order.id),
        at=present.at,
        pool=present.pool.name,
        ip=standing.ip,
        evidence=(ordered(order),),
        operator=order.operator,
    )


def by_evidence(present: Present, standing: Standing) -> PoolEvent | None:
    """Return the next step of an IP's way back, if it may take one now, or that who spoilt it hinders it."""
    at = present.at
    doubted = doubts(present.pool, standing, present.distrusted)
    if standing.place == "active" or (at < standing.until and not doubted):
        return None
    if standing.ordered("pin", at) or standing.ordered("withdraw", at):
        return None
    if standing.place == "withdrawn" and standing.operator and not standing.until:
        return None
    cleared = clearance(present, standing)
    if cleared.bars:
        return _waiting(present, standing, cleared.bars) if at >= standing.until else None
    evidence = cleared.evidence
    if standing.place == "withdrawn" and not doubted:
        going_on = _going_on(present, standing)
        if going_on and at < _latest(present, standing):
            return _delayed(present, standing, going_on)
        evidence = (*evidence, *_answered(present, standing))
    return _step(present, standing, (*doubted, *evidence))


def needed(present: Present) -> IpProbationStarted | IpRestored:
    """Return that the least bad of the IPs comes back, since no other is left to carry mail; a pin gives way to that.

    Whom an operator withdrew comes last, then who has the most weight of lists against him, then the longest to wait.
    """
    pool, at = present.pool, present.at
    against = {
        ip: [vote for vote in votes(pool, standing, at) if vote.list not in present.distrusted]
        for ip, standing in pool.ips.items()
    }

    def badness(standing: Standing) -> tuple[bool, float, int, int, str]:
        weight = sum(vote.weight for vote in against[standing.ip])
        return (
            bool(standing.operator),
            weight,
            len(naming(pool, standing, present.distrusted)),
            standing.until,
            standing.ip,
        )

    standing = min(pool.ips.values(), key=badness)
    weight = sum(vote.weight for vote in against[standing.ip])
    left = max(0, standing.until - at) // microseconds(1)
    text = (
        f"no other IP is left to carry mail: of {len(pool.ips)} withdrawn it is the least bad, with a weight of "
        f"{weight:g} against it and {left} minutes of its time left"
    )
    why = (Evidence(rule="guard", text=text, value=weight), *(vote.evidence() for vote in against[standing.ip]))
    return _step(present, standing, why)


def _step(present: Present, standing: Standing, evidence: tuple[Evidence, ...]) -> IpProbationStarted | IpRestored:
    rules, at = present.pool.rules, present.at
    stage = standing.stage + 1 if standing.place == "probation" else 0
    cause = (standing.place, standing.since, stage)
    if stage >= len(rules.probation_shares):
        identity = present.identity(standing.ip, "restored", *cause)
        return IpRestored(id=identity, at=at, pool=present.pool.name, ip=standing.ip, evidence=evidence)
    return IpProbationStarted(
        id=present.identity(standing.ip, "probation", *cause),
        at=at,
        pool=present.pool.name,
        ip=standing.ip,
        share=rules.probation_shares[stage],
        until=at + _stage_length(present),
        evidence=evidence,
    )


def _stage_length(present: Present) -> int:
    rules = present.pool.rules
    return microseconds(rules.probation_minutes) // max(1, len(rules.probation_shares))


def _going_on(present: Present, standing: Standing) -> dict[str, Suspect]:
    """Return the mailboxes in question that sent through the IP before it was withdrawn, and still send.

    Only those that are flagged or more: a busy shop on top of the ranking hinders nothing.
    """
    quiet = microseconds(present.pool.rules.culprits.quiet_minutes)
    known = ((name, present.pool.suspects.get(name)) for name in standing.culprits)
    return {name: one for name, one in known if one is not None and one.goes_on(present.at, quiet)}


def _latest(present: Present, standing: Standing) -> int:
    """Return when an IP returns whoever sends."""
    return standing.until + microseconds(present.pool.rules.culprits.most_minutes)


def _delayed(present: Present, standing: Standing, going_on: dict[str, Suspect]) -> PoolEvent | None:
    identity = present.identity(standing.ip, "delayed", standing.since)
    if identity in standing.refused:
        return None
    return ReturnDelayed(
        id=identity,
        at=present.at,
        pool=present.pool.name,
        ip=standing.ip,
        until=_latest(present, standing),
        evidence=tuple(_named(name, one, "and still sends") for name, one in going_on.items()),
        culprits=tuple(Culprit(sender=name) for name in going_on),
    )


def _waiting(present: Present, standing: Standing, bars: tuple[Bar, ...]) -> PoolEvent | None:
    """Return that the return waits for lists, told again only where another one comes to them."""
    names = {bar.list for bar in bars}
    if names <= set(standing.waits):
        return None
    cause = (standing.place, standing.since, standing.stage, *sorted({*names, *standing.waits}))
    ends = [bar.until for bar in bars]
    return ReturnDelayed(
        id=present.identity(standing.ip, "waits", *cause),
        at=present.at,
        pool=present.pool.name,
        ip=standing.ip,
        until=max(ends) if all(ends) else 0,
        evidence=tuple(bar.evidence for bar in bars),
    )


def _answered(present: Present, standing: Standing) -> Iterator[Evidence]:
    """Yield why no culprit hinders the return any more."""
    quiet = microseconds(present.pool.rules.culprits.quiet_minutes)
    for name in standing.culprits:
        one = present.pool.suspects.get(name)
        if one is None:
            continue
        if one.goes_on(present.at, quiet):
            yield _named(name, one, "and still sends: waited for as long as culprits.most_minutes allows")
        elif one.last_mail > present.at - quiet:
            yield _named(name, one, "which is enforced")
        else:
            yield _named(name, one, "and was quiet since")


def _named(name: str, one: Suspect, state: str) -> Evidence:
    step = {"flag": "flagged", "throttle": "throttled", "suspend": "suspended"}[one.step]
    verb = step if one.enforced or one.step == "flag" else f"only proposed to be {step}"
    last = f", last mail at {moment(one.last_mail)}" if one.last_mail else ""
    return Evidence(rule="culprit", text=f"{name} is {verb} since {moment(one.at)}{last}, {state}")


def set_back(present: Present, standing: Standing, blocked: Iterable[ProviderWithdrawn]) -> PoolEvent | None:
    """Return that an IP on probation goes back by one stage, for something that was not there when its stage began.

    That is a listing too small to withdraw it, or a provider that blocks it from now on. On the first stage any new
    listing withdraws it (streams/withdrawing.py), and a provider makes the stage begin anew.
    """
    if standing.place != "probation" or standing.is_held(present.at):
        return None
    signs = (
        *(vote.evidence() for vote in _new_votes(present, standing)),
        *(item for event in blocked for item in event.evidence),
    )
    shares = present.pool.rules.probation_shares
    if not signs or not shares:
        return None
    stage = min(max(0, standing.stage - 1), len(shares) - 1)
    return ProbationSetBack(
        id=present.identity(standing.ip, "set back", standing.since, standing.stage),
        at=present.at,
        pool=present.pool.name,
        ip=standing.ip,
        share=shares[stage],
        until=present.at + _stage_length(present),
        evidence=signs,
    )


def _new_votes(present: Present, standing: Standing) -> tuple[Vote, ...]:
    return tuple(
        vote
        for vote in votes(present.pool, standing, present.at)
        if vote.list not in present.distrusted and vote.listing.since > standing.since
    )
