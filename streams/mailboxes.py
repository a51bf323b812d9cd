"""Compromised mailboxes: a fold of one mailbox's events into a score, and the decisions that follow from it."""

from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from sys import byteorder
from typing import Any, cast, get_args
from zlib import crc32

import msgspec

from schemas.customers import Customers
from schemas.events import (
    ComplaintReceived,
    DeliveryAttempted,
    Event,
    MailboxAuthenticated,
    MessageScored,
    MessageSubmitted,
)
from schemas.mailbox_events import CulpritNamed, IdentityLeaked, MailboxDecision, PasswordChanged
from schemas.mailbox_settings import Mailboxes
from schemas.names import source_of
from schemas.observations import ClockTicked, OperatorActed
from streams.counting import count_delivery, count_login, count_submission, says_something
from streams.habits import SLOTS, MailboxState, age, upgraded
from streams.orders import obey, renew
from streams.signs import count_complaint, count_culprit, count_leak, count_score
from streams.steps import judge
from streams.window import MINUTE

__all__ = ["MailboxState", "decode", "encode", "replay", "step", "subject_of"]

_MOST_SOURCES = 32
_KEPT_SOURCES = 8
USUAL_SOURCES = _KEPT_SOURCES * 32  # characters of `applied`
_RECENT = 512 * 4  # bytes: more complaints than can be on their way twice after a crash
_Unlogged = ClockTicked | ComplaintReceived | OperatorActed | PasswordChanged | CulpritNamed | IdentityLeaked
_UNLOGGED = frozenset(get_args(_Unlogged))
_ORDERS = frozenset(("watch", "throttle", "suspend", "release"))
_NOBODY = Customers({})


def _plain(value: object) -> str:
    """Return the counts as base64 of little-endian 32-bit floats: exact, so that a restart changes no decision.

    Zeros at the end are left out.
    """
    if not isinstance(value, array):
        raise NotImplementedError(f"no JSON for {type(value).__name__}")
    last = next((slot for slot in range(len(value) - 1, -1, -1) if value[slot]), -1)
    return b64encode(_little_endian(value[: last + 1]).tobytes()).decode()


def _counts(kind: type, value: Any) -> "array[float]":  # noqa: ANN401 msgspec hands over any JSON
    if not isinstance(value, str):
        raise TypeError(f"{kind.__name__}: expected base64 text")
    counts = array("f", b64decode(value, validate=True))
    if len(counts) > SLOTS:
        raise ValueError(f"{len(counts)} counts, at most {SLOTS} are known")
    if len(counts) < SLOTS:
        counts.extend([0.0] * (SLOTS - len(counts)))
    return _little_endian(counts)[:]  # the copy has no room to spare


def _little_endian(counts: "array[float]") -> "array[float]":
    if byteorder == "little":
        return counts
    swapped = counts[:]
    swapped.byteswap()
    return swapped


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)
_DECODER = msgspec.json.Decoder(MailboxState, dec_hook=_counts)


def encode(state: MailboxState) -> bytes:
    """Return the state as JSON."""
    return _ENCODER.encode(state)


def decode(value: bytes) -> MailboxState:
    """Return the state of its JSON. ValueError says what is wrong with it."""
    try:
        state = _DECODER.decode(value)
    except (msgspec.DecodeError, ValueError) as error:
        raise ValueError(f"no mailbox state: {error}") from error
    return upgraded(state)


def subject_of(event: Event) -> str:
    """Return the mailbox or sender whose state the event changes, "" where it is none's (a tick, a stranger's mail).

    Who is known by the envelope only is nobody: anybody can write a mailbox's name there, a stranger whose mail we
    forward as well as another customer's script. A leaked identity does not tell whose it is, and a report of what was
    done (a hook's, a mail's) changes nothing.
    """
    kind = type(event)
    if kind is DeliveryAttempted or kind is MessageSubmitted:
        mail: DeliveryAttempted | MessageSubmitted = event  # type: ignore[assignment]  # `kind is` costs a third of isinstance
        return mail.sender if mail.sender_kind != "envelope" else ""
    if kind is MailboxAuthenticated or kind is PasswordChanged or kind is CulpritNamed:
        return event.mailbox  # type: ignore[union-attr]  # likewise
    if isinstance(event, OperatorActed):
        return event.subject if event.action in _ORDERS else ""
    if isinstance(event, MessageScored):
        return event.sender if event.sender_kind not in {"", "envelope"} else ""
    return event.sender if isinstance(event, ComplaintReceived) else ""


