"""Delisting cases: what a trusted list names is a case, from its first word to the end of the listing.

A pure fold of what the pools learn and decide. A case is one list and one subject: an IP, a network or a whole AS where
the list means that, or a domain; of a network its IPs are in one case. What is compared is what is named with what is
open, so that doing it twice is harmless; an unknown answer neither opens nor closes.
"""

from collections.abc import Iterator, Sequence

import msgspec

from schemas.delisting_events import (
    Deed,
    DelistingClosed,
    DelistingEvent,
    DelistingHandled,
    DelistingNoted,
    DelistingOpened,
    DelistingRequested,
    DelistingTakenBack,
    Outcome,
)
from schemas.observations import ClockTicked, ListingObserved, PoolObservation, SenderJudged
from schemas.own_observations import DomainListingObserved
from schemas.pool_events import PoolEvent
from streams.delisting_cases import DAY, File, Files, Named, Place, named_key, place_of
from streams.delisting_told import closed, handled, joined, noted_of_culprit, noted_of_ip, opened
from streams.rounds import is_healthy, is_settled
from streams.standing import Pool

__all__ = ["Files", "evolve", "step"]

_replace = msgspec.structs.replace
_TOLD = 8


def step(
    files: Files, pool: Pool | None, event: PoolObservation, decided: Sequence[PoolEvent] = ()
) -> tuple[Files, tuple[DelistingEvent, ...]]:
    """Return the cases after an observation, and what follows; the same object where it tells nothing.

    `pool` is what it is after the observation and what was `decided` by it; None where there is no such pool any more,
    and for domains.
    """
    known = _freed(_observed(files, pool, event), files)
    told: list[DelistingEvent] = []
    changed = known is not files
    for decision in _decided(known, pool, event, decided, changed=changed):
        known = evolve(known, decision)
        told.append(decision)
    if known is files:
        return files, ()
    return _replace(known, at=max(known.at, event.at)), tuple(told)


def _observed(files: Files, pool: Pool | None, event: PoolObservation) -> Files:
    """Return the cases knowing what a list names now, and what it names no more."""
    if isinstance(event, DomainListingObserved) and not files.pool:
        since = event.at
        found = Named(event.list, event.domain, "domain", since, event.codes, event.reason, *_way_out(event))
        return _said(files, found, event.answer)
    if isinstance(event, ListingObserved) and pool is not None and event.ip in pool.ips:
        listing = pool.ips[event.ip].listings.get(event.list)
        if listing is None or listing.at != event.at or (event.answer == "listed" and not listing.names):
            return files  # older than what is known, or a list without any weight
        found = Named(event.list, event.ip, event.scope, listing.since, event.codes, event.reason, *_way_out(event))
        return _said(files, found, event.answer)
    if isinstance(event, ClockTicked):
        return _tidied(files, pool, event.at)
    return files


def _way_out(event: ListingObserved | DomainListingObserved) -> tuple[str, str, int]:
    return event.removal, event.lasts, event.lasts_hours


def _said(files: Files, found: Named, answer: str) -> Files:
    key = named_key(found.list, found.what)
    before = files.named.get(key)
    if answer == "listed":
        if before is not None:
            found = _replace(found, since=before.since)
        return files if found == before else _replace(files, named={**files.named, key: found})
    if answer == "not_listed" and before is not None:
        return _replace(files, named={name: one for name, one in files.named.items() if name != key})
    return files


def _tidied(files: Files, pool: Pool | None, at: int) -> Files:
    """Return the cases without what is no longer ours, and without files too old to tell of a relapse."""
    named = files.named
    if files.pool and any(pool is None or one.what not in pool.ips for one in named.values()):
        named = {key: one for key, one in named.items() if pool is not None and one.what in pool.ips}
    oldest = at - int((pool.rules.relapse_memory_days if pool is not None else 30.0) * DAY)
    cases = files.cases
    if any(not one.opened and not one.by_hand and one.closed < oldest for one in cases.values()):
        cases = {key: one for key, one in cases.items() if one.opened or one.by_hand or one.closed >= oldest}
    if named is files.named and cases is files.cases:
        return files
    return _replace(files, named=named, cases=cases)


def _freed(files: Files, before: Files) -> Files:
    """Return the cases in which what an operator closed may open again, if the list named it no more."""
    if files.named is before.named or not any(file.by_hand for file in files.cases.values()):
        return files
    there = {_case(files, one) for one in files.named.values()}
    return _replace(
        files,
        cases={
            case: _replace(file, by_hand=False) if file.by_hand and case not in there else file
            for case, file in files.cases.items()
        },
    )


def _case(files: Files, one: Named) -> str:
    return place_of(files.pool, one.list, one.what, one.scope).case


def _decided(
    files: Files, pool: Pool | None, event: PoolObservation, decided: Sequence[PoolEvent], *, changed: bool
) -> Iterator[DelistingEvent]:
    at = max(files.at, event.at)
    for decision in decided:
        yield from noted_of_ip(files, decision)
    if isinstance(event, SenderJudged):
        yield from noted_of_culprit(files, event, at)
    elif isinstance(event, DelistingHandled):
        file = files.cases.get(event.case)
        if file is not None and event.id not in file.told:
            yield from handled(files, file, event, at)
    elif decided or isinstance(event, ClockTicked):
        yield from _compared(files, pool, event.id, at)
    elif changed and isinstance(event, ListingObserved):
        yield from _compared(files, pool, event.id, at, place_of(files.pool, event.list, event.ip, event.scope).case)
    elif changed and isinstance(event, DomainListingObserved):
        yield from _compared(files, pool, event.id, at, place_of(files.pool, event.list, event.domain, "domain").case)


