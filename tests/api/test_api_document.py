"""The examples of docs/api.md, run as they stand there by a shell, and what each of them brings about."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.api.counter import Counter, restored
from tests.parts import require
from tests.whole.lab import until

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
EXAMPLES = [each for block in BLOCKS for each in re.split(r"\n(?=curl)", block.strip())]
REPORT = "From: fbl@example.org\nContent-Type: multipart/report; boundary=x\n\n--x--\n"


def _run(counter: Counter, example: str, folder: Path) -> str:
    (folder / "report.eml").write_text(REPORT)
    (folder / "xarf.json").write_text('{"xarf_version": "4.0.0", "category": "messaging"}')
    token = (counter.folder / "everything.token").read_text().strip()
    done = subprocess.run(
        ["bash", "-euc", example],
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "API": f"http://127.0.0.1:{counter.port}",
            "AUTH": f"Authorization: Bearer {token}",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, (example, done.stdout, done.stderr)
    return done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=[re.sub(r"[^a-z0-9]+", "-", each[-60:]) for each in EXAMPLES])
def test_each_example_of_the_page_works(counter: Counter, example: str, tmp_path: Path) -> None:
    require("curl", "curl")
    assert shutil.which("bash")
    if "/v1/events" in example:
        counter.publish([restored(1, "curl")])
        told = _run(counter, example, tmp_path)
        assert re.search(
            r'^id: embedded-1;\S*pool\.events:0=\d+\nevent: ip_restored\ndata: \{.*"curl-0001"', told, re.MULTILINE
        )
        return
    answer = json.loads(_run(counter, example, tmp_path))
    if "/orders" in example:
        table, who = (
            ("pool_observations", "token:everything/ada")
            if "withdraw" in example
            else ("mailbox_signals", "token:everything")
        )
        query = f"SELECT operator FROM {table} WHERE id = '{answer['id']}'"  # noqa: S608 our own id
        until(lambda: counter.rows(query) == [(who,)], 30, "the order is stored")
    elif "/complaints" in example:
        assert answer["taken"] == 1
    else:
        assert isinstance(answer["decisions"] if "decisions" in example else answer, list)


def test_the_page_shows_each_path() -> None:
    source = " ".join(EXAMPLES) + PAGE
    for path in ("pools", "pools/main/history", "ips/", "mailboxes", "cases", "delistings", "decisions", "events"):
        assert f"/v1/{path}" in source
    assert len(EXAMPLES) == 12
