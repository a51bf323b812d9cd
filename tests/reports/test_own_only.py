"""A customer's report has nothing of anybody else: neither name nor mailbox, domain, provider or figure."""

from collections.abc import Iterator
from datetime import date

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded.clickhouse import ClickHouseServer
from schemas.domain_events import CustomerDomainChecked
from schemas.events import Event
from schemas.mailbox_events import CaseOpened, MailboxSuspended
from schemas.settings import Settings
from schemas.sunset_events import Use, UserFound
from streams.directory.kept import load
from streams.report_due import batches, letters, question
from streams.report_figures import told
from streams.report_files import writer_of
from streams.reports.document import Document
from streams.reports.reading import text, words
from tests.migrated import migrate
from tests.reports.scene import DAY, MAIL, NOW, SINCE, TABLES, ZONE, attempt, heard, keep

SHARED = "shared.example"


class Customer(msgspec.Struct, frozen=True):
    """A customer, all of whose names and numbers are nobody else's."""

    name: str
    sent: int

    @property
    def mailboxes(self) -> tuple[str, ...]:
        """Return one mailbox at the customer's own domain, and one at a domain that all share."""
        return f"{self.name}-box@{self.name}.example", f"{self.name}-at@{SHARED}"

    @property
    def marks(self) -> tuple[str, ...]:
        """Return what must stand in no report but this customer's."""
        return self.name, f"{self.sent:,}", f"{self.sent + 1:,}"


def _events(customer: Customer) -> Iterator[Event]:
    name, at = customer.name, SINCE + DAY
    for place, mailbox in enumerate(customer.mailboxes):
        for number in range(customer.sent + place):
            yield attempt(number, at + number, mailbox, "sent", provider=f"{name}-friend{place}.example")
        use = Use(mailbox=mailbox, last=at, confidence=1.0)
        yield UserFound(id=f"u{mailbox}", at=at, sunset="pop", mailbox=mailbox, customer=name, use=use)
        yield MailboxSuspended(id=f"s{mailbox}", at=at, mailbox=mailbox, score=140, mode="enforce")
    yield CaseOpened(id=f"c{name}", at=at, case=name, customer=name, mailboxes=customer.mailboxes)
    yield CustomerDomainChecked(
        id=f"d{name}", at=NOW - DAY, domain=f"{name}.example", customer=name, outcome="fail", spf="fail"
    )


def _settings(customers: list[Customer]) -> Settings:
    report = {"audience": "customer", "every": "weekly", "timezone": ZONE, "mail": MAIL}
    return Settings.model_validate(
        {
            "report": {"week": report},
            "sunset": {"pop": {"kind": "smtp_after_pop", "begins": date(2026, 11, 1), "ends": date(2027, 2, 22)}},
            "customers": {
                each.name: {
                    "mailboxes": [f"{each.name}.example", f"{each.name}-at@{SHARED}"],
                    "contact": "reader@else.example",
                }
                for each in customers
            },
        }
    )


def _reports(client: Client, configured: Settings) -> dict[str, str]:
    """Return all that each customer's report says, as text and as HTML."""
    report, directory = configured.report["week"], load(configured, lambda _: None)
    assert report.mail is not None
    writer, _ = writer_of(report, report.mail, "week")
    (batch,) = batches("week", report, directory, NOW)
    figures = told(client, question(configured, report, batch, directory), directory, NOW)
    found: dict[str, str] = {}
    for letter in letters(batch, report.mail, writer, figures, NOW):
        document = msgspec.json.decode(letter.content, type=Document)
        page = words(document, writer.filling, ["cid:chart"] * len(document.charts)).html
        found[letter.notice.customer] = "\n".join((document.subject, text(document), page, letter.content.decode()))
    return found


@pytest.fixture(scope="module")
def warehouse(clickhouse: ClickHouseServer) -> Iterator[Client]:
    migrate(clickhouse.connect(), "t_own_only")
    yield clickhouse.connect("t_own_only")
    clickhouse.connect().command("DROP DATABASE t_own_only")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.from_regex(r"[g-z]{7,12}", fullmatch=True), min_size=2, max_size=5, unique=True))
def test_nothing_of_another_customer_is_in_a_report(warehouse: Client, names: list[str]) -> None:
    for table in TABLES:
        warehouse.command(f"TRUNCATE TABLE {table}")
    customers = [Customer(f"q{name}", 1_111 + 222 * place) for place, name in enumerate(names)]
    stranger = Customer("zzstranger", 3_333)
    keep(warehouse, [*heard(range(15)), *(event for each in (*customers, stranger) for event in _events(each))])
    found = _reports(warehouse, _settings(customers))
    assert sorted(found) == sorted(each.name for each in customers)
    for own in customers:
        report = found[own.name]
        assert [mark for mark in own.marks if mark not in report] == [], "his own is there"
        others = [each for each in (*customers, stranger) if each != own]
        foreign = [mark for each in others for mark in each.marks if mark in report.replace(own.name, "")]
        assert foreign == []
