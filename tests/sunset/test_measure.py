"""Burn-down, response and forecast, asked of ClickHouse."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from embedded.clickhouse import ClickHouseServer
from schemas import codec
from schemas.mailbox_events import WITHDRAWN, NoticeSent
from schemas.names import derived_id
from schemas.settings import Settings
from schemas.sunset_events import LetterDue, Stage, StagesPlanned, SunsetCounted, SunsetEvent, Use, UserDone
from streams.sunset.measure import Forecast, Response, Week, burndown, closes, forecasts, responses
from streams.sunset_status import rows
from tests.migrated import migrate
from tests.sunset.scene import DAY, SUNSET, local

MONDAY = date(2027, 2, 1)
LETTER = local("2027-02-02 10:00")


@pytest.fixture
def client(clickhouse: ClickHouseServer, database: str) -> Iterator[Client]:
    migrate(clickhouse.connect(), database)
    with clickhouse.connect(database) as opened:
        yield opened


def _store(client: Client, events: Sequence[SunsetEvent | NoticeSent]) -> None:
    place = b',"kafka_cluster":"c","kafka_partition":0,"kafka_offset":%d}'
    lines = [codec.encode(event)[:-1] + place % number for number, event in enumerate(events)]
    client.raw_insert("sunset_events", insert_block=b"\n".join(lines), fmt="JSONEachRow")


def _counted(day: date, still: int, language: str = "de", *, unheard: int = 0, name: str = "pop") -> SunsetCounted:
    return SunsetCounted(
        id=derived_id(name, day, language),
        at=local(f"{day} 01:00"),
        sunset=name,
        day=day.isoformat(),
        language=language,
        found=100,
        open=still,
        done=100 - still,
        customers=still,
        messages=3 * still,
        unheard=unheard,
    )


def test_a_week_is_its_newest_count_of_each_language_and_a_repetition_counts_nothing(client: Client) -> None:
    days = [_counted(MONDAY + timedelta(days=number), 90 - number) for number in range(9)]
    again = msgspec.structs.replace(_counted(MONDAY, 1), at=local("2027-02-01 02:00"))
    _store(client, [*days, again, _counted(MONDAY, 5, "fr")])
    assert burndown(client, "pop") == [
        Week("pop", "2027-02-01", "de", "2027-02-07", 100, 84, 16, 0, 0, 84, 252, 0),
        Week("pop", "2027-02-01", "fr", "2027-02-01", 100, 5, 95, 0, 0, 5, 15, 0),
        Week("pop", "2027-02-08", "de", "2027-02-09", 100, 82, 18, 0, 0, 82, 246, 0),
    ]
    assert burndown(client, "other") == []


def _letter(number: int, *mailboxes: str, again: bool = False) -> LetterDue:
    due = LETTER + (number - 1) * 7 * DAY
    return LetterDue(
        id=derived_id("letter", number),
        at=due + again,
        sunset="pop",
        customer="acme",
        recipient="it@acme.example",
        language="fr",
        kind="letter",
        number=number,
        of=6,
        week=number,
        due=due,
        message_id=f"<{number}@hoster.example>",
        uses=tuple(Use(mailbox=mailbox, confidence=1.0) for mailbox in mailboxes),
    )


def _done(mailbox: str, last: int) -> UserDone:
    return UserDone(
        id=derived_id("done", mailbox, last), at=last + 8 * DAY, sunset="pop", mailbox=mailbox, last=last, quiet_days=7
    )


def test_a_letters_response_is_the_share_of_those_asked_who_stopped_within_a_week(client: Client) -> None:
    hour = DAY // 24
    sent = NoticeSent(
        id="n",
        at=LETTER,
        sunset="pop",
        recipient="x",
        template="letter",
        language="fr",
        status="sent",
        message_id="<1@hoster.example>",
    )
    events: list[SunsetEvent | NoticeSent] = [
        _letter(1, "a", "b", "c", "d"),
        _letter(2, "a", "b", "c", "d"),
        _letter(2, "a", again=True),  # two desks at once
        _letter(3, "c", "d"),
        _done("a", LETTER - hour),  # the day before the first letter, and not since: it answered that
        _done("b", LETTER + 7 * DAY + hour),  # the second
        _done("c", LETTER + 30 * DAY),  # weeks after the third: none
        _done("a", LETTER - 60 * DAY),  # an earlier time, before anything was written
        sent,
        _letter(4, "c", "d"),
        msgspec.structs.replace(
            sent, id="w", message_id="<4@hoster.example>", status="refused", reply=f"{WITHDRAWN}it was due long ago"
        ),
    ]
    _store(client, events)
    assert responses(client) == [
        Response("pop", 1, "fr", 1, 1, 4, 1, 0.25),
        Response("pop", 2, "fr", 1, 0, 3, 1, 1 / 3),  # a had stopped by then
        Response("pop", 3, "fr", 1, 0, 2, 0, 0.0),
    ]


def test_a_halving_each_week_is_forecast_to_its_end(client: Client) -> None:
    falling = [_counted(MONDAY + timedelta(days=number), round(1024 * 2 ** (-number / 7))) for number in range(22)]
    _store(client, falling)
    found = forecasts(client)["pop"]
    assert (found.counted, found.open, found.days) == ("2027-02-22", 128, 22)
    assert found.nothing_left == "2027-04-19", "eight halvings from 128 to a half, a week each"


@pytest.mark.parametrize(
    ("counts", "left"),
    [
        ([10, 9, 8, 7, 6, 5], None),  # six days say nothing
        ([10] * 20, None),
        ([10, 11, 12, 13, 14, 15, 16, 17], None),
        ([4, 2, 0, 1, 0, 0], "2027-02-05"),  # the day since which nothing is left
        ([0, 0], "2027-02-01"),
    ],
)
def test_what_cannot_be_told_is_not(client: Client, counts: list[int], left: str | None) -> None:
    _store(client, [_counted(MONDAY + timedelta(days=number), still) for number, still in enumerate(counts)])
    assert forecasts(client)["pop"].nothing_left == left


def test_days_with_an_unread_log_are_no_days_of_the_forecast(client: Client) -> None:
    days = [_counted(MONDAY + timedelta(days=number), 100 - number, unheard=int(number < 5)) for number in range(10)]
    _store(client, [*days, _counted(MONDAY, 3, name="tls")])
    assert forecasts(client) == {
        "pop": Forecast("pop", "2027-02-10", 91, 5, None),
        "tls": Forecast("tls", "2027-02-01", 3, 1, None),
    }


def test_a_sunset_goes_on_until_its_last_stage_by_the_newest_plan(client: Client) -> None:
    settings = Settings(sunset={"pop": SUNSET})
    at = local("2027-03-22 09:00")
    assert [row["state"] for row in rows(client, settings, at)] == ["ended"]
    plans = (("2027-05-03", "2027-04-05"), ("2027-03-29", "2027-04-12"))
    _store(
        client,
        [
            StagesPlanned(
                id=derived_id("plan", *days),
                at=LETTER + number,
                sunset="pop",
                stages=tuple(Stage(number=1, closes=local(f"{day} 09:00")) for day in days),
            )
            for number, days in enumerate(plans)
        ],
    )
    assert closes(client) == {"pop": local("2027-04-12 09:00")}
    assert [row["state"] for row in rows(client, settings, at)] == ["week 8 of 11"]
    assert [row["state"] for row in rows(client, settings, local("2027-04-12 00:00"))] == ["ended"]
