"""What a command of ours says, asked of a process of its own: the pages import nothing of what decides and writes."""

import os
import subprocess
import sys
from collections.abc import Sequence


def said(words: Sequence[str], seconds: float, late: str) -> bytes:
    """Run `relaywarden WORDS` and return what it printed.

    ValueError with the command's own last line where it ends with another status than 0, and with `late` where it takes
    longer than `seconds`; it is ended then.
    """
    line = [sys.executable, "-m", "relaywarden", *words]
    try:
        done = subprocess.run(
            line, capture_output=True, timeout=seconds, check=False, env={**os.environ, "COLUMNS": "500"}
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(late) from error
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise ValueError(told[-1].removeprefix("relaywarden: ") if told else f"status {done.returncode}")
    return done.stdout
