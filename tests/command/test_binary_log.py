"""A log with binary lines through the real collector: each line is accounted for, the unreadable ones in ClickHouse."""

import json
import random
import time
from pathlib import Path

import pytest

from tests.command.shell import run
from tests.whole.lab import Lab, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
HEAD = time.strftime("%Y-%m-%dT00:{0:02}:{1:02}+00:00 mx1 ")  # ClickHouse forgets what is months old
GOOD = HEAD + "postfix/qmgr[12]: {2:X}: from=<a{2}@example.net>, size=9, nrcpt=1 (queue active)"


def _line(number: int, rng: random.Random) -> bytes:
    """Return one of eight sorts of lines: two of them good, four of them damaged or binary."""
    place = (number // 60 % 60, number % 60, 1_000_000 + number)
    good = GOOD.format(*place).encode()
    sorts = (
        (HEAD + "sshd[7]: session opened").format(*place).encode(),
        (HEAD + "postfix/qmgr[12]: {2:X}: removed").format(*place[:2], place[2] - 2).encode(),
        rng.randbytes(40).replace(b"\n", b""),
        b"\x00" * 12,
        good.replace(b"@", b"\xff\xfe\x00@"),
        b"",
        good,
        good,
    )
    return sorts[number % len(sorts)]


def test_every_line_of_a_binary_log_is_accounted_for(tmp_path: Path) -> None:
    rng = random.Random(2)
    lines = [_line(number, rng) for number in range(4000)]
    log = tmp_path / "mail.log"
    log.write_bytes(b"".join(line + b"\n" for line in lines))
    told = run("parse", "postfix", log, "--json")
    counts = json.loads(told.stderr)
    assert counts["lines"] == len(lines)
    assert counts["events"]["message_submitted"] >= 1000
    assert counts["ignored"] >= 1000
    assert counts["dead_letters"] >= 1000

    folder = tmp_path / "lab"
    folder.mkdir()
    with Lab(folder, {"mta": {"mx1": {"format": "postfix", "log": str(log)}}}) as lab:
        lab.run("sink")
        lab.run("collect")
        dead = "SELECT uniqExact(id) FROM dead_letters"
        stored = "SELECT countIf(type != 'source_opened') FROM mail_events FINAL"
        total = sum(counts["events"].values())
        until(lambda: (lab.value(stored), lab.value(dead)) == (total, counts["dead_letters"]), 90, "all is stored")
        assert counts["lines"] == total + counts["absorbed"] + counts["ignored"] + counts["dead_letters"]
        assert (
            lab.value("SELECT countIf(reason = '' OR place NOT LIKE 'mx1/%' OR name != 'mx1') FROM dead_letters") == 0
        )
        offsets = {int(place.partition("/")[2]) for (place,) in lab.rows("SELECT DISTINCT place FROM dead_letters")}
        begins = {sum(len(line) + 1 for line in lines[:number]): line for number, line in enumerate(lines[:200])}
        for offset in sorted(offsets)[:20]:
            assert begins[offset][:2] != b"20", "the place is that of the line that could not be read"
        assert lab.alive("collect")
        for name in ("collect", "sink"):
            assert lab.end(name, 30) == 0, lab.log(name)
        assert "Traceback" not in lab.log("collect") + lab.log("sink")
