"""What is kept of a mailbox: states of earlier releases, countries and journeys, looks at what follows a login."""

from base64 import b64encode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import DeliveryAttempted, MailboxAuthenticated, MessageScored, MessageSubmitted
from schemas.mailbox_settings import Mailboxes
from schemas.names import event_id, source_id
from streams import mailboxes, travels
from streams.habits import FILTER_AT, HOME_AT, LEAKED_AT, SLOTS, MailboxState, age, upgraded
from tests.patterns import MAILBOX, PLACES, events_of

QUIET = "for=60 messages=1 logins=3 networks=2 known=80 sizes=5 times=48"
_OLD_FILTER_AT, _OLD_SLOTS = 152, 57
_MINUTE = 60_000_000


def login(at: int, place: int) -> MailboxAuthenticated:
    country, system, latitude, longitude = PLACES[place]
    return MailboxAuthenticated(
        id=f"login {at}",
        at=at,
        host="mx1",
        mailbox=MAILBOX,
        service="imap",
        outcome="succeeded",
        client_country=country,
        client_asn=system,
        client_latitude=latitude,
        client_longitude=longitude,
    )


def test_a_state_of_an_earlier_release_is_read_with_its_filter_and_what_is_new_is_empty() -> None:
    state = mailboxes.replay(events_of(QUIET), Mailboxes())[0][MAILBOX]
    row = msgspec.json.decode(mailboxes.encode(state), type=dict[str, object])
    old = bytes(state.sketches[:_OLD_FILTER_AT] + state.sketches[FILTER_AT:])
    row |= {"sketches": b64encode(old).decode(), "strange": "", "held": False}
    row["counts"] = b64encode(state.counts[:_OLD_SLOTS].tobytes()).decode()
    read = mailboxes.decode(msgspec.json.encode(row))
    assert read.sketches[:_OLD_FILTER_AT] == state.sketches[:_OLD_FILTER_AT]
    assert not any(read.sketches[_OLD_FILTER_AT:FILTER_AT])
    assert read.sketches[FILTER_AT:] == state.sketches[FILTER_AT:]
    assert read.counts[:_OLD_SLOTS] == state.counts[:_OLD_SLOTS]
    assert abs(read.counts[HOME_AT] * _MINUTE + state.aged) <= 2 * _MINUTE  # nobody knows how long it was there before
    assert not any(count for slot, count in enumerate(read.counts) if slot >= _OLD_SLOTS and slot != HOME_AT)
    assert len(read.counts) == SLOTS


@pytest.mark.parametrize("size", [32, 128, 512, 2048])
def test_a_filter_of_any_size_stays_where_it_is(size: int) -> None:
    old = MailboxState(mailbox=MAILBOX, sketches=bytearray(_OLD_FILTER_AT) + bytearray(b"f" * size))
    assert upgraded(old).sketches[FILTER_AT:] == b"f" * size
    assert upgraded(old).sketches[FILTER_AT:] == b"f" * size, "what is of this release stays as it is"


def test_zeros_at_the_end_are_not_stored_and_come_back() -> None:
    state = mailboxes.replay(events_of("for=60 logins=3 times=24"), Mailboxes())[0][MAILBOX]
    assert not state.counts[LEAKED_AT]
    text = msgspec.json.decode(mailboxes.encode(state), type=dict[str, object])["counts"]
    assert isinstance(text, str)
    assert len(text) < len(b64encode(state.counts.tobytes()))
    assert mailboxes.decode(mailboxes.encode(state)) == state


