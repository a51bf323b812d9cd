"""Mailboxes in whose logs nothing happens: packed and unpacked, looked at in time, forgotten where nobody has them."""

from collections.abc import Iterable
from random import Random

import pytest
from msgspec import structs

from schemas import codec
from schemas.events import ComplaintReceived, DeliveryAttempted, Event, MailboxAuthenticated, SourceOpened
from schemas.mailbox_events import MailboxDecision, MailboxFlagged, MailboxReleased
from schemas.mailbox_settings import Mailboxes
from schemas.names import event_id, source_id
from schemas.topics import COMPLAINTS, MAIL_EVENTS, MAILBOX_EVENTS, MAILBOX_SIGNALS, MAILBOX_STATE
from streams import mailboxes
from streams.guessed import forgotten_at, is_guessed
from streams.habits import GUESS_FAILURES, MailboxState
from streams.partition import Output, Partition
from streams.states import States, packed, unpacked
from tests.decided import BOTNET, QUIET, order
from tests.patterns import MAILBOX, events_of

LIMITS = Mailboxes()
HOUR = 3_600_000_000
DAY = 24 * HOUR
START = 1_772_323_200_000_000
FAR = 4_000_000_000_000_000


def failed(at: int, mailbox: str = "info@example.net", log: str = "imap", outcome: str = "failed") -> Event:
    """Return a login; of one log each has a place of its own by its time."""
    return MailboxAuthenticated(
        id=event_id(source_id(log), at - START),
        at=at,
        host="mx1",
        mailbox=mailbox,
        service="imap",
        outcome=outcome,  # type: ignore[arg-type]  # the tests name only outcomes that exist
        client_ip="203.0.113.9",
    )


def sent(at: int, mailbox: str = "bob@example.net", log: str = "mx1") -> DeliveryAttempted:
    """Return a delivery: others go on, and time passes."""
    return DeliveryAttempted(
        id=event_id(source_id(log), at - START),
        at=at,
        host=log,
        queue_id="Q",
        sender=mailbox,
        sender_kind="sasl",
        recipient="alice@example.org",
        outcome="sent",
        outbound_ip="192.0.2.1",
    )


def decisions(outputs: Iterable[Output]) -> list[MailboxDecision]:
    """Return what was decided about mailboxes."""
    found = [codec.decode(output.value) for output in outputs if output.topic == MAILBOX_EVENTS]
    return [event for event in found if isinstance(event, MailboxDecision)]


def named(events: list[Event], number: int) -> list[Event]:
    """Return the events as those of another mailbox, in a log of its own."""
    mailbox, source = f"box{number}@example.net", source_id(number)
    changed = []
    for event in events:
        field = "mailbox" if isinstance(event, MailboxAuthenticated) else "sender"
        identity = source + event.id[16:] if "-" in event.id else f"{event.id} {number}"
        changed.append(structs.replace(event, id=identity, **{field: mailbox}))
    return changed


def test_a_state_is_packed_exactly_and_small() -> None:
    state = mailboxes.replay(events_of(QUIET), LIMITS)[0][MAILBOX]
    again = unpacked(MAILBOX, packed(state))
    assert again == state
    assert len(packed(state)) < 450
    assert mailboxes.encode(unpacked("new@example.net", packed(MailboxState(mailbox="new@example.net")))) == (
        mailboxes.encode(MailboxState(mailbox="new@example.net"))
    )
    state.step = "watch"
    with pytest.raises(ValueError, match=r"eve@example.net: has the step 'watch', is not packed"):
        packed(state)


@pytest.mark.parametrize("seed", range(4))
def test_who_rests_now_and_then_is_decided_about_as_who_never_does(seed: int) -> None:
    """Twelve mailboxes, three at work: each is packed and unpacked many times, some while they are watched."""
    parts = [named(events_of(f"for=60 messages=2 logins=3 networks=2 times=4; {BOTNET}"), each) for each in range(3)]
    parts += [named(events_of("for=60 messages=2 logins=3 networks=2 times=6"), each) for each in range(3, 12)]
    rng = Random(seed)
    queues = [list(reversed(part)) for part in parts]
    events: list[Event] = []
    while queues := [queue for queue in queues if queue]:
        queue = rng.choice(queues)
        events += [queue.pop() for _ in range(min(len(queue), rng.randint(1, 9)))]
    whole, decided = mailboxes.replay(events, LIMITS)
    states, found, packs = States(3), list[MailboxDecision](), 0
    for event in events:
        subject = mailboxes.subject_of(event)
        before = states.woken(subject)
        state, new = mailboxes.step(before, event, LIMITS)
        if before is None:
            states.add(state)
        states.note(state)
        found.extend(new)
        packs += states.at_rest
    assert tuple(found) == decided
    assert dict(states) == whole
    assert packs > len(events)
    assert [state.mailbox for state in states.watched()] == sorted(name for name in whole if whole[name].step)


