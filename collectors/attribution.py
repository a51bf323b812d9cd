"""Whose mail a complaint is about, found in the log of what we sent: by the queue id, else by the last Message-ID.

The same rules hold live, where ClickHouse is the log, and in a backtest. A report can be forged by anybody, and a
spammer can write somebody else's Message-ID into his mail. So what the log has must agree with all that is told: the
mail left through the outbound IP, to the reported recipient or at least to its provider, at about the time of its
arrival. It must have left for one sender only, and that must be a mailbox or network of ours: an envelope sender can be
anybody's. docs/complaints.md has it for people.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, Protocol

from msgspec.structs import replace

from schemas.attribution import (
    CONFIRMED,
    MESSAGE_ID,
    MESSAGE_ID_NO_IP,
    QUEUE_ID,
    QUEUE_ID_ONLY,
    UNSIGNED,
    Level,
)
from schemas.events import ComplaintReceived
from schemas.names import domain_of, provider_of

_SECOND = 1_000_000
_HOUR = 3600 * _SECOND
_DAY = 24 * _HOUR
_QUEUE_NEAR = 2 * _HOUR  # queue ids are used again
_NEAR = _DAY  # times without a zone are read as UTC
_SKEW = 5 * 60 * _SECOND
_LIFETIME = 7 * _DAY  # of a message in a queue
_HOPS = 3
_MOST_QUEUE_IDS = 1000
_KNOWN_BY = ("sasl", "pop", "network", "local")
_LATE = 14 * _DAY  # a report's Date may be that wrong


class Submitted(NamedTuple):
    """A message as it came to us."""

    host: str
    queue_id: str
    sender: str
    sender_kind: str
    envelope_from: str
    at: int


class Delivered(NamedTuple):
    """A recipient's delivery, out or (without an outbound IP) to the next host of ours, where it is `queued_as`."""

    host: str
    queue_id: str
    sender: str
    sender_kind: str
    envelope_from: str
    recipient: str
    original_recipient: str
    provider: str
    outbound_ip: str
    queued_as: str
    at: int


class SentLog(Protocol):
    """What we sent, as far as it is known. OSError where it cannot be asked now."""

    def submitted(self, message_id: str, since: int, until: int) -> Sequence[Submitted]:
        """Return the messages with a Message-ID, some of each sender."""

    def delivered(self, queue_ids: Sequence[str], recipient: str, since: int, until: int) -> Sequence[Delivered]:
        """Return the deliveries under these queue ids that were accepted, those to `recipient` first."""


Way = Literal["queue_id", "message_id"]
_NAMES: dict[Way, str] = {"queue_id": "queue id", "message_id": "Message-ID"}


class Sent(NamedTuple):
    """A delivery that may be the one complained of, and by which of the complaint's ids it was found."""

    way: Way
    delivery: Delivered


class Attributed(NamedTuple):
    """A complaint after it was held against the log; `settled` is False where the log may yet come to know more."""

    complaint: ComplaintReceived
    settled: bool


def signed(complaint: ComplaintReceived) -> bool:
    """Tell whether an envelope sender with our signature names the sender, so that nothing needs to confirm it."""
    return complaint.attribution == "verp" and complaint.confidence > UNSIGNED


def asks(complaint: ComplaintReceived) -> bool:
    """Tell whether a complaint names anything that the log can be asked for."""
    return bool(complaint.message_id or (complaint.queue_id and complaint.arrived_at))


def candidates(complaint: ComplaintReceived, log: SentLog, within_days: float) -> list[Sent]:
    """Return the deliveries that the ids of a complaint lead to. OSError where the log cannot be asked now."""
    recipient, arrived = complaint.recipient.lower(), complaint.arrived_at
    found: list[Sent] = []
    if complaint.queue_id and arrived:
        rows = log.delivered((complaint.queue_id,), recipient, arrived - _QUEUE_NEAR, arrived + _QUEUE_NEAR)
        found.extend(Sent("queue_id", row) for row in rows)
    if complaint.message_id:
        told_late = min(complaint.arrived_at, complaint.at + _LATE)  # no report is older than its mail
        since, until = complaint.at - int(within_days * _DAY), max(complaint.at, told_late) + _HOUR
        submitted = log.submitted(complaint.message_id, _first_day(complaint, since) - _LIFETIME, until)
        followed = _followed(submitted, log, recipient, until) if submitted else ()
        found.extend(Sent("message_id", row) for row in followed if since <= row.at <= until)
    return found


def _first_day(complaint: ComplaintReceived, since: int) -> int:
    return max(since, complaint.arrived_at - _NEAR) if complaint.arrived_at else since


def _followed(submitted: Sequence[Submitted], log: SentLog, recipient: str, until: int) -> Iterator[Delivered]:
    """Yield the deliveries of messages, over content filters and relay hosts of ours, under their first sender.

    What a server answers, a stranger may write: a message is followed only where its sender, or at least its envelope,
    goes on.
    """
    since = min(each.at for each in submitted) - _SKEW
    of_host = {(each.host, each.queue_id): each for each in reversed(submitted)}
    handed_on: dict[str, Submitted] = {}
    wanted = list(dict.fromkeys(each.queue_id for each in submitted))
    for hop in range(_HOPS):
        rows = log.delivered(wanted[:_MOST_QUEUE_IDS], recipient, since, until + _LIFETIME) if wanted else ()
        wanted = []
        for row in rows:
            origin = handed_on.get(row.queue_id) if hop else of_host.get((row.host, row.queue_id))
            if origin is None or not _goes_on(origin, row):
                continue
            yield row._replace(sender=origin.sender, sender_kind=origin.sender_kind)
            if row.queued_as and not row.outbound_ip and row.queued_as not in handed_on:
                handed_on[row.queued_as] = origin
                wanted.append(row.queued_as)


