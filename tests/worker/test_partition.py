"""The fold of one partition, ended at any moment of its writing and begun again from what was written."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from schemas import codec
from schemas.events import DeliveryAttempted, Event, TrafficCounted
from schemas.mailbox_events import MailboxReleased
from schemas.mailbox_settings import Mailboxes
from schemas.topics import MAIL_EVENTS, MAILBOX_EVENTS, MAILBOX_STATE, POOL_OBSERVATIONS, TRAFFIC_STATE
from streams import mailboxes
from streams.partition import Output, Partition
from tests.patterns import MAILBOX, events_of
from tests.worker.workbench import deliveries

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
                self.states[topic.name, key] = value
            else:
                assert topic in (MAILBOX_EVENTS, POOL_OBSERVATIONS)
                event = codec.decode(value)
                assert self.events.setdefault(event.id, event) == event

    def restored(self, life: int) -> Partition:
        partition = Partition(0, LIMITS, str(life))
        for (topic, _), value in self.states.items():
            self.write(partition.restore(value) if topic == MAILBOX_STATE.name else partition.restore_traffic(value))
        return partition


def interleaved() -> list[Event]:
    """Return the events of two logs as one partition may hold them; box0 sends to ever new unknown users."""
    one = [event for event in deliveries(80, 3, "mx1") if isinstance(event, DeliveryAttempted)]
    two = [event for event in deliveries(40, 3, "mx2") if isinstance(event, DeliveryAttempted)]
    return [event for pair in zip(one[::2], one[1::2], two, strict=True) for event in pair]


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_ended_at_any_moment_nothing_is_lost_or_doubled(data: st.DataObject) -> None:
    events, records, at = interleaved(), list[list[Event]](), 0
    while at < len(events):
        size = data.draw(st.integers(1, 30))
        again = data.draw(st.sampled_from([0, 0, 0, 10]))
        records.append(events[max(0, at - again) : at + size])
        at += size
    written, committed, life = Written(), 0, 0
    while committed < len(records):
        life += 1
        partition = written.restored(life)
        while committed < len(records):
            taken = data.draw(st.integers(1, 4))
            for record in records[committed : committed + taken]:
                partition.apply(MAIL_EVENTS, record)
            states, after = partition.flush(FAR)
            ends = data.draw(st.sampled_from(["never", "never", "in states", "after states", "before commit"]))
            if ends == "in states":
                states, after = data.draw(st.permutations(states))[: len(states) // 2], []
            written.write(states)
            written.write(after if ends != "after states" else after[: len(after) // 2])
            if ends != "never":
                break
            committed += taken
    whole, decided = mailboxes.replay(events, LIMITS)
    final = written.restored(life + 1).states
    assert {name: mailboxes.encode(state) for name, state in final.items()} == {
        name: mailboxes.encode(state) for name, state in whole.items()
    }
    made = [event for event in written.events.values() if not isinstance(event, TrafficCounted)]
    assert {event.id for event in made} == {event.id for event in decided}
    traffic: Counter[tuple[str, str]] = Counter()
    for count in written.events.values():
        if isinstance(count, TrafficCounted):
            traffic.update({(count.ip, "sent"): count.sent, (count.ip, "bounced"): count.bounced})
    assert +traffic == Counter(
        (event.outbound_ip, event.outcome) for event in events if isinstance(event, DeliveryAttempted)
    )


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
    assert [(count.at, count.id[-14:]) for count in counts] == [
        (events[0].at + 5, f"000000000001-{place}"[-14:]) for place in range(4)
    ]


def test_who_falls_silent_is_released_as_others_go_on_and_only_once() -> None:
    """The tenth hour's first event looks at all: the flagged mailbox, silent since the first, is released then."""
    partition, hour = Partition(0, LIMITS, "1"), 3_600_000_000
    taken = events_of("for=60 messages=2 logins=3 networks=2 times=24; for=4 messages=600 recipients=2 unknown=22")
    partition.apply(MAIL_EVENTS, taken)
    told = [codec.decode(output.value) for output in partition.flush(FAR)[1] if output.topic == MAILBOX_EVENTS]
    assert [type(event).__name__ for event in told][-1] in {"MailboxFlagged", "MailboxSuspended"}
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
