"""The Complaints page and `relaywarden complaints list`: who is named and how sure, who is not, and what is no data."""

import csv
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import offers, queries_complaint_trends, queries_complaints
from dashboards.span import Span
from embedded.broker import free_port
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas import codec
from schemas.events import ComplaintReceived
from schemas.names import derived_id
from tests.command.shell import refusal, run
from tests.migrated import migrate
from tests.pages.conftest import Hall, Open
from tests.pages.scene import RUDE

MINUTE = 60_000_000
LINK = "https://www.spamcop.net/w3m?i=z6123456789z20aa651a6f956a80f87a3fa9b5c9f274z"
FAILURE: dict[str, object] = {"auth_failure": "dmarc", "delivery_result": "reject", "reported_domain": "example.net"}
GIVEN: list[dict[str, object]] = [
    {"sender": "alice@example.net", "attribution": "authenticated_sender", "confidence": 1.0, "report_url": LINK},
    {"sender": "bob@example.net", "attribution": "message_id", "confidence": 0.9},
    {"sender": "carol@example.net", "attribution": "message_id", "confidence": 0.6},
    {"sender": "dora@example.net", "attribution": "verp", "confidence": 0.5, "feedback_type": "not-spam"},
    {"reason": "2 senders sent such a mail", "message_id": f"<{RUDE}>", "report_url": "https://evil.example/w3m?i=z"},
    {"reason": "=HYPERLINK(1)", "recipient": "@SUM(A1)", "feedback_type": "auth-failure"} | FAILURE,
]


def _complaint(number: int, now: int) -> ComplaintReceived:
    given = {"feedback_type": "abuse", "outbound_ip": "192.0.2.11", "reporter": "fbl@gmx.example"} | GIVEN[number]
    return ComplaintReceived(id=derived_id("c", number), at=now - (number + 1) * 10 * MINUTE, **given)  # type: ignore[arg-type]  # fields by name


