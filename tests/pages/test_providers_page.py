"""The Providers page and `relaywarden replies`: what a provider makes of each IP, and replies that no row knows."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import queries_providers
from dashboards.span import Span
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas.events import Event
from schemas.facts import ReplyKind
from schemas.names import derived_id
from schemas.observations import FURTHER_REPLIES, RepliesCounted, TrafficCounted
from schemas.settings import parse
from streams.replies.table import Table, own
from streams.reputation import Outcomes, faded, score
from tests.command.shell import refusal, run
from tests.pages.conftest import Hall, Open, furnish, store

HOUR = 3_600_000_000
A, B = "192.0.2.11", "192.0.2.12"
RUDE = "<script>alert(1)</script> `x` $y$ **moon** 0"


def _traffic(at: int, ip: str, provider: str, *numbers: int) -> TrafficCounted:
    sent, deferred, bounced = numbers
    identity = derived_id("t", at, ip, provider)
    return TrafficCounted(
        id=identity,
        at=at,
        partition=0,
        ip=ip,
        provider=provider,
        sent=sent,
        deferred=deferred,
        bounced=bounced,
        last_at=at,
    )


def _replies(  # noqa: PLR0913, PLR0917 a row of the scene
    at: int, ip: str, provider: str, kind: ReplyKind, count: int, text: str, named: str = "", reason: str = ""
) -> RepliesCounted:
    return RepliesCounted(
        id=derived_id("r", at, ip, provider, kind, text),
        at=at,
        partition=0,
        ip=ip,
        provider=provider,
        kind=kind,
        named=named,
        pattern="" if kind == "unknown" else "p",
        text=text,
        count=count,
        first_at=at,
        last_at=at,
        reason=reason,
    )


def scene(now: int) -> list[Event]:
    """Return the counts of two days before `now`."""
    ago = [now - hours * HOUR for hours in range(50)]
    return [
        _traffic(ago[1], A, "google", 20, 10, 70),
        _replies(ago[1], A, "google", "reputation", 70, "550 5.7.1 very low reputation"),
        _replies(ago[2], A, "google", "greylisted", 10, "450 later"),
        _traffic(ago[3], A, "microsoft", 50, 0, 50),
        _replies(ago[3], A, "microsoft", "listed", 25, "550 block list (S3140)", "spamhaus_zen", "blocked_ip"),
        _replies(ago[2], A, "microsoft", "volume", 20, "451 4.7.650 rate limited", reason="rate"),
        _traffic(ago[1], B, "google", 400, 1, 5),
        _replies(ago[1], B, "google", "recipient", 5, "550 5.1.1 no such user", reason="user_unknown"),
        _traffic(ago[1], B, "", 9, 0, 0),
        _replies(ago[1], B, "telekom", "unknown", 3, f"550 5.7.1 {RUDE}"),
        _replies(ago[2], A, "telekom", "unknown", 4, f"550 5.7.1 {RUDE}"),
        _replies(ago[30], A, "telekom", "unknown", 6, f"550 5.7.1 {RUDE}"),
        _replies(ago[30], A, "yahoo", "unknown", 600, "554 5.7.9 an old one"),
        _replies(ago[1], A, "yahoo", "unknown", 90, "554 5.7.9 an old one"),
        _replies(ago[1], B, "telekom", "unknown", 5000, FURTHER_REPLIES),
    ]


@pytest.fixture(scope="module")
def desk(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """Give a database with counts of two days, each stored twice, as after a crash of the sink."""
    hall = furnish(clickhouse, tmp_path_factory.mktemp("providers"), "pages_providers")
    for _ in range(2):
        store(hall.client, "pool_observations", scene(hall.now))
    with hall.config.open("a") as config:
        config.write("[[replies.own]]\nname = 'moon'\nkind = 'volume'\npattern = 'The moon'\n")
    return hall


def _shown(**query: str) -> AppTest:
    test = AppTest.from_string("from dashboards.views import providers\nproviders.page()", default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, [error.value for error in test.exception]
    return test


def test_each_ip_at_each_provider_stands_there_the_worst_first(desk: Hall, opened: Open) -> None:
    opened(desk)
    told = _shown().dataframe[0].value
    assert list(zip(told["provider"], told["ip"], told["messages"], strict=True)) == [
        ("google", A, 100),
        ("microsoft", A, 100),
        ("google", B, 406),
        ("telekom", A, 0),
        ("yahoo", A, 0),
        ("telekom", B, 0),
    ]
    assert list(told["score"]) == ["■ 0.40", "▲ 0.72", "● 1.00", *["? no data"] * 3]
    assert list(told["delivered"][:3]) == ["20.0 %", "50.0 %", "98.5 %"]
    assert list(zip(told["listed"], told["reputation"], told["volume"], told["greylisted"], strict=True))[:2] == [
        (0, 70, 0, 10),
        (25, 0, 20, 0),
    ]
    assert list(told["text"][:3]) == ["550 5.7.1 very low reputation", "451 4.7.650 rate limited", ""]


def test_the_score_is_the_one_of_the_fold(desk: Hall) -> None:
    found = queries_providers.pairs(desk.client, Span.last(24, desk.now)).set_index(["provider", "ip"])["score"]
    outcomes: dict[tuple[str, str], dict[str, float]] = {}
    for event in scene(desk.now):
        if (
            event.at <= desk.now - 24 * HOUR
            or not isinstance(event, TrafficCounted | RepliesCounted)
            or not event.provider
        ):
            continue
        part, numbers = faded(desk.now - event.at), outcomes.setdefault((event.provider, event.ip), {})
        if isinstance(event, TrafficCounted):
            for name in ("sent", "deferred", "bounced"):
                numbers[name] = numbers.get(name, 0.0) + part * getattr(event, name)
        elif event.kind in {"listed", "reputation", "volume"}:
            numbers[event.kind] = numbers.get(event.kind, 0.0) + part * event.count
    assert {key: pytest.approx(score(Outcomes(**numbers)), abs=1e-9) for key, numbers in outcomes.items()} == dict(
        found
    )


def test_the_reasons_of_each_provider_stand_there_with_what_to_do(desk: Hall, opened: Open) -> None:
    opened(desk)
    told = _shown().dataframe[1].value
    assert list(zip(told["provider"], told["reason"], told["number"], told["share"], strict=True)) == [
        ("microsoft", "Our server is blocked", 25, "55.6 %"),
        ("microsoft", "Too much at once", 20, "44.4 %"),
        ("google", "Unknown mailbox", 5, "100.0 %"),
    ]
    assert list(told["said"]) == ["550 block list (S3140)", "451 4.7.650 rate limited", "550 5.1.1 no such user"]
    assert list(told["ips"]) == [A, A, B]
    assert told["remedy"][1].startswith("Send slower to this provider")


def test_unknown_replies_stand_by_growth_and_one_is_given_as_a_row_that_fits_it(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown()
    told = test.dataframe[3].value
    assert list(zip(told["provider"], told["text"], told["today"], told["usual"], strict=True)) == [
        ("telekom", f"550 5.7.1 {RUDE}", 7, "1"),
        ("yahoo", "554 5.7.9 an old one", 90, "100"),
    ]
    assert list(told["ips"]) == [f"{A}, {B}", A]
    assert [str(text.value) for text in test.text] == [
        "Further replies of seven days, too many to be told apart, their words not kept: telekom 5\u2009000."
    ]
    assert not test.code
    test.query_params["reply"] = told["text"].iloc[0]
    row = parse(test.run().code[0].value, "page").replies.own
    assert Table(own(row)).find("", f"550 5.7.1 {RUDE[:-1]}4711").pattern == row[0].name == "script_alert_script_moon"


def test_new_refusals_are_those_that_the_week_before_had_none_of(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown()
    told = test.dataframe[2].value
    assert list(zip(told["about"], told["provider"], told["number"], told["text"], strict=True)) == [
        ("■ our poor name", "google", 70, "550 5.7.1 very low reputation"),
        ("■ our IP is listed", "microsoft", 25, "550 block list (S3140)"),
        ("▲ too much at once", "microsoft", 20, "451 4.7.650 rate limited"),
        ("· greylisted", "google", 10, "450 later"),
        ("· recipient", "google", 5, "550 5.1.1 no such user"),
    ]
    assert "No data: no delivery was logged in this time." in "\n".join(str(each.value) for each in test.caption)
    week = "\n".join(str(each.value) for each in _shown(range="7d").caption)
    assert "No data: nothing to compare refusals with, they are counted since" in week


def test_a_provider_that_is_picked_stands_in_the_url_and_alone(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown(provider="microsoft")
    assert str(test.subheader[0].value) == "Deliveries to microsoft"
    assert set(test.dataframe[0].value["provider"]) > {"microsoft"}, "all stand beside it"
    assert set(test.dataframe[1].value["provider"]) == set(test.dataframe[2].value["provider"]) == {"microsoft"}
    test.button(key="all-providers").click().run()
    assert test.query_params.get("provider") is None


def test_the_grid_has_the_shape_of_each_score(desk: Hall, opened: Open) -> None:
    opened(desk)
    spec = json.loads(_shown().get("vega_lite_chart")[0].proto.spec)
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == [A, B]
    assert spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == ["google", "microsoft"]
    assert spec["layer"][0]["encoding"]["color"]["scale"]["domain"] == ["■", "▲", "●", "?"]


def test_nothing_is_no_data_and_not_zero(empty_hall: Hall, opened: Open) -> None:
    opened(empty_hall)
    test = _shown()
    texts = [str(element.value) for element in test.caption]
    assert "○ No data: nothing left through an outbound IP in this time." in texts
    assert "○ No data: no reply was counted in this time." in texts
    assert len(test.metric) == len(test.dataframe) == 0


def test_the_command_lists_unknown_replies(desk: Hall, clickhouse: ClickHouseServer) -> None:
    done = run("replies", "unknown", "--json", "--config", desk.config, env={PASSWORD_ENV: clickhouse.password})
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["provider"], row["last_day"], row["six_days_before"], row["further"]) for row in rows] == [
        ("telekom", 7, 6, False),
        ("yahoo", 90, 600, False),
        ("telekom", 5000, 0, True),
    ]
    assert FURTHER_REPLIES not in done.stdout


def test_the_command_tells_which_row_knows_a_text(desk: Hall) -> None:
    text = "host mx[203.0.113.5] said: 554 5.7.1 Client host [192.0.2.1] blocked using bl.spamcop.net (in reply to x)"
    rows = [json.loads(line) for line in run("replies", "test", text, "--json").stdout.splitlines()]
    first = rows[0]
    assert (first["counts"], first["pattern"], first["kind"], first["named"]) == (
        True,
        "blocked_using",
        "listed",
        "spamcop",
    )
    assert first["compared"] == "554 5.7.1 | Client host [0.0.0.0] blocked using bl.spamcop.net"
    assert [row["counts"] for row in rows[1:]] == [False] * (len(rows) - 1)
    unknown = run("replies", "test", "550 5.7.1 The moon is blue").stdout
    assert unknown.startswith("no row knows it. A row to begin with:\n\n[[replies.own]]\n")
    own_row = json.loads(run("replies", "test", "550 The moon", "--json", "--config", desk.config).stdout)
    assert (own_row["pattern"], own_row["kind"], own_row["against_the_ip"]) == ("moon", "volume", True)


def test_the_command_says_that_a_listed_domain_is_not_against_the_ip() -> None:
    text = "554 5.7.1 <a@b.example>: Sender address rejected: blocked using dbl.spamhaus.org"
    first = json.loads(run("replies", "test", text, "--json").stdout.splitlines()[0])
    assert (first["kind"], first["named"], first["against_the_ip"]) == ("content", "spamhaus_dbl", False)


def test_a_configuration_with_a_bad_pattern_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "relaywarden.toml"
    path.write_text("[[replies.own]]\nname = 'moon'\nkind = 'volume'\npattern = '(moon'\n")
    said = refusal(run("replies", "test", "550 x", "--config", path))
    assert said.startswith(f"{path}: replies.own.0.pattern: '(moon' is no pattern: missing )")
