"""The golden files: real inputs, each under what is expected of it.

`python -m tests.golden --update` rewrites what is expected: then read the diff. To add a kind of files whose inputs are
lines, add its function to `KINDS`: given a module's name it begins a block (blocks are parted by blank lines), and
returns what tells of each line of that block what is expected.
"""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import msgspec

from collectors import bounces, complaints, feedback
from collectors.reading import LogReader
from schemas.codec import encode
from schemas.events import DeadLetter, Event
from schemas.mailbox_hooks import CustomerMailHook
from schemas.pool_hooks import Hooks
from schemas.reasons import classify
from schemas.sunset_events import ClientUse
from streams import hooks
from streams.hooks import ActiveSet, Effect
from streams.letters.programs import recognised
from streams.notice_files import texts
from streams.notices.examples import examples
from streams.notices.letter import letter
from streams.notices.rendering import Renderer
from streams.replies.table import Found, built_in
from tests import customer_zones, mailed_reports, sunset_letters
from tests.patterns import worst

NOTICES = CustomerMailHook(
    sender="abuse@isp.example",
    reply_to="help@isp.example",
    company="Example ISP",
    support="+41 44 000 00 00, help@isp.example",
    website="https://isp.example/help",
    timezone="Europe/Zurich",
)
GOLDEN = Path(__file__).parent / "golden"
MARK = "# expect: "
Expectation = Callable[[str], str]


def log(name: str) -> Expectation:
    """Begin a log of its own: what its lines give, without the ids, which the tests of `LogReader` look at."""
    reader = LogReader(
        "0123456789abcdef",
        name=name,
        format=name,
        host="",
        zone="Europe/Berlin",
        outbound_ips={"relay1": "192.0.2.1", "relay2": "2001:db8::2", "postfix-out3": "192.0.2.3"},
        networks={"198.51.100.0/24": "customer 7", "198.51.100.128/25": "customer 8"},
        reference=datetime(2026, 11, 30, tzinfo=UTC),
    )

    def expected(line: str) -> str:
        absorbed = reader.counts.absorbed
        events = reader.read(line.encode() + b"\n", 0)
        if not events:
            return "absorbed" if reader.counts.absorbed > absorbed else "ignored"
        return " ".join(map(_shown, events))

    return expected


def _shown(event: Event) -> str:
    if isinstance(event, DeadLetter):
        return f"dead letter: {event.reason}"
    shown = msgspec.json.decode(encode(event), type=dict[str, object])
    return msgspec.json.encode({key: value for key, value in shown.items() if key != "id"}).decode()


def rule(name: str) -> Expectation:
    """Return what tells of each pattern how strong a detector's evidence was, and what all detectors made of it."""
    return partial(worst, name)


class HookCase(msgspec.Struct, frozen=True):
    """One line of a pool hook's golden file: a whole active set, and the settings that are not the defaults."""

    active: ActiveSet
    settings: dict[str, object] = {}

    def effects(self, name: str) -> tuple[Effect, ...]:
        """Return what the hook called `name` makes of it. ValueError where it cannot express the set."""
        chosen = hooks.configured(Hooks.model_validate({name: self.settings}))
        return hooks.load(name)(self.active, chosen[name])


def hook(name: str) -> Expectation:
    """Return what tells of each set which effects bring an MTA to it."""

    def expected(line: str) -> str:
        try:
            return msgspec.json.encode(msgspec.json.decode(line, type=HookCase).effects(name)).decode()
        except ValueError as error:
            return f"ValueError: {error}"

    return expected


def reply(_: str) -> Expectation:
    """Return what tells of each reply what it is about, which list it names, and which row of the table knows it."""

    def expected(line: str) -> str:
        shown: Found = built_in().find("", line)
        told = {"kind": shown.kind, "named": shown.named, "pattern": shown.pattern, "text": shown.text}
        return msgspec.json.encode({key: value for key, value in told.items() if value}).decode()

    return expected


def reason(_: str) -> Expectation:
    """Return what tells of each reply why it was refused, and whether that is permanent."""

    def expected(line: str) -> str:
        return msgspec.json.encode(classify(line)._asdict()).decode()

    return expected