def _goes_on(origin: Submitted, row: Delivered) -> bool:
    same = row.sender == origin.sender or (row.sender_kind == "envelope" and row.envelope_from == origin.envelope_from)
    return same and origin.at - _SKEW <= row.at <= origin.at + _LIFETIME


class _Finding(NamedTuple):
    """What one way led to: a sender and how sure that is, or the reason why there is none."""

    sender: str = ""
    confidence: float = 0.0
    reason: str = ""
    settled: bool = True


def attribute(complaint: ComplaintReceived, sent: Iterable[Sent]) -> Attributed:
    """Return a complaint with the sender that the log gives it, the confidence, or the reason why there is none.

    The log has the last word, also where our own header names somebody; what a signed envelope names, it can only
    confirm. A complaint that is not settled may find its message when the log has come so far.
    """
    rows = list(sent)
    by_queue_id, by_message_id = (_found(complaint, way, rows) for way in ("queue_id", "message_id"))
    way, finding = ("queue_id", by_queue_id) if by_queue_id.sender else ("message_id", by_message_id)
    settled = by_queue_id.settled and by_message_id.settled
    if complaint.sender and finding.sender in {"", complaint.sender}:
        return _confirmed(complaint, confirmed=bool(finding.sender), settled=settled)
    if signed(complaint):
        return Attributed(complaint, settled=True)
    if finding.sender:
        other = f"our header in the report names {complaint.sender}, not the log" if complaint.sender else ""
        found = replace(
            complaint, sender=finding.sender, attribution=way, confidence=finding.confidence, reason=other[:400]
        )
        return Attributed(found, settled=True)
    reason = by_message_id.reason or by_queue_id.reason or "it names neither a queue id of ours nor a Message-ID"
    return Attributed(replace(complaint, reason=reason), settled=settled)


def _confirmed(complaint: ComplaintReceived, *, confirmed: bool, settled: bool) -> Attributed:
    """Return a complaint that names its sender; where the log does not confirm it yet, only a signature settles it."""
    if confirmed:
        return Attributed(replace(complaint, confidence=CONFIRMED), settled=True)
    doubted = replace(complaint, reason="the log knows no such mail of this sender")
    return Attributed(doubted, settled=settled or signed(complaint))


def _found(complaint: ComplaintReceived, way: Way, sent: Iterable[Sent]) -> _Finding:
    if not (complaint.queue_id if way == "queue_id" else complaint.message_id):
        return _Finding()
    steps = list(_narrowed(complaint, way, {each.delivery for each in sent if each.way == way}))
    failed = next((reason for _, rows, reason in steps if not rows), "")
    if failed:
        return _Finding(reason=failed, settled=False)
    level, rows, _ = steps[-1]
    if way == "message_id":
        return _one_sender(rows, (MESSAGE_ID if complaint.outbound_ip else MESSAGE_ID_NO_IP)[level])
    here = {row for row in rows if _label(row.host) == _label(complaint.host)}
    return _one_sender(here or rows, QUEUE_ID if here else QUEUE_ID_ONLY)


def _narrowed(
    complaint: ComplaintReceived, way: Way, rows: set[Delivered]
) -> Iterator[tuple[Level, set[Delivered], str]]:
    """Yield the deliveries that still agree with what is told, one condition more each time, and why if none does."""
    left = f"a mail with this {_NAMES[way]} left, but"
    yield "", rows, f"the log knows no mail with this {_NAMES[way]}"
    ip = complaint.outbound_ip
    rows = {row for row in rows if row.outbound_ip and ip in {"", row.outbound_ip}}
    yield "", rows, f"{left} not through {ip or 'an outbound IP'}"
    level, rows = _to_the_recipient(complaint.recipient, rows)
    yield level, rows, f"{left} not to the reported recipient or its provider"
    near = _QUEUE_NEAR if way == "queue_id" else _NEAR
    rows = {row for row in rows if not complaint.arrived_at or abs(row.at - complaint.arrived_at) <= near}
    yield level, rows, f"{left} at another time"


def _to_the_recipient(told: str, rows: set[Delivered]) -> tuple[Level, set[Delivered]]:
    """Return how closely deliveries agree with the reported recipient, and those that do so most."""
    if "@" not in told:  # munged, as SpamCop does it, or not told
        return "", rows
    address = told.lower()
    exact = {row for row in rows if address in {row.recipient.lower(), row.original_recipient.lower()}}
    if exact:
        return "address", exact
    domain, provider = domain_of(address), provider_of("", address)
    alike = {
        row
        for row in rows
        if provider == row.provider or domain in {domain_of(row.recipient), domain_of(row.original_recipient)}
    }
    return "provider", alike


def _one_sender(rows: set[Delivered], confidence: float) -> _Finding:
    """Return the sender of all of these deliveries; a delivery known by two senders has the one known better."""
    best: dict[tuple[str, str, str, int], Delivered] = {}
    for row in sorted(rows):
        place = (row.host, row.queue_id, row.recipient, row.at)
        best[place] = min(best.get(place, row), row, key=_rank)
    senders = {row.sender: row for row in sorted(best.values(), key=_rank, reverse=True)}
    if len(senders) > 1:
        return _Finding(reason=f"{len(senders)} senders sent such a mail")
    (sender, row) = next(iter(senders.items()))
    if row.sender_kind not in _KNOWN_BY:
        return _Finding(reason="it left for an envelope sender, which can be anybody's")
    return _Finding(sender, confidence)


def _rank(row: Delivered) -> int:
    return _KNOWN_BY.index(row.sender_kind) if row.sender_kind in _KNOWN_BY else len(_KNOWN_BY)


def _label(host: str) -> str:
    return host.lower().partition(".")[0]
