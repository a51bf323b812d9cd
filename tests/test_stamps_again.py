"""Stamps that are like the one before: read the short way, they must say what a clock says that saw none before."""

from datetime import UTC, datetime

import pytest

from collectors.syslog import Clock, split

REFERENCE = datetime(2026, 11, 28, tzinfo=UTC)
FIRST = "2026-11-21T14:02:04.508080+00:00 mx1 postfix/qmgr[18310]: E2AE29B5D11: removed"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T14:02:04.999999+00:00 mx1 postfix/out2/smtp[915]: E2AE29B5D11: to=<a@example.net>",
        "2026-11-21T14:02:04.5+00:00 mx1 postfix/qmgr[18310]: a fraction of another length",
        "2026-11-21T14:02:04.508080+01:00 mx1 postfix/qmgr[18310]: another zone",
        "2026-11-21T14:02:04.508080Z mx1 postfix/qmgr[18310]: the same zone in another spelling",
        "2026-11-21T14:02:04,508081+00:00 mx1 postfix/qmgr[18310]: a comma",
        "2026-11-21T14:02:04+00:00 mx1 postfix/qmgr[18310]: no fraction",
        "2026-11-21T14:02:05.000001+00:00 mx1 postfix/qmgr[18310]: the next second",
        "2026-11-21T14:02:04.508080+00:00 mx1 kernel: no process",
        "2026-11-21T14:02:04.508080+00:00 mx1 two words: no program",
        "2026-11-21T14:02:04.508080+00:00 mx1",
        f"2026-11-21T14:02:04.508080+00:00 mx1 {'x' * 70}[1]: a long name",
    ],
)
def test_a_stamp_after_one_alike_says_the_same(text: str) -> None:
    clock = Clock(REFERENCE, "UTC")
    first = split(FIRST, clock)
    assert (first.at, first.program, first.pid) == (1_795_269_724_508_080, "postfix/qmgr", "18310")
    assert split(text, clock) == split(text, Clock(REFERENCE, "UTC"))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T14:02:04.50808x+00:00 mx1 a: no number",
        "2026-11-21T14:02:04.508080+00:0 mx1 a: half a zone",
        "2026-11-21T14:02:04.508080",
        "2026-11-21T14:02:04",
        "2026-11-21T14:02:04.",
    ],
)
def test_what_only_begins_alike_is_read_as_ever(text: str) -> None:
    results = []
    for before in ([FIRST], []):
        clock = Clock(REFERENCE, "UTC")
        for line in before:
            split(line, clock)
        try:
            results.append(str(split(text, clock)))
        except ValueError as error:
            results.append(str(error))
    assert results[0] == results[1]
    assert "no time" in results[0] or text[:19] == FIRST[:19]
