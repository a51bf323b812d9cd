"""Orders and new passwords: what each does, how long it holds, and what holds whatever comes in which order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from embedded.hoster.activity import DAY, HOUR, MINUTE, SECOND
from schemas.events import ComplaintReceived, Event
from schemas.mailbox_events import MailboxDecision, MailboxFlagged, MailboxReleased, MailboxSuspended, MailboxThrottled
from schemas.mailbox_settings import Mailboxes
from streams import mailboxes
from streams.habits import STRANGE_1D, Hold, fresh
from streams.looks import Looks
from streams.states import States
from tests.decided import BOTNET, ENFORCE, GROWING, QUIET, after, changed, hours_after, order, tick, told
from tests.patterns import MAILBOX, events_of

HONEST = events_of(QUIET)
STOLEN = events_of(f"{QUIET}; {BOTNET}")
COMPLAINED = events_of(f"{QUIET}; {GROWING}")
BEGAN, NOW = HONEST[-1].at, STOLEN[-1].at
RULES = ["watch", "flag", "suspend enforce"]
NOTHING = Mailboxes(action="off", protected=frozenset({MAILBOX}))


@pytest.mark.parametrize("limits", [ENFORCE, NOTHING])
@pytest.mark.parametrize(
    ("action", "word", "step"),
    [
        ("watch", ["watch"], "watch"),
        ("throttle", ["throttle enforce"], "throttle"),
        ("suspend", ["suspend enforce"], "suspend"),
        ("release", ["released"], ""),  # a hook may still bar it, by a state that was lost
    ],
)
def test_an_order_is_obeyed_also_where_the_rules_may_do_nothing(
    limits: Mailboxes, action: str, word: list[str], step: str
) -> None:
    state, decided = after(hours_after([*HONEST, order(action, BEGAN)], 48), limits)
    assert (decided, state.step) == (word, step), "it holds, though the score is low"


def test_an_order_names_who_gave_it_and_why() -> None:
    until = BEGAN - BEGAN % DAY + 2 * DAY
    orders = [order("throttle", BEGAN), order("suspend", BEGAN, 2, until), order("release", BEGAN, 3)]
    throttled, suspended, released = mailboxes.replay([*HONEST, *orders], ENFORCE)[1]
    assert isinstance(throttled, MailboxThrottled)
    assert isinstance(suspended, MailboxSuspended)
    assert isinstance(released, MailboxReleased)
    assert {throttled.operator, suspended.operator, released.operator} == {"ada"}
    assert throttled.evidence[0].text == released.evidence[0].text == "ada: called the customer"
    assert suspended.evidence[0].text == "ada: called the customer (until 2026-03-03 00:00 UTC)"
    assert throttled.recipients_per_hour == 20


@pytest.mark.parametrize("action", ["throttle", "suspend"])
def test_an_order_with_an_end_ends_by_itself(action: str) -> None:
    ordered = order(action, BEGAN, until=BEGAN + 2 * HOUR)
    decided = mailboxes.replay(hours_after([*HONEST, ordered], 4), ENFORCE)[1]
    assert told(decided) == [f"{action} enforce", "released"]
    assert decided[1].at == BEGAN + 2 * HOUR
    assert decided[1].evidence[0].text == "the order of ada ended"


def test_an_order_ends_at_a_look_within_ten_minutes_though_nothing_happens() -> None:
    states = States()
    for state in mailboxes.replay([*HONEST, order("suspend", BEGAN, until=BEGAN + 25 * MINUTE)], ENFORCE)[0].values():
        states.add(state)
    looks, found = Looks(ENFORCE), []
    for minute in range(60):
        if BEGAN + minute * MINUTE >= looks.next:
            found += [(minute, told(decided)) for _, decided in looks.at(states, BEGAN + minute * MINUTE) if decided]
    ((minute, decided),) = found
    assert decided == ["released"]
    assert 25 <= minute <= 35
    assert states[MAILBOX].hold is None


def test_an_order_that_is_over_when_it_is_read_does_nothing() -> None:
    assert after([*HONEST, order("suspend", BEGAN - HOUR, until=BEGAN - MINUTE)])[1] == []


def test_a_watched_mailbox_stays_so_until_the_end_and_is_flagged_as_ever() -> None:
    ordered = order("watch", BEGAN, until=BEGAN + 6 * HOUR)
    assert after(hours_after([*HONEST, ordered], 5))[1] == ["watch"]
    assert after(hours_after([*HONEST, ordered], 7))[1] == ["watch", "released"]
    assert after([*HONEST, ordered, *STOLEN[len(HONEST) :]])[1] == RULES, "an eye on it weakens no rule"


def test_watching_loosens_nothing() -> None:
    state, decided = after([*STOLEN, order("watch", NOW)])
    assert (state.step, decided) == ("suspend", RULES)


def test_a_release_forgets_what_was_and_the_next_takeover_is_found() -> None:
    elsewhere = BOTNET.replace("from=9", "from=11")  # the release made the first one's networks familiar
    second = events_of(f"{QUIET}; {BOTNET}; for=60; {elsewhere}")[len(STOLEN) :]
    released = order("release", NOW + SECOND)
    state, decided = after([*STOLEN, released])
    assert decided == [*RULES, "released"]
    assert (state.score, state.step, state.hold) == (0.0, "", None)
    assert after([*STOLEN, released, *second])[1][4:][-1] == "suspend enforce"


def test_until_an_exemption_ends_the_rules_only_flag() -> None:
    exempt = order("release", BEGAN, until=NOW + DAY)
    state, decided = after([*HONEST, exempt, *STOLEN[len(HONEST) :]])
    assert decided == ["released", "watch", "flag"], "the exemption itself shows"
    assert state.hold == Hold(step="release", at=BEGAN, operator="ada", until=NOW + DAY)
    over = order("release", BEGAN, until=BEGAN + MINUTE)
    assert after([*HONEST, over, *STOLEN[len(HONEST) :]])[1] == ["released", *RULES]
    for end in (order("release", BEGAN, 2), order("watch", BEGAN, 2)):
        assert after([*HONEST, exempt, end, *STOLEN[len(HONEST) :]])[1][-1] == "suspend enforce", "taken back"


def test_while_an_operator_throttles_the_rules_only_propose() -> None:
    state, decided = after([*HONEST, order("throttle", BEGAN), *STOLEN[len(HONEST) :]])
    assert decided == ["throttle enforce", "suspend propose"]
    assert (state.step, state.hold and state.hold.step) == ("suspend", "throttle")
    last = mailboxes.replay([*HONEST, order("throttle", BEGAN), *STOLEN[len(HONEST) :]], ENFORCE)[1][-1]
    assert last.evidence[-1].text == "only proposed: an order of ada holds"


@pytest.mark.parametrize(
    ("events", "limits"), [(STOLEN, ENFORCE), (STOLEN, Mailboxes()), (COMPLAINED, ENFORCE), (COMPLAINED, NOTHING)]
)
def test_a_new_password_ends_what_the_rules_did(events: list[Event], limits: Mailboxes) -> None:
    at = events[-1].at + SECOND
    states, decided = mailboxes.replay([*events, changed(at, reason="by the customer himself")], limits)
    state, released = states[MAILBOX], decided[-1]
    assert isinstance(released, MailboxReleased)
    assert released.evidence[0].text == "the mailbox has a new password (by the customer himself)"
    assert (state.score, state.step, state.hold, state.counts[STRANGE_1D]) == (0.0, "", None, 0.0)


def test_a_new_password_makes_no_thiefs_network_familiar() -> None:
    state = after([*STOLEN, changed(NOW)])[0]
    assert fresh(state) == 0.0
    elsewhere = events_of(f"{QUIET}; {BOTNET}; for=60; {BOTNET}")[len(STOLEN) :]
    assert "suspend enforce" in after([*STOLEN, changed(NOW), *elsewhere])[1][4:], "the same botnet once more"


@pytest.mark.parametrize("action", ["throttle", "suspend"])
def test_a_new_password_does_not_end_what_an_operator_ordered(action: str) -> None:
    state, decided = after(hours_after([*STOLEN, order(action, NOW), changed(NOW + MINUTE)], 40))
    assert decided == [*RULES, f"{action} enforce"]
    assert (state.step, state.hold and state.hold.operator) == (action, "ada")


def test_a_new_password_keeps_an_exemption_and_says_nothing_of_a_quiet_mailbox() -> None:
    exempt = order("release", BEGAN, until=BEGAN + DAY)
    state, decided = after([*HONEST, exempt, changed(BEGAN)])
    assert (decided, state.hold and state.hold.step) == (["released"], "release")
    assert mailboxes.step(None, changed(1), ENFORCE)[1] == ()


# What holds whatever comes: pieces of a day, each of which follows the one before.
_PIECES = st.lists(
    st.sampled_from(["mail", "theft", "complaints", "silence", "password", "watch", "throttle", "suspend", "release"]),
    max_size=12,
)
_LASTS = st.lists(st.sampled_from([0, 30 * MINUTE, 6 * HOUR]), min_size=12, max_size=12)
_THEFT = [event for event in STOLEN if event.at > BEGAN]


def day(pieces: list[str], lasts: list[int]) -> list[Event]:
    """Return the events of a mailbox to which these things happen, one after the other."""
    events: list[Event] = list(HONEST[-40:])
    for number, (piece, lasting) in enumerate(zip(pieces, lasts, strict=False), 1):
        at = events[-1].at + SECOND
        if piece in {"mail", "theft"}:
            part = HONEST[:40] if piece == "mail" else _THEFT
            events += [
                structs.replace(each, id=f"{number:016x}{each.id}", at=each.at - part[0].at + at) for each in part
            ]
        elif piece == "complaints":
            some = [f"{number} {nth}" for nth in range(8)]
            events += [ComplaintReceived(id=each, at=at, feedback_type="abuse", sender=MAILBOX) for each in some]
        elif piece == "silence":
            events += [tick(at + hour * HOUR) for hour in range(1, 30)]
        elif piece == "password":
            events.append(changed(at, number))
        else:
            events.append(order(piece, at, number, at + lasting if lasting else 0))
    return events


def by_rule(event: MailboxDecision) -> bool:
    return isinstance(event, MailboxThrottled | MailboxSuspended) and not event.operator


@given(_PIECES, _LASTS)
@settings(max_examples=60, deadline=None)
def test_replaying_twice_gives_the_same_and_reading_twice_changes_nothing(pieces: list[str], lasts: list[int]) -> None:
    events = day(pieces, lasts)
    states, decided = mailboxes.replay(events, ENFORCE)
    again, decided_again = mailboxes.replay(events, ENFORCE)
    assert mailboxes.encode(again[MAILBOX]) == mailboxes.encode(states[MAILBOX])
    assert decided_again == decided
    assert len({event.id for event in decided}) == len(decided), "each decision has an id of its own"
    doubled = [each for event in events for each in ([event] if "tick" in event.id else [event, event])]
    assert mailboxes.replay(doubled, ENFORCE)[1] == decided


@given(_PIECES, _LASTS)
@settings(max_examples=60, deadline=None)
def test_a_release_always_ends_and_silence_ends_what_nobody_ordered(pieces: list[str], lasts: list[int]) -> None:
    events = day(pieces, lasts)
    at = events[-1].at + SECOND
    state, decided = after([*events, order("release", at, 99)])
    assert (state.step, state.hold, state.score) == ("", None, 0.0)
    assert not decided or decided[-1] == "released"
    silent = mailboxes.replay([*events, *(tick(at + hour * HOUR) for hour in range(400))], Mailboxes())[0][MAILBOX]
    assert not silent.step or (silent.hold is not None and silent.hold.operator == "ada" and not silent.hold.until)


@given(_PIECES, _LASTS)
@settings(max_examples=60, deadline=None)
def test_the_rules_never_bar_a_protected_mailbox(pieces: list[str], lasts: list[int]) -> None:
    limits = ENFORCE.model_copy(update={"protected": frozenset({MAILBOX})})
    decided = mailboxes.replay(day(pieces, lasts), limits)[1]
    assert not [event for event in decided if by_rule(event)]


@given(_PIECES, _LASTS)
@settings(max_examples=60, deadline=None)
def test_what_is_enforced_is_what_the_newest_enforced_decision_says(pieces: list[str], lasts: list[int]) -> None:
    """A hook that reads only the decisions must come to what the fold holds."""
    states, decided = mailboxes.replay(day(pieces, lasts), ENFORCE)
    enforced = ""
    for event in decided:
        if isinstance(event, MailboxReleased):
            enforced = ""
        elif not isinstance(event, MailboxFlagged) and event.mode == "enforce":
            enforced = "throttle" if isinstance(event, MailboxThrottled) else "suspend"
    hold = states[MAILBOX].hold
    assert enforced == (hold.step if hold and hold.step in {"throttle", "suspend"} else "")
