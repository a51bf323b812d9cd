"""`relaywarden parse`: files of every sort in, events as JSON lines out."""

import gzip
import io
import lzma
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.parsing import formats, parse_file
from schemas.codec import decode
from schemas.events import DeadLetter, DeliveryAttempted, Event
from schemas.settings import parse as settings_of

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


@pytest.mark.parametrize("suffix", [".log", ".gz", ".xz"])
def test_plain_and_packed_logs_give_the_same(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"mail{suffix}"
    file.write_bytes({".log": LOG, ".gz": gzip.compress(LOG), ".xz": lzma.compress(LOG)}[suffix])
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
    assert sum(told) <= len(LOG)


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
    assert sum(told) == file.stat().st_size - len(LINE)


def test_a_complaint_is_one_mail(tmp_path: Path) -> None:
    golden = Path(__file__).parent / "golden" / "complaints" / "arf"
    for name, expected in (
        ("01-authenticated_sender", (0, 0, {"complaint_received": 1})),
        ("14-vacation", (1, 0, {})),
        ("10-no_time", (0, 1, {})),
    ):
        output = io.BytesIO()
        counts = parse_file("arf", str(golden / f"{name}.eml"), output)
        assert (counts.ignored, counts.dead_letters, counts.events) == expected
        assert counts.lines == 1
        assert len(output.getvalue().splitlines()) == counts.dead_letters + sum(counts.events.values())
    assert not list(tmp_path.iterdir())


def test_errors_name_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no format 'exchange'; there are postfix, dovecot, arf"):
        parse_file("exchange", "mail.log", io.BytesIO())
    with pytest.raises(FileNotFoundError, match=r"nowhere\.log"):
        parse_file("postfix", str(tmp_path / "nowhere.log"), io.BytesIO())
    for suffix in (".gz", ".xz"):
        file = tmp_path / f"broken{suffix}"
        file.write_bytes(LOG)
        with pytest.raises(ValueError, match=rf"broken\{suffix}: a damaged archive"):
            parse_file("postfix", str(file), io.BytesIO())
    assert formats() == ("postfix", "dovecot", "arf")


def test_a_cut_archive_is_an_error_after_what_it_held(tmp_path: Path) -> None:
    file = tmp_path / "cut.gz"
    file.write_bytes(gzip.compress(LOG)[:-12])
    with pytest.raises(ValueError, match=r"cut\.gz: a damaged archive"):
        parse_file("postfix", str(file), io.BytesIO())