def step(
    state: MailboxState | None, event: Event, limits: Mailboxes, customers: Customers = _NOBODY
) -> tuple[MailboxState, tuple[MailboxDecision, ...]]:
    """Return the mailbox's state after an event, and what is decided by it.

    The caller hands over the state: it is changed in place and returned (docs/adr/0003). `None` is a mailbox never
    seen; then the event must have a subject, else ValueError. A ClockTicked is applied to any state: time passed.
    An event applied before changes nothing. `customers` are those whose mailboxes have an action of their own.
    """
    if state is None:
        subject = subject_of(event)
        if not subject:
            raise ValueError(f"{type(event).__name__} {event.id}: of no mailbox")
        state = MailboxState(mailbox=subject)
    kind = type(event)
    if kind in _UNLOGGED:
        return state, _step_unlogged(state, cast("_Unlogged", event), limits, customers)
    if not _applies(state, event.id):
        return state, ()
    moved = age(state, event.at) or event.at < state.aged - MINUTE  # a complaint read first may be ahead of a backlog
    if kind is DeliveryAttempted:
        count_delivery(state, event)  # type: ignore[arg-type]  # `kind is` costs a third of isinstance
    elif kind is MessageSubmitted:
        count_submission(state, event)  # type: ignore[arg-type]  # likewise
    elif kind is MailboxAuthenticated:
        count_login(state, event)  # type: ignore[arg-type]  # likewise
        moved = moved and (bool(state.step) or says_something(state))
    elif isinstance(event, MessageScored):
        count_score(state, event)
    return state, judge(state, event, limits, customers) if moved else ()


def _applies(state: MailboxState, identity: str) -> bool:
    """Tell whether an event of a log is newer than the last one applied of its source, and note that it is applied."""
    applied, source = state.applied, source_of(identity)
    start = applied.find(source)
    if start < 0:
        state.applied = " ".join((*applied.split(" ")[1 - _MOST_SOURCES :], identity)) if applied else identity
        return True
    end = applied.find(" ", start)
    rest = applied[end:] if end > 0 else ""
    if identity <= (applied[start:end] if end > 0 else applied[start:]):
        return False
    state.applied = f"{applied[:start]}{rest[1:]} {identity}" if rest else applied[:start] + identity
    return True


def forget_sources(state: MailboxState, folded: Mapping[str, str]) -> None:
    """Forget sources beyond eight, in place, those silent longest first, as far as `folded` knows them to be applied.

    `folded` tells by source up to where all states of the partition are written.
    """
    known = state.applied.split(" ")
    least = len(known) - _KEPT_SOURCES
    state.applied = " ".join(
        identity
        for place, identity in enumerate(known)
        if place >= least or identity > folded.get(source_of(identity), "")
    )


def _step_unlogged(
    state: MailboxState, event: _Unlogged, limits: Mailboxes, customers: Customers
) -> tuple[MailboxDecision, ...]:
    """Return what a tick, a complaint, an order … decides; all but ticks have ids of no source, so those are kept."""
    if not isinstance(event, ClockTicked):
        digest = crc32(event.id.encode()).to_bytes(4, "little")
        if digest in state.recent:
            return ()
        state.recent = (state.recent + digest)[-_RECENT:]
    age(state, event.at)
    if isinstance(event, OperatorActed):
        return obey(state, event, limits)
    if isinstance(event, PasswordChanged):
        return renew(state, event)
    if isinstance(event, ComplaintReceived):
        count_complaint(state, event)
    elif isinstance(event, CulpritNamed):
        count_culprit(state, event)
    elif isinstance(event, IdentityLeaked):
        count_leak(state, event)
    return judge(state, event, limits, customers)


def replay(
    events: Iterable[Event], limits: Mailboxes, customers: Customers = _NOBODY
) -> tuple[dict[str, MailboxState], tuple[MailboxDecision, ...]]:
    """Return the states of all mailboxes and all decisions after these events, from nothing; a tick is for all."""
    states: dict[str, MailboxState] = {}
    decided: list[MailboxDecision] = []
    for event in events:
        subject = subject_of(event)
        for mailbox in (subject,) if subject else tuple(states) if isinstance(event, ClockTicked) else ():
            states[mailbox], new = step(states.get(mailbox), event, limits, customers)
            decided.extend(new)
    return states, tuple(decided)
