"""Lines in what Docker, Compose and Kubernetes wrap around them: each format reads them as it reads the bare ones."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collectors.reading import log_formats
from collectors.wrapped import stamped_twice, unwrapped
from tests.golden import GOLDEN, log

TABLES = {"powermta", "exchange_tracking", "exchange_imap_pop", "exchange_smtp"}
"""Files that a program writes for itself: none of them is a container's output."""

STAMP = "2026-11-29T02:30:05.123456789Z "
WRAPPED: dict[str, Callable[[str], str]] = {
    "json-file": lambda line: json.dumps(
        {"log": f"{line}\n", "stream": "stdout", "time": STAMP.strip()}, ensure_ascii=False, separators=(",", ":")
    ),
    "with attributes": lambda line: json.dumps({"log": f"{line}\n", "attrs": {"tag": "x"}}, separators=(",", ":")),
    "compose": lambda line: f"postfix-mailcow-1  | {line}",
    "in colour": lambda line: f"\x1b[36mpostfix-mailcow-1  | \x1b[0m{line}",
    "with stamps": lambda line: f"mailserver  | {STAMP}{line}",
}
STAMPS: dict[str, Callable[[str], str]] = {
    "docker logs -t": lambda line: f"{STAMP}{line}",
    "kubernetes": lambda line: f"{STAMP[:-2]}+01:00 stdout F {line}",
}


def blocks(name: str) -> Iterator[list[str]]:
    (path,) = (path for kind in ("mta", "logins") for path in (GOLDEN / kind).glob(f"{name}.txt"))
    for block in Path(path).read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("# ")]
        if not any(map(stamped_twice, lines)):  # wrapped already
            yield lines


def differences(name: str, wrap: Callable[[str], str], *, events: bool) -> list[tuple[str, str, str]]:
    """Return the lines of which a wrapped one gives something else than the bare one, or only those with events."""
    found = []
    for block in blocks(name):
        bare, wrapped = log(name), log(name)
        told = [(line, bare(line), wrapped(wrap(line))) for line in block]
        found += [one for one in told if one[1] != one[2] and (one[1].startswith("{") or not events)]
    return found


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_every_format_reads_wrapped_lines_as_bare_ones(wrap: Callable[[str], str]) -> None:
    assert {name: differences(name, wrap, events=False) for name in log_formats() if name not in TABLES} == {
        name: [] for name in log_formats() if name not in TABLES
    }


@pytest.mark.parametrize("wrap", STAMPS.values(), ids=STAMPS)
def test_every_format_reads_lines_behind_a_container_s_stamp(wrap: Callable[[str], str]) -> None:
    names = set(log_formats()) - TABLES
    assert {name: found for name in names if (found := differences(name, wrap, events=True))} == {}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Nov 21 17:35:45 mx1 postfix/qmgr[1]: CA55E21AD1D: removed",
        "2026-11-29T02:30:05.123456+01:00 mx1 postfix/qmgr[1]: CA55E21AD1D: removed",
        "2026-11-26 17:49:30 1xUpDL-0008Gr-0a ** a@b.example: all relays failed | x | y",
        '{"type":"Delivery","log":"x | y"}',
        # Attacks: a name too long for one, JSON cut off, too deep, or without the text.
        f"{'a' * 101} | x",
        '{"log":"x',
        '{"log":' + "[" * 5000,
        '{"log":"x","log":5}',
    ],
)
def test_a_bare_line_is_left_as_it_is(line: str) -> None:
    assert unwrapped(line) is line


def test_what_a_stranger_writes_into_a_bare_line_is_not_unwrapped() -> None:
    """Stamps of nine digits are a syslog daemon's own: a line of another program begins no wrapped ones."""
    told = log("postfix")
    line = f"{STAMP}mx1 postfix/qmgr[1]: CA55E21AD1D: from=<a@example.net>, size=1000, nrcpt=1 (queue active)"
    first = told(line)
    assert first.startswith('{"type":"message_submitted"')
    assert told(f"{STAMP}mx1 CRON[1]: postfix-1  | {line}") == "ignored"
    assert told(f"{STAMP}Nov 21 17:35:45 mx1 x: y") == "ignored"
    assert told(line.replace("CA55E21AD1D", "CA55E21AD1E")) == first.replace("CA55E21AD1D", "CA55E21AD1E")
