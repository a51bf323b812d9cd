"""Every parser there is, with its golden inputs, and what a stranger could make of these: for tests and `bench.fuzz`.

A parser may answer with events, with nothing, or with ValueError; anything else is a fault. Logs go through
`LogReader`, so that the join, and a format's fold, meet the same lines.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from random import Random
from types import TracebackType
from typing import NamedTuple

from collectors import documents, logins, mta
from collectors.reading import LogReader
from schemas.codec import decode, encode
from schemas.events import DeadLetter, Event

GOLDEN = Path(__file__).parent / "golden"
REFERENCE = datetime(2026, 11, 30, tzinfo=UTC)
Take = Callable[[bytes], str]
_PARTS = re.compile(rb"[A-Za-z0-9_@.+-]+|.", re.DOTALL)
_LARGEST = 100_000
_HOSTILE = (
    *(
        b"",
        b"\0",
        b"\xff",
        b"\xc3\x28",
        b"\r\n",
        b"\\",
        b'"',
        b"<",
        b">",
        b"[",
        b"]",
        b"{",
        b"}",
        b"(",
        b")",
        b"=",
        b",",
    ),
    *(b";", b":", b": ", b"|", b"!", b"%", b"#012", b"<>", b"[]", b"[[", b"<<", b'""', b"=?", b"?=", b"&#0;", b"]]>"),
    *(b"0", b"-1", b"1e999", b"nan", b"9" * 20, b"9" * 5000, b"99999999999999999", b"2147483648", b"-0.0", b"1.2.3"),
    *(
        "\u0663\u0664".encode(),
        "\u00b2".encode(),
        "\u2028".encode(),
        "\ufeff".encode(),
        "\u0130".encode(),
        b"\xed\xa0\x80",
    ),
    *(b"unknown", b"none", b"null", b"true", b"NOQUEUE", b"removed", b"reject: ", b"status=sent", b"user=<", b"rip="),
    *(b"192.0.2.1", b"::ffff:192.0.2.1", b"2001:db8::1%eth0", b"256.1.1.1", b"[IPv6:::]", b"127.0.0.1", b"0.0.0.0"),
    *(b"Feb 29 23:59:60", b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59.999999999+14:00", b"2026-03-29T02:30:00"),
    *(
        b'"a>, to=<b"@example.net',
        b"a@example.net",
        b"@",
        b"from=<",
        b"to=<",
        b" helo=<",
        b"sasl_username=<v@example.net>",
    ),
    *(b"Content-Type: multipart/mixed; boundary=x\n\n--x\n", b"--", b"=\n", b"<!ENTITY a '&a;'>", b"[" * 3000, b"\n\n"),
)


class Target(NamedTuple):
    """A parser: its golden inputs in parts, and how to begin taking inputs, each a line or (`lines` false) a file."""

    name: str
    samples: tuple[tuple[bytes, ...], ...]
    begin: Callable[[], Take]
    lines: bool


@lru_cache(maxsize=1)
def targets() -> dict[str, Target]:
    """Return all parsers of all registries by name."""
    logs = [(kind, name) for kind, registry in (("mta", mta), ("logins", logins)) for name in registry.names()]
    found = {name: Target(name, _lines(kind, name), partial(_log, name), lines=True) for kind, name in logs}
    for kind in documents.KINDS:
        folder = GOLDEN / kind.registry.__name__.rpartition(".")[2]
        for name in kind.names():
            parse = partial(kind.parse, name)
            of = "*" if name == kind.gathers else name
            found[name] = Target(name, _files(folder, of), partial(_document, parse), lines=False)
    whole = tuple(sample for target in found.values() if not target.lines for sample in target.samples)
    parse = partial(documents.parse, documents.ANY)
    return found | {documents.ANY: Target(documents.ANY, whole, partial(_document, parse), lines=False)}


def _lines(kind: str, name: str) -> tuple[tuple[bytes, ...], ...]:
    file = GOLDEN / kind / f"{name}.txt"
    lines = file.read_bytes().splitlines() if file.exists() else []
    return tuple(parts_of(line) for line in lines if line and not line.startswith((b"# ", b"#\n")))


def _files(folder: Path, name: str) -> tuple[tuple[bytes, ...], ...]:
    files = sorted(path for path in folder.glob(f"{name}/*") if path.suffix != ".expected")
    inputs = [path for path in files if path.suffix != ".json" or not path.with_suffix(".eml").exists()]
    return tuple(parts_of(path.read_bytes()) for path in inputs)


def parts_of(text: bytes) -> tuple[bytes, ...]:
    """Return the words of a text, and what stands between them."""
    return tuple(_PARTS.findall(text))


def _log(name: str) -> Take:
    reader = LogReader(
        "0123456789abcdef",
        name=name,
        format=name,
        host="",
        zone="Europe/Berlin",
        outbound_ips={"relay1": "192.0.2.1"},
        networks={"198.51.100.0/24": "customer 7"},
        reference=REFERENCE,
    )
    offset = 0

    def take(line: bytes) -> str:
        nonlocal offset
        absorbed = reader.counts.absorbed
        events = reader.read(line, offset)
        offset += len(line) + 1
        counts = reader.counts
        if counts.lines != (
            sum(counts.events.values()) - counts.further + counts.absorbed + counts.ignored + counts.dead_letters
        ):
            raise AssertionError(f"a line is counted twice or not at all: {counts}")
        _whole(events)
        if not events:
            return "absorbed" if counts.absorbed > absorbed else "ignored"
        return "unreadable" if isinstance(events[0], DeadLetter) else "events"

    return take


def _document(parse: Callable[[bytes], tuple[Event, ...]]) -> Take:
    def take(content: bytes) -> str:
        try:
            events = parse(content)
        except ValueError:
            return "unreadable"
        _whole(events)
        return "events" if events else "ignored"

    return take


def _whole(events: list[Event] | tuple[Event, ...]) -> None:
    """AssertionError where an event does not survive the codec, or would share its id with another."""
    for event in events:
        if decode(encode(event)) != event:
            raise AssertionError(f"the codec changes {event}")
    if len({event.id for event in events}) != len(events):
        raise AssertionError(f"events of one id: {events}")


def mutated(chance: Random, target: Target) -> bytes:
    """Return a golden input that was changed."""
    return changed(chance, target, chance.choice(target.samples))


def changed(chance: Random, target: Target, whole: tuple[bytes, ...]) -> bytes:
    """Return an input of these parts, changed in one to six places: parts dropped, repeated, shuffled, forged, cut."""
    parts = list(whole)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 6))):
        at = chance.randrange(len(parts) + 1)
        until = min(len(parts), at + chance.choice((1, 1, 2, 5, 20)))
        parts[at:until] = chance.choice(_CHANGES)(chance, target, parts[at:until])
    return b"".join(parts)[:_LARGEST]


def changed_by(seed: int, target: Target, content: bytes) -> bytes:
    """Return an input changed as the seed says."""
    return changed(Random(seed), target, parts_of(content))


def _repeated(chance: Random, _: Target, part: list[bytes]) -> list[bytes]:
    return part * chance.choice((2, 3, 20, 300))


def _forged(chance: Random, _: Target, part: list[bytes]) -> list[bytes]:
    return [chance.choice(_HOSTILE), *(part if chance.random() < 0.5 else ())]


def _borrowed(chance: Random, target: Target, part: list[bytes]) -> list[bytes]:
    """Put a piece of another input there, mostly of the same parser's."""
    others = target if chance.random() < 0.9 else chance.choice([one for one in targets().values() if one.samples])
    other = chance.choice(others.samples)
    at = chance.randrange(len(other) + 1)
    return [*other[at : at + chance.choice((1, 3, 10, 100))], *(part if chance.random() < 0.5 else ())]


