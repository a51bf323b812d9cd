"""What the commands write: a table for a person, JSON lines for a script, the progress of long work on a terminal."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

Config = Annotated[
    Path, typer.Option("--config", "-c", envvar="RELAYWARDEN_CONFIG", help="The configuration file.", show_default=True)
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON lines.")]
DEFAULT_CONFIG = Path("relaywarden.toml")
Row = Mapping[str, object]
_ENDLESS = 100_000
_WATCH_SECONDS = 0.2


def printable(text: str) -> str:
    """Return text of strangers as one line without what would steer a terminal."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def to_json(value: object) -> str:
    """Return a row, or an event, as one line of JSON."""
    return msgspec.json.encode(value).decode()


def tell(value: object, sentence: str, *, as_json: bool) -> None:
    """Write what happened, at once: for a person as a sentence, for a script as JSON."""
    typer.echo(to_json(value) if as_json else sentence)


def show(rows: Iterable[Row], empty: str, *, as_json: bool) -> None:
    """Write the rows: a table (or `empty` where there are none), or each as a line of JSON as soon as it is there."""
    if not as_json:
        _draw(list(rows), empty)
        return
    for row in rows:
        typer.echo(to_json(row))


def _draw(rows: Sequence[Row], empty: str) -> None:
    """Draw a table; into a file or pipe nothing of it is wrapped or cut off."""
    if not rows:
        typer.echo(empty)
        return
    drawn = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in rows[0]:
        drawn.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(printable(str(value))) for value in row.values()))
    console = Console()
    if not console.is_terminal:
        console = Console(width=_ENDLESS)
    console.print(drawn)


@contextmanager
def progress(what: str, *files: str) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how much of the files is read; give the function that is told how many more bytes were.

    Where the size of one is not known, as of a pipe, it is shown how much was read.
    """
    total = _size_of(files)
    of_all = () if total is None else (BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with _bar(what, total, *of_all, DownloadColumn(), TransferSpeedColumn()) as advance:
        yield advance


def _size_of(files: Iterable[str]) -> int | None:
    """Return how many bytes these files have, None where one tells none; one that is not there has none."""
    paths = [Path(file) for file in files if Path(file).exists() or file == "-"]
    return sum(path.stat().st_size for path in paths) if all(path.is_file() for path in paths) else None


@contextmanager
def steps(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show the steps done so far on a terminal, of how many where that is known; give what is told of more."""
    with _bar(what, total, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()) as advance:
        yield advance


def stepwise(what: str, total: int, rows: Callable[[Callable[[int], None]], Iterable[Row]]) -> Iterator[Row]:
    """Yield the rows, and show the steps that they take until the last of them."""
    with steps(what, total) as advance:
        yield from rows(advance)


@contextmanager
def _bar(what: str, total: int | None, *columns: ProgressColumn) -> Iterator[Callable[[int], None]]:
    errors = Console(stderr=True)
    shown = (SpinnerColumn(), TextColumn("{task.description}", markup=False), *columns)
    both = sys.stdout.isatty()  # else what is written meanwhile goes to a file or a pipe, and must stay out of the bar
    hidden = not errors.is_terminal
    with Progress(*shown, console=errors, transient=True, disable=hidden, redirect_stdout=both) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


@contextmanager
def growing(folder: Path, advance: Callable[[int], None]) -> Iterator[None]:
    """Tell by how many bytes a folder's logs grow, as long as the block lasts."""
    ended = Event()

    def watch() -> None:
        seen, last = 0, False
        while not last:
            last = ended.wait(_WATCH_SECONDS)
            size = sum(path.stat().st_size for path in folder.glob("*.log"))
            advance(size - seen)
            seen = size

    watcher = Thread(target=watch, name="growing", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
