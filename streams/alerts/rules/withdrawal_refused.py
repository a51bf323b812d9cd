"""An IP should leave its pool and stays; over once it left after all, or no list that counts names it any more.

An operator's order that was refused is none. Whoever gave it reads at once, where he gave it, that it is void; the IP
stands as it did before, and nothing is left to be done that would end an alert. At 3 a.m. a message about that, also
one that is a notice and over at once, wakes another for nothing. The pool's history has the refusal.
"""

from collections.abc import Iterator, Mapping

import msgspec

from schemas.alert_events import Severity
from schemas.events import Event
from schemas.observations import ListingObserved
from schemas.pool_events import IpRestored, IpWithdrawn, ListDistrusted, ListTrusted, WithdrawalRefused
from streams.alerts.facts import Look, Watched
from streams.alerts.rules import Sign

SEVERITY: Severity = "critical"
DELAY_MINUTES = 0.0
MEANS = "a listed IP goes on sending, since the pool would fall below its guard"
TOLD_AGAIN = True  # by each round of a list that names it; of one that fell silent nobody knows what it would say

_LIST = "dnsbl/"


class Staying(msgspec.Struct, frozen=True):
    """An IP that stays, since when, in which pool, as what that was told, and which lists name it."""

    at: int
    pool: str
    told: Sign
    lists: frozenset[str]


class Kept(msgspec.Struct, frozen=True):
    """The IPs that stay, and of each pool the lists that an operator distrusts there."""

    stays: Mapping[str, Staying] = {}
    distrusted: frozenset[tuple[str, str]] = frozenset()


def signs(before: Kept | None, fact: Event | Look, watched: Watched) -> tuple[Kept | None, tuple[Sign, ...]]:
    """Return what a refusal, a withdrawal, a list's answer or an operator's word on a list tells."""
    kept = before or Kept()
    match fact:
        case WithdrawalRefused() if not (fact.evidence and fact.evidence[0].rule == "operator"):
            staying = _staying(fact)
            return _with(kept, fact.ip, staying), (_now(staying, kept, watched, fact.at),)
        case IpWithdrawn() | IpRestored() if fact.ip in kept.stays:
            done = "left" if isinstance(fact, IpWithdrawn) else "is fully back in"
            return _ended(kept, fact.ip, fact.at, f"{fact.ip} {done} the pool {fact.pool}")
        case ListingObserved() if fact.ip in kept.stays:
            return _answered(kept, fact, watched)
        case ListDistrusted() | ListTrusted():
            which = {(fact.pool, fact.list)}
            by_hand = isinstance(fact, ListDistrusted) and fact.fault == "operator"
            words = kept.distrusted | which if by_hand else kept.distrusted - which
            if words != kept.distrusted:
                kept = msgspec.structs.replace(kept, distrusted=words)
                return kept, tuple(_of_list(kept, fact, watched))
    return before, ()


def _staying(fact: WithdrawalRefused) -> Staying:
    lists = frozenset(each.rule.rpartition("/")[2] for each in fact.evidence if each.rule.startswith(_LIST))
    text = f"{fact.ip} should leave the pool {fact.pool}, and stays: {fact.reason}"
    told = Sign(subject=fact.ip, at=fact.at, on=True, text=text, evidence=fact.evidence, page="pool", shown=fact.ip)
    return Staying(fact.at, fact.pool, told, lists)


def _answered(kept: Kept, fact: ListingObserved, watched: Watched) -> tuple[Kept, tuple[Sign, ...]]:
    """Return what a list's answer tells; one that is unknown, or older than the refusal, changes nothing."""
    staying = kept.stays[fact.ip]
    if fact.answer == "unknown" or fact.list not in staying.lists or fact.at <= staying.at:
        return kept, ()
    if fact.answer == "listed":
        return kept, (_now(staying, kept, watched, fact.at),)
    left = msgspec.structs.replace(staying, lists=staying.lists - {fact.list})
    if left.lists:
        return _with(kept, fact.ip, left), (_now(left, kept, watched, fact.at),)
    return _ended(kept, fact.ip, fact.at, f"no list names {fact.ip} any more for which it should have left")


def _of_list(kept: Kept, fact: ListDistrusted | ListTrusted, watched: Watched) -> Iterator[Sign]:
    for staying in kept.stays.values():
        if staying.pool == fact.pool and fact.list in staying.lists:
            yield _now(staying, kept, watched, fact.at)


def _now(staying: Staying, kept: Kept, watched: Watched, at: int) -> Sign:
    """Return how it is now: of lists that are asked no more, or that an operator distrusts, nothing is waited for."""
    counts = any(
        (staying.pool, name) not in kept.distrusted and (not watched.lists or name in watched.lists)
        for name in staying.lists
    )
    if counts or not staying.lists:
        return msgspec.structs.replace(staying.told, at=at)
    ip = staying.told.subject
    text = f"an operator distrusts each list that names {ip}, or it is asked no more"
    return Sign(subject=ip, at=at, on=False, text=text, page="pool", shown=ip)


def _with(kept: Kept, ip: str, staying: Staying) -> Kept:
    return msgspec.structs.replace(kept, stays={**kept.stays, ip: staying})


def _ended(kept: Kept, ip: str, at: int, text: str) -> tuple[Kept, tuple[Sign, ...]]:
    sign = Sign(subject=ip, at=at, on=False, text=text, page="pool", shown=ip)
    left = {name: each for name, each in kept.stays.items() if name != ip}
    return msgspec.structs.replace(kept, stays=left), (sign,)


def watches(subject: str, watched: Watched) -> bool:
    """Tell whether a pool has the IP."""
    return watched.has(subject)
