"""What is told about a delisting case: each event, with its evidence in words."""

from collections.abc import Iterator, Sequence

from schemas.delisting_events import (
    DelistingClosed,
    DelistingEvent,
    DelistingHandled,
    DelistingNoted,
    DelistingOpened,
    DelistingRequested,
    DelistingTakenBack,
    NoteKind,
    Outcome,
)
from schemas.facts import Culprit, Evidence
from schemas.names import derived_id
from schemas.observations import SenderJudged
from schemas.pool_events import (
    IpRestored,
    IpWithdrawn,
    PoolEvent,
    WithdrawalDrifted,
    WithdrawalRefused,
    WithdrawalVerified,
)
from streams.delisting_cases import File, Files, Named, place_of
from streams.standing import Pool, Standing, moment
from streams.tallies import ranked

_WHAT = {"ip": "the IP", "network": "its whole network", "as": "its whole AS", "domain": "the domain"}
_STEPS = {"flag": "flagged", "throttle": "throttled", "suspend": "suspended"}
_SHADOW = "the pool would have withdrawn it, but only says what it would do"
_SECOND = 1_000_000
WITHDRAWN = "withdrawn"
"""The rule of the evidence that an IP was withdrawn when its case was opened."""
_OfIp = IpWithdrawn | WithdrawalVerified | WithdrawalDrifted | WithdrawalRefused | IpRestored


def opened(files: Files, pool: Pool | None, file: File | None, named: Sequence[Named], at: int) -> DelistingOpened:
    """Return that a case is opened, or opened again, with what is known by then."""
    first = min(named, key=lambda one: (one.since, one.what))
    place = place_of(files.pool, first.list, first.what, first.scope)
    relapse = file.openings if file is not None else 0
    standing = pool.ips.get(first.what) if pool is not None else None
    return DelistingOpened(
        id=derived_id("delisting", place.case, "opened", first.since),
        at=at,
        case=place.case,
        pool=files.pool,
        list=place.list,
        subject=place.subject,
        scope=first.scope,
        since=first.since,
        ips=tuple(sorted(one.what for one in named)) if first.scope != "domain" else (),
        codes=first.codes,
        reason=first.reason,
        removal=first.removal,
        lasts=first.lasts,
        lasts_hours=first.lasts_hours,
        relapse=relapse,
        evidence=tuple(_known(pool, standing, first, relapse)),
        culprits=ranked(standing.tallies, at) if standing is not None else (),
    )


def _known(pool: Pool | None, standing: Standing | None, first: Named, relapse: int) -> Iterator[Evidence]:
    codes = f" ({', '.join(first.codes)})" if first.codes else ""
    said = f': "{first.reason}"' if first.reason else ""
    text = f"{first.list} lists {_WHAT[first.scope]} {first.what} since {moment(first.since)}{codes}{said}"
    yield Evidence(rule=f"dnsbl/{first.list}", text=text)
    if relapse:
        often = "once" if relapse == 1 else f"{relapse} times"
        yield Evidence(rule="relapse", text=f"it was listed there before, {often} lately", value=float(relapse))
    if standing is None or pool is None:
        return
    if standing.place != "withdrawn":
        yield Evidence(rule="pool", text=f"{standing.ip} carries mail: the pool has not withdrawn it")
    elif pool.rules.is_shadow:
        yield Evidence(rule="pool", text=f"{standing.ip} carries mail: {_SHADOW}")
    else:
        yield Evidence(rule=WITHDRAWN, text=f"{standing.ip} is withdrawn since {moment(standing.since)}")
    for sender in (one.sender for one in ranked(standing.tallies, pool.at)):
        suspect = pool.suspects.get(sender)
        if suspect is not None:
            yield Evidence(rule="culprit", text=_judged(sender, suspect.step, suspect.at, enforced=suspect.enforced))


def _judged(mailbox: str, step: str, at: int, *, enforced: bool) -> str:
    word = _STEPS[step]
    return f"{mailbox} {word if enforced or step == 'flag' else f'is only proposed to be {word}'} at {moment(at)}"


def joined(files: Files, file: File, more: Sequence[Named], at: int) -> DelistingNoted:
    """Return that further IPs are in the network that a list names."""
    ips = tuple(sorted(one.what for one in more))
    text = f"{file.place.list} names {', '.join(ips)}, too"
    return _noted(files, file, "joined", ("joined", file.opened, *ips), at, (Evidence(rule="joined", text=text),), ips)


