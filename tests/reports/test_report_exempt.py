"""Who is exempt from a sunset is not asked for anything: his customer's report has him in a number only."""

from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from embedded.clickhouse import ClickHouseServer
from schemas.settings import Settings
from schemas.sunset_events import UserExempted
from streams.directory.kept import load
from streams.report_due import batches, question
from streams.report_figures import told
from streams.reports.figures import Ending, Figures
from streams.reports.reading import text
from tests.mailed_reports import written
from tests.migrated import migrate
from tests.reports.scene import DAY, NOW, SINCE, UNTIL, keep, settings, week

OLD = "old@alpine.example"


@pytest.fixture
def warehouse(clickhouse: ClickHouseServer, database: str) -> Client:
    migrate(clickhouse.connect(), database)
    return clickhouse.connect(database)


def order(number: int, subject: str, at: int = SINCE + DAY, until: str = "", *, ended: bool = False) -> UserExempted:
    return UserExempted(id=f"e{number}", at=at, sunset="pop", subject=subject, until=until, ended=ended)


def of_alpine(client: Client, *orders: UserExempted, configured: Settings | None = None) -> Figures:
    keep(client, [*week(), *orders])
    given = configured or settings(audience="customer")
    directory = load(given, lambda _: None)
    (batch,) = batches("week", given.report["week"], directory, NOW)
    return told(client, question(given, given.report["week"], batch, directory), directory, NOW)["alpine"]


@pytest.mark.parametrize(
    "orders",
    [
        [order(1, OLD)],
        [order(1, "@alpine.example")],
        [order(1, "alpine")],
        [order(1, OLD, until="2026-11-22")],
        [order(1, OLD, SINCE - DAY, until="2026-11-16"), order(2, OLD)],
        [order(1, OLD), order(2, OLD, UNTIL + 1, ended=True)],
    ],
    ids=[
        "mailbox",
        "domain",
        "customer",
        "until the day on which the period ends in UTC",
        "prolonged",
        "ended after the period",
    ],
)
def test_an_exempt_mailbox_is_counted_and_not_listed(warehouse: Client, orders: list[UserExempted]) -> None:
    found = of_alpine(warehouse, *orders)
    assert found.endings == (Ending(name="pop", kind="smtp_after_pop", ends="2027-02-22", exempt=1),)
    words = " ".join(text(written("customer", "en", found)[0]).split())
    assert "1 of your mailboxes is exempt for now." in words
    assert OLD not in words
    assert "still" not in words


@pytest.mark.parametrize(
    "orders",
    [
        [],
        [order(1, "old@bakery.example"), order(2, "@bakery.example"), order(3, "bakery")],
        [order(1, OLD, until="2026-11-21")],
        [order(1, OLD), order(2, OLD, SINCE + 2 * DAY, ended=True)],
        [order(1, OLD, UNTIL + 1)],
    ],
    ids=["none", "others", "until the day before that", "ended", "given after the period"],
)
def test_who_is_not_exempt_is_listed(warehouse: Client, orders: list[UserExempted]) -> None:
    found = of_alpine(warehouse, *orders)
    assert [(each.exempt, [one.mailbox for one in each.using]) for each in found.endings] == [(0, [OLD])]
    assert OLD in text(written("customer", "en", found)[0])


def test_an_exemption_of_another_sunset_is_none(warehouse: Client) -> None:
    other = UserExempted(id="e", at=SINCE, sunset="tls", subject=OLD)
    assert [each.exempt for each in of_alpine(warehouse, other).endings] == [0]


def test_an_alias_that_is_exempt_exempts_its_mailbox(warehouse: Client, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    rows = ("address,customer,contact,mailbox", f"{OLD},alpine,it@alpine.example,", f"fax@alpine.example,alpine,,{OLD}")
    path.write_text("".join(f"{row}\n" for row in rows))
    given = settings(audience="customer").model_dump(mode="json", exclude_none=True)
    given |= {"customers": {}, "directory": {"kind": "csv", "path": str(path)}}
    found = of_alpine(warehouse, order(1, "fax@alpine.example"), configured=Settings.model_validate(given))
    assert [(each.exempt, each.using) for each in found.endings] == [(1, ())]
