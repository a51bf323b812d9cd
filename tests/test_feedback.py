"""Reports of receivers: the same one is the same however it is packed, nothing unpacks without bound, all is dated."""

import gzip
import io
import os
import zipfile
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from collectors import feedback
from collectors.feedback import _told
from collectors.intake import Intake
from collectors.parsing import parse_file
from schemas import codec
from schemas.events import ComplaintReceived, DeadLetter, Event
from schemas.report_events import DmarcReported, PostmasterReported, SndsReported
from schemas.settings import Maildir
from schemas.topics import REPORTS, place_of

GOLDEN = Path(__file__).parent / "golden" / "feedback"
REPORT = (GOLDEN / "dmarc_aggregate" / "01-rfc7489_two_records.xml").read_bytes()
ENDED = 1_772_409_599_000_000  # the last second that it reports on
DAY = 86_400_000_000


def zipped(files: dict[str, bytes], level: int = 9) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def nested(times: int) -> bytes:
    content = REPORT
    for _ in range(times):
        content = gzip.compress(content)
    return content


def mailed(content: bytes, subtype: str = "gzip", name: str = "receiver.example!example.net!1!2.xml.gz") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "dmarc@receiver.example", "Report Domain: example.net"
    mail.set_content("This is a report.")
    mail.add_attachment(content, "application", subtype, filename=name)
    return mail.as_bytes()


PACKED = {
    "plain": REPORT,
    "blanks before": b"\r\n \n" + REPORT,
    "gz": gzip.compress(REPORT),
    "two members": gzip.compress(REPORT[:500]) + gzip.compress(REPORT[500:]),
    "gz in gz": nested(2),
    "zip with a folder": zipped({"reports/": b"", "reports/r.xml": REPORT, "note.txt": b"none"}),
    "gz in a zip": zipped({"r.xml.gz": gzip.compress(REPORT)}),
    "mail": mailed(gzip.compress(REPORT)),
    "mail of no known type": mailed(zipped({"r.xml": REPORT}), "x-unknown"),
}


@pytest.mark.parametrize("data", PACKED.values(), ids=PACKED)
def test_a_report_is_the_same_however_it_is_packed(data: bytes) -> None:
    events = feedback.parse("dmarc_aggregate", data)
    assert events == feedback.parse("dmarc_aggregate", REPORT)
    assert [event.messages for event in events if isinstance(event, DmarcReported)] == [7, 2]
    assert len({event.id for event in events}) == 2
    assert feedback.parse_any(data) == events


@pytest.mark.parametrize("packing", ["plain", "gz", "zip with a folder", "mail"])
def test_parse_reads_a_file_of_each_packing(tmp_path: Path, packing: str) -> None:
    file, output = tmp_path / "report", io.BytesIO()
    file.write_bytes(PACKED[packing])
    counts = parse_file("dmarc_aggregate", str(file), output)
    assert (counts.events, counts.dead_letters) == ({"dmarc_reported": 2}, 0)
    assert tuple(map(codec.decode, output.getvalue().splitlines())) == feedback.parse("dmarc_aggregate", REPORT)


def test_two_rows_alike_are_two_events_and_another_report_has_other_ids() -> None:
    record = REPORT[REPORT.index(b"<record>") : REPORT.index(b"</record>") + len(b"</record>")]
    twice = feedback.parse("dmarc_aggregate", REPORT.replace(b"</feedback>", record + b"</feedback>"))
    assert len({event.id for event in twice}) == 3
    assert twice[0] == replace(twice[2], id=twice[0].id)
    other = feedback.parse("dmarc_aggregate", REPORT.replace(b"r-1", b"r-2"))
    assert not {event.id for event in other} & {event.id for event in twice}


def test_a_row_that_is_told_twice_counts_once_and_many_are_refused() -> None:
    row = b"192.0.2.11,192.0.2.12,Yes,Bot-like behaviour\r\n"
    assert feedback.parse("snds", row * 3) == feedback.parse("snds", row)
    many = (SndsReported(id=str(number), at=1, ip="192.0.2.11") for number in range(100_001))
    with pytest.raises(ValueError, match="a report of more than 100000 rows"):
        _told.once(many)
    with pytest.raises(ValueError, match="a report of more than 100000 rows"):
        feedback.parse("snds", b"192.0.2.0,192.0.2.255,Yes,the same 256 IPs again\n" * 391)


def test_elements_of_all_documents_of_a_file_are_counted_together() -> None:
    document = REPORT.replace(b"<record>", b"<record>" + b"<a/>" * 1_900, 1)
    begin, end = document.index(b"<record>"), document.rindex(b"</record>") + len(b"</record>")
    report = document[:begin] + document[begin:end] * 280 + document[end:]
    assert len(feedback.parse("dmarc_aggregate", zipped({"r.xml": report}))) == 280 * len(
        feedback.parse("dmarc_aggregate", REPORT)
    )
    with pytest.raises(ValueError, match="XML with more than 1000000 elements"):
        feedback.parse("dmarc_aggregate", zipped({"1.xml": report, "2.xml": report}))


