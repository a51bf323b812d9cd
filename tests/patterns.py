"""A mailbox's doings in one line, as events: what the detectors' golden files are written in.

Phases are parted by `;`, each a list of `word=number`: `for` (minutes), `messages`, `recipients` (of each message),
`unknown` and `refused` and `greylisted` (percent of the recipients), `networks` (clients' /24 in turn, from `from`
on), `places` (of messages: their /16), `domains` (of recipients), `known` (percent of the recipients who are among
twenty friends), `sizes` (how many different sizes the mails have in turn, each four times the one before; without it
the log tells none), `provider` (1: the log names one for all recipients, else none), `foreign` (percent of the
messages that go out under another name), `scored` and `spam` (percent of the messages that a filter judged, and of
those that it called spam), `pop` (1: by POP-before-SMTP, 2: by another method of login), `place` (a row of `PLACES`),
`failed` (logins, from `guessers` networks), `logins` (good ones, by POP3 where `pop` is 1), `complaints`, `sure`
(percent, how sure these are), `culprit` (percent of a withdrawn IP's mail), `leaked` (1: in a list of stolen
identities), and `times` to repeat the phase. What a phase holds is spread evenly over it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from schemas.events import (
    ComplaintReceived,
    DeliveryAttempted,
    Event,
    MailboxAuthenticated,
    MessageScored,
    MessageSubmitted,
)
from schemas.facts import Outcome
from schemas.mailbox_events import CulpritNamed, IdentityLeaked
from schemas.mailbox_settings import Mailboxes
from schemas.names import event_id, source_id
from streams import mailboxes
from streams.detectors import load

MAILBOX = "eve@example.net"
_START = 1_772_323_200_000_000  # 2026-03-01 00:00 UTC
_MINUTE = 60_000_000
_SOURCE = source_id("patterns")
PLACES = (("", 0, 0.0, 0.0), ("DE", 64500, 52.5, 13.4), ("DE", 64501, 48.1, 11.6), ("BR", 64502, -23.6, -46.6))
_MAIL_WORDS = (
    "messages",
    "recipients",
    "unknown",
    "refused",
    "greylisted",
    "domains",
    "known",
    "complaints",
    "sure",
    "provider",
)
_MANNER_WORDS = ("sizes", "foreign", "scored", "spam", "pop", "place", "culprit", "leaked")
_CLIENT_WORDS = ("networks", "places", "from", "failed", "guessers", "logins")
_WORDS = frozenset(("for", "times", *_MAIL_WORDS, *_MANNER_WORDS, *_CLIENT_WORDS))


@dataclass
class _Tape:
    """The events so far, and how many of each kind: ids and made-up names follow from that."""

    at: int = _START
    lines: int = 0
    recipients: int = 0
    messages: int = 0
    events: list[Event] = field(default_factory=list)

    def identity(self) -> str:
        self.lines += 1
        return event_id(_SOURCE, self.lines * 100)


def _outcome(number: int, phase: dict[str, int]) -> tuple[Outcome, str]:
    """Return what becomes of the recipient of this number: of every hundred the shares the phase says."""
    place = number * 37 % 100
    for word, outcome, status in (
        ("unknown", "bounced", "5.1.1"),
        ("refused", "bounced", "5.7.1"),
        ("greylisted", "deferred", "4.2.0"),
    ):
        place -= phase.get(word, 0)
        if place < 0:
            return outcome, status  # type: ignore[return-value]  # the table's outcomes are Outcomes
    return "sent", "2.0.0"


def _part(number: int, phase: dict[str, int], word: str) -> bool:
    """Tell whether what has this number is one of as many in a hundred as the phase says."""
    return number * 37 % 100 < phase.get(word, 0)


def _scored(tape: _Tape, at: int, number: int, phase: dict[str, int]) -> MessageScored:
    return MessageScored(
        id=tape.identity(),
        at=at,
        host="mx1",
        sender=MAILBOX,
        sender_kind="sasl",
        queue_id=f"Q{number}",
        engine="rspamd",
        score=19.0 if number * 53 % 100 < phase.get("spam", 0) else 1.0,
        threshold=15.0,
    )


def _mail(tape: _Tape, at: int, number: int, phase: dict[str, int]) -> Iterator[Event]:
    count = phase.get("recipients", 1)
    tape.messages += 1
    country, system, latitude, longitude = PLACES[phase.get("place", 0)]
    client = f"{10 + number % phase.get('places', 1)}.{phase.get('from', 0)}.{number % phase.get('networks', 1)}.7"
    yield MessageSubmitted(
        id=tape.identity(),
        at=at,
        host="mx1",
        queue_id=f"Q{number}",
        sender=MAILBOX,
        sender_kind="pop" if phase.get("pop") == 1 else "sasl",
        sasl_method="" if phase.get("pop") == 1 else "XOAUTH2" if phase.get("pop") else "PLAIN",
        envelope_from="someone@example.com" if _part(number, phase, "foreign") else MAILBOX,
        size=1000 * 4 ** (tape.messages % phase["sizes"]) if "sizes" in phase else 0,
        client_ip=client,
        recipients=count,
        client_country=country,
        client_asn=system,
        client_latitude=latitude,
        client_longitude=longitude,
    )
    if _part(number, phase, "scored"):
        yield _scored(tape, at, number, phase)
    for _ in range(count):
        tape.recipients += 1
        outcome, status = _outcome(tape.recipients, phase)
        who = tape.recipients % 20 if tape.recipients * 53 % 100 < phase.get("known", 0) else tape.recipients + 100
        yield DeliveryAttempted(
            id=tape.identity(),
            at=at,
            host="mx1",
            queue_id=f"Q{number}",
            sender=MAILBOX,
            recipient=f"r{who}@d{who % phase.get('domains', 8)}.example",
            outcome=outcome,
            enhanced_status=status,
            provider="google" if phase.get("provider") else "",
        )


def _login(tape: _Tape, at: int, number: int, phase: dict[str, int], *, good: bool) -> Event:
    networks = phase.get("networks" if good else "guessers", 1)
    country, system, latitude, longitude = PLACES[phase.get("place", 0)]
    third = f"{phase.get('from', 0)}.{number % networks}" if good else f"200.{number % networks}"
    return MailboxAuthenticated(
        id=tape.identity(),
        at=at,
        host="mx1",
        mailbox=MAILBOX,
        service="pop3" if good and phase.get("pop") == 1 else "imap",
        outcome="succeeded" if good else "failed",
        client_ip=f"10.{third}.9",
        client_country=country if good else "",
        client_asn=system if good else 0,
        client_latitude=latitude if good else 0.0,
        client_longitude=longitude if good else 0.0,
    )


def _told(tape: _Tape, phase: dict[str, int]) -> Iterator[Event]:
    """Yield what others tell of the mailbox when a phase begins."""
    if "culprit" in phase:
        share = phase["culprit"] / 100
        yield CulpritNamed(
            id=f"culprit {tape.at}", at=tape.at, mailbox=MAILBOX, pool="main", ip="192.0.2.1", messages=900, share=share
        )
    if "leaked" in phase:
        yield IdentityLeaked(id=f"leak {tape.at}", at=tape.at, digest="d", partition=0, partitions=8, source="list")


def _play(tape: _Tape, phase: dict[str, int]) -> None:
    length = phase.get("for", 1) * _MINUTE
    tape.events.extend(_told(tape, phase))
    doings = sorted(
        (tape.at + (2 * number + 1) * length // (2 * phase[word]), word, number)
        for word in ("messages", "logins", "failed", "complaints")
        for number in range(phase.get(word, 0))
    )
    for at, word, number in doings:
        if word == "messages":
            tape.events.extend(_mail(tape, at, number, phase))
        elif word == "complaints":
            identity, sure = f"complaint {tape.lines} {number}", phase.get("sure", 0) / 100
            tape.events.append(
                ComplaintReceived(id=identity, at=at, feedback_type="abuse", sender=MAILBOX, confidence=sure)
            )
        else:
            tape.events.append(_login(tape, at, number, phase, good=word == "logins"))
    tape.at += length


def events_of(line: str) -> list[Event]:
    """Return the events of a pattern. ValueError names a word that does not exist."""
    tape = _Tape()
    for text in line.split(";"):
        phase = {word: int(number) for word, _, number in (part.partition("=") for part in text.split())}
        unheard = sorted(set(phase) - _WORDS)
        if unheard:
            raise ValueError(f"no word {unheard[0]!r} in patterns: {text.strip()}")
        for _ in range(phase.get("times", 1)):
            _play(tape, phase)
    return tape.events


def worst(rule: str, line: str) -> str:
    """Return the strongest evidence of a rule that a pattern gave, then the highest score and step of all rules."""
    states: dict[str, mailboxes.MailboxState] = {}
    detect, found, high, steps = load(rule), None, 0.0, [""]
    for event in events_of(line):
        state, _ = mailboxes.step(states.get(MAILBOX), event, Mailboxes())
        states[MAILBOX] = state
        evidence = detect(state)
        if evidence and (found is None or evidence.points > found.points):
            found = evidence
        high = max(high, state.score)
        if (state.step or "released") != (steps[-1] or "released"):
            steps.append(state.step or "released")
    told = f"{found.points:g} points: {found.text}" if found else "nothing"
    return f"{told} | in all {high:g}, {' > '.join(steps[1:]) or 'no step'}"
