"""docs/formats.md, made of what the formats' modules say of themselves and of their golden files.

`python -m tests.formats_page --update` writes it; without, the exit status tells whether it is out of date.
"""

import inspect
import re
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from textwrap import fill
from types import ModuleType
from typing import NamedTuple

from collectors import documents, logins, mta

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "formats.md"
GOLDEN = ROOT / "tests" / "golden"
_EXPECTED = "# expect: "
_MANUAL = re.compile(r"^(?:Manual|Format)s?: (.+)$", re.MULTILINE)
_IGNORED = re.compile(r" ?Ignored by decision: (.+?\.)(?= [A-Z]|$)", re.MULTILINE)
_WIDTH = 118
_INTRO = """# Formats

Made from the code by `make golden`: what each format's module says of itself, and how many lines its golden file holds.

`relaywarden parse FORMAT FILE` reads a file, plain, gz, xz, zst or bz2, and writes its events as JSON lines; no server
is needed. `relaywarden parse auto FILE` tells the format by the content: of a log, by what each format makes of its
first 5,000 lines (2 MB at most), of a mail or report, by what it holds. A log that several programs write to is read by
the formats of all that this sample shows, each line by the one that knows it. Where 500 lines on end are of none of
these, or 4,000 apart from each other (more, the longer nothing is found), it is looked at again, and once more at the
end: a program whose lines begin there is read from its first line on, if not more than 8 MB of unknown lines lie
between. What no format knows is an error.

What goes through syslog is read as rsyslog, syslog-ng and postlogd write it, and as `journalctl` shows it with
`-o short` (its default), `short-precise`, `short-iso` or `short-iso-precise`; its other forms are not read. Facility
and level, which FreeBSD's `syslogd -v`, AIX and Solaris add, are passed over. A log in UTF-16 is an error.

Where a line comes again and again, a syslog daemon may write that instead: rsyslog `message repeated 9 times: [ … ]`
(the default of Ubuntu), others `last message repeated 9 times`, syslog-ng (`suppress()`) something like it. Of logins
that is one event with so many `attempts`, of all else so many events, up to 1,000 a line. Which line came again is
looked for among the last 16 of the log: one that is not there, and more than 1,000, is a dead letter.

Around any line may stand what containers wrap around it: Docker's json-file (`{"log":"…","stream":…}`), the prefix
`postfix-mailcow-1  | ` of `docker compose logs` (with or without colours and `--timestamps`), the stamp of
`docker logs -t`, Kubernetes' `… stdout F …`. The line needs its own time, as those of mailcow and
docker-mailserver have. A line that Docker cut at 16 KB is read as far as it goes. Of Haraka and qmail, whose lines
may stand behind a stamp of others, that of `docker logs -t` is taken for one of these, and what follows for a host.

Each line is an event, absorbed by the join (it only tells something of a message), ignored by decision, or a dead
letter with its reason. A golden line is a real one, or copied from the program's source, with other names; in an attack
a stranger's text imitates what the program writes.
"""


class Section(NamedTuple):
    """A kind of formats: its title, its registry, and the table and key of a format in relaywarden.toml."""

    title: str
    registry: ModuleType
    table: str
    key: str


class Told(NamedTuple):
    """What a module says: what it reads, of which versions; where that is documented; how; what it ignores."""

    what: str
    manual: str
    read: str
    ignored: str


SECTIONS = (
    Section("Logs of MTAs and spam filters", mta, "mta.mx1", 'log = "/path/to/the/log"'),
    Section("Logs of logins", logins, "logins.imap1", 'log = "/path/to/the/log"'),
    *(
        Section(f"Mails and files: {kind.what}s", kind.registry, "complaints.abuse", 'maildir = "/var/mail/abuse"')
        for kind in documents.KINDS
    ),
)
_GATHERS = "Each of the others is tried, and the one is taken that reads the mail."


def snippet(section: Section, name: str) -> str:
    """Return the lines of relaywarden.toml that read a format."""
    return f'[{section.table}]\nformat = "{name}"\n{section.key}\n'


def told(docstring: str) -> Told:
    """Return what a module's docstring says, each part as one paragraph."""
    what, _, rest = inspect.cleandoc(docstring).partition("\n\n")
    manual = _MANUAL.search(rest)
    rest = _MANUAL.sub("", rest, count=1)
    text = "\n".join(" ".join(part.split()) for part in rest.split("\n\n") if part.strip())
    ignored = _IGNORED.search(text)
    read = " ".join(_IGNORED.sub("", text).split())
    return Told(" ".join(what.split()), manual[1] if manual else "", read, ignored[1] if ignored else "")


def _golden(kind: str, name: str) -> str:
    """Return how many golden lines, or files, a format has, and what becomes of them."""
    path = GOLDEN / kind / f"{name}.txt"
    if path.exists():
        text = path.read_text(encoding="utf-8")
        lines = [line.removeprefix(_EXPECTED) for line in text.splitlines() if line.startswith(_EXPECTED)]
        sorts = Counter("events" if line[:1] in "{[" else line.partition(":")[0] for line in lines)
        sorts["attacks"] = text.count("\n# Attack")
        parts = [f"{sort} {count}" for sort, count in sorted(sorts.items())]
        return f"{len(lines)} lines ({', '.join(parts)}): {_link(path)}"
    folder = GOLDEN / kind / name
    if not folder.is_dir():
        return ""
    files = [file for file in folder.glob("*") if file.suffix in {".json", ".expected"}]
    texts = [file.read_text(encoding="utf-8") for file in files]
    unread = sum(text.startswith('{"error"') for text in texts)
    none = sum(text.strip() in {"", "null"} for text in texts)
    count = f"{len(files)} files ({len(files) - unread - none} read, {none} of no such format, {unread} unreadable)"
    return f"{count}: {_link(folder)}"


def _link(path: Path) -> str:
    place = path.relative_to(ROOT)
    return f"[{place}](../{place})"


def _entry(section: Section, name: str, says: Told) -> Iterator[str]:
    yield f"### {name}\n\n{fill(says.what, _WIDTH)}\n"
    points = {
        "Manual": says.manual,
        "Read": says.read,
        "Ignored by decision": says.ignored,
        "Golden": _golden(section.registry.__name__.rpartition(".")[2], name),
    }
    for point, text in points.items():
        if text:
            yield fill(
                f"- {point}: {text}", _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
            )
    yield f"\n```toml\n{snippet(section, name)}```\n"


def docstrings(section: Section) -> dict[str, str]:
    """Return what the modules of a kind say, by their formats' names."""
    package = section.registry
    folder = Path(str(package.__file__)).parent
    return {
        name: import_module(f"{package.__name__}.{name}").__doc__ or ""
        if (folder / f"{name}.py").exists()
        else _GATHERS
        for name in package.names()
    }


def page() -> str:
    """Return the text of docs/formats.md."""
    parts = [_INTRO, "| format | what |\n|---|---|"]
    entries: list[str] = []
    for section in SECTIONS:
        entries.append(f"## {section.title}\n")
        for name, docstring in docstrings(section).items():
            says = told(docstring)
            parts.append(f"| [{name}](#{name}) | {says.what.replace('|', '&#124;')} |")
            entries.extend(_entry(section, name, says))
    return "\n".join((*parts, "", *entries)).rstrip("\n") + "\n"


def main() -> int:
    """Write the page, or tell that it is out of date; the exit status tells whether it was."""
    text = page()
    if "--update" in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text
    if stale:
        sys.stdout.write("docs/formats.md is out of date; make golden writes it\n")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