def noted_of_ip(files: Files, event: PoolEvent) -> Iterator[DelistingNoted]:
    """Yield what a decision about an IP means for each open case in which it is."""
    if not isinstance(event, _OfIp) or (event.mode and not isinstance(event, IpWithdrawn)):
        return
    kind, text = _of_ip(event) if not event.mode else ("stays", f"{event.ip} goes on sending: {_SHADOW}")
    said = tuple(item for item in event.evidence if not item.rule.startswith("dnsbl/"))
    culprits = event.culprits if isinstance(event, IpWithdrawn) else ()
    for file in files.cases.values():
        if file.opened and event.ip in file.ips:
            evidence = (Evidence(rule="pool", text=text), *said)
            yield _noted(files, file, kind, (kind, event.id), event.at, evidence, culprits=culprits)


def _of_ip(event: _OfIp) -> tuple[NoteKind, str]:
    match event:
        case IpWithdrawn():
            return "withdrawn", f"{event.ip} was withdrawn from the pool"
        case WithdrawalVerified():
            return "stopped", f"the logs confirm that {event.ip} sends no more"
        case WithdrawalDrifted():
            return "drifted", f"mail still leaves through {event.ip} though it is withdrawn"
        case WithdrawalRefused():
            return "stays", f"{event.ip} goes on sending: {event.reason}"
        case IpRestored():
            return "returned", f"{event.ip} is back in the pool"


def noted_of_culprit(files: Files, event: SenderJudged, at: int) -> Iterator[DelistingNoted]:
    """Yield what a mailbox came to in each open case whose culprit it is."""
    if event.step == "watch":
        return
    text = f"{event.mailbox} was released at {moment(event.at)}"
    if event.step:
        text = _judged(event.mailbox, event.step, event.at, enforced=event.mode == "enforce")
    for file in files.cases.values():
        if file.opened and event.mailbox in file.culprits:
            yield _noted(files, file, "culprit", (event.id,), at, (Evidence(rule="culprit", text=text),))


def _noted(  # noqa: PLR0913, PLR0917 a note has that many sides
    files: Files,
    file: File,
    kind: NoteKind,
    cause: tuple[object, ...],
    at: int,
    evidence: tuple[Evidence, ...],
    ips: tuple[str, ...] = (),
    culprits: tuple[Culprit, ...] = (),
) -> DelistingNoted:
    return DelistingNoted(
        id=derived_id("delisting", file.place.case, *cause),
        at=at,
        case=file.place.case,
        pool=files.pool,
        list=file.place.list,
        subject=file.place.subject,
        kind=kind,
        ips=ips,
        evidence=evidence,
        culprits=culprits,
    )


def handled(files: Files, file: File, event: DelistingHandled, at: int) -> Iterator[DelistingEvent]:
    """Yield what follows from what an operator did; the id of his event is that of the decision, too."""
    if event.action == "taken_back":
        yield from _taken_back(files, file, event, at)
        return
    if not file.opened:
        return
    place = file.place
    if event.action == "closed":
        yield closed(files, file, event.outcome or "given_up", event.id, at, event)
    elif event.action == "requested":
        yield DelistingRequested(
            id=event.id,
            at=at,
            case=place.case,
            pool=files.pool,
            list=place.list,
            subject=place.subject,
            operator=event.operator,
            how=event.how,
            reference=event.reference,
            note=event.note,
            requests=file.requests + 1,
        )
    else:
        said = (Evidence(rule="operator", text=event.note),)
        yield DelistingNoted(
            id=event.id,
            at=at,
            case=place.case,
            pool=files.pool,
            list=place.list,
            subject=place.subject,
            kind="operator",
            operator=event.operator,
            evidence=said,
        )


def _taken_back(files: Files, file: File, event: DelistingHandled, at: int) -> Iterator[DelistingTakenBack]:
    """Yield that what somebody did counts no more; of an end only while the list still names what it was about."""
    what = file.deeds.get(event.takes_back)
    if what is None or (what == "closed") is not file.by_hand:
        return
    yield DelistingTakenBack(
        id=event.id,
        at=at,
        case=file.place.case,
        pool=files.pool,
        list=file.place.list,
        subject=file.place.subject,
        takes_back=event.takes_back,
        what=what,
        operator=event.operator,
        note=event.note,
    )


def closed(  # noqa: PLR0913, PLR0917 an end has that many sides
    files: Files, file: File, outcome: Outcome, cause: str, at: int, by: DelistingHandled | None = None
) -> DelistingClosed:
    """Return that a case is over, and how long it took."""
    return DelistingClosed(
        id=by.id if by is not None else derived_id("delisting", file.place.case, "closed", file.opened, cause),
        at=at,
        case=file.place.case,
        pool=files.pool,
        list=file.place.list,
        subject=file.place.subject,
        outcome=outcome,
        took_seconds=max(0, at - file.since) // _SECOND,
        waited_seconds=max(0, at - file.requested) // _SECOND if file.requested else 0,
        requests=file.requests,
        relapse=max(0, file.openings - 1),
        operator=by.operator if by is not None else "",
        note=by.note if by is not None else "",
    )
