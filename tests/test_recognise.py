"""`relaywarden parse auto`: what a file is taken for by its content, and each line of a mixed log by its own format."""

import codecs
import gzip
import io
import lzma
import random
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from collectors import documents, recognise
from collectors.mixed import MixedReader
from collectors.parsing import formats, parse_file
from collectors.reading import LogReader, log_formats
from schemas.codec import decode
from schemas.events import DeadLetter, DeliveryAttempted, Event, MailboxAuthenticated
from tests.command.shell import refusal, run

GOLDEN = Path(__file__).parent / "golden"
POSTFIX = (
    b"Nov 21 17:35:45 mx1 postfix/relay1/smtp[1]: CA55E21AD1D: to=<bob@example.com>, "
    b"relay=mx.example.com[203.0.113.25]:25, delay=0.05, delays=0.01/0.03/0/0, dsn=2.0.0, status=sent (250 OK)\n"
)
DOVECOT = (
    b"Nov 21 17:35:46 mx1 dovecot: imap-login: Login: user=<alice@example.net>, method=PLAIN, rip=203.0.113.1, "
    b"lip=192.0.2.2, mpid=18, TLS, session=<PeYcgjjOGOisEQAB>\n"
)
EXIM = (
    b"2026-11-21 17:49:27 1xUpDL-0008Gr-0a <= info@example.org H=([192.168.1.222]) [203.0.113.5] P=esmtpa "
    b"A=plain:alice@example.net S=1858 id=4@mail.example.net\n"
)
CRON = b"Nov 21 17:35:47 mx1 CRON[1]: (root) CMD (true)\n"
CUT = b"Nov 21 17:35:48 mx1 dovecot: imap-login: Login: user=<alice@example.net>, method=PL\n"


def begin(name: str) -> LogReader:
    return LogReader(
        "0123456789abcdef",
        name="mail.log",
        format=name,
        host="",
        zone="UTC",
        outbound_ips={},
        networks={},
        reference=datetime(2026, 11, 30, tzinfo=UTC),
    )


def golden_lines(name: str) -> list[bytes]:
    """Return the lines that a format's golden file holds an event for, with what stands before them in their block."""
    (path,) = (path for kind in ("mta", "logins") for path in (GOLDEN / kind).glob(f"{name}.txt"))
    blocks = path.read_text(encoding="utf-8").split("\n\n")
    told = [block for block in blocks if "# expect: {" in block and "# expect: dead letter" not in block]
    return [line.encode() for block in told for line in block.splitlines() if line and not line.startswith("# ")]


def test_a_log_is_told_by_its_lines() -> None:
    """Each format's golden lines are taken for that format, first of all."""
    found = {name: recognise.of_log(lines, begin) for name in log_formats() if (lines := golden_lines(name))}
    assert {name: taken.names[:1] for name, taken in found.items()} == {name: (name,) for name in log_formats()}
    assert {name: taken.names[1:] for name, taken in found.items() if taken.names[1:]} == {"postfix": ("dovecot",)}


def test_formats_that_know_the_same_lines_are_named(tmp_path: Path) -> None:
    """Postfix's format reads the spam filters that share its log: a log of these alone is as well spamd's own."""
    file = tmp_path / "sa.log"
    lines = (line for line in golden_lines("spamassassin") if b" amavis[" in line)
    file.write_bytes(b"\n".join(lines))
    taken = parse_file("auto", str(file), io.BytesIO()).taken
    assert re.fullmatch(r"postfix \(\d+ of the first \d+ lines, as spamassassin would\)", taken)


def auto(*words: object, given: bytes = b"") -> tuple[str, list[Event]]:
    done = run("parse", "auto", *words, given=given)
    assert done.returncode == 0, done.stderr
    return done.stderr, [decode(line) for line in done.stdout.encode().splitlines()]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, zstandard.compress])
