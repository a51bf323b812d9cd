"""Performs what every kind of hook may order: files in one step, programs within their time."""

import os
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

from schemas.redaction import redacted
from streams.deeds import Expect, WriteFile

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_OUTPUT_CHARACTERS = 400


class EffectError(OSError):
    """An effect could not be performed; the text says which and why."""


class HopelessError(EffectError):
    """An effect could not be performed, and could not a minute later either."""


def write(path: Path, content: str, mode: int = 0o644) -> None:
    """Replace a file in one step that survives a power cut. OSError where that is impossible."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def run(command: tuple[str, ...], timeout_seconds: float, stdin: str = "", fine: tuple[int, ...] = (0,)) -> str:
    """Run a program to its end and return its standard output. EffectError, with the end of what it wrote, if it fails.

    It is told without its arguments, and its output without what that calls a password.
    One that takes too long is killed with all its children, and failed.
    """
    try:
        return _ended(command, timeout_seconds, stdin, fine)
    except EffectError:
        raise
    except OSError as error:  # no room for what it writes, or no such program
        raise EffectError(f"{command[0]}: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in an argument, or an input that UTF-8 does not have
        raise EffectError(f"{command[0]}: cannot be run: {error}") from error


def _ended(command: tuple[str, ...], timeout_seconds: float, stdin: str, fine: tuple[int, ...]) -> str:
    shown = command[0]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as given:
        given.write(stdin.encode())
        given.seek(0)
        process = subprocess.Popen(command, stdin=given, stdout=output, stderr=errors, start_new_session=True)
        try:
            status = process.wait(timeout=timeout_seconds)
        except subprocess.TimeoutExpired as error:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise EffectError(f"{shown}: took longer than {timeout_seconds:g} s and was killed") from error
        written, said = (_read(file) for file in (output, errors))
        if status not in fine:
            raise EffectError(f"{shown}: ended with {status}: {redacted(written + said).strip()[-_OUTPUT_CHARACTERS:]}")
        return written


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def put(effect: WriteFile) -> None:
    """Write a file. EffectError says why not."""
    try:
        write(Path(effect.path), effect.content, effect.mode)
    except OSError as error:
        raise EffectError(f"{effect.path}: {error.strerror}") from error
    except ValueError as error:  # a NUL in the path, or a text that UTF-8 does not have
        raise EffectError(f"{effect.path}: {error}") from error


def pause_seconds(attempt: int) -> float:
    """Return how long to wait after the `attempt`th failure in a row: twice as long each time, up to a minute."""
    return float(min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(attempt - 1, 10)))


def held(effect: WriteFile) -> str:
    """Return in words what is wrong with a file, or "". EffectError where it cannot be read."""
    path = Path(effect.path)
    try:
        content, mode = path.read_bytes(), path.stat().st_mode & 0o7777
    except FileNotFoundError:
        return f"{effect.path} is gone"
    except OSError as error:
        raise EffectError(f"{effect.path}: {error.strerror}") from error
    if content != effect.content.encode():
        return f"{effect.path} was changed by somebody else"
    return "" if mode == effect.mode else f"{effect.path} has the mode {mode:o} instead of {effect.mode:o}"


def expected(effect: Expect) -> str:
    """Return in words that a program writes something else, or "". EffectError where it fails."""
    found = run(effect.command, effect.timeout_seconds)
    if found == effect.output:
        return ""
    lines = len(set(found.splitlines()) ^ set(effect.output.splitlines()))
    return f"{effect.command[0]}: {lines} lines are not as they should be"
