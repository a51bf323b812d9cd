"""`relaywarden parse`: files of every sort in, events as JSON lines out."""

import bz2
import gzip
import io
import lzma
import os
import sys
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import zstandard

from collectors.parsing import formats, parse_file
from schemas.codec import decode
from schemas.events import DeadLetter, DeliveryAttempted, Event
from schemas.settings import parse as settings_of
from tests.command.shell import refusal, run

LINE = (
    b"Nov 21 17:35:45 mx1 postfix/relay1/smtp[1]: CA55E21AD1D: to=<bob@example.com>, "
    b"relay=mx.example.com[203.0.113.25]:25, delay=0.05, delays=0.01/0.03/0/0, dsn=2.0.0, status=sent (250 OK)\n"
)
LOG = b"Nov 21 17:35:45 mx1 postfix/qmgr[1]: CA55E21AD1D: removed\n" + LINE + b"\xff\xfe\n" + LINE.rstrip(b"\n")


def parsed(file: Path | str, **options: object) -> tuple[list[Event], dict[str, int]]:
    output = io.BytesIO()
    counts = parse_file("postfix", str(file), output, **options)  # type: ignore[arg-type]  # each test gives what fits
    read = counts.absorbed + counts.ignored + counts.dead_letters + sum(counts.events.values())
    assert counts.lines == read
    return [decode(line) for line in output.getvalue().splitlines()], counts.events | {"dead": counts.dead_letters}


PACKED = {
    "plain": LOG,
    "gz": gzip.compress(LOG[:200]) + gzip.compress(LOG[200:]),
    "xz": lzma.compress(LOG),
    "zst": zstandard.compress(LOG[:200]) + zstandard.compress(LOG[200:]),
    "bz2": bz2.compress(LOG),
}


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "xz": lzma.compress,
    "zst": zstandard.compress,
    "bz2": bz2.compress,
}


@pytest.mark.parametrize(
    ("packing", "name"),
    [
        ("plain", "mail.log"),
        ("plain", "mail"),
        *((packing, name) for packing in PACK for name in ("mail", "mail.GZ", "m.xz")),
    ],
)
def test_plain_and_packed_logs_give_the_same_whatever_their_name(tmp_path: Path, packing: str, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(PACKED[packing])
    changed = datetime(2027, 3, 1, tzinfo=UTC).timestamp()
    os.utime(file, (changed, changed))
    told: list[int] = []
    events, counts = parsed(file, transports={"relay1": "192.0.2.1"}, zone="Europe/Berlin", progress=told.append)
    assert counts == {"delivery_attempted": 2, "dead": 1}
    first, dead, second = events
    assert isinstance(first, DeliveryAttempted)
    assert isinstance(dead, DeadLetter)
    assert (first.host, first.outbound_ip) == ("mx1", "192.0.2.1")
    assert first.at == int(datetime(2026, 11, 21, 16, 35, 45, tzinfo=UTC).timestamp()) * 1_000_000
    assert dead.place == f"{file}/{len(LOG) - 2 - len(LINE)}"
    assert first.id < dead.id < second.id
    assert sum(told) == len(PACKED[packing])


def test_standard_input_is_a_log_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LOG)))
    settings = settings_of("[pool.main.transports]\nrelay1 = '192.0.2.9'", "test")
    events, counts = parsed("-", settings=settings, host="relay7")
    assert counts == {"delivery_attempted": 2, "dead": 1}
    assert isinstance(events[0], DeliveryAttempted)
    assert (events[0].host, events[0].outbound_ip) == ("mx1", "192.0.2.9")


def test_of_an_endless_line_only_the_beginning_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "mail.log"
    file.write_bytes(LINE.rstrip(b")\n") + b"x" * 3_000_000 + b"\n" + LINE)
    told: list[int] = []
    events, counts = parsed(file, progress=told.append)
    assert counts == {"delivery_attempted": 1, "dead": 1}
    assert events[1].id.endswith(f"-{file.stat().st_size - len(LINE):012x}-0")
    assert sum(told) == file.stat().st_size
    assert max(told) < 1_000_000


