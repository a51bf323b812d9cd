"""What the warehouse tells of a load: who was refused of which stage, what failed, and which host nobody reads."""

from datetime import date

import pytest
from clickhouse_connect.driver.client import Client

from embedded.clickhouse import ClickHouseServer
from schemas.sunset_events import Stage, Use, UserExempted, UserFound
from schemas.sunset_settings import Sunset, SunsetKind
from schemas.sunset_stages import Stages
from streams.sunset.ledger import Ledger, take
from streams.sunset.load import Load
from streams.sunset.load_heard import Log, unheard
from streams.sunset.load_seen import load_of
from tests.migrated import migrate
from tests.sunset.scene import local

AT = local("2027-03-01 12:00")
HOUR = 3_600_000_000
BEGINS = {1: AT - HOUR, 2: AT - HOUR // 2}
STAGES = (Stage(number=1, beyond="h"), Stage(number=2, first="h", beyond="p"), Stage(number=3, first="p"))


class _House:
    """The tables of a hoster, where a login fails each hour for so many hours."""

    def __init__(self, client: Client, hours: int = 48) -> None:
        self.client = client
        for hour in range(hours):
            self.login(AT - hour * HOUR - 1, "bot@x.example", "failed", tls=True)

    def login(self, at: int, mailbox: str, outcome: str, *, tls: bool = False, ip: str = "192.0.2.1") -> None:
        row = [f"{at}{mailbox}{outcome}", at, "mx1", mailbox, outcome, "imap", tls, not tls, ip]
        columns = ["id", "at", "host", "mailbox", "outcome", "service", "tls", "cleartext", "client_ip"]
        self._insert("mailbox_authenticated", columns, row)

    def refuse(self, at: int, sender: str, reply: str) -> None:
        row = [f"{at}{sender}", at, "mx1", sender, reply]
        self._insert("message_rejected", ["id", "at", "host", "envelope_from", "reply"], row)

    def load(
        self, kind: SunsetKind, ledger: Ledger, begins: dict[int, int], at: int = AT, gone: tuple[str, ...] = ()
    ) -> Load:
        stages = Stages(hosts_gone=gone)
        sunset = Sunset(kind=kind, begins=date(2027, 1, 1), ends=date(2027, 3, 1), stages=stages)
        return load_of(self.client, sunset, ledger, begins, at)

    def hear(self, at: int, host: str) -> None:
        self._insert("message_rejected", ["id", "at", "host"], [f"{at}{host}", at, host])

    def _insert(self, kind: str, columns: list[str], row: list[object]) -> None:
        self.client.insert("mail_events", [[kind, *row]], ["type", *columns])


@pytest.fixture
def house(clickhouse: ClickHouseServer, database: str) -> _House:
    migrate(clickhouse.connect(), database)
    return _House(clickhouse.connect(database))


def test_senders_who_were_refused_count_once_each_for_their_stage(house: _House) -> None:
    told = f"550 {Stages().reply}"
    for minutes in (1, 2, 59):
        house.refuse(AT - minutes * 60_000_000, "Anna@x.example", told)
    house.refuse(AT - 59 * 60_000_000, "bob@x.example", told)
    house.refuse(AT - 10, "ida@x.example", told)
    house.refuse(AT - 45 * 60_000_000, "kim@x.example", told)
    house.refuse(AT - 10, "zoe@x.example", told)
    house.refuse(AT - 10, "carl@x.example", "550 5.7.1 another reason")
    load = house.load("smtp_after_pop", Ledger(stages=STAGES), BEGINS)
    assert load.refused == {1: 2, 2: 1}, "kim's came before her stage went off, zoe's stage is not at work"
    assert (load.failed, load.whom, load.why) == (1, "senders", "")
    assert load.usual == pytest.approx(1.0, abs=0.05)
    assert house.load("smtp_after_pop", Ledger(stages=STAGES), {}).refused == {}


def _found(ledger: Ledger, *mailboxes: str) -> None:
    for each in mailboxes:
        use = Use(mailbox=each, confidence=1.0, last=1)
        take(ledger, UserFound(id=each, at=1, sunset="clear", mailbox=each, use=use))


def test_of_logins_in_the_clear_the_mailboxes_of_the_stages_at_work_count(house: _House) -> None:
    mailboxes = ("anna@x.example", "boss@x.example", "ida@x.example", "kim@x.example", "zoe@x.example")
    ledger = Ledger(stages=STAGES)
    _found(ledger, *mailboxes)
    take(ledger, UserExempted(id="e", at=2, sunset="clear", subject="boss@x.example"))
    for mailbox in mailboxes:
        house.login(AT - 30 * HOUR, mailbox, "succeeded")
        house.login(AT - 10, mailbox, "failed")
    for second in range(1, 5):
        house.login(AT - second * 1_000_000, "anna@x.example", "failed")
    for hour in range(2, 25):
        house.login(AT - hour * HOUR, "ida@x.example", "failed")
    house.login(AT - 20, "bert@x.example", "failed")
    house.login(AT - 20, "ben@x.example", "failed", tls=True)
    load = house.load("cleartext_login", ledger, BEGINS)
    assert load.refused == {1: 1, 2: 2}, "neither the exempt, nor those never found, nor a stage that is not off"
    assert load.whom == "mailboxes"
    assert load.failed == 7
    assert load.usual == pytest.approx(23 / 46, abs=0.05)
    for mailbox, tls, ip in (("anna@x.example", True, "192.0.2.1"), ("anna@x.example", False, "127.0.0.1")):
        house.login(AT - 5, mailbox, "failed", tls=tls, ip=ip)
    assert house.load("cleartext_login", ledger, BEGINS).failed == 7, "over TLS, and from the server itself"


@pytest.mark.parametrize(
    ("logs", "silent"),
    [
        ([("mx1", False, 10, 100), ("mx1", True, 10, 100)], ""),
        ([("mx1", False, 10, 100), ("mx1", True, 90, 100)], "mx1 (logins)"),
        ([("mx1", False, 90, 100), ("mx1", True, 10, 100)], "mx1"),
        ([("mx1", False, 10, 100), ("mx1", True, 90, 60)], ""),  # seldom: its other log tells that the host is read
        ([("mx1", False, 10, 100), ("pop2", True, 90, 60)], "pop2 (logins)"),
        ([("mx1", False, 10, 100), ("mx1", True, 90, 20)], ""),
        ([("mx1", False, 10, 100), ("mx2", False, 65 * 60, 90)], "mx2"),  # since Friday, and it is Monday
        ([("mx1", False, 10, 100), ("mx2", False, 65 * 60, 1)], "mx2"),
        ([("mx1", False, 61, 100), ("mx2", False, 90, 100)], "mx2 mx1"),
    ],
)
def test_of_a_host_with_two_logs_a_steady_one_that_is_not_read_is_missed(
    logs: list[tuple[str, bool, int, int]], silent: str
) -> None:
    """Each row: the host, whether it is of logins, the minutes since it told something, the hours of 160 with any."""
    known = [
        Log(host, logins, AT - minutes * 60_000_000, AT - 160 * HOUR, hours) for host, logins, minutes, hours in logs
    ]
    found = unheard(known, AT)
    assert " ".join(part.partition(",")[0] for part in found.split("that of ")[1:]) == silent


@pytest.mark.parametrize("minutes", [0, 25])
def test_failed_logins_of_a_week_are_told_by_the_minute_and_once_each(house: _House, minutes: int) -> None:
    at = AT + minutes * 60_000_000
    week, hour = at - 168 * HOUR, at - HOUR
    around = (week, week + HOUR, hour, at)
    for moment in (week - HOUR, week + 3 * HOUR, *(edge + step for edge in around for step in (-1, 0, 1))):
        for _ in range(2):  # stored twice
            house.login(moment, "ann@x.example", "failed")
    load = house.load("smtp_after_pop", Ledger(stages=STAGES), {1: at - HOUR}, at)
    own = [AT - number * HOUR - 1 for number in range(48)]
    assert load.failed == 3 + sum(each > hour for each in own)
    hours = (hour + -week // HOUR * HOUR) / HOUR
    assert load.usual == pytest.approx((8 + sum(each <= hour for each in own)) / hours)


def test_a_log_that_is_not_read_is_named(house: _House) -> None:
    load = house.load("smtp_after_pop", Ledger(stages=STAGES), BEGINS, AT + 2 * HOUR)
    assert (load.refused, load.failed) == (None, None)
    assert load.why == "a host's log was not read for an hour: that of mx1 (logins), since 2027-03-01T10:59:59+00:00"
    assert house.load("smtp_after_pop", Ledger(), {}, AT + 48 * HOUR).why == "no host's log was read within a day"
    assert "less than a day" in house.load("smtp_after_pop", Ledger(), {}, AT - 30 * HOUR).why


def test_a_host_that_died_on_friday_is_missed_on_monday_until_a_week_is_past_or_it_is_said_to_be_gone(
    house: _House,
) -> None:
    for hour in range(65, 130):
        house.hear(AT - hour * HOUR, "mx2")
    load = house.load("smtp_after_pop", Ledger(stages=STAGES), BEGINS)
    assert (load.refused, load.failed, load.usual) == (None, None, None)
    assert load.why == "a host's log was not read for an hour: that of mx2, since 2027-02-26T18:00:00+00:00"
    assert house.load("smtp_after_pop", Ledger(stages=STAGES), BEGINS, gone=("mx2",)).failed == 1
    later = AT + 103 * HOUR
    house.login(later - 1, "bot@x.example", "failed", tls=True)
    assert house.load("smtp_after_pop", Ledger(stages=STAGES), {1: later - HOUR}, later - HOUR // 2).failed is None
    assert house.load("smtp_after_pop", Ledger(stages=STAGES), {1: later - HOUR}, later + HOUR // 2).failed == 1


def test_what_usually_fails_is_not_known_before_a_day_of_logins_though_mails_are_read_for_a_week(
    clickhouse: ClickHouseServer, database: str
) -> None:
    migrate(clickhouse.connect(), database)
    house = _House(clickhouse.connect(database), hours=3)
    for hour in range(168):
        house.hear(AT - hour * HOUR - 1, "mx1")
    load = house.load("smtp_after_pop", Ledger(stages=STAGES), BEGINS)
    assert (load.failed, load.usual) == (1, None)
    assert load.why == "less than a day of logs is there to compare failed logins with"
