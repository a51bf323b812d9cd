"""The Reports page: what receivers say of our IPs and domains, each report once, and what is no data."""

from pathlib import Path

import msgspec
import pytest
from streamlit.testing.v1 import AppTest

from collectors import feedback
from embedded.clickhouse import ClickHouseServer
from schemas.events import Event
from schemas.report_events import DmarcReported
from tests.pages.conftest import Hall, Open, furnish, store
from tests.pages.scene import RUDE

GOLDEN = Path(__file__).parents[1] / "golden" / "feedback"
REPORTS = (
    *("dmarc_aggregate/01-rfc7489_two_records.xml", "tls_rpt/01-rfc8460.json", "snds/01-two_ips_of_a_day.csv"),
    *("snds/02-blocked_ips.csv", "postmaster/03-v2_compliance.json", "postmaster/04-v1_traffic_stats.json"),
)
HOUR = 3_600_000_000


def scene(now: int) -> list[Event]:
    """Return the events of the golden reports as if they had come an hour ago."""
    events: list[Event] = []
    for name in REPORTS:
        found = feedback.parse(name.partition("/")[0], (GOLDEN / name).read_bytes())
        events.extend(msgspec.structs.replace(event, at=now - HOUR) for event in feedback.dated(found, now))
    ours = {"domain": "rude.example", "ip": "203.0.113.9", "messages": 1, "reporter": RUDE, "report_id": RUDE}
    events.append(DmarcReported(id="rude", at=now - HOUR, begin_at=now - 2 * HOUR, end_at=now - HOUR, **ours))  # type: ignore[arg-type]  # fields by name
    return events


@pytest.fixture(scope="module")
def desk(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """Give a database with reports, each stored twice, as after a crash of the sink."""
    hall = furnish(clickhouse, tmp_path_factory.mktemp("reports"), "pages_reports")
    for _ in range(2):
        store(hall.client, "reports", scene(hall.now))
    return hall


def _shown() -> AppTest:
    test = AppTest.from_string("from dashboards.views import reports\nreports.page()", default_timeout=60)
    test.run()
    assert not test.exception, [error.value for error in test.exception]
    return test


def test_each_part_tells_what_receivers_report(desk: Hall, opened: Open) -> None:
    opened(desk)
    ips, domains, tls, google = (each.value for each in _shown().dataframe)
    assert list(
        zip(ips["ip"], ips["snds"], ips["blocked"], ips["google"], ips["messages"], ips["share"], strict=True)
    ) == [
        (
            "192.0.2.12",
            "■ red",
            "■ blocked: Blocked due to user complaints or other evidence of spamming",
            "■ bad",
            0,
            "no data",
        ),
        (
            "192.0.2.11",
            "● green",
            "■ blocked: Blocked due to user complaints or other evidence of spamming",
            "● high",
            7,
            "100.0 %",
        ),
        ("192.0.2.13", "· not told", "■ blocked: Bot-like behaviour", "· not told", 0, "no data"),
    ]
    assert [str(each) for each in ips["traps"]] == ["12.0", "0.0", "nan"]
    assert list(ips["complaints"]) == ["2.1%", "< 0.1%", ""]
    assert list(zip(domains["through"], domains["mails"], domains["passed"], domains["refused"], strict=True)) == [
        ("our IPs", 7, "● 100.0 %", 0),
        ("others", 2, "◆ 0.0 %", 2),
        ("others", 1, "◆ 0.0 %", 0),
    ]
    assert list(domains["reporters"]) == ["receiver.example", "receiver.example", RUDE]
    assert list(zip(tls["domain"], tls["sent"], tls["failed"], strict=True)) == [("example.net", 5326, "▲ 303")]
    assert tls["results"][0] == "certificate-expired, starttls-not-supported, validation-failure"
    assert list(zip(google["metric"], google["value"], strict=True))[:2] == [
        ("honor_unsubscribe", "▲ NEEDS_WORK"),
        ("user_reported_spam_rate", "▲ NEEDS_WORK"),
    ]
    told = dict(zip(google["metric"], google["value"], strict=True))
    assert (told["spam_rate"], told["delivery_error_rate"]) == ("· 0.003", "· 0.02 TEMPORARY_ERROR SUSPICIOUS")


def test_no_report_is_no_data(empty_hall: Hall, opened: Open) -> None:
    opened(empty_hall)
    test = _shown()
    assert [each.value for each in test.caption if "No data" in each.value] == [
        "○ No data: no report names one of our IPs.",
        "○ No data: no DMARC report came.",
        "○ No data: no TLS report came.",
        "○ No data: nothing of Postmaster Tools came.",
    ]
    assert len(test.dataframe) == 0
