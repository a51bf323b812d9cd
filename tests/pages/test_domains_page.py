"""The Domains page and the commands that read its table: the newest look counts, and what is unknown is no pass."""

import json
from pathlib import Path

import msgspec
import pytest
from streamlit.testing.v1 import AppTest

from embedded import checking_online
from embedded.broker import free_port
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas.domain_events import CustomerDomainChecked, CustomerDomainRemoved, DomainEvent
from schemas.settings import Kafka, load
from streams import domain_desk
from streams.migrate import migrations
from tests.command.shell import refusal, run
from tests.customer_zones import GOLDEN, look
from tests.pages.conftest import Hall, Open, furnish, store
from tests.pages.scene import RUDE

HOUR = 3_600_000_000
ZONES = {
    "good.example": "01-all_in_order",
    "bare.example": "02-nothing_published",
    "gone.example": "03-no_such_domain",
    "silent.example": "04-no_answer",
    "weak.example": "15-dkim_cname_wanted",
    "plain.example": "08-spf_neutral",
}
CONFIG = """
[dnsbl]
timeout_seconds = 0.2
[domains]
extra = ["good.example", "new.example"]
file = "FILE"
[customers.seven]
mailboxes = ["bare.example", "weak.example"]
language = "fr"
"""


def _away() -> Kafka:
    return Kafka(bootstrap=(f"127.0.0.1:{free_port()}",))