LARGE = 40 * 1024 * 1024
BOMBS = {
    "gz": (gzip.compress(bytes(LARGE), 9), "a gzip of more than 33554432 bytes unpacked"),
    "gz of many members": (gzip.compress(bytes(LARGE // 4), 9) * 4, "a gzip of more than 33554432 bytes unpacked"),
    "zip": (zipped({"r.xml": bytes(LARGE)}), "a zip of more than 33554432 bytes unpacked"),
    "zip of several": (
        zipped({f"{number}.xml": b"<a/>" * (LARGE // 12) for number in range(3)}),
        "a zip of more than 33554432 bytes unpacked",
    ),
    "many files": (zipped({f"{number}.xml": b"" for number in range(17)}), "a zip of 17 files, more than 16"),
    "many layers": (nested(4), "archives more than 3 deep in each other"),
    "cut gz": (gzip.compress(REPORT)[:-9], "a damaged gzip: it ends before its end"),
    "cut zip": (zipped({"r.xml": REPORT})[:-9], "a damaged zip: File is not a zip file"),
    "deep elements": (REPORT.replace(b"<version>", b"<a>" * 20), "XML more than 16 elements deep"),
    "many elements": (REPORT.replace(b"<row>", b"<row>" + b"<a/>" * 2001), "XML with more than 2000 elements at one"),
    "many elements beside records": (
        REPORT.replace(b"<record>", b"<a/>" * 1001 + b"<record>"),
        "XML with more than 2000 elements at one place",
    ),
    "many attributes": (
        REPORT.replace(b"<row>", b"<row " + b" ".join(b'a%d=""' % number for number in range(20_000)) + b">"),
        "XML with more than 32768 bytes from one element to the next",
    ),
    "zips in a zip": (
        zipped({f"{number}.zip": zipped({"r.xml": b"<a/>" * (LARGE // 48)}) for number in range(16)}),
        "a zip of more than 33554432 bytes unpacked",
    ),
    "quadratic text": (REPORT.replace(b"r-1<", b"<!---->r" * 100_000 + b"<"), ""),
}


@pytest.mark.parametrize(("data", "reason"), BOMBS.values(), ids=BOMBS)
def test_what_grows_or_is_damaged_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    if reason:
        with pytest.raises(ValueError, match=reason):
            feedback.parse("dmarc_aggregate", data)
    else:
        (first, _) = feedback.parse("dmarc_aggregate", data)
        assert isinstance(first, DmarcReported)
        assert first.report_id == "r" * 320


def test_a_long_document_of_another_kind_is_left_to_its_own_format() -> None:
    tls = (GOLDEN / "tls_rpt" / "01-rfc8460.json").read_bytes()
    long = tls.replace(b"mx: *.mail.example.net", b"x" * 100_000)
    assert feedback.parse("dmarc_aggregate", long) == feedback.parse("dmarc_aggregate", bytes(100_000)) == ()
    assert feedback.parse_any(long) == feedback.parse("tls_rpt", tls)


def test_a_report_on_the_time_to_come_is_refused_and_an_undated_one_is_of_its_file() -> None:
    events = feedback.parse("dmarc_aggregate", REPORT)
    assert feedback.dated(events, ENDED - DAY) == events
    with pytest.raises(ValueError, match=r"a report on a time \(1772409599\) after it came \(1772323198\)"):
        feedback.dated(events, ENDED - DAY - 1)
    blocked = feedback.parse("snds", (GOLDEN / "snds" / "02-blocked_ips.csv").read_bytes())
    today, tomorrow = feedback.dated(blocked, ENDED), feedback.dated(blocked, ENDED + DAY)
    assert [event.at for event in (*today, *tomorrow)] == [ENDED] * 3 + [ENDED + DAY] * 3
    assert len({event.id for event in (*today, *tomorrow)}) == 6
    assert feedback.dated(blocked, ENDED) == today


GOOD = [path.read_bytes() for path in sorted(GOLDEN.glob("*/0*")) if path.suffix != ".expected"]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(GOOD), st.data())
def test_no_bytes_make_a_parser_raise_anything_but_value_error(good: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(good)))
    broken = good[:at] + data.draw(st.binary(max_size=8)) + good[at + data.draw(st.integers(0, 8)) :]
    for name in feedback.names():
        events: tuple[Event, ...] = ()
        with suppress(ValueError):
            events = feedback.parse(name, broken)
        assert all(event.id and codec.decode(codec.encode(event)) == event for event in events)


def _taken(tmp_path: Path, name: str, files: dict[str, bytes], came: int = ENDED) -> list[Event]:
    maildir, events = tmp_path / "box", list[Event]()
    intake = Intake(Maildir(format=name, maildir=maildir), "box")
    for file, content in files.items():
        path = maildir / "new" / file
        path.write_bytes(content)
        os.utime(path, ns=(came * 1000, came * 1000))
    assert intake.take(events.extend) == len(files)
    return events


def test_a_maildir_of_any_format_takes_reports_beside_complaints(tmp_path: Path) -> None:
    failure = (GOLDEN / "dmarc_failure" / "01-rfc9991.eml").read_bytes()
    tls = (GOLDEN / "tls_rpt" / "03-mail_with_json_gz.eml").read_bytes()
    files = {"1": mailed(gzip.compress(REPORT)), "2": failure, "3": tls, "4": b"Subject: holiday\n\nHello.\n"}
    events = _taken(tmp_path, "any", files)
    assert [type(event).__name__ for event in events] == [
        *("DmarcReported", "DmarcReported", "ComplaintReceived", "TlsReported"),
    ]
    complaint = events[2]
    assert isinstance(complaint, ComplaintReceived)
    assert (complaint.feedback_type, complaint.auth_failure, complaint.outbound_ip) == (
        "auth-failure",
        "dmarc",
        "192.0.2.11",
    )


@pytest.mark.parametrize(
    ("name", "file", "kind", "count"),
    [
        ("dmarc_aggregate", "dmarc_aggregate/01-rfc7489_two_records.xml", DmarcReported, 2),
        ("snds", "snds/02-blocked_ips.csv", SndsReported, 3),
        ("postmaster", "postmaster/03-v2_compliance.json", PostmasterReported, 4),
    ],
)
def test_a_file_is_taken_from_a_maildir_of_its_format(
    tmp_path: Path, name: str, file: str, kind: type[Event], count: int
) -> None:
    events = _taken(tmp_path, name, {"report": (GOLDEN / file).read_bytes()})
    assert [type(event) for event in events] == [kind] * count
    assert {event.at for event in events} == {ENDED}
    assert [place_of(event, 8) for event in events] == [(REPORTS, 0)] * count


def test_a_report_that_cannot_be_read_is_a_dead_letter_with_its_reason(tmp_path: Path) -> None:
    broken = REPORT.replace(b"<source_ip>", b"<source_ip>mx1.").replace(b"mx1.192.0.2.11", b"mx1.example.net")
    bad, early = _taken(tmp_path, "dmarc_aggregate", {"1": broken, "2": REPORT}, came=ENDED - 2 * DAY)
    assert isinstance(bad, DeadLetter)
    assert (bad.reason, bad.format, bad.place) == (
        "record 1: no IP in source_ip: 'mx1.example.net'",
        "dmarc_aggregate",
        "1",
    )
    assert isinstance(early, DeadLetter)
    assert early.reason.startswith("a report on a time (1772409599) after it came")


UNREAD = (GOLDEN / "dmarc_aggregate" / "07-no_ip_in_a_record.xml").read_bytes()


def test_a_record_that_cannot_be_read_takes_no_other_with_it(tmp_path: Path) -> None:
    reported, dead = _taken(tmp_path, "dmarc_aggregate", {"m1:2,": UNREAD}, came=ENDED + DAY)
    assert isinstance(reported, DmarcReported)
    assert isinstance(dead, DeadLetter)
    assert (reported.ip, reported.messages) == ("192.0.2.11", 7)
    assert (dead.name, dead.place, dead.at) == ("box", "m1/record 2", ENDED + DAY)
    assert dead.reason == "record 2: no IP in source_ip: 'mx1.example.net'"
    assert "source_ip=mx1.example.net count=7" in dead.text
    file, output = tmp_path / "r.xml", io.BytesIO()
    file.write_bytes(UNREAD)
    counts = parse_file("dmarc_aggregate", str(file), output)
    assert (counts.lines, counts.events, counts.dead_letters, counts.ignored) == (2, {"dmarc_reported": 1}, 1, 0)
    told = [codec.decode(line) for line in output.getvalue().splitlines()]
    assert [each.place for each in told if isinstance(each, DeadLetter)] == [f"{file}/record 2"]


def test_too_many_such_records_are_one_dead_letter(tmp_path: Path) -> None:
    record = UNREAD[UNREAD.rindex(b"<record>") : UNREAD.rindex(b"</record>") + len(b"</record>")]
    report = UNREAD.replace(b"</feedback>", record * 99 + b"</feedback>")
    assert len(feedback.parse("dmarc_aggregate", report)) == 101
    (dead,) = _taken(tmp_path, "any", {"1": report.replace(b"</feedback>", record + b"</feedback>")})
    assert isinstance(dead, DeadLetter)
    first = "record 2: no IP in source_ip: 'mx1.example.net'"
    assert dead.reason == f"a report of more than 100 unreadable records, {first}"
