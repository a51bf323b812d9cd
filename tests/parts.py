"""What tests share: programs of Debian's packages, real data beside the project, a chunk, a line of the manual."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from schemas import codec
from schemas.events import Event
from schemas.settings import RandmapHook

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


def require(program: str, package: str) -> str:
    """Return the path of a program, or skip the test with the line that installs it.

    Under RELAYWARDEN_REQUIRE_REAL=1, as CI sets it, the test fails instead.
    """
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/lib/postfix/sbin")
    if path:
        return path
    line = f"{program} is not installed: apt-get install --no-install-recommends {package}"
    if os.environ.get("RELAYWARDEN_REQUIRE_REAL") == "1":
        pytest.fail(line)
    pytest.skip(line)


def packed(events: Iterable[Event]) -> bytes:
    """Return events as the publisher packs them: the value of one Kafka record."""
    return codec.pack(codec.encode(event) for event in events)


def randmap_line(path: str) -> str:
    """Return the manual's line of main.cf for the randmap table, with the table at `path`."""
    manual = (Path(__file__).resolve().parents[1] / "docs" / "hooks-postfix.md").read_text()
    (line,) = (line.strip() for line in manual.splitlines() if "pipemap:{randmap:{" in line)
    return line.replace(str(RandmapHook().path), path) + "\n"
