"""A decision made again from its stored inputs: what `relaywarden replay --decision` says, asked of the command itself.

The pages import nothing of what decides. The command writes nothing.
"""

import os
import subprocess
import sys
import threading
from typing import Literal

import msgspec

_SECONDS = 120.0
_AT_ONCE = threading.Semaphore(1)  # it takes a core: the pages of all others go on


class Difference(msgspec.Struct, frozen=True):
    """A field of the decision as it was and as it comes out, "" where it is not there."""

    field: str
    then: str
    now: str


class Input(msgspec.Struct, frozen=True):
    """How many events of a type were read, and the times of the first and the last of them (µs)."""

    type: str
    count: int
    first: int
    last: int


class Again(msgspec.Struct, frozen=True):
    """What the replay came to."""

    outcome: Literal["same", "differs", "not decided"]
    differences: tuple[Difference, ...] = ()
    inputs: tuple[Input, ...] = ()
    since: int = 0
    cut: bool = False
    reasons: tuple[str, ...] = ()


_AGAIN = msgspec.json.Decoder(Again)


def again(config: str, identity: str) -> Again:
    """Make a decision again. ValueError with the command's own words where it cannot be."""
    line = [sys.executable, "-m", "relaywarden", "replay", "--json", f"--config={config}", f"--decision={identity}"]
    with _AT_ONCE:
        try:
            done = subprocess.run(
                line, capture_output=True, timeout=_SECONDS, check=False, env={**os.environ, "COLUMNS": "500"}
            )
        except subprocess.TimeoutExpired as error:
            raise ValueError(f"the replay took longer than {_SECONDS:.0f} s") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ValueError(said[-1].removeprefix("relaywarden: ") if said else f"status {done.returncode}")
    return _AGAIN.decode(done.stdout)
