"""An IP should leave its pool and stays; over once it left after all, or each list that named it says it does not."""

from collections.abc import Mapping

import msgspec

from schemas.alert_events import Severity
from schemas.events import Event
from schemas.observations import ListingObserved
from schemas.pool_events import IpRestored, IpWithdrawn, WithdrawalRefused
from streams.alerts.facts import Look, Watched
from streams.alerts.rules import Sign

SEVERITY: Severity = "critical"
DELAY_MINUTES = 0.0
MEANS = "a listed IP goes on sending, since the pool would fall below its guard"


class Staying(msgspec.Struct, frozen=True):
    """Since when an IP stays, in which pool, and the lists that name it."""

    at: int
    pool: str
    lists: frozenset[str]


_Stays = Mapping[str, Staying]


def signs(before: _Stays | None, fact: Event | Look, _watched: Watched) -> tuple[_Stays | None, tuple[Sign, ...]]:
    """Return what a refusal, a withdrawal or a list's answer tells."""
    known = before or {}
    match fact:
        case WithdrawalRefused():
            lists = frozenset(each.rule.rpartition("/")[2] for each in fact.evidence if each.rule.startswith("dnsbl/"))
            text = f"{fact.ip} should leave the pool {fact.pool}, and stays: {fact.reason}"
            sign = Sign(
                subject=fact.ip, at=fact.at, on=True, text=text, evidence=fact.evidence, page="pool", shown=fact.ip
            )
            return {**known, fact.ip: Staying(fact.at, fact.pool, lists)}, (sign,)
        case IpWithdrawn() | IpRestored() if fact.ip in known:
            done = "left" if isinstance(fact, IpWithdrawn) else "is fully back in"
            return _ended(known, fact.ip, fact.at, f"{fact.ip} {done} the pool {fact.pool}")
        case ListingObserved(answer="not_listed") if fact.ip in known:
            staying = known[fact.ip]
            if fact.list not in staying.lists or fact.at <= staying.at:
                return before, ()
            left = staying.lists - {fact.list}
            if left:
                return {**known, fact.ip: msgspec.structs.replace(staying, lists=left)}, ()
            return _ended(known, fact.ip, fact.at, f"no list names {fact.ip} any more for which it should have left")
    return before, ()


def _ended(known: _Stays, ip: str, at: int, text: str) -> tuple[_Stays, tuple[Sign, ...]]:
    sign = Sign(subject=ip, at=at, on=False, text=text, page="pool", shown=ip)
    return {name: each for name, each in known.items() if name != ip}, (sign,)


def watches(subject: str, watched: Watched) -> bool:
    """Tell whether a pool has the IP."""
    return watched.has(subject)