def test_of_many_an_eighth_is_at_work() -> None:
    states = States(4)
    for number in range(800):
        states.add(MailboxState(mailbox=f"box{number}@example.net", aged=START))
    assert 700 <= states.at_rest <= 796
    assert len(states) == 800
    assert states["box3@example.net"].aged == START


def test_a_name_that_nobody_has_is_forgotten_once_its_failures_count_no_more() -> None:
    partition = Partition(0, LIMITS, "1")
    for number in range(3):
        partition.apply(MAIL_EVENTS, [failed(START + number * HOUR)])
    written, _ = partition.flush(FAR)
    (state,) = (output for output in written if output.topic == MAILBOX_STATE)
    assert b'"guessed":true' in state.value
    gone: dict[int, list[bytes | None]] = {}
    for day in range(1, 6):
        partition.apply(MAIL_EVENTS, [sent(START + day * DAY + HOUR)])
        outputs = partition.flush(FAR)[0]
        gone[day] = [output.key for output in outputs if output.topic == MAILBOX_STATE and not output.value]
    assert gone == {1: [], 2: [b"info@example.net"], 3: [], 4: [], 5: []}
    assert set(partition.states) == {"bob@example.net"}
    after = Partition(0, LIMITS, "2")
    after.restore(state.value)
    after.forget("info@example.net")
    assert set(after.states) == set()
    after.apply(MAIL_EVENTS, [sent(START + 9 * DAY)])
    assert set(after.states) == {"bob@example.net"}


def test_read_back_a_name_that_nobody_has_is_forgotten_too() -> None:
    partition = Partition(0, LIMITS, "1")
    partition.apply(MAIL_EVENTS, [failed(START)])
    after = Partition(0, LIMITS, "2")
    for output in partition.flush(FAR)[0]:
        after.restore(output.value)
    for day in range(1, 4):
        after.apply(MAIL_EVENTS, [sent(START + day * DAY + HOUR)])
    assert set(after.states) == {"bob@example.net"}


@pytest.mark.parametrize(("failures", "days"), [(1, 1), (2, 1), (3, 9.5), (40, 15.5)])
def test_the_more_failures_the_longer_a_name_is_kept(failures: int, days: float) -> None:
    events = [failed(START + number * 1000) for number in range(failures)]
    state = mailboxes.replay(events, LIMITS)[0]["info@example.net"]
    assert is_guessed(state)
    assert forgotten_at(state) - state.aged == pytest.approx(days * DAY, rel=0.02)


@pytest.mark.parametrize("more", [failed(START + DAY, outcome="succeeded"), sent(START + DAY, "info@example.net")])
def test_a_name_that_somebody_has_is_kept_for_ever(more: Event) -> None:
    partition = Partition(0, LIMITS, "1")
    partition.apply(MAIL_EVENTS, [failed(START), more])
    partition.apply(MAIL_EVENTS, [sent(START + day * DAY) for day in range(2, 400)])
    assert set(partition.states) == {"info@example.net", "bob@example.net"}


def test_a_log_that_is_read_late_is_no_silence() -> None:
    """The logins of a month ago are read today, while mail goes on: the guess among them is still found."""
    late = [failed(START + second * 1_000_000, "eve@example.net") for second in range(6)]
    guess = structs.replace(failed(START + 9_000_000, "eve@example.net", outcome="succeeded"), client_ip="192.0.2.1")
    today = START + 30 * DAY
    partition = Partition(0, LIMITS, "1")
    partition.apply(MAIL_EVENTS, [sent(today), *late, sent(today + 2 * HOUR), sent(today + DAY), guess])
    assert partition.states["eve@example.net"].counts[GUESS_FAILURES] >= 5


