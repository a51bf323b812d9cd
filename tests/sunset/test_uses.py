"""Who uses what is going away, asked of a real ClickHouse: exact under replays, by the hour, with all candidates."""

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from msgspec import structs

from embedded.clickhouse import ClickHouseServer
from schemas import codec
from schemas.events import Event, MailboxAuthenticated, MessageSubmitted, PopCandidate
from schemas.sunset_events import ClientUse, Use
from schemas.sunset_settings import Sunset, SunsetKind
from streams.migrate import migrations
from streams.sunset.finding import Finding
from streams.sunset.uses import carriers, heard, messages, surely, untold, uses
from tests.migrated import migrate

HOUR = 3_600_000_000
DAY = 24 * HOUR
MONDAY = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp()) * 1_000_000
OFFICE = (
    PopCandidate(mailbox="ann@example.net", confidence=0.75),
    PopCandidate(mailbox="bob@example.net", confidence=0.25),
)


@pytest.fixture
def warehouse(clickhouse: ClickHouseServer, database: str) -> Client:
    migrate(clickhouse.connect(), database)
    return clickhouse.connect(database)


def sunset(kind: SunsetKind = "smtp_after_pop") -> Sunset:
    return Sunset(kind=kind, begins=date(2026, 11, 1), ends=date(2027, 3, 1))


def keep(warehouse: Client, events: Iterable[Event], token: str = "") -> None:
    lines = b"".join(codec.encode(event) + b"\n" for event in events)
    settings = {"insert_deduplication_token": token} if token else {"insert_deduplicate": 0}
    warehouse.raw_insert("mail_events", insert_block=lines, fmt="JSONEachRow", settings=settings)


def mail(at: int, **changes: Any) -> MessageSubmitted:  # noqa: ANN401 fields of an event
    event = MessageSubmitted(
        id=f"m{at}",
        at=at,
        host="mx1",
        queue_id=f"Q{at}",
        sender="eve@example.net",
        sender_kind="pop",
        client_ip="198.51.100.7",
        message_id="abc@PC-7",
        helo="pc7",
        mailer="Outlook Express 6",
        candidates=(PopCandidate(mailbox="eve@example.net", confidence=1.0),),
    )
    return structs.replace(event, **changes)


def login(at: int, **changes: Any) -> MailboxAuthenticated:  # noqa: ANN401 likewise
    event = MailboxAuthenticated(
        id=f"l{at}",
        at=at,
        host="pop1",
        mailbox="eve@example.net",
        service="pop3",
        outcome="succeeded",
        client_ip="198.51.100.7",
    )
    return structs.replace(event, **changes)


