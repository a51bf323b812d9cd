"""Three sunsets in one run, from the lines of Postfix and Dovecot to the mails that a real SMTP server took.

The broker, ClickHouse, the collector's readers, the sink's storing and the desk are the real ones; the clock is turned
by hand. What is due is told by `tests/whole/sunset_oracle.py`, which knows the script and the words of the manual.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from embedded.clickhouse import ClickHouseServer
from schemas.mailbox_events import NoticeSent
from schemas.sunset_events import LetterDue, SunsetCounted, UserFound
from streams.letterlist import letters
from streams.sunset.measure import burndown
from streams.warehouse_client import connect
from tests.whole.sunset_mails import assert_says, due_of
from tests.whole.sunset_oracle import Stand
from tests.whole.sunset_people import SCRIPT
from tests.whole.sunset_run import AWAY, Weeks, running
from tests.whole.sunset_script import CLEAR, LAST, POP, TLS, WAYS, ZONE, Way
from tests.whole.sunset_stages import CLOSES, assert_off_when_due
from tests.whole.sunset_wrong import assert_nothing_decided, assert_ours_is_taken, assert_past_is_told, assert_rows_told

# kafka-python and killed desks leave sockets and files to the garbage collector.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
UNREACHED = ("refused", "deferred")
each_way = pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory, clickhouse: ClickHouseServer) -> Iterator[Weeks]:
    """Let the weeks go by, once for all that is asked of them."""
    with running(tmp_path_factory.mktemp("weeks"), clickhouse) as made:
        yield made


def test_the_run_was_as_hard_as_it_should_be(weeks: Weeks) -> None:
    assert weeks.kills >= 5
    assert min(weeks.relay.moods[mood] for mood in ("cut before the dot", "cut after the dot", "defers")) >= 10
    refused = sum(each.customer == "refused" for way in WAYS for each in weeks.oracles[way].letters)
    assert weeks.relay.moods["refuses"] >= refused > 10, "who is killed before it is written down asks again"
    assert sum(counts.dead_letters for counts in weeks.counts.values()) == 0
    assert sum(counts.lines for counts in weeks.counts.values()) > 30_000
    mailboxes = {mailbox for sending in weeks.script.tries for mailbox in sending.meant}
    owners = {weeks.oracles[POP].owner(mailbox).name for mailbox in mailboxes}
    assert (len(mailboxes) > 100, len(owners) > 40) == (True, True)
    found = {way: {each.customer for each in weeks.oracles[way].letters} for way in WAYS}
    assert len(found[POP] & found[CLEAR]) > 10
    assert len(found[POP] & found[TLS]) > 5
    assert found[CLEAR] - found[POP] == {"clear", "free"}


@each_way
def test_each_customer_and_week_has_exactly_the_letter_that_is_due(weeks: Weeks, way: Way) -> None:
    found, oracle = weeks.decided(way), weeks.oracles[way]
    assert {due_of(letter) for letter in found if letter.recipient} == set(oracle.letters)
    assert sorted((letter.customer, letter.week) for letter in found) == sorted(
        [*((each.customer, each.week) for each in oracle.letters), *oracle.uncalled]
    )
    known = {customer.name: customer for customer in weeks.script.customers}
    for letter in found:
        begins = oracle.moment(letter.week)
        assert letter.due - begins < (2 * 24 + way.spread) * 3_600_000_000
        assert 0 <= (letter.due - begins) % (24 * 3_600_000_000) < way.spread * 3_600_000_000
        if letter.recipient:
            customer = known[letter.customer]
            assert letter.recipient == customer.contact.replace("müller", "xn--mller-kva")
            assert (letter.language, letter.name) == (customer.language, customer.title)


def test_the_oracle_tells_of_the_special_ones_what_everybody_can_see(weeks: Weeks) -> None:
    box = ("f@fixed.example",)
    assert weeks.told("fixed") == [
        (1, 1, ()),
        (2, 2, ()),
        (3, 3, ()),
        (4, 0, box),
        (5, 4, ()),
        (6, 5, ()),
        (7, 6, ()),
        (8, 7, ()),  # its stage should have closed, but is paused
    ]
    assert [each[:2] for each in weeks.told("late")] == [(6, 1), (7, 2), (8, 0)]
    assert [each[:2] for each in weeks.told("later")] == [  # refused since week 8, and so not seen any more
        (week, week - 3) for week in range(4, 9)
    ]
    assert [each[:2] for each in weeks.told("travel")][:8] == [(week, week) for week in range(1, 9)]
    assert weeks.told("free") == weeks.told("mute") == weeks.told("wrong") == weeks.told("injected") == []
    assert weeks.told("unheard") == [
        (1, 1, ()),
        (2, 2, ("v@unheard.example",)),
        (3, 3, ()),  # three days of its relay's log are missing: it is not known to be done
        (4, 0, ("u@unheard.example",)),
        (6, 4, ()),  # `v` was back on a day whose log was read three days later; it is not thanked again
    ]
    uncalled = {name for name, _ in weeks.oracles[POP].uncalled}
    assert uncalled == {"mute", "wrong", "@injected.example", "@stranger.example"}
    office = next(each for each in weeks.decided(POP) if each.customer == "office")
    assert [(use.mailbox, 0.4 < use.confidence < 0.6) for use in office.uses] == [
        ("a@office.example", True),
        ("b@office.example", True),
    ]
    boss = next(each for each in weeks.decided(POP) if each.customer == "boss")
    assert [(use.mailbox, use.confidence > 0.75) for use in boss.uses] == [("boss@boss.example", True)]
    found = {event.mailbox for event in weeks.events if isinstance(event, UserFound) and event.sunset == POP.name}
    assert found & {"x@boss.example", "lost@unheard.example"} == {"lost@unheard.example"}


def test_a_customer_of_several_sunsets_has_a_letter_of_each(weeks: Weeks) -> None:
    assert [each[:2] for each in weeks.told("three")][:8] == [(week, week) for week in range(1, 9)]
    assert [each[:2] for each in weeks.told("three", CLEAR)] == [(week, week) for week in range(1, 5)]
    assert [each[:2] for each in weeks.told("three", TLS)] == [(1, 1), (2, 2)]
    assert weeks.told("clear", CLEAR) == [(1, 1, ()), (2, 2, ()), (3, 3, ("d@clear.example",)), (4, 4, ())]
    assert weeks.told("clear") == weeks.told("clear", TLS) == []
    after = (5, 0, ("q@old.example",))  # it changed in the last week, and is thanked after the end
    assert weeks.told("old", TLS) == [(1, 1, ()), (2, 2, ()), (3, 0, ("p@old.example",)), after]
    listed = {
        (way.name, use.mailbox)
        for way in WAYS
        for letter in weeks.decided(way)
        for use in letter.uses
        if letter.customer in {"three", "boss", "left"}
    }
    assert listed == {
        ("pop", "pop@three.example"),
        ("clear", "clear@three.example"),
        ("tls", "tls@three.example"),
        ("pop", "boss@boss.example"),
        ("pop", "l@left.example"),
        *(("clear", f"{name}@boss.example") for name in ("boss", "x", "y", "z")),
        ("clear", "l@left.example"),
    }
    mails = {(each.customer, each.week, each.sunset) for each in weeks.decided() if each.customer == "three"}
    taken = Counter(each.mail["Message-ID"].split("@")[0] for each in weeks.relay.taken if "three" in each.recipient)
    assert (len(taken), sum(taken.values())) == (len(mails), len(mails))


def test_no_mail_was_taken_twice_and_none_is_missing(weeks: Weeks) -> None:
    assert set(Counter(each.mail["Message-ID"] for each in weeks.relay.taken).values()) == {1}
    wanted = {each.message_id: each.recipient for each in weeks.decided() if each.customer not in UNREACHED}
    wanted.pop("")
    assert {each.mail["Message-ID"]: each.recipient for each in weeks.relay.taken} == wanted
    told = [event for event in weeks.events if isinstance(event, NoticeSent)]
    ends = {event.message_id: event.status for event in told if event.status != "intended"}
    assert ends == {
        each.message_id: "refused" if each.customer in UNREACHED else "sent"
        for each in weeks.decided()
        if each.recipient
    }
    assert {event.message_id for event in told if event.status == "intended"} == set(ends)


def test_each_mail_says_what_is_due_in_its_customers_language(weeks: Weeks) -> None:
    decided = {each.message_id: each for each in weeks.decided()}
    ways = {way.name: way for way in WAYS}
    due = {(way.name, each.customer, each.week): each for way in WAYS for each in weeks.oracles[way].letters}
    for taken in weeks.relay.taken:
        letter = decided[taken.mail["Message-ID"]]
        way = ways[letter.sunset]
        told = weeks.oracles[way].told(due[way.name, letter.customer, letter.week], taken.at)
        assert_says(taken, told, letter.language, weeks.oracles[way])


def test_letters_go_on_their_day_spread_over_its_hours_or_as_soon_as_the_server_is_back(weeks: Weeks) -> None:
    hours: defaultdict[int, Counter[int]] = defaultdict(Counter)
    due = {each.message_id: each for each in weeks.decided()}
    for taken in weeks.relay.taken:
        letter = due[taken.mail["Message-ID"]]
        assert letter.due <= taken.at < letter.due + 3 * 24 * 3_600_000_000
        local = datetime.fromtimestamp(taken.at / 1_000_000, UTC).astimezone(ZONE)
        hours[(local.date() - weeks.script.begins).days][local.hour] += 1
    on_time = sum(sum(counted.values()) for day, counted in hours.items() if day % 7 == 1)
    assert on_time / len(weeks.relay.taken) > 0.8
    assert {hour for day, counted in hours.items() if day % 7 == 1 for hour in counted} <= set(range(9, 19))
    assert sum(count > 3 for count in hours[1].values()) >= 3
    assert min(hours[AWAY[0]]) == AWAY[2], "the server was away till then"


@each_way
def test_whom_the_letters_did_not_reach_is_listed_for_customer_care(weeks: Weeks, way: Way) -> None:
    with connect(weeks.settings) as client:
        failed = list(letters(client, way.name, weeks.script.moment(-30), failed=True))
    states = {str(row["customer"]): (row["state"], str(row["words"])) for row in failed}
    wanted = {
        "refused": "refused",
        "deferred": "refused",
        "bounced": "bounced",
        "mute": "nobody to write to",
        "wrong": "nobody to write to",
        "@injected.example": "nobody to write to",
        "@stranger.example": "nobody to write to",
    }
    assert {customer: state for customer, (state, _) in states.items()} == (wanted if way is not TLS else {})
    for name, words in states.items():
        match name:
            case "refused":
                assert words[1] == "RCPT: 550 5.1.1 No such user"
            case "deferred":
                assert re.match(r"given up after \d+ tries: RCPT: 451 4.7.1", words[1])
            case "bounced":
                assert "no such user" in words[1]


@each_way
def test_the_burn_down_of_each_day_week_and_language_is_the_oracles(weeks: Weeks, way: Way) -> None:
    fields, stands = Stand._fields, weeks.oracles[way].stands
    counted = {
        (weeks.script.number(event.at), event.language): Stand(*(getattr(event, field) for field in fields))
        for event in reversed(weeks.events)
        if isinstance(event, SunsetCounted) and event.sunset == way.name
    }
    assert counted == stands
    with connect(weeks.settings) as client:
        rows = {
            ((date.fromisoformat(row.counted) - weeks.script.begins).days, row.language): Stand(
                *(getattr(row, field) for field in fields)
            )
            for row in burndown(client, way.name)
        }
    last = max(day for day, _ in stands)
    assert rows == {key: stand for key, stand in stands.items() if key[0] % 7 == 6 or key[0] == last}
    left = [sum(stands[day, language].open for language in ("de", "fr", "it", "en")) for day in (way.begins, last)]
    assert left[1] < left[0]


def test_each_stage_is_off_when_the_plan_or_an_operator_says_so(weeks: Weeks) -> None:
    assert_off_when_due(weeks.stages, weeks.events)
    refused = Counter(weeks.stages.of(each.envelope) for each, refuses in weeks.asked if refuses)
    assert min(refused[stage] for stage in CLOSES) > 30
    assert [each for each, refuses in weeks.asked if refuses is not weeks.stages.off(each.envelope, each.at)] == []


def test_letters_tell_each_mailbox_its_own_stages_day(weeks: Weeks) -> None:
    """Until somebody planned, that is the sunset's; of a stage that is held there is none."""
    told = defaultdict[int, set[tuple[int, str]]](set)
    for letter in weeks.decided(POP):
        if letter.kind == "letter":
            days = letter.days or (letter.ends,) * len(letter.uses)
            stages = [weeks.stages.of(use.mailbox) for use in letter.uses]
            told[letter.week] |= set(zip(stages, days, strict=True))
    dates = [weeks.script.day(number).isoformat() for number in range(LAST)]
    assert told[6] == {(stage, dates[POP.ends]) for stage in CLOSES}
    assert told[7] == {(stage, dates[closes]) for stage, (closes, _) in CLOSES.items()}
    assert told[8] == {(stage, "") for stage in CLOSES}, "paused"
    assert told[9] == {(2, "")}, "rolled back; the others are closed"
    assert set(told) == set(range(1, 10))


