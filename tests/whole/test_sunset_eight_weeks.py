"""Eight weeks of a sunset, from the lines of Postfix and Dovecot to the mails that a real SMTP server took.

The broker, ClickHouse, the collector's readers, the sink's storing and the desk are the real ones; the clock is turned
by hand. What is due is told by `tests/whole/sunset_oracle.py`, which knows the script and the words of the issue.
"""

import logging
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from babel.dates import format_date

from collectors.admin import ensure_topics
from embedded.broker import Broker
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas.mailbox_events import NoticeSent
from schemas.moments import moment_of
from schemas.sunset_events import LetterDue, SunsetCounted, UserFound
from streams.letterlist import letters
from streams.migrate import migrate
from streams.sunset.measure import burndown
from streams.warehouse_client import connect
from tests.whole.sunset_oracle import Due, Listed, Stand
from tests.whole.sunset_run import AWAY, SEED, Weeks, configured
from tests.whole.sunset_script import ENDS, SCRIPT, ZONE, Script
from tests.whole.sunset_server import Taken

# kafka-python and killed desks leave sockets and files to the garbage collector.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
DATABASE = "t_eight_weeks"
UNREACHED = ("refused", "deferred")


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory, clickhouse: ClickHouseServer) -> Iterator[Weeks]:
    """Let eight weeks go by, once for all that is asked of them."""
    folder = tmp_path_factory.mktemp("weeks")
    today = moment_of(time.time_ns() // 1000).date()  # tables forget what is old
    script = Script(SEED, today - timedelta(days=70 + today.weekday()))
    client = clickhouse.connect()
    client.command(f"CREATE DATABASE {DATABASE}")
    with pytest.MonkeyPatch.context() as patch, Broker(folder / "broker.log") as broker:
        logging.getLogger("kafka").setLevel(logging.CRITICAL)
        patch.setenv(PASSWORD_ENV, clickhouse.password)
        settings = configured(folder, broker, clickhouse, DATABASE, script)
        migrate(client, DATABASE)
        ensure_topics(settings)
        made = Weeks(settings, script, folder)
        made.run()
        yield made
    client.command(f"DROP DATABASE {DATABASE}")


def _decided(weeks: Weeks) -> list[LetterDue]:
    """Return the letters on the topic; one that stands there twice, as a desk killed in between writes it, is one."""
    found = [event for event in weeks.events if isinstance(event, LetterDue)]
    return list({event.id: event for event in found}.values())


def _due(letter: LetterDue) -> Due:
    listed = tuple(Listed(use.mailbox, use.last, use.clients[0].ip if use.clients else "") for use in letter.uses)
    return Due(letter.customer, letter.week, letter.number, listed, letter.thanked)


def _told(weeks: Weeks, customer: str) -> list[tuple[int, int, tuple[str, ...]]]:
    """Return week, number and thanked mailboxes of a customer's letters, as the oracle has them."""
    return [(each.week, each.number, each.thanked) for each in weeks.oracle.letters if each.customer == customer]


def test_the_run_was_as_hard_as_it_should_be(weeks: Weeks) -> None:
    assert weeks.kills >= 8
    assert min(weeks.relay.moods[mood] for mood in ("cut before the dot", "cut after the dot", "defers")) >= 10
    assert weeks.relay.moods["refuses"] == 7
    for counts in weeks.counts.values():
        assert counts.dead_letters == 0
        assert counts.lines > 4000
    mailboxes = {mailbox for sending in weeks.script.sendings for mailbox in sending.meant}
    customers = {weeks.oracle.owner(mailbox).name for mailbox in mailboxes}
    assert (len(mailboxes) > 100, len(customers) > 40) == (True, True)


def test_each_customer_and_week_has_exactly_the_letter_that_is_due(weeks: Weeks) -> None:
    found = _decided(weeks)
    assert {_due(letter) for letter in found if letter.recipient} == set(weeks.oracle.letters)
    assert sorted((letter.customer, letter.week) for letter in found) == sorted(
        [*((each.customer, each.week) for each in weeks.oracle.letters), *weeks.oracle.uncalled]
    )
    customers = {customer.name: customer for customer in weeks.script.customers}
    for letter in found:
        if letter.recipient:
            known = customers[letter.customer]
            assert letter.recipient == known.contact.replace("müller", "xn--mller-kva")
            assert (letter.language, letter.name) == (known.language, known.title)


def test_the_oracle_tells_of_the_special_ones_what_everybody_can_see(weeks: Weeks) -> None:
    box = ("f@fixed.example",)
    assert _told(weeks, "fixed") == [
        (1, 1, ()),
        (2, 2, ()),
        (3, 3, ()),
        (4, 0, box),
        (5, 4, ()),
        (6, 5, ()),
        (7, 6, ()),
    ]
    assert [each[:2] for each in _told(weeks, "late")] == [(6, 1), (7, 2), (8, 0)]
    assert [each[:2] for each in _told(weeks, "later")] == [(week, week - 3) for week in range(4, 9)]
    assert [each[:2] for each in _told(weeks, "travel")] == [(week, week) for week in range(1, 7)]
    assert _told(weeks, "free") == _told(weeks, "mute") == _told(weeks, "wrong") == _told(weeks, "injected") == []
    assert _told(weeks, "unheard") == [
        (1, 1, ()),
        (2, 2, ("v@unheard.example",)),
        (3, 3, ()),  # three days of its relay's log are missing: it is not known to be done
        (4, 0, ("u@unheard.example",)),
        (6, 4, ()),  # `v` was back on a day whose log was read three days later; it is not thanked again
    ]
    assert {name for name, _ in weeks.oracle.uncalled} == {"mute", "wrong", "@injected.example", "@stranger.example"}
    office = next(each for each in _decided(weeks) if each.customer == "office")
    assert [(use.mailbox, 0.4 < use.confidence < 0.6) for use in office.uses] == [
        ("a@office.example", True),
        ("b@office.example", True),
    ]
    boss = next(each for each in _decided(weeks) if each.customer == "boss")
    assert [(use.mailbox, use.confidence > 0.75) for use in boss.uses] == [("boss@boss.example", True)]
    found = {event.mailbox for event in weeks.events if isinstance(event, UserFound)}
    assert found & {"x@boss.example", "lost@unheard.example"} == {"lost@unheard.example"}


def test_no_mail_was_taken_twice_and_none_is_missing(weeks: Weeks) -> None:
    assert set(Counter(each.mail["Message-ID"] for each in weeks.relay.taken).values()) == {1}
    wanted = {each.message_id: each.recipient for each in _decided(weeks) if each.customer not in UNREACHED}
    wanted.pop("")
    assert {each.mail["Message-ID"]: each.recipient for each in weeks.relay.taken} == wanted
    told = [event for event in weeks.events if isinstance(event, NoticeSent)]
    ends = {event.message_id: event.status for event in told if event.status != "intended"}
    assert ends == {
        each.message_id: "refused" if each.customer in UNREACHED else "sent"
        for each in _decided(weeks)
        if each.recipient
    }
    assert {event.message_id for event in told if event.status == "intended"} == set(ends)


def test_each_mail_says_what_is_due_in_its_customers_language(weeks: Weeks) -> None:
    due = {each.message_id: each for each in _decided(weeks)}
    of = {(each.customer, each.week): each for each in weeks.oracle.letters}
    for taken in weeks.relay.taken:
        letter = due[taken.mail["Message-ID"]]
        _says(taken, of[letter.customer, letter.week], letter.language, weeks.script.ends)


def _says(taken: Taken, due: Due, language: str, ends: date) -> None:
    mail = taken.mail
    assert (mail["Content-Language"], mail["Auto-Submitted"], mail["To"]) == (
        language,
        "auto-generated",
        taken.recipient,
    )
    text = mail.get_body(("plain",))
    assert text is not None
    words = text.get_content().replace("\r\n", "\n")
    blocks = words.split("\n\n")
    cards = {block.split("\n")[0].strip(): block for block in blocks if re.match(r"    [^:\n]+@\S+\n", block)}
    assert sorted(cards) == [listed.mailbox for listed in due.listed]
    for listed in due.listed:
        if not listed.last:
            assert not re.search(r"192\.0\.2\.3|\d:\d\d", cards[listed.mailbox])
            continue
        assert listed.ip in cards[listed.mailbox]
        local = datetime.fromtimestamp(listed.last / 1_000_000, UTC).astimezone(ZONE)
        assert re.search(rf"{_day(local.date(), language)}, \D*{local:%H:%M}", cards[listed.mailbox])
    thanked = [line.removeprefix("- ") for block in blocks for line in block.split("\n") if line.startswith("- ")]
    assert tuple(thanked) == due.thanked
    assert re.search(_day(ends, language), words)
    if due.number:
        assert re.search(
            rf"\b{due.number}\D{{1,20}}\b6\D{{1,40}}\b{due.week}\b|\b{due.number}\b.*\b{due.week}\b", words
        )


def _day(day: date, language: str) -> str:
    month = format_date(day, "MMMM", locale=language)
    return rf"\b{day.day}(?:\.|er|º)? {month} {day.year}"


def test_letters_go_on_their_day_spread_over_its_hours_or_as_soon_as_the_server_is_back(weeks: Weeks) -> None:
    hours: defaultdict[int, Counter[int]] = defaultdict(Counter)
    week_of = {each.message_id: each.week for each in _decided(weeks)}
    for taken in weeks.relay.taken:
        assert weeks.oracle.day(taken.at) // 7 + 1 == week_of[taken.mail["Message-ID"]]
        local = datetime.fromtimestamp(taken.at / 1_000_000, UTC).astimezone(ZONE)
        hours[(local.date() - weeks.script.begins).days][local.hour] += 1
    on_time = sum(sum(hours[7 * week + 1].values()) for week in range(8))
    assert on_time / len(weeks.relay.taken) > 0.8
    assert {hour for day, counted in hours.items() if day % 7 == 1 for hour in counted} <= set(range(9, 19))
    assert sum(count > 3 for count in hours[1].values()) >= 3
    assert min(hours[AWAY[0]]) == AWAY[2], "the server was away till then"


def test_whom_the_letters_did_not_reach_is_listed_for_customer_care(weeks: Weeks) -> None:
    with connect(weeks.settings) as client:
        failed = list(letters(client, "pop", weeks.script.moment(-30), failed=True))
    states = {str(row["customer"]): (row["state"], str(row["words"])) for row in failed}
    assert {customer: state for customer, (state, _) in states.items()} == {
        "refused": "refused",
        "deferred": "refused",
        "bounced": "bounced",
        "mute": "nobody to write to",
        "wrong": "nobody to write to",
        "@injected.example": "nobody to write to",
        "@stranger.example": "nobody to write to",
    }
    assert states["refused"][1] == "RCPT: 550 5.1.1 No such user"
    assert re.match(r"given up after \d+ tries: RCPT: 451 4.7.1", states["deferred"][1])
    assert "no such user" in states["bounced"][1]


def test_the_burn_down_of_each_day_week_and_language_is_the_oracles(weeks: Weeks) -> None:
    fields = Stand._fields
    counted = {
        (weeks.oracle.day(event.at), event.language): Stand(*(getattr(event, field) for field in fields))
        for event in reversed(weeks.events)
        if isinstance(event, SunsetCounted)
    }
    assert counted == weeks.oracle.stands
    with connect(weeks.settings) as client:
        rows = {
            ((date.fromisoformat(row.counted) - weeks.script.begins).days, row.language): Stand(
                *(getattr(row, field) for field in fields)
            )
            for row in burndown(client, "pop")
        }
    last = max(day for day, _ in weeks.oracle.stands)
    assert rows == {key: stand for key, stand in weeks.oracle.stands.items() if key[0] % 7 == 6 or key[0] == last}
    assert len(rows) == 9 * 4 + 2 * 4, "each Sunday, the first day's week, and the last's"
    left = [sum(rows[7 * week + 6, language].open for language in ("de", "fr", "it", "en")) for week in (0, 7)]
    assert left[1] < left[0]


def test_nobody_is_asked_from_the_day_it_ends(weeks: Weeks) -> None:
    ends = weeks.script.moment(ENDS)
    after = [event for event in weeks.events if event.at >= ends]
    assert [event for event in after if isinstance(event, LetterDue)] == []
    assert any(isinstance(event, SunsetCounted) for event in after)
    assert max(each.at for each in weeks.relay.taken) < ends < weeks.clock.now


def test_names_that_strangers_choose_do_no_harm(weeks: Weeks) -> None:
    evil = [each.mail for each in weeks.relay.taken if each.recipient == "evil@evil.example"]
    assert len(evil) == 6
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
