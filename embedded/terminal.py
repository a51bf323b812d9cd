"""What the commands write: a table for a person, JSON lines for a script, the progress of long work on a terminal."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

Config = Annotated[
    Path, typer.Option("--config", "-c", envvar="RELAYWARDEN_CONFIG", help="The configuration file.", show_default=True)
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON lines.")]
DEFAULT_CONFIG = Path("relaywarden.toml")
Row = Mapping[str, object]
_ENDLESS = 100_000


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
def progress(what: str) -> Iterator[Callable[[int], None]]:
    """Show the bytes read so far on a terminal; give the function that is told how many more were read."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    errors = Console(stderr=True)
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda count: bar.advance(task, count)