def test_a_message_is_looked_at_though_its_login_was_of_the_same_second() -> None:
    """A program that logs in for each mail would else never be looked at: the login uses up the second."""
    source, states, scores = source_id("one"), dict[str, MailboxState](), [0.0]
    for event in events_of(QUIET):
        states[MAILBOX], _ = mailboxes.step(states.get(MAILBOX), event, Mailboxes())
    begun = events_of(QUIET)[-1].at + 3600 * 1_000_000
    for number in range(200):
        at, place = begun + number * 2_000_000, number * 1000
        queue_id = f"Q{number}"
        for event in (
            MailboxAuthenticated(
                id=event_id(source, place), at=at, host="mx1", mailbox=MAILBOX, service="smtp", outcome="succeeded",
                client_ip="198.51.100.9",
            ),
            MessageSubmitted(
                id=event_id(source, place + 100), at=at + 100_000, host="mx1", queue_id=queue_id, sender=MAILBOX,
                sender_kind="sasl", client_ip="198.51.100.9", recipients=1,
            ),
            DeliveryAttempted(
                id=event_id(source, place + 200), at=at + 200_000, host="mx1", queue_id=queue_id, sender=MAILBOX,
                sender_kind="sasl", recipient=f"n{number}@example.com", outcome="bounced", enhanced_status="5.1.1",
            ),
        ):  # fmt: skip
            states[MAILBOX], _ = mailboxes.step(states.get(MAILBOX), event, Mailboxes())
            scores.append(states[MAILBOX].score)
    assert max(scores) > 80


def test_a_login_alone_is_owed_a_look_only_within_its_second() -> None:
    state = MailboxState(mailbox=MAILBOX)
    assert age(state, 10 * _MINUTE)
    assert not age(state, 10 * _MINUTE + 500_000)


def test_a_judged_message_counts_for_who_sent_it_only() -> None:
    told = MessageScored(
        id="s", at=1, host="mx1", sender=MAILBOX, sender_kind="sasl", engine="rspamd", score=1, threshold=2
    )
    assert mailboxes.subject_of(told) == MAILBOX
    assert mailboxes.subject_of(msgspec.structs.replace(told, sender_kind="envelope")) == ""


def test_what_is_new_about_a_place() -> None:
    kept, news = travels.noted(b"", login(_MINUTE, 1))
    assert (news, travels.countries(kept)) == (travels.KNOWN, ())
    kept = travels.settled(travels.settled(kept))
    assert travels.countries(kept) == ("DE",)
    assert [travels.noted(kept, login(2 * _MINUTE, place))[1] for place in (1, 2, 3)] == [
        travels.KNOWN,
        travels.NEW_AS,
        travels.NEW_COUNTRY,
    ]
    there, _ = travels.noted(kept, login(31 * _MINUTE, 3))
    km, minutes, ended = travels.journey(there)
    assert (km, minutes, ended) == (10254, 30, 31)
    assert travels.journey(travels.forgotten(there)) == (0, 0, 0)
    assert travels.countries(travels.forgotten(there)) == ("DE",)


def test_a_line_that_comes_late_moves_nobody_back_and_makes_no_haste() -> None:
    kept = travels.settled(travels.settled(travels.noted(b"", login(2000 * _MINUTE, 1))[0]))
    late, news = travels.noted(kept, login(500 * _MINUTE, 3))
    assert (news, travels.journey(late)) == (travels.NEW_COUNTRY, (0, 0, 0)), "a day and more is enough for the way"
    there, _ = travels.noted(late, login(2001 * _MINUTE, 1))
    assert travels.journey(there) == (0, 0, 0), "it was here all the time"
    hasty, _ = travels.noted(kept, login(1970 * _MINUTE, 3))
    assert travels.journey(hasty) == (10254, 30, 2000)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10_000), st.booleans()), max_size=40))
def test_travels_stay_small_whatever_happens(uses: list[tuple[int, int, bool]]) -> None:
    kept = b""
    for place, minute, half_day in uses:
        kept, news = travels.noted(kept, login(minute * _MINUTE, place))
        assert news in {travels.KNOWN, travels.NEW_AS, travels.NEW_COUNTRY}
        kept = travels.settled(kept) if half_day else kept
        assert len(kept) <= 16 + 8 * 7
