"""Whether `per_hour` is enough for the letters that wait, and what is said where it is not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.broker import Broker
from embedded.clickhouse import ClickHouseServer
from schemas import codec
from schemas.settings import Settings
from schemas.sunset_events import SunsetCounted
from schemas.sunset_settings import Sunset
from streams.letter_room import Waits, crowded, outgrown, too_many
from streams.sunset_status import rows
from tests.migrated import migrate
from tests.sunset.office import AT, HOUR, Office, letter_to, working
from tests.sunset.scene import MAIL, SUNSET, local

DAY = 24 * HOUR


def _sunset(per_hour: int) -> Sunset:
    return SUNSET.model_copy(update={"mail": MAIL.model_copy(update={"per_hour": per_hour})})


@pytest.mark.parametrize(
    ("letters", "per_hour", "at", "room", "enough"),
    [
        (0, 1, AT, None, ""),
        (1000, 10, AT, None, ""),
        (1001, 10, AT, 1000, "; 11 an hour would be enough"),
        (1000, 10, AT - 7 * DAY, None, ""),
        (1000, 10, AT + 50 * HOUR, 500, "; 20 an hour would be enough"),
        (3, 10, AT + 101 * HOUR, 0, ""),
    ],
)
def test_more_than_can_go_within_four_days_is_told_with_what_would_be_enough(
    letters: int, per_hour: int, at: int, room: int | None, enough: str
) -> None:
    """The first is due at 10 o'clock in Zurich (9 in UTC), the last four hours later."""
    found = crowded("pop", _sunset(per_hour), Waits(letters, AT, AT + 4 * HOUR), at)
    place = f"sunset.pop.mail.per_hour: {per_hour}"
    said = f"{letters} letters are to go, and {room} can until 2027-02-06T13:00:00+00:00: the rest will be withdrawn"
    assert found == ("" if room is None else f"{place}: {said}{enough}")


def test_letters_of_the_last_week_must_go_before_it_ends() -> None:
    due = local("2027-03-21 00:00")
    waits = Waits(241, due, due)
    assert SUNSET.ends.isoformat() == "2027-03-22"
    assert crowded("pop", _sunset(10), waits, due) == (
        "sunset.pop.mail.per_hour: 10: 241 letters are to go, and 240 can until 2027-03-21T23:00:00+00:00:"
        " the rest will be withdrawn; 11 an hour would be enough"
    )


@pytest.fixture
def office(fresh_broker: Broker, tmp_path: Path) -> Iterator[Office]:
    with working(fresh_broker, tmp_path / "state") as office:
        yield office


@pytest.mark.parametrize("number", [96, 97])
def test_the_desk_and_the_plan_warn_with_the_place_of_the_setting(
    office: Office, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    mail = office.settings.sunset["pop"].mail
    assert mail is not None
    scarce = office.settings.sunset["pop"].model_copy(update={"mail": mail.model_copy(update={"per_hour": 1})})
    office.settings = office.settings.model_copy(update={"sunset": {"pop": scarce}})
    letters = [letter_to(f"c{number}", AT) for number in range(number)]
    told = (
        "sunset.pop.mail.per_hour: 1: 97 letters are to go, and 96 can until 2027-02-06T09:00:00+00:00:"
        " the rest will be withdrawn; 2 an hour would be enough"
    )
    office.write(*letters)
    office.work(AT, AT + 1)
    assert [line for line in caplog.messages if "per_hour" in line] == [told] * (number - 96)
    assert too_many("pop", scarce, letters, AT) == told * (number - 96)
    assert len(office.taken()) == 1


def test_check_tells_where_a_letter_to_each_customer_who_is_open_would_be_too_many(
    clickhouse: ClickHouseServer, database: str
) -> None:
    migrate(clickhouse.connect(), database)
    at = local("2027-02-01 03:00")
    counted = SunsetCounted(
        id="c", at=at, sunset="pop", day="2027-02-01", language="de", found=5000, open=5000, customers=1001
    )
    line = codec.encode(counted)[:-1] + b',"kafka_cluster":"c","kafka_partition":0,"kafka_offset":1}'
    with clickhouse.connect(database) as client:
        client.raw_insert("sunset_events", insert_block=line, fmt="JSONEachRow")
        told = rows(client, Settings(sunset={"pop": SUNSET}), at)
    found = [list(outgrown({"pop": _sunset(per_hour)}, told, at)) for per_hour in (11, 10)]
    many = "1001 letters are to go, and 1000 can until 2027-02-06T12:00:00+00:00: the rest will be withdrawn"
    more = "; 11 an hour would be enough, if each customer who still used it on 2027-02-01 gets one"
    assert found == [[], [f"sunset.pop.mail.per_hour: 10: {many}{more}"]]