def test_a_log_of_two_programs_is_read_by_both_formats(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    log = POSTFIX * 3 + DOVECOT * 2 + CRON + CUT + b"\xff\xfe\n" + POSTFIX
    file = tmp_path / "mail"
    file.write_bytes(pack(log))
    said, events = auto(file)
    assert said == (
        f"{file}: taken for postfix (4 of the first 9 lines) and dovecot (2 of the first 9 lines): 9 lines = 6 events "
        "(4 delivery_attempted, 2 mailbox_authenticated) + 0 absorbed by the join + 1 ignored + 2 dead letters\n"
    )
    kinds = [DeliveryAttempted] * 3 + [MailboxAuthenticated] * 2 + [DeadLetter] * 2 + [DeliveryAttempted]
    assert [type(event) for event in events] == kinds
    assert [event.format for event in events if isinstance(event, DeadLetter)] == ["dovecot", "postfix"]
    assert len({event.id for event in events}) == len(events)
    assert auto("-", given=pack(log))[1][0] == auto("-", given=log)[1][0]


def test_a_log_of_one_format_gives_what_its_name_gives(tmp_path: Path) -> None:
    file = tmp_path / "mail.log"
    file.write_bytes(POSTFIX * 5 + CRON)
    named, told = io.BytesIO(), io.BytesIO()
    parse_file("postfix", str(file), named)
    assert parse_file("auto", str(file), told).taken == "postfix (5 of the first 6 lines)"
    assert told.getvalue() == named.getvalue() != b""


@pytest.mark.parametrize("log", [POSTFIX, DOVECOT, EXIM])
def test_a_byte_order_mark_costs_no_line(tmp_path: Path, log: bytes) -> None:
    file, plain, marked = tmp_path / "mail.log", io.BytesIO(), io.BytesIO()
    file.write_bytes(log)
    taken = parse_file("auto", str(file), plain).taken
    file.write_bytes(codecs.BOM_UTF8 + log)
    assert parse_file("auto", str(file), marked).taken == taken
    assert marked.getvalue() == plain.getvalue() != b""


def test_a_long_log_is_told_by_its_head_and_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "mail.log"
    file.write_bytes(POSTFIX * 12_000)
    assert file.stat().st_size > 2 * 1024 * 1024
    counts = parse_file("auto", str(file), io.BytesIO())
    assert (counts.taken, counts.lines) == ("postfix (5000 of the first 5000 lines)", 12_000)
    assert counts.events == {"delivery_attempted": 12_000}


LATER = {
    "a short end": POSTFIX * 5_000 + DOVECOT * 40,
    "one in ten": POSTFIX * 5_000 + (POSTFIX * 9 + DOVECOT) * 200,
    "among others": POSTFIX * 5_000 + CRON * 1_200 + (CRON + POSTFIX + DOVECOT) * 200,
    "two more": POSTFIX * 5_000 + DOVECOT * 700 + EXIM * 700,
}


@pytest.mark.parametrize("log", LATER.values(), ids=LATER)
def test_a_format_that_begins_behind_the_head_is_found_and_no_line_of_it_lost(tmp_path: Path, log: bytes) -> None:
    file, output = tmp_path / "mail.log", io.BytesIO()
    file.write_bytes(log)
    counts = parse_file("auto", str(file), output)
    events = [decode(line) for line in output.getvalue().splitlines()]
    assert counts.lines == log.count(b"\n")
    assert counts.lines == len(events) - counts.further + counts.absorbed + counts.ignored
    assert (counts.dead_letters, counts.ignored) == (0, log.count(CRON))
    assert counts.events.get("message_submitted", 0) == log.count(EXIM)
    assert counts.events.get("mailbox_authenticated", 0) == log.count(DOVECOT) + log.count(EXIM)
    assert len({event.id for event in events}) == len(events)
    assert counts.taken.startswith("postfix (5000 of the first 5000 lines); behind byte ")


def test_dead_letters_behind_the_head_keep_their_place(tmp_path: Path) -> None:
    file, output = tmp_path / "mail.log", io.BytesIO()
    file.write_bytes(POSTFIX * 5_000 + b"\xff\xfe\n" * 3 + POSTFIX + b"\xff\xfe\n" * 600 + POSTFIX)
    counts = parse_file("auto", str(file), output)
    dead = [isinstance(decode(line), DeadLetter) for line in output.getvalue().splitlines()]
    assert dead == [False] * 5_000 + [True] * 3 + [False] + [True] * 600 + [False]
    assert (counts.dead_letters, counts.taken) == (603, "postfix (5000 of the first 5000 lines)")


@pytest.mark.parametrize("kind", documents.KINDS, ids=lambda kind: kind.what)
def test_a_mail_or_report_is_told_by_what_it_holds(kind: documents.Kind) -> None:
    """Each golden file that its format reads is taken for a file of its kind, or for one that tells more of it."""
    told = 0
    for name in kind.names():
        for path in sorted((GOLDEN / kind.registry.__name__.rpartition(".")[2] / name).glob("*")):
            content = path.read_bytes()
            try:
                events = kind.parse(name, content) if path.suffix != ".json" else ()
            except ValueError:
                continue
            if events:
                taken = recognise.of_document(content)
                assert taken != kind.gathers
                assert len(documents.parse(taken, content)) >= len(events)
                told += 1
    assert told > len(kind.names())


def test_a_complaint_that_quotes_a_log_is_a_complaint(tmp_path: Path) -> None:
    file = tmp_path / "report"
    mail = (GOLDEN / "complaints" / "arf" / "01-authenticated_sender.eml").read_bytes()
    file.write_bytes(mail.rstrip(b"\n") + b"\n" + POSTFIX * 50)
    said, events = auto(file)
    assert said.startswith(f"{file}: taken for arf (a complaint): 1 lines = 1 events (1 complaint_received)")
    assert len(events) == 1


@pytest.mark.parametrize(
    ("content", "seems"),
    [
        (b"", "an empty file"),
        (b"\n \n", "an empty file"),
        (b"Subject: x\nFrom: a@example.net\n\nHello\n", "a mail of the type text/plain"),
        (CRON * 3, "none of its first 3 lines tells anything"),
        (random.Random(7).randbytes(4000), "none of its first "),
        (POSTFIX + b"# no log\n" * 3, "none of its first 4 lines tells anything"),
    ],
)
def test_what_no_format_knows_is_one_clear_error(tmp_path: Path, content: bytes, seems: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert refusal(run("parse", "auto", file)).startswith(f"{file}: of no format that is known here: {seems}")


class _Formats:
    """Readers of a mixed log and what became of its lines."""

    def __init__(self, names: Sequence[str]) -> None:
        self.reader = MixedReader([begin(name) for name in names])

    def read(self, line: bytes) -> str:
        counts = self.reader.counts
        before = counts.absorbed, counts.ignored
        events = self.reader.read(line, counts.lines)
        if not events:
            return "absorbed" if counts.absorbed > before[0] else "ignored"
        return type(events[0]).__name__


def test_a_format_that_takes_lines_of_others_for_its_own_makes_no_dead_letters_of_them() -> None:
    """Postfix's format cannot read qmail's stamps: once qmail's knew one, it is not heard where that is silent."""
    both = _Formats(("postfix", "qmail"))
    stamp = b"@400000004a0d2a3b12345a5c "
    read = {
        POSTFIX: "DeliveryAttempted",
        CRON: "ignored",
        stamp + b"info msg 3890: bytes 372 from <alice@example.net> qp 31835 uid 89\n": "MessageSubmitted",
        stamp + b"new msg 3890\n": "ignored",
        stamp + b"starting delivery 9: msg 3890 to remote bob@example.org\n": "absorbed",
        b"garbage\n": "DeadLetter",
    }
    assert {line: both.read(line) for line in read} == read
    counts = both.reader.counts
    assert (counts.lines, counts.absorbed, counts.ignored, counts.dead_letters) == (6, 1, 2, 1)


def test_auto_is_no_formats_name() -> None:
    assert "auto" not in formats()