def test_who_is_watched_by_a_late_complaint_is_looked_at_as_after_a_restart() -> None:
    """The complaint is of yesterday, and read today; a worker may end between that and the mailbox's next mail."""
    mail = events_of(QUIET)
    late = [
        ComplaintReceived(id=f"late {number}", at=mail[-1].at, feedback_type="abuse", sender=MAILBOX)
        for number in range(4)
    ]
    full = mail[-1].at // HOUR * HOUR + 30 * HOUR
    today = [sent(full + minute * 60_000_000, log="mx2") for minute in (5, 7)]
    today += [sent(full + 9 * 60_000_000, MAILBOX, "mx2"), sent(full + 55 * 60_000_000, log="mx2")]
    told, states = [], []
    for ended in (False, True):
        partition = Partition(0, LIMITS, "1")
        partition.apply(MAIL_EVENTS, [*mail, *today[:2]])
        partition.apply(COMPLAINTS, late)
        first, decided = partition.flush(FAR)
        found = decisions(decided)
        if ended:
            partition = Partition(0, LIMITS, "2")
            for output in first:
                if output.topic == MAILBOX_STATE:
                    partition.restore(output.value)
        partition.apply(MAIL_EVENTS, today[2:])
        found += decisions(partition.flush(FAR)[1])
        told.append(found)
        states.append({name: mailboxes.encode(state) for name, state in partition.states.items()})
    assert told[0] == told[1]
    assert states[0] == states[1]
    assert [(type(event), event.at) for event in told[0]] == [(MailboxFlagged, mail[-1].at), (MailboxReleased, full)]


def test_an_order_that_was_over_before_it_was_read_ends_at_once() -> None:
    partition = Partition(0, LIMITS, "1")
    partition.apply(MAIL_EVENTS, [sent(START), sent(START + 5 * HOUR, "carol@example.net")])
    partition.apply(
        MAILBOX_SIGNALS, [order("suspend", START + HOUR, until=START + 2 * HOUR, mailbox="bob@example.net")]
    )
    ended = [event for event in decisions(partition.flush(FAR)[1]) if isinstance(event, MailboxReleased)]
    assert [(event.mailbox, event.at) for event in ended] == [("bob@example.net", START + 5 * HOUR)]


def test_what_is_sent_again_counts_once_through_thirty_logs_and_then_eight_are_remembered() -> None:
    """Thirty relay hosts carry one mailbox's mail; the worker ends while it writes, and much is sent again."""
    rounds = [[sent(START + step * 60_000_000 + log, log=f"mx{log}") for log in range(30)] for step in range(8)]
    bob, written = "bob@example.net", dict[tuple[str, bytes], bytes]()
    partition = Partition(0, LIMITS, "1")
    for events in rounds[:5]:
        partition.apply(MAIL_EVENTS, events)
        written |= {(output.topic.name, output.key or b""): output.value for output in partition.flush(FAR)[0]}
    after = Partition(0, LIMITS, "2")
    for (topic, _), value in written.items():
        after.restore(value) if topic == MAILBOX_STATE.name else after.restore_traffic(value)
    for events in rounds[1:]:
        after.apply(MAIL_EVENTS, events)
        after.flush(FAR)
    once = mailboxes.replay([event for events in rounds for event in events], LIMITS)[0][bob]
    assert after.states[bob].counts == once.counts
    after.apply(MAIL_EVENTS, [sent(START + HOUR)])
    after.flush(FAR)
    after.apply(MAIL_EVENTS, [sent(START + HOUR + 1)])
    assert len(after.states[bob].applied.split()) == 8


def test_a_log_opened_anew_by_a_clock_that_is_weeks_ahead_of_it_moves_no_time() -> None:
    """A collector that is started again dates that by its clock; the log it reads may be of last month."""
    part = Partition(0, LIMITS, "1")
    stolen = events_of(f"{QUIET}; {BOTNET}")
    part.apply(MAIL_EVENTS, stolen)
    assert part.states[MAILBOX].step == "suspend"
    opened = SourceOpened(id=event_id(source_id("mx1"), 9), at=stolen[-1].at + 30 * DAY, source="mx1", name="mx1")
    part.apply(MAIL_EVENTS, [opened])
    assert part.states[MAILBOX].step == "suspend"
    part.apply(MAIL_EVENTS, [sent(stolen[-1].at + 30 * DAY)])
    assert part.states[MAILBOX].step == "", "a line of the log does"