def _damaged(chance: Random, _: Target, part: list[bytes]) -> list[bytes]:
    text = bytearray(b"".join(part))
    for _again in range(min(len(text), chance.choice((1, 1, 4)))):
        text[chance.randrange(len(text))] = chance.randrange(256)
    return [bytes(text)]


def _shuffled(chance: Random, _: Target, part: list[bytes]) -> list[bytes]:
    return chance.sample(part, len(part))


def _dropped(_: Random, __: Target, ___: list[bytes]) -> list[bytes]:
    return []


_CHANGES = (_repeated, _forged, _forged, _borrowed, _damaged, _shuffled, _dropped)


def outcomes(target: Target, seed: int, inputs: int) -> Counter[str]:
    """Return what became of so many inputs. Whatever a parser raises comes with its input, as a FaultError."""
    chance, take = Random(seed), target.begin()
    told: Counter[str] = Counter()
    for _ in range(inputs):
        content = mutated(chance, target)
        with Watched(target.name, content):
            told[take(content)] += 1
    return told


class FaultError(Exception):
    """What a parser raised, and on which input."""


class Watched:
    """A parser at work on an input: whatever it raises becomes a FaultError that shows the input."""

    def __init__(self, name: str, content: bytes) -> None:
        self._name, self._content = name, content

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Tell the input of what was raised."""
        if isinstance(error, Exception):
            raise FaultError(f"{self._name}: {type(error).__name__}: {error}, on {self._content!r}") from error


class Growth(NamedTuple):
    """A golden input, and what is repeated in place of one of its parts."""

    parts: tuple[bytes, ...]
    at: int
    filler: bytes

    def to(self, size: int) -> bytes:
        """Return the input with the part grown to `size` bytes."""
        repeated = (self.filler * (size // len(self.filler) + 1))[:size]
        return b"".join((*self.parts[: self.at], repeated, *self.parts[self.at + 1 :]))

    def __str__(self) -> str:
        return f"{self.filler[:60]!r} at part {self.at} of {b''.join(self.parts)[:300]!r}"


def growths(target: Target) -> Iterator[Growth]:
    """Give each part of the golden inputs with what is repeated there: it, it and the next ones, and a letter.

    Of inputs of one shape only the first is grown.
    """
    shapes = {re.sub(rb"[A-Za-z0-9]+", b"w", b"".join(parts)): parts for parts in reversed(target.samples)}
    for parts in shapes.values():
        for at in range(len(parts)):
            yield from (Growth(parts, at, filler) for filler in sorted({*_repeatable(parts, at), b"a"}))


def _repeatable(parts: tuple[bytes, ...], at: int) -> Iterator[bytes]:
    return (b"".join(parts[at : at + length]) for length in (1, 2, 6))
