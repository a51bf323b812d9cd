"""A delisting case for whom it concerns: what is known and done, whether to ask now, and a text for the list's form."""

from collections.abc import Iterator, Sequence

import msgspec

from schemas.culprits import sentence
from schemas.delisting_events import (
    Deed,
    DelistingClosed,
    DelistingEvent,
    DelistingNoted,
    DelistingOpened,
    DelistingRequested,
    DelistingTakenBack,
)
from schemas.facts import Culprit
from schemas.names import domain_of
from streams.delisting_told import WITHDRAWN
from streams.standing import moment
from streams.suspects import Suspect

WORDS = {
    "delisted": "the list took the entry back",
    "expired": "the entry ended by itself",
    "not_ours": "the IP is none of ours any more",
    "given_up": "given up",
}
_STEPS = {"flag": "flagged", "throttle": "throttled", "suspend": "suspended"}


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """A culprit now: what it did, its step (None: none now), when it was last released, and its last mail (0: none)."""

    culprit: Culprit
    suspect: Suspect | None = None
    released: int = 0
    last_mail: int = 0

    @property
    def state(self) -> str:
        """Return in words what was done about it."""
        suspect = self.suspect
        if suspect is None:
            return f"released {moment(self.released)}" if self.released else "not in question"
        word = _STEPS[suspect.step]
        if suspect.step != "flag" and not suspect.enforced:
            return f"only proposed to be {word} since {moment(suspect.at)}"
        return f"{word} since {moment(suspect.at)}"

    @property
    def is_barred(self) -> bool:
        """Tell whether it is kept from sending, or from sending much."""
        return self.suspect is not None and self.suspect.enforced


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """All of a case: its events in their order, and what is known at the time `now`."""

    events: tuple[DelistingEvent, ...]
    now: int
    ptr: dict[str, tuple[str, ...]] = {}
    last_mail: dict[str, int] = {}
    senders: tuple[Sender, ...] = ()
    quiet: int = 0

    @property
    def counted(self) -> tuple[DelistingEvent, ...]:
        """Return the events without what was taken back."""
        void = {event.takes_back for event in self.events if isinstance(event, DelistingTakenBack)}
        return tuple(event for event in self.events if event.id not in void)

    @property
    def opened(self) -> DelistingOpened:
        """Return the newest opening."""
        return next(event for event in reversed(self.events) if isinstance(event, DelistingOpened))

    @property
    def closed(self) -> DelistingClosed | None:
        """Return how it ended, None while it is open."""
        last = [event for event in self.counted if isinstance(event, DelistingOpened | DelistingClosed)][-1]
        return last if isinstance(last, DelistingClosed) else None

    @property
    def ips(self) -> tuple[str, ...]:
        """Return the IPs that it is about."""
        more = (ip for event in self.latest if isinstance(event, DelistingNoted) for ip in event.ips)
        return tuple(dict.fromkeys((*self.opened.ips, *more)))

    @property
    def latest(self) -> tuple[DelistingEvent, ...]:
        """Return what was told since it was opened last."""
        return tuple(event for event in self.counted if event.at >= self.opened.at)


def culprits(events: Sequence[DelistingEvent]) -> tuple[Culprit, ...]:
    """Return the culprits of the newest opening, and of what was noted since, each as it was first told."""
    found: dict[str, Culprit] = {}
    for event in events:
        if isinstance(event, DelistingOpened):
            found = {}
        if isinstance(event, DelistingOpened | DelistingNoted):
            for one in event.culprits:
                found.setdefault(one.sender, one)
    return tuple(found.values())


def advice(bundle: Bundle) -> tuple[str, ...]:
    """Return why not to ask for removal yet; nothing where no cause is known to go on.

    A list that finds the spam going on lists again, and for longer.
    """
    if bundle.closed is not None:
        return ()
    going_on = [
        f"do not ask yet: {one.culprit.sender} is {one.state}, and sent at {moment(one.last_mail)}"
        for one in bundle.senders
        if one.suspect is not None
        and msgspec.structs.replace(one.suspect, last_mail=one.last_mail).goes_on(bundle.now, bundle.quiet)
    ]
    if going_on:
        return tuple(going_on)
    if bundle.ips and not any(one.is_barred or one.released for one in bundle.senders):
        return ("no culprit is throttled or suspended: make sure that the cause has ended before you ask",)
    return ()


