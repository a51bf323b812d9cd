"""The fold of one partition, ended at any moment of its writing and begun again from what was written."""

from collections import Counter
from collections.abc import Iterable
from zlib import crc32

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from schemas import codec
from schemas.customers import Customers
from schemas.events import ComplaintReceived, DeliveryAttempted, Event
from schemas.mailbox_events import CulpritNamed, IdentityLeaked, MailboxReleased, StepChanged
from schemas.mailbox_settings import Customer, Mailboxes
from schemas.observations import RepliesCounted, SenderJudged, TrafficCounted
from schemas.topics import (
    CASE_OBSERVATIONS,
    COMPLAINTS,
    MAIL_EVENTS,
    MAILBOX_EVENTS,
    MAILBOX_LEAKS,
    MAILBOX_SIGNALS,
    MAILBOX_STATE,
    POOL_OBSERVATIONS,
    TRAFFIC_STATE,
    Topic,
)
from streams import mailboxes
from streams.leaks import leaked
from streams.partition import Output, Partition
from tests.decided import order
from tests.patterns import MAILBOX, events_of
from tests.worker.workbench import deliveries

KEY = b"a key of this test"
FAR = 4_000_000_000_000_000
LIMITS = Mailboxes()


class Written:
    """Topics in memory: the state topics compacted, of the others each event once."""

    def __init__(self) -> None:
        self.states: dict[tuple[str, bytes], bytes] = {}
        self.events: dict[str, Event] = {}

    def write(self, outputs: list[Output] | tuple[Output, ...]) -> None:
        for topic, _, key, value in outputs:
            if topic in (MAILBOX_STATE, TRAFFIC_STATE):
                assert key is not None
                if not value:
                    self.states.pop((topic.name, key), None)
                else:
                    self.states[topic.name, key] = value
            else:
                assert topic in (MAILBOX_EVENTS, POOL_OBSERVATIONS, CASE_OBSERVATIONS)
                event = codec.decode(value)
                assert self.events.setdefault(event.id, event) == event

    def restored(self, life: int, leaks: Iterable[IdentityLeaked] = ()) -> Partition:
        partition = Partition(0, LIMITS, str(life), key=KEY)
        for (topic, _), value in self.states.items():
            self.write(partition.restore(value) if topic == MAILBOX_STATE.name else partition.restore_traffic(value))
        partition.restore_leaks(leaks)
        return partition


def interleaved() -> list[Event]:
    """Return the events of two logs as one partition may hold them; box0 sends to ever new unknown users."""
    one = [event for event in deliveries(80, 3, "mx1") if isinstance(event, DeliveryAttempted)]
    two = [event for event in deliveries(40, 3, "mx2") if isinstance(event, DeliveryAttempted)]
    return [event for pair in zip(one[::2], one[1::2], two, strict=True) for event in pair]