@pytest.fixture(scope="module")
def desk(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """Give a database with six complaints of the last hour, each stored twice, as after a crash of the sink."""
    name = "pages_complaints"
    migrate(clickhouse.connect(), name)
    client, now = clickhouse.connect(name), time.time_ns() // 1000
    lines = b"\n".join(codec.encode(_complaint(number, now)) for number in range(len(GIVEN)))
    for _ in range(2):
        client.raw_insert("complaints", insert_block=lines, fmt="JSONEachRow")
    config = tmp_path_factory.mktemp("complaints") / "relaywarden.toml"
    config.write_text(
        f'[clickhouse]\nhost = "{clickhouse.host}"\nport = {clickhouse.port}\ndatabase = "{name}"\n'
        '[complaints.fbl]\nmaildir = "fbl"\n'
    )
    yield Hall(client, config, now)
    clickhouse.connect().command(f"DROP DATABASE {name}")


def _shown(**query: str) -> AppTest:
    test = AppTest.from_string("from dashboards.views import complaints\ncomplaints.page()", default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, [error.value for error in test.exception]
    return test


def _texts(test: AppTest) -> str:
    kinds = (test.text, test.caption, test.markdown, test.warning)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def test_each_complaint_is_listed_with_its_sender_the_way_and_how_sure_it_is(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown()
    told = test.dataframe[0].value
    assert list(zip(told["sender"], told["way"], told["sure"], strict=True)) == [
        ("alice@example.net", "● login in our Received", "100%"),
        ("bob@example.net", "● Message-ID", "90%"),
        ("carol@example.net", "◆ Message-ID", "60%"),
        ("dora@example.net", "◆ envelope sender (VERP)", "50%"),
        ("unattributed", "? unattributed", ""),
        ("unattributed", "? unattributed", ""),
    ]
    assert list(told["reason"])[4:] == ["2 senders sent such a mail", "=HYPERLINK(1)"]
    assert [link for link in told["report"] if isinstance(link, str)] == [LINK]
    assert list(told["kind"])[3:] == ["not-spam", "abuse", "auth-failure: dmarc, reject, example.net"]
    assert {metric.label: metric.value for metric in test.metric} == {
        "complaints": "6",
        "with a sender": "66.7 %",
        "unattributed": "2",
    }
    summed = test.dataframe[1].value
    assert list(zip(summed["way"], summed["complaints"], summed["sure"], strict=True)) == [
        ("? unattributed", 2, ""),
        ("● Message-ID", 2, "60% to 90%"),
        ("● login in our Received", 1, "100%"),
        ("◆ envelope sender (VERP)", 1, "50%"),
    ]


def test_trends_count_those_that_blame_somebody_by_provider_and_by_ip(desk: Hall, opened: Open) -> None:
    times = queries_complaint_trends.over_time(desk.client, Span.last(6, desk.now), 0.7)
    assert [int(times[name].sum()) for name in ("sure", "doubtful", "unattributed")] == [2, 1, 1]
    opened(desk)
    told = _shown().dataframe[2].value
    names = ("value", "provider", "complaints", "before", "unattributed", "senders")
    assert [tuple(row) for row in told[list(names)].to_numpy()] == [("gmx.example", "gmx.example", 4, "no data", 1, 3)]
    by_ip = _shown(by="IP").dataframe[2].value
    assert (by_ip["value"][0], by_ip["complaints"][0], by_ip["rate"][0]) == ("192.0.2.11", 4, "no data")
    later = queries_complaint_trends.by(desk.client, Span(desk.now - 30 * MINUTE, desk.now), "ip").iloc[0]
    assert (later["complaints"], later["before"], later["known_before"]) == (2, 2, True), (
        "half an hour, and the one before"
    )
    earlier = queries_complaint_trends.by(desk.client, Span(desk.now - 60 * MINUTE, desk.now - 45 * MINUTE), "ip")
    assert list(earlier["complaints"]) == [1], "nothing after the moment counts"


def test_the_filter_leaves_those_without_a_sender_and_the_url_keeps_it(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown(show="Unattributed")
    assert list(test.dataframe[0].value["sender"]) == ["unattributed"] * 2
    assert {metric.label: metric.value for metric in test.metric}["complaints"] == "6"
    assert "The newest 2 of 2." in _texts(test)


def test_no_complaint_is_no_data_and_not_zero(desk: Hall, empty_hall: Hall, opened: Open, tmp_path: Path) -> None:
    opened(empty_hall)
    test = _shown()
    assert "No data: the configuration names no Maildir of complaints." in _texts(test)
    assert len(test.metric) == len(test.dataframe) == 0
    config = tmp_path / "relaywarden.toml"
    config.write_text(empty_hall.config.read_text() + '\n[complaints.fbl]\nmaildir = "fbl"\n')
    opened(Hall(empty_hall.client, config, empty_hall.now))
    assert "No data: no complaint came within seven days." in _texts(_shown())
    assert queries_complaints.ways(desk.client, Span.last(1, desk.now - 86_400_000_000)).empty


def test_a_quiet_hour_says_that_none_came(
    desk: Hall, opened: Open, clickhouse: ClickHouseServer, tmp_path: Path
) -> None:
    migrate(clickhouse.connect(), "pages_quiet")
    client = clickhouse.connect("pages_quiet")
    line = codec.encode(_complaint(0, desk.now - 180 * MINUTE))
    client.raw_insert("complaints", insert_block=line, fmt="JSONEachRow")
    config = tmp_path / "relaywarden.toml"
    config.write_text(desk.config.read_text().replace("pages_complaints", "pages_quiet"))
    opened(Hall(client, config, desk.now))
    test = _shown(range="1h")
    assert "No complaint in this time." in _texts(test)
    assert [metric.value for metric in test.metric] == ["0", "no data", "no data"]
    clickhouse.connect().command("DROP DATABASE pages_quiet")


def test_a_clickhouse_that_is_away_is_told(opened: Open, tmp_path: Path) -> None:
    config = tmp_path / "relaywarden.toml"
    config.write_text(f'[clickhouse]\nport = {free_port()}\n[complaints.fbl]\nmaildir = "fbl"\n')
    opened(Hall(None, config, 0))  # type: ignore[arg-type]  # there is no client to one that is away
    test = _shown()
    assert "ClickHouse does not answer; nothing was read yet." in _texts(test)
    assert "? Not read yet" in _texts(test)


def test_the_csv_holds_all_and_starts_no_formula(desk: Hall) -> None:

    found = queries_complaints.listed(desk.client, Span.last(6, desk.now)).drop(columns="total")
    rows = list(csv.DictReader(io.StringIO(offers.as_csv(found))))
    assert [row["sender"] for row in rows[:2]] == ["alice@example.net", "bob@example.net"]
    assert rows[0]["time"].endswith("Z")
    assert (rows[5]["reason"], rows[5]["recipient"]) == ("'=HYPERLINK(1)", "'@SUM(A1)")
    assert rows[4]["message_id"] == f"<{RUDE}>"
    assert len(rows) == 6


def test_the_command_lists_them_for_people_and_scripts(desk: Hall, clickhouse: ClickHouseServer) -> None:
    env = {PASSWORD_ENV: clickhouse.password}
    base = ["complaints", "list", "--config", desk.config]
    rows = [json.loads(line) for line in run(*base, "--json", env=env).stdout.splitlines()]
    assert [(row["sender"], row["attribution"], row["confidence"]) for row in rows][:2] == [
        ("alice@example.net", "authenticated_sender", 1.0),
        ("bob@example.net", "message_id", 0.9),
    ]
    assert rows[0]["report_url"] == LINK
    assert [row["failure"] for row in rows] == [""] * 5 + ["dmarc, reject, example.net"]
    assert len(rows) == 6
    unknown = [json.loads(line) for line in run(*base, "--unattributed", "--json", env=env).stdout.splitlines()]
    assert [row["attribution"] for row in unknown] == ["unattributed"] * 2
    assert unknown[0]["reason"] == "2 senders sent such a mail"
    table = run(*base, "--since", "15m", env=env).stdout
    assert "alice@example.net" in table
    assert "bob@example.net" not in table
    assert run(*base, "--since", "2m", env=env).stdout == "no complaints since 2m\n"
    assert run(*base, "--unattributed", "--since", "2m", env=env).stdout == "no unattributed complaints since 2m\n"


@pytest.mark.parametrize(
    ("since", "reason"),
    [
        ("2 h", "--since '2 h': say 30m, 24h, 7d, or a time such as 2026-03-01T12:00:00Z"),
        ("2026-03-01T12:00:00", "--since '2026-03-01T12:00:00': say the time zone too, as in 2026-03-01T12:00:00Z"),
    ],
)
def test_a_time_that_is_none_is_one_clear_line(desk: Hall, since: str, reason: str) -> None:
    assert refusal(run("complaints", "list", "--config", desk.config, "--since", since)) == reason


def test_a_clickhouse_that_is_away_is_one_clear_line(tmp_path: Path) -> None:
    config = tmp_path / "relaywarden.toml"
    config.write_text(f"[clickhouse]\nport = {(port := free_port())}\n")
    said = refusal(run("complaints", "list", "--config", config))
    assert said.startswith(f"clickhouse: no answer from ClickHouse at 127.0.0.1:{port}: ")
