"""One list names every IP of a pool, of one IP version: its whole network, or the list is at fault.

Over once it says of one of them that it does not. A list that has said nothing for a week is not known to name them.
"""

from collections.abc import Iterator, Mapping

from schemas.alert_events import Severity
from schemas.events import Event
from schemas.observations import ListingObserved
from streams.alerts.facts import Look, Watched
from streams.alerts.rules import Sign

SEVERITY: Severity = "critical"
DELAY_MINUTES = 0.0
MEANS = "one list names all IPs of a pool"
TOLD_AGAIN = True  # by each round of the list
_LEAST = 2

_Answers = Mapping[str, Mapping[str, tuple[int, bool]]]
"""Of each list, what it said of each IP last, and when."""


def signs(before: _Answers | None, fact: Event | Look, watched: Watched) -> tuple[_Answers | None, tuple[Sign, ...]]:
    """Return what a list's answer tells; one that is unknown, or older than what is known, changes nothing."""
    if not isinstance(fact, ListingObserved) or fact.answer == "unknown":
        return before, ()
    known = before or {}
    said = known.get(fact.list, {})
    at, listed = said.get(fact.ip, (0, False))
    now_listed = fact.answer == "listed"
    if fact.at < at or (at and not listed and not now_listed):
        return before, ()
    old = frozenset(ip for ip, (_, on) in said.items() if on)
    new = old | {fact.ip} if now_listed else old - {fact.ip}
    kept = {**known, fact.list: {**said, fact.ip: (fact.at, now_listed)}}
    return kept, tuple(_changed(fact, old, new, watched))


def _changed(fact: ListingObserved, old: frozenset[str], new: frozenset[str], watched: Watched) -> Iterator[Sign]:
    six = ":" in fact.ip
    for name, pool in watched.pools.items():
        ips = frozenset(ip for ip in pool.ips if (":" in ip) is six)
        on = ips <= new
        if fact.ip not in ips or len(ips) < _LEAST or (not on and not ips <= old):
            continue
        what = f"all {len(ips)} IPv{6 if six else 4} addresses of the pool {name}"
        said = f" ({fact.reason})" if on and fact.reason else ""
        text = f"{fact.list} names {what}{said}" if on else f"{fact.list} names {fact.ip} no more, so not {what}"
        subject = f"{name} on {fact.list} over IPv{6 if six else 4}"
        yield Sign(subject=subject, at=fact.at, on=on, text=text, page="pool", shown=name)


def watches(subject: str, watched: Watched) -> bool:
    """Tell whether there is such a pool, and the list is asked, where any is asked from here."""
    pool, _, name = subject.rpartition(" over ")[0].partition(" on ")
    return pool in watched.pools and (not watched.lists or name in watched.lists)
