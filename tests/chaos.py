"""The tests of docs/guarantees.md, four with other chances and more kills: `python -m tests.chaos`, `make chaos`.

The seed is printed first; with it (`--seed`) a run takes the same chances again.
"""

import argparse
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

from bench.given import positive

_PROCESSES = 3  # collector, worker and sink: each is killed once at least
ROOT = Path(__file__).resolve().parents[1]
_TEST = re.compile(r"^\| .*`(tests/[\w/]+\.py::test_\w+)`", re.MULTILINE)


def proofs() -> list[str]:
    """Return the tests that the page names, each once, in its order."""
    page = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    return list(dict.fromkeys(_TEST.findall(page)))


def _kills(text: str) -> int:
    kills = positive(text)
    if kills < _PROCESSES:
        raise argparse.ArgumentTypeError(f"{text!r} is fewer than the {_PROCESSES} processes that are killed")
    return kills


def main(given: list[str]) -> int:
    """Run them; return pytest's exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument(
        "--seed", type=positive, default=secrets.randbelow(2**31) + 1, help="what the chances begin with"
    )
    parser.add_argument("--kills", type=_kills, default=50, help="how often something is killed in each of those four")
    parser.add_argument("--only", default="", help="the tests whose names match, as pytest's -k")
    wanted = parser.parse_args(given)
    print(f"--seed {wanted.seed} --kills {wanted.kills}", flush=True)  # noqa: T201 for people
    environment = {**os.environ, "RELAYWARDEN_SEED": str(wanted.seed), "RELAYWARDEN_KILLS": str(wanted.kills)}
    run = [sys.executable, "-m", "pytest", "--numprocesses", "0", "--timeout", "1800", "-rA", "-k", wanted.only]
    return subprocess.run([*run, *proofs()], cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