def program(_: str) -> Expectation:
    """Return what tells of each client which programs it may be."""

    def expected(line: str) -> str:
        return " ".join(recognised(msgspec.json.decode(line, type=ClientUse)))

    return expected


KINDS: dict[str, Callable[[str], Expectation]] = {
    "mta": log,
    "logins": log,
    "detectors": rule,
    "hooks": hook,
    "reasons": reason,
    "replies": reply,
    "programs": program,
}


def renewed(text: str, begin: Callable[[], Expectation]) -> str:
    """Return a golden file's text with what is expected now above each line of input."""

    def lines() -> Iterator[str]:
        expected = begin()
        for line in text.splitlines():
            if not line:
                expected = begin()
            elif line.startswith(MARK):
                continue
            elif not line.startswith("# "):  # Exchange's logs have lines that begin with "#Fields:"
                yield MARK + expected(line)
            yield line

    return "\n".join(lines()) + "\n"


def complaint(mail: Path) -> str:
    """Return what is expected of a mail: the event, `null` where it is none, or the reason why it cannot be read."""
    try:
        event = complaints.load(mail.parent.name)(mail.read_bytes())
    except ValueError as error:
        return f'{{"error": {msgspec.json.encode(str(error)).decode()}}}\n'
    return msgspec.json.format(encode(event) if event else b"null").decode() + "\n"


def report(file: Path) -> str:
    """Return what is expected of a report: a line each event, or the reason why it cannot be read."""
    try:
        events = feedback.parse(file.parent.name, file.read_bytes())
    except ValueError as error:
        return f'{{"error": {msgspec.json.encode(str(error)).decode()}}}\n'
    return "".join(encode(event).decode() + "\n" for event in events)


def bounce(mail: Path) -> str:
    """Return what is expected of a mail by its family of bounces: a line each event, or why it cannot be read."""
    try:
        events = bounces.load(mail.parent.name)(mail.read_bytes())
    except ValueError as error:
        return f'{{"error": {msgspec.json.encode(str(error)).decode()}}}\n'
    return "".join(encode(event).decode() + "\n" for event in events)


def notices() -> Iterator[tuple[Path, str]]:
    """Give the mail of each example of a notice as it is read: its headers, its text, its HTML."""
    renderer = Renderer(texts(None), NOTICES)
    for notice in examples():
        mail = letter(notice, renderer.words(notice), NOTICES, notice.since)
        head = "".join(f"{name}: {value}\n" for name, value in mail.items())
        parts = [part.get_content() for part in mail.iter_parts() if isinstance(part, EmailMessage)]
        yield GOLDEN / "notices" / f"{notice.language}-{notice.template}.eml", "\n".join((head, *parts))


def files() -> Iterator[tuple[Path, str]]:
    """Give every golden file that holds expectations, with what it should hold."""
    for kind, function in KINDS.items():
        for path in sorted((GOLDEN / kind).glob("*.txt")):
            name = path.stem
            yield path, renewed(path.read_text(encoding="utf-8"), partial(function, name))
    for mail in sorted((GOLDEN / "complaints").glob("*/*.eml")):
        yield mail.with_suffix(".json"), complaint(mail)
    for file in sorted((GOLDEN / "feedback").glob("*/*")):
        if file.suffix != ".expected":
            yield file.with_name(f"{file.name}.expected"), report(file)
    for mail in sorted((GOLDEN / "bounces").glob("*/*.eml")):
        yield mail.with_suffix(".expected"), bounce(mail)
    yield from notices()
    yield from sunset_letters.golden(GOLDEN / "letters")
    yield from mailed_reports.golden(GOLDEN / "reports")
    yield from customer_zones.expected()


def main() -> int:
    """Rewrite the files, or name those that are out of date; the exit status tells whether there were any."""
    stale = [(path, text) for path, text in files() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path, text in stale:
        sys.stdout.write(f"{path.relative_to(GOLDEN)}\n")
        if "--update" in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
    return 0 if "--update" in sys.argv[1:] or not stale else 1


if __name__ == "__main__":
    sys.exit(main())