def lines(bundle: Bundle) -> Iterator[str]:
    """Yield the case for an operator: whether to ask, where, who did it, and what happened so far."""
    opened, closed = bundle.opened, bundle.closed
    state = f"{WORDS[closed.outcome]}, {span(closed.took_seconds)} after it began" if closed else "open"
    relapse = f", relapse {opened.relapse}" if opened.relapse else ""
    yield f"delisting {opened.case}: {opened.subject} on {opened.list}{relapse}: {state}"
    yield from (f"  ! {each}" for each in advice(bundle))
    yield f"  removal: {opened.removal or 'not known'}"
    if ends := lasts(opened):
        yield f"  {ends}"
    for one in bundle.senders:
        last = f", last mail {moment(one.last_mail)}" if one.last_mail else ", no mail since the day before"
        yield f"  culprit {sentence(one.culprit)}: {one.state}{last}"
    for event in bundle.events:
        yield from _happened(event)


def lasts(opened: DelistingOpened) -> str:
    """Return when an entry ends by itself, as far as the list's operator tells; "" where he does not."""
    if opened.lasts:
        return f"an entry lasts {opened.lasts}"
    return f"an entry ends by itself about {opened.lasts_hours} h after the last hit" if opened.lasts_hours else ""


def _happened(event: DelistingEvent) -> Iterator[str]:
    match event:
        case DelistingOpened():
            head, told = "opened" + (f", relapse {event.relapse}" if event.relapse else ""), event.evidence
        case DelistingNoted():
            head, told = f"noted by {event.operator}" if event.operator else event.kind, event.evidence
        case DelistingRequested():
            parts = (f"by {event.how}" if event.how else "", event.reference, event.note)
            head, told = f"requested by {event.operator}: " + ", ".join(filter(None, parts)), ()
        case DelistingClosed():
            by = f" by {event.operator}" if event.operator else ""
            note = f": {event.note}" if event.note else ""
            head, told = f"closed{by}, {WORDS[event.outcome]}{note}", ()
        case DelistingTakenBack():
            head, told = f"{event.operator} took back what was {event.what}: {event.note}", ()
    yield f"{moment(event.at)} {head.removesuffix(': ')}"
    yield from (f"  {item.text}" for item in told)


def deed_of(event: DelistingEvent) -> Deed | None:
    """Return what an operator did by an event, None where nobody did."""
    match event:
        case DelistingRequested():
            return "requested"
        case DelistingNoted(operator=operator) if operator:
            return "noted"
        case DelistingClosed(operator=operator) if operator:
            return "closed"
    return None


def form(bundle: Bundle) -> Iterator[str]:
    """Yield the text for a removal form. It names no customer, only the domain of his mailbox."""
    opened = bundle.opened
    yield f"{'Domain' if opened.scope == 'domain' else 'IP address'}: {', '.join(bundle.ips) or opened.subject}"
    for ip in bundle.ips:
        if names := bundle.ptr.get(ip):
            yield f"Reverse DNS of {ip}: {', '.join(names)}"
    yield f"List: {opened.list}" + (f" ({', '.join(opened.codes)})" if opened.codes else "")
    yield f"Listed since: {moment(opened.since)}"
    if opened.reason:
        yield f"Your entry says: {opened.reason}"
    barred = [one for one in bundle.senders if one.is_barred or one.released]
    for one in barred or bundle.senders[:1]:
        yield f"What happened: a mailbox of {domain_of(one.culprit.sender) or 'ours'} sent {_deeds(one.culprit)}."
    for one in barred:
        last = f"; its last mail was at {moment(one.last_mail)}" if one.last_mail else ""
        yield f"What was done: the mailbox is {one.state}{last}."
    yield from (f"What was done: {item.text}." for item in opened.evidence if item.rule == WITHDRAWN)
    for event in bundle.latest:
        if isinstance(event, DelistingNoted) and event.kind in {"withdrawn", "stopped"}:
            yield f"What was done: {event.evidence[0].text} ({moment(event.at)})."
    for ip in bundle.ips:
        if ip in bundle.last_mail:
            yield f"Last mail through {ip}: {moment(bundle.last_mail[ip])}"
    notes = [event for event in bundle.latest if isinstance(event, DelistingNoted) and event.operator]
    yield from (f"Remark: {item.text}" for event in notes for item in event.evidence)


def _deeds(one: Culprit) -> str:
    return sentence(one).partition(": ")[2]


def span(seconds: float) -> str:
    """Return a duration in words."""
    for limit, unit, name in ((5400, 60, "min"), (36 * 3600, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86400:.1f} days"