def scene(now: int) -> list[DomainEvent]:
    """Return a look at each domain an hour ago, one before at which all was well, and one that is too old to count.

    One domain was removed since, another before it was looked at again.
    """

    def at(moment: int, name: str, zone: str, customer: str = "seven") -> CustomerDomainChecked:
        event = look((GOLDEN / "customer_domains" / f"{zone}.zone").read_text(encoding="utf-8"))
        return msgspec.structs.replace(event, id=f"{name} {moment}", at=moment, domain=name, customer=customer)

    looks = [at(now - HOUR, name, zone) for name, zone in ZONES.items()]
    looks += [at(now - 100 * HOUR, name, "01-all_in_order") for name in ZONES]
    looks.append(at(now - HOUR, "rude.example", "27-control_signs", RUDE))
    looks.append(at(now - HOUR, "left.example", "02-nothing_published"))
    gone = {"left.example": now - HOUR // 2, "good.example": now - 50 * HOUR}
    removed = [CustomerDomainRemoved(id=f"{name} gone", at=moment, domain=name) for name, moment in gone.items()]
    return [*looks, *removed, at(now - 22 * 24 * HOUR, "old.example", "02-nothing_published")]


@pytest.fixture(scope="module")
def desk(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """Give a database with looks, each stored twice, as after a crash of the sink."""
    folder = tmp_path_factory.mktemp("domains")
    hall = furnish(clickhouse, folder, "pages_domains")
    (folder / "domains.csv").write_text("late.example,,Müller AG\nplain.example\n")
    hall.config.write_text(hall.config.read_text() + CONFIG.replace("FILE", str(folder / "domains.csv")))
    for _ in range(2):
        store(hall.client, "domain_checks", scene(hall.now))
    return hall


def _shown(**query: str) -> AppTest:
    test = AppTest.from_string("from dashboards.views import domains\ndomains.page()", default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, [error.value for error in test.exception]
    return test


def test_the_newest_look_at_each_domain_counts_once_and_unknown_is_no_pass(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown()
    assert [(each.label, each.value) for each in test.metric] == [
        ("looked at", "7"),
        ("failing", "4"),
        ("unknown", "1"),
        ("could be better", "1"),
        ("not yet checked", "2"),
    ]
    listed, sorts = (each.value for each in test.dataframe)
    columns = ("domain", "outcome", "mx", "spf", "dkim", "dmarc")
    assert list(zip(*(listed[name] for name in columns), strict=True)) == [
        ("gone.example", "■ fail", *["· not asked"] * 4),
        ("rude.example", "■ fail", "● pass", "■ fail", "● pass", "■ fail"),
        ("bare.example", "■ absent", "● pass", "■ absent", "■ absent", "■ absent"),
        ("weak.example", "■ absent", "● pass", "● pass", "■ absent", "● pass"),
        ("silent.example", "? unknown", *["? unknown"] * 4),
        ("plain.example", "◆ advice", "● pass", "◆ advice", "● pass", "● pass"),
        ("good.example", "● pass", *["● pass"] * 4),
    ]
    assert listed["publish"][3] == "s1._domainkey.a.example. IN CNAME s1.a.example.dkim.isp.example."
    assert "There is no SPF record" in listed["wrong"][2]
    assert listed["wrong"][6] == ""
    names = ("pass", "advice", "fail", "absent", "unknown", "none")
    assert {
        sort: tuple(map(int, row)) for sort, *row in zip(sorts["sort"], *(sorts[name] for name in names), strict=True)
    } == {
        "MX": (5, 0, 0, 0, 1, 1),
        "SPF": (2, 1, 1, 1, 1, 1),
        "DKIM": (3, 0, 0, 2, 1, 1),
        "DMARC": (3, 0, 1, 1, 1, 1),
    }


@pytest.mark.parametrize(
    ("query", "domains"),
    [
        ({"show": "Failing"}, ["gone.example", "rude.example", "bare.example", "weak.example"]),
        ({"show": "Unknown"}, ["silent.example"]),
        ({"show": "Could be better"}, ["plain.example"]),
        ({"show": "Not yet checked"}, ["late.example", "new.example"]),
        ({"show": "Not yet checked", "search": "müller"}, ["late.example"]),
        ({"search": "BARE"}, ["bare.example"]),
        ({"search": RUDE[:20]}, ["rude.example"]),
        ({"search": "' OR 1"}, []),
    ],
)
def test_the_filters(query: dict[str, str], domains: list[str], desk: Hall, opened: Open) -> None:
    opened(desk)
    tables = [each.value for each in _shown(**query).dataframe if "domain" in each.value]
    assert [name for table in tables for name in table["domain"]] == domains


def test_one_domain_shows_each_finding_and_what_to_publish(desk: Hall, opened: Open) -> None:
    opened(desk)
    test = _shown(domain="bare.example")
    findings = test.dataframe[-1].value
    assert list(zip(findings["sort"], findings["result"], strict=True)) == [
        ("MX", "● pass"),
        ("SPF", "■ absent"),
        ("DKIM", "■ absent"),
        ("DMARC", "■ absent"),
    ]
    assert test.code[-1].value.splitlines() == [
        'a.example. IN TXT "v=spf1 include:spf.isp.example ~all"',
        '_dmarc.a.example. IN TXT "v=DMARC1; p=none"',
    ]


def test_what_was_removed_is_on_no_page_and_in_no_command(desk: Hall, opened: Open) -> None:
    opened(desk)
    assert (
        _shown(domain="left.example").caption[-2].value
        == "○ No data: this domain was not looked at yet, or is configured no more."
    )
    settings = load(desk.config)
    assert "left.example" not in domain_desk.seen(desk.client, settings, desk.now)
    found = domain_desk.looks(desk.client, settings, ["left.example", "good.example", "old.example"], desk.now)
    assert {name: (event.outcome, len(event.checks)) for name, event in found.items()} == {"good.example": ("pass", 9)}


def test_switched_off_nothing_old_is_told(
    desk: Hall, clickhouse: ClickHouseServer, opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "off.toml"
    config.write_text(desk.config.read_text().replace("[domains]\n", "[domains]\nenabled = false\n"))
    opened(Hall(desk.client, config, desk.now))
    test = _shown()
    assert [each.value for each in test.caption] == [
        "○ Switched off: no domain is looked at ([domains] enabled = false)."
    ]
    assert (len(test.metric), len(test.dataframe)) == (0, 0)
    monkeypatch.setenv(PASSWORD_ENV, clickhouse.password)
    told = "domains.enabled = false: no domain is looked at; `relaywarden domains check` asks now"
    assert refusal(run("domains", "list", "--config", config)) == told
    assert refusal(run("domains", "report", "--customer", "seven", "--config", config)) == told
    settings = load(config).model_copy(update={"pool": {}, "kafka": _away()})
    assert not any(each.startswith("domains: ") for each in checking_online.findings(settings))


def test_without_looks_there_is_no_data(empty_hall: Hall, opened: Open) -> None:
    opened(empty_hall)
    test = _shown()
    assert [each.value for each in test.metric] == ["0", "no data", "no data", "no data", "0"]
    assert "○ No data: no such domain was looked at." in [each.value for each in test.caption]


def test_a_file_that_the_page_cannot_read_is_said(desk: Hall, opened: Open, tmp_path: Path) -> None:
    config = tmp_path / "elsewhere.toml"
    config.write_text(desk.config.read_text().replace("domains.csv", "not_here.csv"))
    opened(Hall(desk.client, config, desk.now))
    test = _shown()
    assert test.metric[4].value == "not known"
    assert any("cannot be read here" in each.value for each in test.caption)


def test_the_commands_tell_what_was_last_seen(
    desk: Hall, clickhouse: ClickHouseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_ENV, clickhouse.password)
    done = run("domains", "list", "--config", desk.config, "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["domain"]: row["outcome"] for row in rows} == {
        "bare.example": "absent",
        "good.example": "pass",
        "late.example": "not yet checked",
        "new.example": "not yet checked",
        "plain.example": "advice",
        "weak.example": "absent",
    }
    failing = run("domains", "list", "--failing", "--config", desk.config, "--json").stdout.splitlines()
    assert [json.loads(line)["domain"] for line in failing] == ["bare.example", "weak.example"]
    said = run("domains", "report", "--customer", "seven", "--config", desk.config).stdout
    assert said.startswith("Ce qui doit figurer dans le DNS pour les e-mails de seven\n")
    assert "Domaines auxquels il manque quelque chose : 2 sur 2." in said
    settings = load(desk.config)
    assert domain_desk.failing(desk.client, settings, desk.now) == (4, 7)
    found = checking_online.findings(settings.model_copy(update={"pool": {}, "kafka": _away()}))
    assert "domains: 4 of 7 do not publish what they should: `relaywarden domains list --failing`" in found


def test_what_was_stored_before_the_column_came_is_told_alike(clickhouse: ClickHouseServer, tmp_path: Path) -> None:
    hall = furnish(clickhouse, tmp_path, "pages_domains_before")
    hall.client.command("ALTER TABLE domain_checks DROP COLUMN wrong")
    store(hall.client, "domain_checks", scene(hall.now))
    (added,) = (each for each in migrations() if each.name.startswith("030_"))
    for statement in added.statements():
        hall.client.command(statement)
    seen = domain_desk.seen(hall.client, load(hall.config), hall.now)
    assert seen["plain.example"].wrong == seen["good.example"].wrong == ""
    assert seen["gone.example"].wrong.startswith("There is no such domain: ")
    assert seen["silent.example"].wrong.count("could not be asked") == 4
