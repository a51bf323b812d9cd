"""A log in UTF-16, as PowerShell's `>` writes one: one clear error that names it, and no line is taken for a log's."""

import gzip
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors import history
from collectors.charset import foreign_encoding
from collectors.reading import LogReader
from schemas.events import DeadLetter
from schemas.settings import parse as settings_of
from tests.command.shell import refusal, run

LINES = (
    "Nov 21 17:35:45 mx1 postfix/qmgr[1]: CA55E21AD1D: removed\nNov 21 17:35:46 mx1 postfix/qmgr[1]: 0A1B2C: removed\n"
)
WORDS = "its text is {0}, which no log here is; convert it first: iconv -f {0} -t UTF-8"


@pytest.mark.parametrize("format_name", ["auto", "postfix", "exchange_tracking", "halon"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_parse_names_the_encoding(
    tmp_path: Path, format_name: str, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    file = tmp_path / "mail.log"
    file.write_bytes(pack(LINES.encode(encoding)))
    assert WORDS.format(encoding.upper()[:6]) in refusal(run("parse", format_name, file))


def test_history_names_the_encoding_and_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mail.log"
    file.write_bytes(LINES.encode("utf-16"))
    past = history.Past(logs=(("postfix", file),))
    with pytest.raises(ValueError, match=re.escape(f"{file}: {WORDS.format('UTF-16')}")):
        list(history.events(past, settings_of("", "test"), lambda _: None))


def test_live_it_is_a_dead_letter_that_names_the_encoding() -> None:
    reader = LogReader(
        "0123456789abcdef",
        name="mx1",
        format="postfix",
        host="",
        zone="UTC",
        outbound_ips={},
        networks={},
        reference=datetime(2026, 11, 22, tzinfo=UTC),
    )
    (event,) = reader.read(LINES.encode("utf-16").split(b"\n")[0], 0)
    assert isinstance(event, DeadLetter)
    assert event.reason == WORDS.format("UTF-16")


@pytest.mark.parametrize(
    ("beginning", "encoding"),
    [
        ("ab".encode("utf-16-le"), ""),  # Degenerate: too short to tell
        ("abcd".encode("utf-16-le"), "UTF-16"),
        (b"\0" * 64, ""),  # what a crash, or copytruncate, leaves at the beginning of a log
        (b"\0\0\0\0Nov 21 17:35:45 mx1", ""),
        (b"\xef\xbb\xbfNov 21 17:35:45 mx1", ""),
        ("Nov 21 17:35:45 mx1 \N{LATIN SMALL LETTER U WITH DIAERESIS}".encode("latin-1"), ""),
        (b"", ""),
    ],
)
def test_only_each_second_byte_or_a_mark_tells(beginning: bytes, encoding: str) -> None:
    assert foreign_encoding(beginning) == encoding
