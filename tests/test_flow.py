"""docs/flow.md tells the truth: its log lines give its event."""

import re
from datetime import UTC, datetime
from pathlib import Path

from collectors.reading import LogReader
from schemas.codec import encode

ROOT = Path(__file__).resolve().parents[1]
FLOW = (ROOT / "docs" / "flow.md").read_text()
OFFSETS = (105, 396, 706)


def _block(language: str) -> list[str]:
    found = re.search(rf"```{language}\n(.*?)\n```", FLOW, re.DOTALL)
    assert found
    return found.group(1).splitlines()


def test_the_lines_give_the_event() -> None:
    reader = LogReader(
        "e7c92f50d42d3e79",
        name="mx1",
        format="postfix",
        host="mx1",
        zone="UTC",
        outbound_ips={"out2": "192.0.2.12"},
        networks={},
        reference=datetime(2026, 11, 22, tzinfo=UTC),
    )
    lines = _block("log")
    found = [event for line, at in zip(lines, OFFSETS, strict=True) for event in reader.read(line.encode(), at)]
    assert encode(found[-1]).decode() == _block("json")[0]


def test_every_file_it_names_is_there() -> None:
    named = set(re.findall(r"`((?:collectors|streams|schemas|dashboards)/[\w./]+)", FLOW))
    assert len(named) > 15
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