def _compared(files: Files, pool: Pool | None, cause: str, at: int, only: str = "") -> Iterator[DelistingEvent]:
    """Yield what differs: what is named and has no open case, what is in an open case and is named no more.

    An answer tells of its own case `only`; at a tick, and when the pool decided something, all are looked at.
    """
    there: dict[str, list[Named]] = {}
    for one in files.named.values():
        case = _case(files, one)
        if not only or case == only:
            there.setdefault(case, []).append(one)
    for case, named in there.items():
        file = files.cases.get(case)
        trusted = [one for one in named if _is_trusted(pool, one)]
        if not trusted or (file is not None and file.by_hand):
            continue
        if file is None or not file.opened:
            yield opened(files, pool, file, trusted, at)
        elif more := [one for one in trusted if one.scope in {"network", "as"} and one.what not in file.ips]:
            yield joined(files, file, more, at)
    for case in (only,) if only else tuple(files.cases):
        file = files.cases.get(case)
        if file is not None and file.opened and case not in there:
            ours = not files.pool or (pool is not None and any(ip in pool.ips for ip in file.ips))
            ended: Outcome = "not_ours" if not ours else "delisted" if file.requests else "expired"
            yield closed(files, file, ended, cause, at)


def _is_trusted(pool: Pool | None, one: Named) -> bool:
    """Tell whether a list is believed now; of a domain its answer is unknown where its list failed its test."""
    if one.scope == "domain":
        return True
    if pool is None or one.list in pool.distrusted or not is_healthy(pool, one.list):
        return False
    listing = pool.ips[one.what].listings.get(one.list) if one.what in pool.ips else None
    return listing is not None and listing.names and is_settled(pool, one.list, listing, pool.at)


def evolve(files: Files, event: DelistingEvent) -> Files:
    """Return the cases after a decision."""
    if event.pool != files.pool:
        return files
    before = files.cases.get(event.case)
    file = before or File(place=Place(event.case, event.list, event.subject))
    match event:
        case DelistingOpened():
            return _begun(files, file, event)
        case DelistingNoted():
            ips = tuple(dict.fromkeys((*file.ips, *event.ips)))
            senders = (*file.culprits, *(one.sender for one in event.culprits))
            file = _replace(file, ips=ips, culprits=tuple(dict.fromkeys(senders)))
            file = _did(file, event.id, "noted") if event.operator else file
        case DelistingRequested():
            file = _replace(file, requests=file.requests + 1, requested=file.requested or event.at)
            file = _did(file, event.id, "requested")
        case DelistingClosed():
            return _ended(files, file, event)
        case DelistingTakenBack():
            file = _taken_back(file, event)
    told = (*file.told, event.id)[-_TOLD:]
    return _replace(files, at=max(files.at, event.at), cases={**files.cases, event.case: _replace(file, told=told)})


def _did(file: File, identity: str, deed: Deed) -> File:
    """Return the case knowing one more thing that an operator did, of the last some."""
    kept = dict([*file.deeds.items(), (identity, deed)][-_TOLD:])
    return _replace(file, deeds=kept)


def _taken_back(file: File, event: DelistingTakenBack) -> File:
    """Return a case without what an operator did; one that he closed is open again, as it was."""
    file = _replace(file, deeds={one: deed for one, deed in file.deeds.items() if one != event.takes_back})
    if event.what == "requested":
        requests = max(0, file.requests - 1)
        return _replace(file, requests=requests, requested=file.requested if requests else 0)
    return _replace(file, opened=event.at, closed=0, by_hand=False) if event.what == "closed" else file


def _begun(files: Files, file: File, event: DelistingOpened) -> Files:
    """Return the cases with one more open; what it tells of is known as named, in a log without the answers too."""
    named = dict(files.named)
    for what in event.ips or (event.subject,):
        found = Named(event.list, what, event.scope, event.since, event.codes, event.reason)
        named.setdefault(named_key(event.list, what), found)
    file = File(
        place=file.place,
        opened=event.at,
        since=event.since,
        ips=event.ips,
        culprits=tuple(one.sender for one in event.culprits),
        openings=event.relapse + 1,
        told=(event.id,),
    )
    return _replace(files, at=max(files.at, event.at), named=named, cases={**files.cases, event.case: file})


def _ended(files: Files, file: File, event: DelistingClosed) -> Files:
    """Return the cases with one closed: what it was about is named no more, unless an operator closed it."""
    named, what = files.named, file.ips or (event.subject,)
    if not event.operator:
        gone = {named_key(event.list, one) for one in what}
        named = {key: one for key, one in named.items() if key not in gone}
    still = any(named_key(event.list, one) in named for one in what)
    file = _did(file, event.id, "closed") if event.operator else file
    file = _replace(file, opened=0, closed=event.at, by_hand=still, told=(*file.told, event.id)[-_TOLD:])
    return _replace(files, at=max(files.at, event.at), named=named, cases={**files.cases, event.case: file})