def test_a_mailbox_alone_is_told_with_its_client_and_its_messages(warehouse: Client) -> None:
    keep(warehouse, [mail(MONDAY + n * HOUR // 2) for n in range(5)])
    keep(warehouse, [mail(MONDAY + 9, id="other", sender_kind="sasl", candidates=())])
    (found,) = uses(warehouse, sunset(), MONDAY, MONDAY + DAY)
    last = MONDAY + 2 * HOUR
    assert (found.mailbox, found.messages, found.first, found.last) == ("eve@example.net", 5, MONDAY, last)
    assert (found.confidence, found.hosts) == (1.0, ("mx1",))
    assert found.clients == (
        ClientUse(
            ip="198.51.100.7",
            helo="pc7",
            message_host="pc-7",
            program="Outlook Express 6",
            messages=5,
            first=MONDAY,
            last=last,
        ),
    )


def test_when_it_was_rather_he_is_told_of_those_of_whom_it_may_have_been_another(warehouse: Client) -> None:
    keep(warehouse, [mail(MONDAY), mail(MONDAY + HOUR, candidates=OFFICE), mail(MONDAY + 5 * HOUR, candidates=OFFICE)])
    bob = PopCandidate(mailbox="bob@example.net", confidence=0.3)
    keep(warehouse, [mail(MONDAY + 2 * HOUR, candidates=(bob,)), mail(MONDAY + 3 * HOUR, candidates=(bob,))])
    until = MONDAY + DAY
    known = surely(warehouse, sunset(), MONDAY, until, str)
    assert known == {"bob@example.net": MONDAY + 3 * HOUR}, "ann and eve are sure"
    assert surely(warehouse, sunset(), MONDAY + 4 * HOUR, until, str) == {}


def test_when_it_was_rather_he_counts_under_each_of_his_names(warehouse: Client) -> None:
    """He is unsure under one of his names only, and was seen for sure under another: that his last time is, later."""
    unsure, sure = "bob@example.net", "bob.alias@example.net"
    office = (PopCandidate(mailbox="ann@example.net", confidence=0.9), PopCandidate(mailbox=unsure, confidence=0.1))
    own = (PopCandidate(mailbox=sure, confidence=1.0),)
    keep(warehouse, [mail(MONDAY, candidates=office), mail(MONDAY + HOUR, candidates=own)])
    known = surely(warehouse, sunset(), MONDAY, MONDAY + DAY, lambda name: name.replace(".alias", ""))
    assert known == {unsure: MONDAY + HOUR}


def test_what_is_stored_again_counts_once_with_and_without_its_token(warehouse: Client) -> None:
    events = [mail(MONDAY + n) for n in range(30)]
    for _ in range(3):
        keep(warehouse, events, token="same")
    keep(warehouse, events[5:20])
    keep(warehouse, events[10:], token="another")
    warehouse.command("OPTIMIZE TABLE old_ways FINAL")
    keep(warehouse, events[:3])
    assert [found.messages for found in uses(warehouse, sunset(), MONDAY, MONDAY + DAY)] == [30]


def test_a_block_that_the_aggregates_lost_in_a_crash_reaches_them_when_it_is_sent_again(warehouse: Client) -> None:
    lines = b"".join(codec.encode(mail(MONDAY + n)) + b"\n" for n in range(7))
    settings = {"insert_deduplication_token": "t", "deduplicate_blocks_in_dependent_materialized_views": 1}
    warehouse.command("DROP VIEW old_ways_of_events")
    warehouse.raw_insert("mail_events", insert_block=lines, fmt="JSONEachRow", settings=settings)
    for statement in next(item for item in migrations() if item.name.startswith("040_")).statements():
        warehouse.command(statement)
    for _ in range(2):
        warehouse.raw_insert("mail_events", insert_block=lines, fmt="JSONEachRow", settings=settings)
    assert warehouse.command("SELECT count() FROM mail_events") == 7
    assert [found.messages for found in uses(warehouse, sunset(), MONDAY, MONDAY + DAY)] == [7]


def test_the_messages_of_a_period_are_those_of_the_uses(warehouse: Client) -> None:
    keep(warehouse, [mail(MONDAY + n * DAY, candidates=OFFICE) for n in range(9)])
    keep(warehouse, [mail(MONDAY + n * DAY, candidates=OFFICE) for n in range(4)])
    keep(warehouse, [mail(MONDAY + DAY, id="other", candidates=OFFICE[:1], host="mx2", mailer="another")])
    found = messages(warehouse, sunset(), MONDAY + DAY, MONDAY + 8 * DAY)
    assert found == {"ann@example.net": 8, "bob@example.net": 7}
    assert found == {each.mailbox: each.messages for each in uses(warehouse, sunset(), MONDAY + DAY, MONDAY + 8 * DAY)}


def test_the_candidates_of_an_office_are_all_told_with_their_mean_confidence(warehouse: Client) -> None:
    keep(warehouse, [mail(MONDAY + n, candidates=OFFICE) for n in range(3)])
    alone = (PopCandidate(mailbox="bob@example.net", confidence=1.0),)
    keep(warehouse, [mail(MONDAY + DAY, candidates=alone, client_ip="198.51.100.8", mailer="")])
    found = list(uses(warehouse, sunset(), MONDAY, MONDAY + 7 * DAY))
    assert [(each.mailbox, each.messages, each.confidence) for each in found] == [
        ("ann@example.net", 3, 0.75),
        ("bob@example.net", 4, 0.4375),
    ]
    assert [(client.ip, client.messages) for client in found[1].clients] == [("198.51.100.8", 1), ("198.51.100.7", 3)]


def test_only_what_lies_between_the_moments_counts_by_the_hour(warehouse: Client) -> None:
    keep(warehouse, [mail(MONDAY - HOUR), mail(MONDAY), mail(MONDAY + HOUR - 1), mail(MONDAY + HOUR)])
    assert [found.messages for found in uses(warehouse, sunset(), MONDAY, MONDAY + HOUR)] == [2]
    assert [found.messages for found in uses(warehouse, sunset(), MONDAY + 1, MONDAY + HOUR + 1)] == [3]
    assert list(uses(warehouse, sunset(), MONDAY + DAY, MONDAY + 2 * DAY)) == []


def test_a_login_by_smtp_or_a_submission_with_it_is_the_new_way(warehouse: Client) -> None:
    keep(warehouse, [mail(MONDAY, candidates=OFFICE), mail(MONDAY + 1)])
    keep(warehouse, [login(MONDAY + 5, service="smtp", mailbox="ann@example.net")])
    keep(warehouse, [login(MONDAY + 9, service="smtp", mailbox="ann@example.net", outcome="failed")])
    keep(warehouse, [login(MONDAY + 9, mailbox="ann@example.net", tls=True)])
    keep(warehouse, [mail(MONDAY + 7, sender="bob@example.net", sender_kind="sasl", candidates=())])
    found = {each.mailbox: each.switched for each in uses(warehouse, sunset(), MONDAY, MONDAY + DAY)}
    assert found == {"ann@example.net": MONDAY + 5, "bob@example.net": MONDAY + 7, "eve@example.net": 0}


def test_passwords_in_the_clear_are_those_that_the_log_tells_of(warehouse: Client) -> None:
    clear = [login(MONDAY + n, cleartext=True) for n in (1, 2)]
    unknown, failed = login(MONDAY + 3, mailbox="ann@example.net"), login(MONDAY + 4, cleartext=True, outcome="failed")
    keep(warehouse, [*clear, unknown, failed, login(MONDAY + 5, tls=True)])
    (found,) = uses(warehouse, sunset("cleartext_login"), MONDAY, MONDAY + DAY)
    assert (found.mailbox, found.messages, found.last, found.switched) == ("eve@example.net", 2, MONDAY + 2, MONDAY + 5)
    assert [(client.ip, client.program) for client in found.clients] == [("198.51.100.7", "pop3")]
    assert list(uses(warehouse, sunset("old_tls"), MONDAY, MONDAY + DAY)) == []


def test_old_tls_are_the_versions_that_the_sunset_names(warehouse: Client) -> None:
    versions = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
    keep(warehouse, [login(MONDAY + n, tls=True, tls_version=version) for n, version in enumerate(versions)])
    (found,) = uses(warehouse, sunset("old_tls"), MONDAY, MONDAY + DAY)
    assert (found.messages, found.last, found.switched) == (2, MONDAY + 1, MONDAY + 3)
    assert [client.program for client in found.clients] == ["pop3, TLSv1.1", "pop3, TLSv1"]
    strict = sunset("old_tls").model_copy(update={"old_tls": frozenset({"TLSv1.2"})})
    assert [each.messages for each in uses(warehouse, strict, MONDAY, MONDAY + DAY)] == [1]


def test_a_host_is_heard_on_the_days_it_told_of_and_went_beyond(warehouse: Client) -> None:
    keep(warehouse, [mail(MONDAY + HOUR), mail(MONDAY + DAY + HOUR), mail(MONDAY + HOUR, host="mx2", id="x")])
    keep(warehouse, [login(MONDAY + 2 * DAY), login(MONDAY + 3 * DAY + HOUR)])
    days = heard(warehouse, MONDAY, MONDAY + 7 * DAY)
    assert days == {"2026-11-23": frozenset({"mx1"}), "2026-11-25": frozenset({"pop1 (logins)"})}
    there = heard(warehouse, MONDAY, MONDAY + 7 * DAY, "America/New_York")
    assert there == {"2026-11-22": frozenset({"mx1"}), "2026-11-24": frozenset({"pop1 (logins)"})}


def test_of_a_host_with_both_its_mail_log_is_not_heard_by_its_logins(warehouse: Client) -> None:
    keep(warehouse, [mail(MONDAY), mail(MONDAY + DAY, host="mx1", id="mail of Tuesday")])
    keep(warehouse, [login(MONDAY + n * DAY, host="mx1", id=f"login {n}") for n in range(4)])
    days = heard(warehouse, MONDAY, MONDAY + 7 * DAY)
    both, logins = frozenset({"mx1", "mx1 (logins)"}), frozenset({"mx1 (logins)"})
    assert days == {"2026-11-23": both, "2026-11-24": logins, "2026-11-25": logins}
    assert carriers(warehouse, sunset(), MONDAY, MONDAY + DAY) == both


def test_smtp_after_pop_is_carried_by_the_hosts_of_its_logins_too(warehouse: Client) -> None:
    keep(warehouse, [mail(MONDAY), login(MONDAY), login(MONDAY, id="s", service="smtp", host="mx3")])
    keep(warehouse, [login(MONDAY, id="c", cleartext=True, host="pop2")])
    assert carriers(warehouse, sunset(), MONDAY, MONDAY + DAY) == {"mx1", "pop1 (logins)", "pop2 (logins)"}
    assert carriers(warehouse, sunset("cleartext_login"), MONDAY, MONDAY + DAY) == {"pop2 (logins)"}
    keep(warehouse, [login(MONDAY, id="clear", service="smtp", host="mx3", cleartext=True)])
    assert carriers(warehouse, sunset("cleartext_login"), MONDAY, MONDAY + DAY) == {"pop2 (logins)", "mx3"}
    assert carriers(warehouse, sunset(), MONDAY + DAY, MONDAY + 2 * DAY) == frozenset()


def test_a_host_whose_logins_tell_nothing_of_the_sunset_is_named(warehouse: Client) -> None:
    told = {
        "pop1": login(MONDAY, tls=True, tls_version="TLSv1.3"),
        "pop2": login(MONDAY + 1, tls=True),
        "pop3": login(MONDAY + 2, cleartext=True),
        "pop4": login(MONDAY + 3),
    }
    events: list[Event] = [mail(MONDAY), *(structs.replace(event, host=host) for host, event in told.items())]
    events += [login(MONDAY + 10 + n, host=host) for n, host in enumerate(told)]
    keep(warehouse, events)
    expected: dict[SunsetKind, list[str]] = {
        "smtp_after_pop": [],
        "cleartext_login": ["pop4"],
        "old_tls": ["pop2", "pop3", "pop4"],
    }
    for kind, hosts in expected.items():
        assert untold(warehouse, sunset(kind), MONDAY, MONDAY + DAY) == hosts
        assert untold(warehouse, sunset(kind), MONDAY + DAY, MONDAY + 2 * DAY) == []
        finding = Finding(kind, frozenset())
        for event in events:
            finding.add(event)
        assert finding.untold() == hosts


def test_names_that_strangers_wrote_are_data(warehouse: Client) -> None:
    odd = 'x\'); DROP TABLE old_ways; --\t"{way:String}"\n<b>'
    keep(warehouse, [mail(MONDAY, helo=odd, mailer=odd * 9, message_id=f"@{odd}")])
    (found,) = uses(warehouse, sunset(), MONDAY, MONDAY + DAY)
    assert found.clients[0].helo == odd
    assert found.clients[0].program == (odd * 9)[:200]
    assert found.clients[0].message_host == odd.lower()


LOGINS = [
    (False, "", True),
    (False, "", False),
    (True, "", False),
    *((True, version, False) for version in ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")),
]


@pytest.mark.parametrize("kind", ["smtp_after_pop", "cleartext_login", "old_tls"])
def test_what_is_found_in_log_files_is_what_clickhouse_knows(warehouse: Client, kind: SunsetKind) -> None:
    rng = random.Random(6)
    events: list[Event] = []
    for number in range(400):
        at = MONDAY + rng.randrange(3 * DAY)
        name = f"m{rng.randrange(9)}@example.net"
        tls, version, clear = rng.choice(LOGINS)
        service = rng.choice(["pop3", "imap", "smtp"])
        ip = f"198.51.100.{rng.randrange(3)}"
        tried = login(at, id=f"l{number}", mailbox=name, client_ip=ip, service=service)
        events.append(structs.replace(tried, tls=tls, tls_version=version, cleartext=clear))
        candidates = rng.choice([OFFICE, (PopCandidate(mailbox=name, confidence=1.0),)])
        helo = rng.choice(["", "pc", "PC"])
        events.append(mail(at + 1, id=f"m{number}", helo=helo, candidates=candidates, host=f"mx{rng.randrange(2)}"))
    finding = Finding(kind, sunset(kind).old_tls)
    for event in events:
        finding.add(event)
    keep(warehouse, events)
    known = list(uses(warehouse, sunset(kind), MONDAY, MONDAY + 3 * DAY))
    assert 3 < len(known) <= 12
    assert _told(finding.uses()) == _told(known)
    newest = max(event.at for event in events)
    assert _told(finding.uses(days=1)) == _told(uses(warehouse, sunset(kind), newest - DAY, newest + 1))


def _told(found: Iterable[Use]) -> list[Use]:
    """Return uses with their clients in an order that those of the same moment have, too."""
    return [structs.replace(use, clients=tuple(sorted(use.clients, key=repr))) for use in found]
