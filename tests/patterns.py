"""A mailbox's doings in one line, as events: what the detectors' golden files are written in.

Phases are parted by `;`, each a list of `word=number`: `for` (minutes), `messages`, `recipients` (of each message),
`unknown` and `refused` and `greylisted` (percent of the recipients), `networks` (clients' /24 in turn, from `from` on),
`places` (of messages: their /16), `domains` (of recipients), `known` (percent of the recipients who are among twenty
friends), `failed` (logins, from `guessers` networks), `logins` (good ones), `complaints`, and `times` to repeat the
phase. What a phase holds is spread evenly over it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from schemas.events import ComplaintReceived, DeliveryAttempted, Event, MailboxAuthenticated, MessageSubmitted
from schemas.facts import Outcome
from schemas.mailbox_settings import Mailboxes
from schemas.names import event_id, source_id
from streams import mailboxes
from streams.detectors import load

MAILBOX = "eve@example.net"
_START = 1_772_323_200_000_000  # 2026-03-01 00:00 UTC
_MINUTE = 60_000_000
_SOURCE = source_id("patterns")
_MAIL_WORDS = ("messages", "recipients", "unknown", "refused", "greylisted", "domains", "known", "complaints")
_CLIENT_WORDS = ("networks", "places", "from", "failed", "guessers", "logins")
_WORDS = frozenset(("for", "times", *_MAIL_WORDS, *_CLIENT_WORDS))


@dataclass
class _Tape:
    """The events so far, and how many of each kind: ids and made-up names follow from that."""

    at: int = _START
    lines: int = 0
    recipients: int = 0
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


def _mail(tape: _Tape, at: int, number: int, phase: dict[str, int]) -> Iterator[Event]:
    count = phase.get("recipients", 1)
    client = f"{10 + number % phase.get('places', 1)}.{phase.get('from', 0)}.{number % phase.get('networks', 1)}.7"
    yield MessageSubmitted(
        id=tape.identity(),
        at=at,
        host="mx1",
        queue_id=f"Q{number}",
        sender=MAILBOX,
        sender_kind="sasl",
        client_ip=client,
        recipients=count,
    )
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
        )


def _login(tape: _Tape, at: int, number: int, phase: dict[str, int], *, good: bool) -> Event:
    networks = phase.get("networks" if good else "guessers", 1)
    third = f"{phase.get('from', 0)}.{number % networks}" if good else f"200.{number % networks}"
    return MailboxAuthenticated(
        id=tape.identity(),
        at=at,
        host="mx1",
        mailbox=MAILBOX,
        service="imap",
        outcome="succeeded" if good else "failed",
        client_ip=f"10.{third}.9",
    )


def _play(tape: _Tape, phase: dict[str, int]) -> None:
    length = phase.get("for", 1) * _MINUTE
    doings = sorted(
        (tape.at + (2 * number + 1) * length // (2 * phase[word]), word, number)
        for word in ("messages", "logins", "failed", "complaints")
        for number in range(phase.get(word, 0))
    )
    for at, word, number in doings:
        if word == "messages":
            tape.events.extend(_mail(tape, at, number, phase))
        elif word == "complaints":
            identity = f"complaint {tape.lines} {number}"
            tape.events.append(ComplaintReceived(id=identity, at=at, feedback_type="abuse", sender=MAILBOX))
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
