"""What holds of a sunset whatever happens: looks in any order, again, by two desks, after restarts and clock steps."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.mailbox_events import NoticeSent
from schemas.names import derived_id
from schemas.sunset_events import LetterDue, SunsetEvent, UserDone, UserExempted
from streams.directory import Account
from streams.sunset.decide import Case, counts, users
from streams.sunset.ledger import Ledger, Ledgers, fold, take
from streams.sunset.look import Look
from streams.sunset.weeks import HOUR, closing, day_of, last_week, moment, settled, start_of, week_of
from streams.sunset.writing import letters
from tests.sunset.scene import DAY, NAME, SUNSET, People, decided, ended, letters_of, local, look, use

CUSTOMERS = ("acme", "solo", "mute")
BOXES = tuple(f"{box}@{customer}.example" for customer in CUSTOMERS for box in ("a", "b"))
PEOPLE = People(
    Account(customer="acme", contact="it@acme.example"),
    Account(customer="solo", contact="me@solo.example"),
    Account(customer="mute"),
)
BEGIN = local("2027-01-29 07:00")


class Turn(NamedTuple):
    """A look some hours after the one before (or before it), by one desk or two, with a restart or without.

    After so many events of a step it `dies`, and starts again. `used` use the old way now; of `unread` days before, the
    log of mx1 was not read; `exempt` is what an operator says.
    """

    hours: int
    used: frozenset[str]
    unread: frozenset[int]
    desks: int
    restart: bool
    dies: int
    exempt: tuple[str, bool] | None


SUBJECTS = (*BOXES, *CUSTOMERS, "@solo.example")
TURNS = st.lists(
    st.builds(
        Turn,
        hours=st.one_of(st.integers(1, 30), st.sampled_from((24, 100, 168, 200)), st.integers(-100, 400)),
        used=st.frozensets(st.sampled_from(BOXES)),
        unread=st.one_of(st.just(frozenset[int]()), st.frozensets(st.integers(1, 12), max_size=2)),
        desks=st.integers(1, 2),
        restart=st.booleans(),
        dies=st.one_of(st.just(99), st.integers(0, 3)),
        exempt=st.none() | st.tuples(st.sampled_from(SUBJECTS), st.booleans()),
    ),
    max_size=40,
)


class Play:
    """A log and the desks that write it."""

    def __init__(self) -> None:
        self.log: list[SunsetEvent | NoticeSent] = []
        self.ledger = Ledger()
        self.at = BEGIN
        self.last: dict[str, int] = {}

    def turn(self, turn: Turn) -> tuple[Look, list[SunsetEvent]]:
        self.at += turn.hours * HOUR
        self.last |= dict.fromkeys(turn.used, self.at)
        if turn.exempt:
            subject, ended = turn.exempt
            identity = derived_id(subject, ended, self.at)
            self._write([UserExempted(id=identity, at=self.at, sunset=NAME, subject=subject, ended=ended)])
        if turn.restart:
            self.ledger = replayed(self.log)
        today = day_of(SUNSET, self.at)
        missing = {(today - timedelta(days=back)).isoformat(): frozenset({"mx1"}) for back in turn.unread}
        seen = look(self.at, [use(name, last) for name, last in self.last.items() if last <= self.at], missing)
        told: list[SunsetEvent] = []
        for step in (users, letters, counts):
            both = [list(step(Case(NAME, SUNSET, self.ledger, seen, PEOPLE))) for _ in range(turn.desks)]
            for events in both:  # each desk had read the log to its end, and neither the other's words
                self._write(events[: turn.dies])
                told += events[: turn.dies]
            if any(len(events) > turn.dies for events in both):
                self.ledger = replayed(self.log)
                break
        return seen, told

    def _write(self, events: Sequence[SunsetEvent]) -> None:
        for event in events:
            for told in (event, ended(event)) if isinstance(event, LetterDue) and event.recipient else (event,):
                self.log.append(told)
                take(self.ledger, told)


def replayed(log: Sequence[SunsetEvent | NoticeSent]) -> Ledger:
    ledgers: Ledgers = {}
    fold(ledgers, log)
    return ledgers.get(NAME, Ledger())


@given(TURNS)
@settings(max_examples=150, deadline=None)
def test_no_customer_gets_two_letters_of_a_week_nor_more_than_there_are(turns: list[Turn]) -> None:
    play = Play()
    for turn in turns:
        play.turn(turn)
    each = {event.id: event for event in letters_of(play.log)}
    weeks = Counter((event.customer, event.week) for event in each.values())
    assert set(weeks.values()) <= {1}
    for customer in CUSTOMERS:
        told = [event for event in each.values() if event.customer == customer]
        assert [event.week for event in told] == sorted(event.week for event in told)
        numbers = [event.number for event in told if event.kind == "letter"]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) <= SUNSET.letters
        assert all(event.number <= event.of for event in told)
        for event in told:
            until = SUNSET.ends if event.kind == "letter" else settled(SUNSET) + timedelta(days=1)
            assert start_of(SUNSET, SUNSET.begins) <= event.due < start_of(SUNSET, until)
        assert all(later.due - event.due >= 4 * DAY for event, later in pairwise(told))
        assert all(bool(event.recipient) is (customer != "mute") is not bool(event.problem) for event in told)
    thanked = Counter(mailbox for event in each.values() for mailbox in event.thanked)
    assert set(thanked.values()) <= {1}


@given(TURNS)
@settings(max_examples=150, deadline=None)
def test_what_is_exempt_is_in_no_letter_and_what_is_done_was_not_seen_and_heard(turns: list[Turn]) -> None:
    play = Play()
    for turn in turns:
        seen, told = play.turn(turn)
        today = day_of(SUNSET, play.at)
        quiet = [(today - timedelta(days=back)).isoformat() for back in range(1, 8)]
        for event in told:
            if isinstance(event, LetterDue):
                named = {each.mailbox for each in event.uses} | set(event.thanked)
                assert not any(play.ledger.exempt(name, event.customer, today.isoformat()) for name in named)
            if isinstance(event, UserDone):
                assert seen.unheard(quiet) == []
                used = seen.uses.get(event.mailbox)
                assert used is None or used.last < play.at - 7 * DAY


@given(TURNS, st.integers(1, 7), st.sets(st.sampled_from(BOXES), min_size=1))
@settings(max_examples=150, deadline=None)
def test_each_open_mailbox_is_in_exactly_one_letter_of_a_week(turns: list[Turn], week: int, used: set[str]) -> None:
    """Once somebody looks in time, whatever was before (but no clock that ran ahead of this week)."""
    play = Play()
    for turn in turns:
        if play.at + turn.hours * HOUR < moment(SUNSET, week):
            play.turn(turn)
    play.at = moment(SUNSET, week)
    play.last = {name: last for name, last in play.last.items() if last <= play.at}
    play.turn(Turn(0, frozenset(used), frozenset(), 1, restart=True, dies=99, exempt=None))
    play.turn(Turn(3, frozenset(used), frozenset(), 2, restart=True, dies=99, exempt=None))
    assert play.at < closing(SUNSET, week)
    day = day_of(SUNSET, play.at).isoformat()
    each = {event.id: event for event in letters_of(play.log) if event.week == week and event.kind == "letter"}
    named = Counter(one.mailbox for event in each.values() for one in event.uses)
    for name, box in play.ledger.boxes.items():
        customer = name.split("@")[1].removesuffix(".example")
        spent = play.ledger.written.get(customer)
        full = spent is not None and max(spent.letters, spent.unaddressed) > SUNSET.letters - 1 and not named[name]
        wanted = not box.done and not play.ledger.exempt(name, customer, day) and not full
        assert named[name] == wanted or (name not in used and box.done), name
    assert week_of(SUNSET, day_of(SUNSET, play.at)) == week <= last_week(SUNSET)


@given(TURNS, st.data())
@settings(max_examples=100, deadline=None)
def test_replaying_the_log_gives_the_same_in_any_pieces_and_with_repetitions(
    turns: list[Turn], data: st.DataObject
) -> None:
    play = Play()
    for turn in turns:
        play.turn(turn)
    known = msgspec.to_builtins(play.ledger)
    assert msgspec.to_builtins(replayed(play.log)) == known
    cut = data.draw(st.integers(0, len(play.log)))
    ledgers: Ledgers = {}
    fold(ledgers, play.log[:cut])
    fold(ledgers, play.log[cut:])
    assert msgspec.to_builtins(ledgers.get(NAME, Ledger())) == known
    twice = [event for event in play.log for _ in range(data.draw(st.integers(1, 2)))]
    assert msgspec.to_builtins(replayed(twice)) == known


@given(TURNS)
@settings(max_examples=50, deadline=None)
def test_a_second_look_at_the_same_decides_nothing(turns: list[Turn]) -> None:
    play = Play()
    for turn in turns:
        seen, _ = play.turn(turn._replace(dies=99))
        assert decided(play.ledger, seen, PEOPLE) == []
