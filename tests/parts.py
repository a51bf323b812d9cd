"""What tests share: programs of Debian's packages, real data beside the project, a chunk, a line of the manual."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import pytest

from schemas import codec
from schemas.events import Event
from schemas.pool_hooks import RandmapHook

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


def seed(usual: int) -> int:
    """Return what a test's chances begin with: RELAYWARDEN_SEED where `make chaos` sets it, so that they are others."""
    return int(os.environ.get("RELAYWARDEN_SEED", usual))


def often(usual: int) -> int:
    """Return how often something is killed: RELAYWARDEN_KILLS where that is set."""
    return int(os.environ.get("RELAYWARDEN_KILLS", usual))


def absent(what: str) -> NoReturn:
    """Skip the test for want of a real part; fail it under RELAYWARDEN_REQUIRE_REAL=1, as CI sets it."""
    if os.environ.get("RELAYWARDEN_REQUIRE_REAL") == "1":
        pytest.fail(what)
    pytest.skip(what)


def require(program: str, package: str) -> str:
    """Return the path of a program; where it is absent, the line that installs it is the reason."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/lib/postfix/sbin")
    return path or absent(f"{program} is not installed: apt-get install --no-install-recommends {package}")


def require_root(why: str) -> None:
    """Let the test go on as root only."""
    if os.geteuid():
        absent(f"{why} needs root")


def require_kernel(ruleset: str) -> None:
    """Skip where the kernel or its container forbids a network namespace, or lacks what the ruleset needs.

    No package mends that, so it is a skip under RELAYWARDEN_REQUIRE_REAL, too.
    """
    tried = subprocess.run(
        ["unshare", "-n", "nft", "-f", "-"], input=ruleset, capture_output=True, text=True, check=False
    )
    if tried.returncode:
        pytest.skip(f"no nftables in a network namespace here: {tried.stderr.strip()[:200]}")


def packed(events: Iterable[Event]) -> bytes:
    """Return events as the publisher packs them: the value of one Kafka record."""
    return codec.pack(codec.encode(event) for event in events)


def randmap_line(path: str) -> str:
    """Return the manual's line of main.cf for the randmap table, with the table at `path`."""
    manual = (Path(__file__).resolve().parents[1] / "docs" / "hooks-postfix.md").read_text()
    (line,) = (line.strip() for line in manual.splitlines() if "pipemap:{randmap:{" in line)
    return line.replace(str(RandmapHook().path), path) + "\n"
