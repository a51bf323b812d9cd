"""The fold of a mailbox: a takeover, events read twice or late, and the simulated town with its thieves."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from msgspec import structs

from embedded.hoster.activity import DAY, SECOND, Activity, Login
from embedded.hoster.activity import HOUR as ONE_HOUR
from embedded.hoster.thieves import Thieves
from embedded.hoster.town import Town
from schemas.events import (
    ComplaintReceived,
    DeliveryAttempted,
    Event,
    MailboxAuthenticated,
    MessageSubmitted,
    SourceOpened,
)
from schemas.mailbox_events import MailboxDecision, MailboxFlagged, MailboxReleased
from schemas.mailbox_settings import Mailboxes
from schemas.names import event_id, source_id
from schemas.observations import ClockTicked
from streams import detectors, mailboxes
from tests.decided import BOTNET, ENFORCE, QUIET, changed, hours_after, order, told
from tests.patterns import MAILBOX, events_of

GOLDEN = Path(__file__).parent / "golden" / "detectors"


def test_every_detector_has_its_golden_file() -> None:
    assert detectors.names() == tuple(sorted(path.stem for path in GOLDEN.glob("*.txt")))
    with pytest.raises(
        ValueError, match="no detector 'moon'; there are alike, awakened, burst, clean_answers, client_networks"
    ):
        detectors.load("moon")


def test_a_takeover_is_watched_flagged_and_suspended_once_each_then_released() -> None:
    events = events_of(f"{QUIET}; {BOTNET}")
    states, decided = mailboxes.replay(hours_after(events, 40), Mailboxes())
    assert told(decided) == ["watch", "flag", "suspend propose", "released"]
    assert states[MAILBOX].step == ""
    rules = [item.rule for item in decided[2].evidence]
    assert {"client_networks", "guessed_password", "unknown_users"} <= set(rules)
    released = decided[-1]
    assert isinstance(released, MailboxReleased)
    assert released.score < 30
    assert 3 * ONE_HOUR < released.at - events[-1].at < 36 * ONE_HOUR


def test_events_read_twice_count_once() -> None:
    events = events_of(f"{QUIET}; {BOTNET}; for=2 complaints=2")
    once, decided = mailboxes.replay(events, Mailboxes())
    middle = len(events) // 2
    again = [*events[:middle], *events[middle // 2 : middle], *events[middle:], *events[-900:]]
    twice, decided_again = mailboxes.replay(again, Mailboxes())
    assert mailboxes.encode(twice[MAILBOX]) == mailboxes.encode(once[MAILBOX])
    assert decided_again == decided


def test_what_a_late_complaint_decides_is_not_dated_before_what_was_decided_already() -> None:
    events = events_of(f"{QUIET}; for=4 messages=240 recipients=2 unknown=9")
    late = [
        ComplaintReceived(id=f"late {number}", at=events[-1].at - 60 * SECOND, feedback_type="abuse", sender=MAILBOX)
        for number in range(6)
    ]
    decided = mailboxes.replay([*events, *late], Mailboxes())[1]
    assert told(decided)[:2] == ["watch", "flag"]
    assert [event.at for event in decided] == sorted(event.at for event in decided)
    assert decided[-1].at >= events[-1].at - SECOND


def test_a_complaint_read_before_a_backlog_hides_no_burst_of_it() -> None:
    events = events_of(f"{QUIET}; {BOTNET}")
    thief = next(place for place, event in enumerate(events) if event.at > events[-1].at - ONE_HOUR)
    early = ComplaintReceived(id="early", at=events[-1].at + 3 * ONE_HOUR, feedback_type="abuse", sender=MAILBOX)
    decided = mailboxes.replay([*events[:thief], early, *events[thief:]], Mailboxes())[1]
    assert told(decided) == ["watch", "flag", "throttle propose", "suspend propose"]


COMPLAINED_OF = {"queue_id": "4F1qXz3", "recipient": "bob@example.org"}


@pytest.mark.parametrize(
    ("words", "points"),
    [
        ([{"confidence": 1.0, "attribution": "authenticated_sender"}] * 5, 75.0),
        ([{"confidence": 0.8, "attribution": "authenticated_sender"}] * 5, 0.0),
        ([{"confidence": 0.5, "attribution": "verp"}] * 5, 0.0),
        ([{"confidence": 0.9, "attribution": "verp"}] * 2, 32.4),
        ([{"confidence": 0.8, "attribution": "queue_id"}] * 2, 28.8),
        ([{"confidence": 1.0, **COMPLAINED_OF}] * 5, 18.0),
        (
            [{"confidence": 1.0, **COMPLAINED_OF}, {"confidence": 1.0, **COMPLAINED_OF, "recipient": "x@example.org"}],
            36.0,
        ),
    ],
)
def test_what_anybody_can_invent_is_no_complaint(words: list[dict[str, str | float]], points: float) -> None:
    events = [
        structs.replace(ComplaintReceived(id=f"{number}", at=DAY, feedback_type="abuse", sender=MAILBOX), **word)
        for number, word in enumerate(words)
    ]
    assert mailboxes.replay(events, Mailboxes())[0][MAILBOX].score == points


def test_of_many_logs_the_one_that_was_silent_longest_is_forgotten() -> None:
    states: dict[str, mailboxes.MailboxState] = {}
    for number in range(33):
        for log in (0, number):  # the first log goes on all the time
            event = MailboxAuthenticated(
                id=event_id(source_id(log), 100 * number),
                at=DAY + number,
                host="mx",
                mailbox=MAILBOX,
                service="imap",
                outcome="succeeded",
            )
            states[MAILBOX], _ = mailboxes.step(states.get(MAILBOX), event, Mailboxes())
    known = states[MAILBOX].applied.split()
    assert len(known) == 32
    assert event_id(source_id(0), 3200) in known
    assert not any(identity.startswith(source_id(1)) for identity in known)


def test_a_restart_in_between_changes_nothing() -> None:
    state: mailboxes.MailboxState | None = None
    decided: list[MailboxDecision] = []
    takeover = events_of(f"{QUIET}; {BOTNET}")
    end = takeover[-1].at
    events = hours_after([*takeover, order("throttle", end, until=end + ONE_HOUR)], 4)
    for number, event in enumerate(events):
        state, new = mailboxes.step(state, event, ENFORCE)
        decided.extend(new)
        if number % 50 == 0 or number >= len(takeover):
            state = mailboxes.decode(mailboxes.encode(state))
    assert tuple(decided) == mailboxes.replay(events, ENFORCE)[1]
    again = ["flag", "suspend enforce"]  # the order is over, and the rules see the same as before
    assert told(decided) == ["watch", "flag", "suspend enforce", "throttle enforce", "released", *again]
    with pytest.raises(ValueError, match="no mailbox state"):
        mailboxes.decode(b'{"mailbox":"a","counts":"%%%"}')


def test_a_few_seconds_out_of_order_do_not_matter() -> None:
    events = events_of(f"{QUIET}; {BOTNET}")
    rng = Random(3)
    moved = sorted(events, key=lambda event: event.at + rng.randrange(5 * SECOND))
    late = source_id("late")
    own = [structs.replace(event, id=event_id(late, number * 100)) for number, event in enumerate(moved)]
    in_order = mailboxes.replay(events, Mailboxes())[0][MAILBOX].score
    shuffled = mailboxes.replay(own, Mailboxes())[0][MAILBOX].score
    assert shuffled == pytest.approx(in_order, rel=0.02)


def test_whom_an_event_is_about() -> None:
    assert mailboxes.subject_of(ComplaintReceived(id="c", at=1, feedback_type="abuse", sender="a@example.net")) == (
        "a@example.net"
    )
    for action in ("watch", "throttle", "suspend", "release"):
        assert mailboxes.subject_of(order(action, 1)) == MAILBOX
    assert mailboxes.subject_of(changed(1)) == MAILBOX
    script = MessageSubmitted(
        id="m", at=1, host="mx1", queue_id="Q1", sender="local:mx1:33", sender_kind="local", envelope_from=MAILBOX
    )
    assert mailboxes.subject_of(script) == "local:mx1:33", "a script is not the mailbox that it names"
    assert mailboxes.subject_of(structs.replace(script, sender=MAILBOX, sender_kind="envelope")) == ""
    assert mailboxes.subject_of(order("withdraw", 1)) == ""
    assert mailboxes.subject_of(SourceOpened(id="s", at=1, source="s", name="mx1")) == ""
    assert mailboxes.subject_of(MailboxFlagged(id="f", at=1, mailbox="a@example.net", score=1, step="flag")) == ""
    with pytest.raises(ValueError, match="ClockTicked t: of no mailbox"):
        mailboxes.step(None, ClockTicked(id="t", at=1), Mailboxes())


def test_a_busy_mailbox_takes_about_a_kilobyte() -> None:
    state = mailboxes.replay(events_of(f"{QUIET}; {BOTNET}"), Mailboxes())[0][MAILBOX]
    value = mailboxes.encode(state)
    tracemalloc.start()
    copies = [mailboxes.decode(value) for _ in range(200)]
    each = tracemalloc.get_traced_memory()[0] / len(copies)
    tracemalloc.stop()
    assert each <= 1024
    assert len(value) <= 1024
    assert len(copies[0].recent) <= 2048


def _events(activity: Iterator[Activity]) -> Iterator[Event]:
    """Yield what the logs would say of the simulated town's doings."""
    mail, dovecot = source_id("mail"), source_id("dovecot")
    statuses = {"sent": "2.0.0", "unknown_user": "5.1.1", "refused": "5.7.1"}
    for number, item in enumerate(activity):
        place = number * 10_000
        if isinstance(item, Login):
            yield MailboxAuthenticated(
                id=event_id(dovecot, place),
                at=item.at,
                host="mx1",
                mailbox=item.mailbox,
                service=item.service,
                outcome="succeeded" if item.succeeded else "failed",
                client_ip=item.client_ip,
            )
            continue
        yield MessageSubmitted(
            id=event_id(mail, place),
            at=item.at,
            host="mx1",
            queue_id=f"Q{number}",
            sender=item.mailbox,
            sender_kind="sasl",
            client_ip=item.client_ip,
            recipients=len(item.recipients),
        )
        for nth, to in enumerate(item.recipients):
            status = statuses.get(to.fate, "4.2.0")
            yield DeliveryAttempted(
                id=event_id(mail, place + 100 * (nth + 1)),
                at=item.at + SECOND,
                host="mx1",
                queue_id=f"Q{number}",
                sender=item.mailbox,
                recipient=to.address,
                outcome="sent" if status[0] == "2" else "bounced" if status[0] == "5" else "deferred",
                enhanced_status=status,
            )


@pytest.mark.parametrize("seed", [1, 2])
def test_in_the_simulated_town_every_burst_is_flagged_within_three_minutes_and_nobody_else(seed: int) -> None:
    town = Town(seed, 60)
    start = 1_772_323_200 * SECOND
    end = start + DAY // 2
    thieves = Thieves(town, seed)
    jobs = thieves.plan([start + hour * ONE_HOUR for hour in (4, 7, 9, 11)], 10)
    activity = sorted([*town.activity(start, end), *thieves.activity(jobs)], key=lambda item: item.at)
    decided = mailboxes.replay(_events(iter(activity)), Mailboxes())[1]
    first: dict[str, int] = {}
    for event in decided:
        if isinstance(event, MailboxFlagged) and event.step == "flag":
            first.setdefault(event.mailbox, event.at)
    assert set(first) == {job.mailbox for job in jobs}
    assert [first[job.mailbox] - job.start <= 180 * SECOND for job in jobs] == [True] * 4
    watched = {event.mailbox for event in decided if isinstance(event, MailboxFlagged)} - set(first)
    assert all(mailbox.startswith("newsletter") for mailbox in watched), "a first issue is watched, nothing else honest"
