"""A day of four lists: one in order, one that refuses, one that a pool does not believe, one that was never asked."""

from collections.abc import Iterator

from schemas import observations as o
from schemas import pool_events as p
from schemas.events import Event
from schemas.facts import Answer, Evidence, ListFault
from schemas.names import derived_id
from schemas.own_observations import DomainListingObserved
from tests.pages.scene import RUDE_REPLY

MINUTE = 60_000_000
A, B, SIX = "192.0.2.11", "192.0.2.12", "2001:db8::25"
CONFIG = '[dnsbl]\nlists = ["spamhaus_zen", "spamcop", "psbl", "dronebl"]\n'
NOT_LISTED_BEFORE = 300


def observed(now: int) -> Iterator[Event]:
    """Yield what was observed in the six hours before `now`, a round every half hour."""
    for minute in range(345, 0, -30):
        yield from _round(now, minute, "spamhaus_zen", answered=(0, 40, 50, 0, 0, 9, 1), slowest=9_500)
        refuses = minute < 160
        answered = () if refuses else (0, 0, 0, 0, 0, 0, 0, 0, 20)
        yield from _round(now, minute, "spamcop", "refused" if refuses else "", answered, 0 if refuses else 19_000)
        if not 100 < minute < 250:
            yield from _round(now, minute, "psbl", "silent" if minute == 15 else "", six=minute == 15)
        for ip in (A, B, SIX):
            zen: Answer = "listed" if ip == A and minute < NOT_LISTED_BEFORE and minute != 75 else "not_listed"
            yield _listing(now, minute, "spamhaus_zen", ip, "unknown" if minute == 105 else zen)
            yield _listing(now, minute, "spamcop", ip, "unknown" if refuses else "not_listed")
            yield _listing(now, minute, "psbl", ip, "listed" if ip in {A, SIX} else "not_listed")
    yield DomainListingObserved(
        id="dbl", at=now - 9 * MINUTE, domain="isp.example", list="spamhaus_dbl", answer="unknown", reason="no answer"
    )
    yield o.RepliesCounted(
        id="replies", at=now - MINUTE, partition=0, ip=SIX, provider="google", kind="reputation", text="5.7.1", count=3
    )


def decided(now: int) -> Iterator[Event]:
    """Yield what the pool decided."""
    zen = Evidence(rule="dnsbl/spamhaus_zen", text=f"spamhaus_zen lists {A}")
    psbl = Evidence(rule="dnsbl/psbl", text=f"psbl lists {A}: {RUDE_REPLY}")
    yield p.IpWithdrawn(id="w", at=now - 200 * MINUTE, pool="main", ip=A, until=now, evidence=(zen, psbl))
    yield p.IpWithdrawn(id="w2", at=now - 100 * MINUTE, pool="main", ip=SIX, until=now, evidence=(psbl,))
    yield p.IpWithdrawn(id="w3", at=now - 99 * MINUTE, pool="main", ip=B, until=now, evidence=(psbl,), mode="shadow")
    doubted = Evidence(rule="doubted/psbl", text="psbl names most of the pool: what it caused is no relapse")
    yield p.IpProbationStarted(
        id="back", at=now - 40 * MINUTE, pool="main", ip=SIX, until=now, share=0.1, evidence=(doubted,)
    )
    said = (Evidence(rule="dnsbl/psbl", text=f"psbl has no vote: {RUDE_REPLY}"),)
    yield p.ListDistrusted(id="d0", at=now - 900 * MINUTE, pool="main", list="psbl", fault="silent", evidence=said)
    yield p.ListTrusted(id="t0", at=now - 330 * MINUTE, pool="main", list="psbl", fault="silent", evidence=said)
    yield p.ListDistrusted(id="d1", at=now - 45 * MINUTE, pool="main", list="psbl", fault="lists_most", evidence=said)
    ahead = (Evidence(rule="clock", text="an answer of spamcop is dated 9 min ahead"),)
    yield p.ClockDistrusted(id="c", at=now - 50 * MINUTE, pool="main", clock="lists", evidence=ahead)


def _round(  # noqa: PLR0913, PLR0917 a round has this many sides
    now: int,
    minute: int,
    name: str,
    fault: ListFault = "",
    answered: tuple[int, ...] = (),
    slowest: int = 0,
    *,
    six: bool = False,
) -> Iterator[Event]:
    yield o.ListHealthObserved(
        id=derived_id("round", name, minute),
        at=now - minute * MINUTE,
        list=name,
        healthy=not fault or six,
        fault=fault,
        reason=f"127.0.0.2: {RUDE_REPLY}" if fault else "",
        ip_version=6 if six else 0,
        next_at=now + 40 * MINUTE if fault == "refused" else 0,
        questions=(sum(answered) + (2 if fault else 0)) if answered or fault == "refused" else 0,
        failed=2 if fault == "refused" else 0,
        answered=answered,
        slowest_us=slowest,
    )


def _listing(now: int, minute: int, name: str, ip: str, answer: Answer) -> Event:
    listed = answer == "listed"
    return o.ListingObserved(
        id=derived_id("listing", name, ip, minute),
        at=now - minute * MINUTE,
        ip=ip,
        list=name,
        answer=answer,
        codes=("127.0.0.3",) if listed else (),
        reason=f"CSS: {RUDE_REPLY}" if listed else "refused to answer" if answer == "unknown" else "",
        scope="ip",
        weight=0.5,
        removal=f"https://{name}.example/removal" if listed else "",
        lasts_hours=72 if listed else 0,
    )
