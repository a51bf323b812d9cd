"""`python -m streams.alert_mouth`: hands one message to one Apprise URL, and says what the server answered.

It is a process of its own, which is ended where a server hangs, and which never shows its URL: that comes on standard
input, and whatever of it stands in an answer is left out. Input and output are one line of JSON.
"""

import os
import re
import signal
import subprocess
import sys
import time
from urllib.parse import unquote

import msgspec

_WORDS = re.compile(r"[/:@?&=,#]+")
_LEAST = 4
_LINE_ENDS = 4
_CUT = "… more: relaywarden alert list"
_MOST = 500
_HARMLESS = {"http", "https", "mailto", "mailtos", "json", "jsons", "localhost", "from", "mode", "name", "yes", "true"}


class Order(msgspec.Struct, frozen=True):
    """A message, and where it goes; `url` is a secret."""

    url: str
    title: str
    body: str
    kind: str


class Answer(msgspec.Struct, frozen=True):
    """Whether a message was taken, and what was said, without secrets."""

    taken: bool
    words: str


_ORDER = msgspec.json.Decoder(Order)
_ANSWER = msgspec.json.Decoder(Answer)


def redacted(words: str, url: str) -> str:
    """Return an answer in one line, without what the URL holds: tokens may stand at any place of it."""
    found = {url, unquote(url)}
    for text in (url, unquote(url)):
        found.update(_WORDS.split(text.partition("://")[2]))
    for secret in sorted(found, key=len, reverse=True):
        if len(secret) >= _LEAST and secret.lower() not in _HARMLESS:
            words = re.sub(re.escape(secret), "***", words, flags=re.IGNORECASE)
    line = " ".join(words.split())
    return line if len(line) <= _MOST else f"{line[:_MOST]}…"


def fitted(body: str, most: int) -> str:
    """Return a text of at most so many characters: its first blocks and its last one, and that some are left out.

    A block that is too long by itself loses its evidence, its lines that are indented, before its link.
    """
    if len(body) <= most:
        return body
    first, *blocks = body.split("\n\n")
    last = blocks.pop() if blocks else ""
    lines = [line for line in first.split("\n") if not line.startswith("  ")]
    kept = [first] if len(first) + len(_CUT) + len(last) + 6 <= most else ["\n".join(lines)]
    for block in blocks:
        if len("\n\n".join((*kept, block, _CUT, last))) > most:
            break
        kept.append(block)
    return "\n\n".join(part for part in (*kept, _CUT, last) if part)[:most]


class Speaking:
    """One message on its way; `answer` is None until the server answered, or `seconds` are over."""

    def __init__(self, order: Order, seconds: float) -> None:
        self._url, self._seconds = order.url, seconds
        self._deadline = time.monotonic() + seconds
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streams.alert_mouth"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        pipe = self._process.stdin
        if pipe is None:
            raise OSError("the process that speaks has no input")
        try:
            pipe.write(msgspec.json.encode(order))
            pipe.close()
        except BrokenPipeError:
            pass  # it ended by itself, which `answer` tells

    def answer(self) -> Answer | None:
        """Return what became of it, None while that is not known."""
        if self._process.poll() is None:
            if time.monotonic() < self._deadline:
                return None
            self.end()
            return Answer(taken=False, words=f"no answer within {self._seconds:.0f} s")
        pipe = self._process.stdout
        told = pipe.read() if pipe is not None else b""
        self._close()
        try:
            found = _ANSWER.decode(told)
        except msgspec.DecodeError:
            return Answer(taken=False, words=f"the process that speaks ended with status {self._process.returncode}")
        return Answer(taken=found.taken, words=redacted(found.words, self._url))

    def wait(self) -> Answer:
        """Return what became of it, once that is known."""
        while (answer := self.answer()) is None:
            time.sleep(0.05)
        return answer

    def end(self) -> None:
        """End it, wherever it stands."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._close()

    def _close(self) -> None:
        if self._process.stdout is not None:
            self._process.stdout.close()


def say(order: Order) -> Answer:
    """Hand a message over. Of what Apprise writes into its log, the answer has all from warnings on."""
    import logging  # noqa: PLC0415 this process alone needs these

    import apprise  # noqa: PLC0415 it loads some hundred services

    service = apprise.Apprise()
    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as log:  # type: ignore[no-untyped-call]
        if not service.add(order.url):
            return Answer(taken=False, words="the URL is none that Apprise knows")
        most = min(each.body_maxlen for each in service) - (
            0 if all(each.title_maxlen for each in service) else len(order.title) + _LINE_ENDS
        )
        taken = service.notify(
            title=order.title, body=fitted(order.body, most), notify_type=order.kind,
            body_format=apprise.NotifyFormat.TEXT,
        )  # fmt: skip
        said = log.getvalue()
    words = "; ".join(line.strip() for line in said.splitlines() if line.strip())
    return Answer(taken=bool(taken), words=words or ("taken" if taken else "not taken, and nothing was said"))


def main() -> None:
    """Read an order, and write the answer."""
    order = _ORDER.decode(sys.stdin.buffer.read())
    answer = say(order)
    sys.stdout.buffer.write(msgspec.json.encode(Answer(answer.taken, redacted(answer.words, order.url))))


if __name__ == "__main__":
    main()