def test_a_complaint_is_one_mail(tmp_path: Path) -> None:
    golden = Path(__file__).parent / "golden" / "complaints" / "arf"
    for name, expected in (
        ("01-authenticated_sender", (0, 0, {"complaint_received": 1})),
        ("14-vacation", (1, 0, {})),
        ("09-no_feedback_type", (0, 1, {})),
        ("10-no_time", (0, 0, {"complaint_received": 1})),
    ):
        output = io.BytesIO()
        counts = parse_file("arf", str(golden / f"{name}.eml"), output)
        assert (counts.ignored, counts.dead_letters, counts.events) == expected
        assert counts.lines == 1
        assert len(output.getvalue().splitlines()) == counts.dead_letters + sum(counts.events.values())
    assert not list(tmp_path.iterdir())


def test_errors_name_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no format 'notes'; there are .*postfix, .*dovecot, .*any, arf"):
        parse_file("notes", "mail.log", io.BytesIO())
    with pytest.raises(FileNotFoundError, match=r"nowhere\.log"):
        parse_file("postfix", str(tmp_path / "nowhere.log"), io.BytesIO())
    assert {"postfix", "dovecot", "arf", "xarf"} < set(formats())
    assert len(set(formats())) == len(formats())  # a name is one format's, whatever its kind


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.gz", LOG, "a damaged archive: named .gz, but it does not begin as one"),
        ("a.XZ", LOG, "a damaged archive: named .xz, but it does not begin as one"),
        ("a.zst", b"", "a damaged archive: named .zst, but it is empty"),
        ("a.log", b"PK\x03\x04" + LOG, "packed with zip, which is not unpacked here; gz, xz, zst and bz2 are"),
        ("a.Z", b"\x1f\x9d\x90" + LOG, "packed with compress, which is not unpacked here; gz, xz, zst and bz2 are"),
        ("a", b"\x1f\x8b\x08" + LOG, "a damaged archive: "),
        ("a", b"\xfd7zXZ\x00" + LOG, "a damaged archive: "),
        ("a", b"\x28\xb5\x2f\xfd" + LOG, "a damaged archive: "),
        ("a", b"BZh91AY&SY" + LOG, "a damaged archive: "),
    ],
)
def test_what_is_no_archive_or_one_of_a_foreign_sort_is_one_clear_error(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert refusal(run("parse", "postfix", file)).startswith(f"{file}: {said}")


@pytest.mark.parametrize("packing", PACK)
def test_a_cut_or_damaged_archive_is_an_error_after_what_it_held(tmp_path: Path, packing: str) -> None:
    whole = b"".join(LINE.replace(b"CA55E21AD1D", b"%011X" % number) for number in range(40_000))
    packed = PACK[packing](whole)
    middle = len(packed) * 2 // 3
    for damaged in (packed[:-5], packed[:middle], packed[:middle] + b"\xff" * 99 + packed[middle + 99 :]):
        file = tmp_path / "mail"
        file.write_bytes(damaged)
        output = io.BytesIO()
        with pytest.raises(ValueError, match="mail: a damaged archive: "):
            parse_file("postfix", str(file), output)
        assert output.getvalue()


@pytest.mark.parametrize("packing", PACK)
def test_of_a_short_archive_too_the_lines_before_the_damage_are_kept(tmp_path: Path, packing: str) -> None:
    lines = [LINE.replace(b"CA55E21AD1D", b"%011X" % (number * 7**20 % 16**11)) for number in range(1500)]
    file = tmp_path / "mail"
    whole = b"".join(lines)
    file.write_bytes(PACK[packing](whole[: 1 << 17]) + PACK[packing](whole[1 << 17 :])[:-9])
    done = run("parse", "auto", file)
    assert refusal(done).startswith(f"{file}: a damaged archive: behind byte ")
    place = int(refusal(done).split("behind byte ")[1].split()[0])
    assert 1 << 16 < place <= len(whole)
    assert len(done.stdout.splitlines()) == place // len(LINE)


@pytest.mark.parametrize("format_name", ["auto", "any", "dmarc_aggregate"])
def test_of_a_damaged_archive_nothing_is_read_that_is_read_whole(tmp_path: Path, format_name: str) -> None:
    report = next((Path(__file__).parent / "golden" / "feedback" / "dmarc_aggregate").glob("*.xml")).read_bytes()
    held = io.BytesIO()
    with ZipFile(held, "w", ZIP_DEFLATED) as archive:
        archive.writestr("r.xml", report)
    packed = {name: pack(report) for name, pack in PACK.items()} | {"zip": held.getvalue()}
    for packing, content in packed.items():
        for damaged in (content[: len(content) // 2], content[:14]):
            file = tmp_path / "report"
            file.write_bytes(damaged)
            done = run("parse", format_name, file)
            assert refusal(done).startswith(f"{file}: a damaged {'zip' if packing == 'zip' else 'archive'}: "), packing
            assert done.stdout == ""


def test_standard_input_is_unpacked_too() -> None:
    for packed in PACKED.values():
        done = run("parse", "postfix", "-", given=packed)
        assert done.stderr.startswith("-: 4 lines = 2 events (2 delivery_attempted)")


def test_a_packed_complaint_is_one(tmp_path: Path) -> None:
    mail = Path(__file__).parent / "golden" / "complaints" / "arf" / "01-authenticated_sender.eml"
    file = tmp_path / "report"
    file.write_bytes(zstandard.compress(mail.read_bytes()))
    assert parse_file("arf", str(file), io.BytesIO()).events == {"complaint_received": 1}


def test_little_that_unpacks_to_much_is_read_within_bounds(tmp_path: Path) -> None:
    """Three pages of zstd for 96 MB: only the beginning of such a line is ever held."""
    file = tmp_path / "mail"
    file.write_bytes(zstandard.compress(bytes(96 * 1024 * 1024)))
    assert file.stat().st_size < 32 * 1024
    tracemalloc.start()
    counts = parse_file("postfix", str(file), io.BytesIO())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (counts.lines, counts.dead_letters) == (1, 1)
    assert peak < 24 * 1024 * 1024


@pytest.mark.parametrize(
    ("log", "content", "said"),
    [
        (
            "postfix",
            b"",
            "0 absorbed by the join + 0 ignored + 0 dead letters; nothing was read: an empty file",
        ),
        ("arf", b" \n", "; nothing was read: an empty file, not of the format arf"),
        ("arf", LOG, "; nothing was read: no mail (it begins without a header), not of the format arf"),
        ("arf", b"2026-03-01T10:00:05Z mx1: x\n", "no mail (it begins without a header), not of the format arf"),
        ("arf", bytes(range(256)) * 9, "no mail (it begins without a header), not of the format arf"),
        ("arf", b"Subject: x\n\nHello\n", "a mail of the type text/plain, not of the format arf"),
        (
            "arf",
            b"From: x\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n",
            "a mail of the type multipart/report (delivery-status), not of the format arf",
        ),
        (
            "arf",
            b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n",
            "1 dead letters; nothing was read: a feedback report without its feedback part",
        ),
        ("postfix", bytes(range(256)) * 9, "; nothing was read: no line is in a form that postfix writes"),
        ("dovecot", LINE * 3, "; nothing was read: no line tells anything of dovecot; is it another program's log?"),
        (
            "postfix",
            LINE,
            ": 1 lines = 1 events (1 delivery_attempted) + 0 absorbed by the join + 0 ignored + 0 dead letters",
        ),
    ],
)
def test_a_file_of_which_nothing_is_read_says_what_it_seems_to_be(
    tmp_path: Path, log: str, content: bytes, said: str
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    done = run("parse", log, file)
    assert done.returncode == 0
    assert done.stderr.endswith(f"{said}\n")
