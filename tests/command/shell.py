"""The command as a shell runs it, and what every refusal of it must be."""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path
from unittest.mock import patch

import relaywarden

ROOT = Path(__file__).resolve().parents[2]
PLAIN = {"NO_COLOR": "1", "PYTHONUTF8": "1"}
Done = subprocess.CompletedProcess[str]


def run(*words: object, env: Mapping[str, str] | None = None, given: bytes = b"") -> Done:
    """Run a command in this process, which spares it the start."""
    line = ["relaywarden", *map(str, words)]
    given_in, out, err = (TextIOWrapper(BytesIO(part), "utf-8", "replace") for part in (given, b"", b""))
    status = 0
    with (
        patch.object(sys, "argv", line),
        patch.object(sys, "stdin", given_in),
        patch.dict(os.environ, {**PLAIN, **(env or {})}),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            relaywarden.main()
        except SystemExit as ended:
            status = int(ended.code or 0)
    return Done(line, status, *(_text(stream) for stream in (out, err)))


def _text(stream: TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def run_process(*words: object, env: Mapping[str, str] | None = None) -> Done:
    """Run a command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "relaywarden", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **PLAIN, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def refusal(done: Done) -> str:
    """Return the one line on standard error of a command that ended with status 2."""
    assert done.returncode == 2, done
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("relaywarden: ")
    assert "Traceback" not in done.stdout
    return lines[0].removeprefix("relaywarden: ")