def test_after_the_last_day_nobody_is_asked_and_who_is_done_is_thanked_until_it_is_settled(weeks: Weeks) -> None:
    for way in WAYS:
        last, settled = max(way.ends, way.last), weeks.script.moment(way.settled)
        after = [
            event
            for event in weeks.events
            if event.at >= weeks.script.moment(last) and getattr(event, "sunset", "") == way.name
        ]
        letters = [event for event in after if isinstance(event, LetterDue)]
        assert {(letter.kind, letter.number, letter.uses) for letter in letters} <= {("thanks", 0, ())}
        days = {weeks.script.number(event.at) for event in after if isinstance(event, SunsetCounted)}
        assert days == set(range(last, way.settled))
        assert max(event.at for event in after) < settled < weeks.script.moment(LAST)
        assert all(letter.due < settled for letter in letters)
    thanked = {way.name: sum(len(each.thanked) for each in _after_the_end(weeks, way)) for way in WAYS}
    assert min(thanked[name] for name in ("pop", "tls")) > 0


def _after_the_end(weeks: Weeks, way: Way) -> list[LetterDue]:
    return [each for each in weeks.decided(way) if each.due >= weeks.script.moment(way.ends)]


def test_bad_rows_of_the_directory_are_told_with_file_and_line(weeks: Weeks) -> None:
    assert_rows_told(weeks)


def test_while_no_directory_can_be_read_nothing_is_decided(weeks: Weeks) -> None:
    assert_nothing_decided(weeks)


def test_a_template_with_an_unknown_name_is_told_of_and_ours_is_taken(weeks: Weeks) -> None:
    assert_ours_is_taken(weeks)


def test_a_sunset_whose_day_is_past_is_told_of_and_left_out(weeks: Weeks) -> None:
    assert_past_is_told(weeks)


def test_names_that_strangers_choose_do_no_harm(weeks: Weeks) -> None:
    letters = {each.message_id for each in weeks.decided() if each.kind == "letter" and each.customer == "evil"}
    evil = [each.mail for each in weeks.relay.taken if each.mail["Message-ID"] in letters]
    assert len(evil) == 8 + 4
    for mail in evil:
        page = mail.get_body(("html",))
        assert page is not None
        html = page.get_content()
        assert not re.search(r"<script|<img|onclick=\"|onerror=x|<b onclick", html)
        assert "&lt;img/src=x&gt;@evil.example" in html
        assert SCRIPT not in html
        assert "http://evil" not in html
        assert "victim@example.net" not in html
    for each in weeks.relay.taken:
        assert each.mail["Bcc"] is None
        assert "victim@example.net" not in str(each.mail)
