"""Postfix's own programs for its queue, run without a shell; ids go in as arguments or on standard input."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import IO, TypeVar

from streams.effects import EffectError
from streams.queued import Envelope, Message, envelope, envelopes, listed

_BATCH = 500
_LIST_SECONDS = 300.0
_SECONDS = 120.0
_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
_SAID = re.compile(rb"postsuper: ([0-9A-Za-z]+): (?:placed on hold|released from hold|removed)")
_WORDS = 400
_Read = TypeVar("_Read")


class PostfixQueue:
    """The queue of one Postfix, that of its configuration folder, or ("") of the host's only one.

    Each method raises EffectError where a program fails, takes too long or prints what cannot be understood.
    """

    def __init__(self, config: str = "") -> None:
        self._config = ("-c", config) if config else ()

    def messages(self) -> dict[str, Message]:
        """Return the waiting messages and those on hold, by id."""
        command = ("postqueue", *self._config, "-j")
        try:
            found, said, status = self._run(command, b"", _LIST_SECONDS, listing)
        except ValueError as error:
            raise EffectError(str(error)) from error
        if status:
            raise EffectError(f"{' '.join(command)}: ended with {status}: {_ending(said)}")
        return found

    def envelopes(self, ids: Iterable[str]) -> Iterator[tuple[str, Envelope]]:
        """Yield what the queue files tell; a message that is gone by now is left out.

        postcat ends at the first that is gone, so what comes behind it is asked for again.
        """
        rest = iter(ids)
        batch: list[str] = []
        while batch := batch + list(islice(rest, _BATCH - len(batch))):
            output, _, status = self._run(("postcat", *self._config, "-eq", *batch), b"", _SECONDS, _all)
            try:
                found = envelopes(output, batch)
            except ValueError:
                yield from self._each(batch)
                batch = []
                continue
            yield from found.items()
            if not status and len(found) < len(batch):
                raise EffectError(f"postcat -eq told of {len(found)} of {len(batch)} messages")
            batch = batch[len(found) + 1 :] if status else []

    def _each(self, ids: list[str]) -> Iterator[tuple[str, Envelope]]:
        for queue_id in ids:
            output, _, _ = self._run(("postcat", *self._config, "-eq", queue_id), b"", _SECONDS, _all)
            found = envelope(output, queue_id)
            if found is not None:
                yield queue_id, found

    def hold(self, ids: tuple[str, ...]) -> frozenset[str]:
        """Put messages on hold; return those that were still waiting."""
        return self._order(("-h", "-"), ids)

    def release(self, ids: tuple[str, ...]) -> frozenset[str]:
        """Let messages that are on hold go; return those that were."""
        return self._order(("-H", "-"), ids)

    def drop(self, ids: tuple[str, ...]) -> frozenset[str]:
        """Delete messages that are on hold, never others; return those that were."""
        return self._order(("-d", "-", "hold"), ids)

    def _order(self, words: tuple[str, ...], ids: tuple[str, ...]) -> frozenset[str]:
        if not ids:
            return frozenset()
        command = ("postsuper", *self._config, *words)
        _, said, status = self._run(command, "".join(f"{queue_id}\n" for queue_id in ids).encode(), _LIST_SECONDS, _all)
        if status:
            raise EffectError(f"{' '.join(command)}: ended with {status}: {_ending(said)}")
        return frozenset(name.decode() for name in _SAID.findall(said)) & frozenset(ids)

    @staticmethod
    def _run(
        command: tuple[str, ...], given: bytes, seconds: float, read: Callable[[IO[bytes]], _Read]
    ) -> tuple[_Read, bytes, int]:
        """Return what was read of a program's answer, what it complained of and its status.

        All of it goes through files, so that no pipe can fill up.
        """
        name = command[0]
        with tempfile.TemporaryFile() as answers, tempfile.TemporaryFile() as words, tempfile.TemporaryFile() as told:
            told.write(given)
            told.seek(0)
            program = shutil.which(name, path=_PATH) or name
            try:
                process = subprocess.Popen(
                    (program, *command[1:]), stdin=told, stdout=answers, stderr=words, start_new_session=True
                )
            except OSError as error:
                raise EffectError(f"{name}: {error.strerror}") from error
            try:
                status = process.wait(timeout=seconds)
            except subprocess.TimeoutExpired as error:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise EffectError(f"{name}: took longer than {seconds:g} s and was killed") from error
            answers.seek(0)
            words.seek(0)
            return read(answers), words.read(), status


def listing(answer: IO[bytes]) -> dict[str, Message]:
    """Return the messages of `postqueue -j` by id. ValueError names a line that cannot be read."""
    return {message.queue_id: message for message in listed(answer)}


def _ending(words: bytes) -> str:
    return words[-_WORDS:].decode(errors="replace").strip()


def _all(answer: IO[bytes]) -> bytes:
    return answer.read()