def signals() -> list[Event]:
    """Return orders about the mailboxes of the two logs, and a culprit, each a record; one is of a mailbox unseen."""
    at = interleaved()[-1].at
    return [
        order("suspend", at + 1, 1, mailbox="box1@example.net"),
        order("release", at + 2, 2, mailbox="box1@example.net"),
        order("throttle", at + 3, 3, mailbox="box2@example.net"),
        order("suspend", at + 4, 4, mailbox="new@example.net"),
        CulpritNamed(
            id="culprit", at=at, mailbox="box0@example.net", pool="main", ip="192.0.2.1", messages=9, share=0.5
        ),
    ]


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_ended_at_any_moment_nothing_is_lost_or_doubled(data: st.DataObject) -> None:
    events, records, at = interleaved(), list[tuple[Topic, list[Event]]](), 0
    while at < len(events):
        size = data.draw(st.integers(1, 30))
        again = data.draw(st.sampled_from([0, 0, 0, 10]))
        records.append((MAIL_EVENTS, events[max(0, at - again) : at + size]))
        at += size
    for signal in signals():
        records.append((MAILBOX_SIGNALS, [signal]))
    written, committed, life = Written(), 0, 0
    while committed < len(records):
        life += 1
        partition = written.restored(life)
        while committed < len(records):
            taken = data.draw(st.integers(1, 4))
            for topic, record in records[committed : committed + taken]:
                partition.apply(topic, record)
            states, after = partition.flush(FAR)
            ends = data.draw(st.sampled_from(["never", "never", "in states", "after states", "before commit"]))
            if ends == "in states":
                states, after = data.draw(st.permutations(states))[: len(states) // 2], []
            written.write(states)
            written.write(after if ends != "after states" else after[: len(after) // 2])
            if ends != "never":
                break
            committed += taken
    whole, decided = mailboxes.replay([*events, *signals()], LIMITS)
    final = written.restored(life + 1).states
    assert {name: mailboxes.encode(state) for name, state in final.items()} == {
        name: mailboxes.encode(state) for name, state in whole.items()
    }
    beside = TrafficCounted | RepliesCounted | StepChanged | SenderJudged
    made = [event for event in written.events.values() if not isinstance(event, beside)]
    assert {event.id for event in made} == {event.id for event in decided}
    steps = {event.decision for event in written.events.values() if isinstance(event, StepChanged)}
    assert steps == {event.id for event in decided}
    assert steps == {event.decision for event in written.events.values() if isinstance(event, SenderJudged)}
    traffic: Counter[tuple[str, str]] = Counter()
    for count in written.events.values():
        if isinstance(count, TrafficCounted):
            traffic.update({(count.ip, "sent"): count.sent, (count.ip, "bounced"): count.bounced})
    assert +traffic == Counter(
        (event.outbound_ip, event.outcome) for event in events if isinstance(event, DeliveryAttempted)
    )


def leak(mailbox: str, source: str = "shop", at: int = FAR) -> IdentityLeaked:
    """Return that a mailbox stands in a list, read long after its mail was."""
    return leaked(mailbox, KEY, partitions=1, at=at, source=source)


def knows(partition: Partition, mailbox: str, *leaks: IdentityLeaked) -> bool:
    """Tell whether exactly these leaks are in the mailbox's state."""
    noted = b"".join(crc32(event.id.encode()).to_bytes(4, "little") for event in leaks)
    return partition.states[mailbox].recent == noted


def test_a_leak_is_applied_when_it_comes_and_when_its_mailbox_is_first_seen_and_moves_no_time() -> None:
    events, box0, box1 = interleaved(), leak("box0@example.net"), leak("box1@example.net")
    partition = Partition(0, LIMITS, "1", key=KEY)
    partition.apply(MAILBOX_LEAKS, [box1, leak("stranger@example.org")])
    partition.apply(MAIL_EVENTS, events)
    partition.apply(MAILBOX_LEAKS, [box0, box0])
    assert knows(partition, "box0@example.net", box0)
    assert knows(partition, "box1@example.net", box1)
    assert knows(partition, "box2@example.net")
    assert max(state.aged for state in partition.states.values()) <= max(event.at for event in events)
    assert set(partition.states) == {"box0@example.net", "box1@example.net", "box2@example.net"}


def test_a_leak_is_found_though_the_mailbox_came_after_the_first_leak_of_the_import() -> None:
    partition, events = Partition(0, LIMITS, "1", key=KEY), interleaved()
    partition.apply(MAILBOX_LEAKS, [leak("stranger@example.org")])
    partition.apply(MAIL_EVENTS, events)
    late = leak("box2@example.net")
    partition.apply(MAILBOX_LEAKS, [late])
    partition.flush(FAR)
    partition.flush(FAR)
    again = leak("box2@example.net", "forum")
    partition.apply(MAILBOX_LEAKS, [again])
    assert knows(partition, "box2@example.net", late, again)


def test_leaks_are_read_back_and_wait_for_their_key() -> None:
    events, box0 = interleaved(), leak("box0@example.net")
    written = Written()
    without = Partition(0, LIMITS, "1")
    without.apply(MAIL_EVENTS, events)
    without.apply(MAILBOX_LEAKS, [box0])
    assert (without.locked, knows(without, "box0@example.net")) == (1, True)
    written.write(without.flush(FAR)[0])
    again = written.restored(2, [box0])
    assert (again.locked, knows(again, "box0@example.net", box0)) == (0, True)
    written.write(again.flush(FAR)[0])
    assert written.restored(3, [box0]).flush(FAR)[0] == []
    without.unlock(KEY)
    assert knows(without, "box0@example.net", box0)


def test_a_signal_of_today_makes_no_mail_of_yesterday_late_and_counts_as_no_traffic() -> None:
    """The partition is behind: an order and a culprit of today come while the mail of last week is read."""
    partition, events = Partition(0, LIMITS, "1"), interleaved()
    partition.apply(MAIL_EVENTS, events[:60])
    box0 = "box0@example.net"
    named = CulpritNamed(id="c", at=FAR, mailbox=box0, pool="main", ip="192.0.2.1", messages=9, share=0.5)
    partition.apply(MAILBOX_SIGNALS, [order("watch", FAR, mailbox="other@example.net"), named])
    partition.apply(MAIL_EVENTS, events[60:])
    whole, _ = mailboxes.replay(events, LIMITS)
    assert partition.states[box0].aged == whole.pop(box0).aged
    assert {name: mailboxes.encode(partition.states[name]) for name in whole} == {
        name: mailboxes.encode(state) for name, state in whole.items()
    }
    counts = [
        event for output in partition.flush(FAR)[1] if isinstance(event := codec.decode(output.value), TrafficCounted)
    ]
    assert sum(count.sent + count.bounced for count in counts) == len(events)
    assert {count.at for count in counts} == {max(event.at for event in events)}


def test_a_complaint_of_today_lets_no_time_pass_for_others_while_the_mail_of_last_week_is_read() -> None:
    partition, events = Partition(0, LIMITS, "1"), interleaved()
    partition.apply(MAIL_EVENTS, events[:60])
    partition.apply(COMPLAINTS, [ComplaintReceived(id="c", at=FAR, feedback_type="abuse", sender="other@example.net")])
    partition.apply(MAIL_EVENTS, events[60:])
    whole, _ = mailboxes.replay(events, LIMITS)
    assert {name: mailboxes.encode(partition.states[name]) for name in whole} == {
        name: mailboxes.encode(state) for name, state in whole.items()
    }
    counts = [
        event for output in partition.flush(FAR)[1] if isinstance(event := codec.decode(output.value), TrafficCounted)
    ]
    assert {count.at for count in counts} == {max(event.at for event in events)}


def test_a_culprit_that_was_never_seen_is_no_mailbox() -> None:
    partition = Partition(0, LIMITS, "1")
    named = CulpritNamed(id="c", at=FAR, mailbox="<>", pool="main", ip="192.0.2.1", messages=9, share=0.5)
    partition.apply(MAILBOX_SIGNALS, [named])
    assert partition.states == {}
    assert partition.flush(FAR) == ([], [])


def test_each_decision_is_a_step_of_its_customer() -> None:
    customers = Customers({"club": Customer(mailboxes=("example.net",))})
    partition = Partition(0, LIMITS, "1", customers)
    partition.apply(MAILBOX_SIGNALS, [order("suspend", 5, 1), order("release", 6, 2)])
    outputs = [output for output in partition.flush(FAR)[1] if output.topic == CASE_OBSERVATIONS]
    assert {(output.partition, output.key) for output in outputs} == {(0, b"club")}
    told = [event for output in outputs if isinstance(event := codec.decode(output.value), StepChanged)]
    assert [(event.mailbox, event.customer, event.step, event.at) for event in told] == [
        (MAILBOX, "club", "suspend", 5),
        (MAILBOX, "club", "", 6),
    ]


def test_a_state_written_late_by_a_worker_cut_off_is_skipped() -> None:
    written, events = Written(), deliveries(40, 1)
    partition = written.restored(1)
    partition.apply(MAIL_EVENTS, events[:20])
    old, _ = partition.flush(FAR)
    partition.apply(MAIL_EVENTS, events[20:])
    new, _ = partition.flush(FAR)
    after = written.restored(2)
    for _, _, key, value in [new[0], old[0]]:
        assert key == b"box0@example.net"
        after.restore(value)
    whole, _ = mailboxes.replay(events, LIMITS)
    assert mailboxes.encode(after.states["box0@example.net"]) == mailboxes.encode(whole["box0@example.net"])


def test_counts_are_dated_no_later_than_now() -> None:
    partition = Partition(3, LIMITS, "")
    events = deliveries(4, 4)
    partition.apply(MAIL_EVENTS, events)
    _, after = partition.flush(events[0].at + 5)
    counts = [codec.decode(output.value) for output in after]
    assert [(count.at, count.id[-17:]) for count in counts] == [
        (events[0].at + 5, f"000000000001-{place:04x}") for place in range(5)
    ]


def test_who_falls_silent_is_released_as_others_go_on_and_only_once() -> None:
    """The tenth hour's first event looks at all: the flagged mailbox, silent since the first, is released then."""
    partition, hour = Partition(0, LIMITS, "1"), 3_600_000_000
    taken = events_of("for=60 messages=2 logins=3 networks=2 times=24; for=4 messages=600 recipients=2 unknown=22")
    partition.apply(MAIL_EVENTS, taken)
    told = [codec.decode(output.value) for output in partition.flush(FAR)[1] if output.topic == MAILBOX_EVENTS]
    assert [type(event).__name__ for event in told][-1] in {"MailboxFlagged", "MailboxThrottled", "MailboxSuspended"}
    last = taken[-1].at
    others = [
        structs.replace(event, id=f"{number:02d}{event.id[2:]}", at=last + number * hour)
        for number, event in enumerate(deliveries(40, 1, "mx9")[:40], 1)
        if isinstance(event, DeliveryAttempted)
    ]
    partition.apply(MAIL_EVENTS, others)
    after = [codec.decode(output.value) for output in partition.flush(FAR)[1] if output.topic == MAILBOX_EVENTS]
    released = [event for event in after if isinstance(event, MailboxReleased)]
    assert [event.mailbox for event in released] == [MAILBOX]
    assert released[0].at % hour == 0
    states = [value for value in partition.flush(FAR)[0] if value.key == MAILBOX.encode()]
    assert states == []
