"""`relaywarden backtest`: history through the live rules, and how good they were."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from msgspec import structs

from embedded.terminal import Json, progress, show, to_json
from schemas.settings import Settings, load

if TYPE_CHECKING:
    from collectors.history import Past
    from collectors.leaked import Identity
    from streams.backtest import Decision
    from streams.judging import Jury, Label
    from streams.leaks import Leaks


def backtest(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The configuration whose rules are tried.")],
    log: Annotated[list[str] | None, typer.Option(metavar="FORMAT=FILE", help="A log; may be given again.")] = None,
    complaints: Annotated[Path | None, typer.Option(help="A Maildir, or a folder, of complaints.")] = None,
    listings: Annotated[Path | None, typer.Option(help="The lists' answers, as JSON lines.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where each decision goes, as a JSON line.")] = None,
    labels: Annotated[Path | None, typer.Option(help="What really happened, as `demo --write` writes it.")] = None,
    against: Annotated[Path | None, typer.Option(help="Another configuration, to compare with.")] = None,
    leaks: Annotated[str, typer.Option(metavar="FILE", help="A list of stolen identities (`leaks import`).")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Run history through the rules, without any server: who would be flagged or withdrawn, when, and why."""
    from collectors.history import Past, named_log
    from streams.comparing import differences
    from streams.judging import labels_of

    past = Past(tuple(map(named_log, log or [])), complaints, listings)
    if not past.logs:
        raise ValueError("--log: name at least one, as in --log postfix=/var/log/mail.log")
    read = [config, *(path for _, path in past.logs), listings, labels, against, Path(leaks) if leaks else None]
    if out is not None:
        _spared(out, [path for path in read if path is not None], complaints)
    told = labels_of(labels) if labels else None
    settings, others = load(config), load(against) if against else None
    stolen = _leaks(leaks)
    tried = _tried(past, settings, told, out, stolen)
    for place, counts in past.counts.items():
        typer.echo(f"{place}: {counts.summary()}", err=True)
    if others is None:
        _summary(tried, as_json=as_json)
        return
    other = _tried(Past(past.logs, complaints, listings), others, told, None, stolen)
    same = f"{config} and {against} decide the same at the same times"
    show(map(structs.asdict, differences(tried.decisions, other.decisions)), same, as_json=as_json)
    for name, each in ((config, tried), (against, other)):
        _summary(each, str(name), as_json=as_json)


class _Tried(NamedTuple):
    """What one configuration decided, and who judges it."""

    decisions: "Sequence[Decision]"
    jury: "Jury | None"


def _spared(out: Path, read: Iterable[Path], complaints: Path | None) -> None:
    """Raise ValueError where the decisions would overwrite what is read."""
    for written, path in product((out, _part(out)), read):
        if written.exists() and path.exists() and written.samefile(path):
            raise ValueError(f"--out {out}: {path} is read here; the decisions would overwrite it")
    if complaints is not None and complaints.resolve() in out.resolve().parents:
        raise ValueError(f"--out {out}: lies in the folder of complaints, {complaints}")


def _leaks(file: str) -> "Leaks":
    """Return the identities of a list; hashed here with a key that nobody keeps."""
    from embedded.leaks_commands import read
    from streams.leaks import Leaks, leaked

    known = Leaks(b"backtest")
    found: dict[str, list[Identity]] = {}
    if file:
        with progress(f"reading {file}", file) as advance:
            read(file, "", advance, lambda _: True, found)
    for mailbox, its in found.items():
        for one in its:
            event = leaked(
                mailbox,
                b"backtest",
                partitions=1,
                at=0,
                source=one.source or file,
                leaked_at=one.leaked_at,
                passwords=one.passwords,
            )
            known.learn(event)
    return known


def _tried(
    past: "Past", settings: Settings, told: "Sequence[Label] | None", out: Path | None, leaks: "Leaks"
) -> _Tried:
    """Return what is decided; each decision goes to the file as it is made."""
    from collectors.history import events
    from schemas.mailbox_events import MailboxDecision
    from streams.backtest import Backtest, line
    from streams.judging import Jury
    from streams.steps import known_rules

    known_rules(settings.mailboxes)
    jury = Jury(told) if told is not None else None
    run = Backtest(settings, leaks=leaks)
    decided: list[Decision] = []
    with ExitStack() as stack:
        logs = [str(path) for _, path in past.logs]
        advance = stack.enter_context(progress(f"replaying {', '.join(logs)}", *logs))
        write = stack.enter_context(_written(out)) if out else _nowhere
        history = events(past, settings, advance)
        for decision in run.run(jury.heard(history) if jury else history):
            write(line(decision))
            decided.append(decision)
            if jury is not None and isinstance(decision, MailboxDecision):
                jury.decided(decision)
    return _Tried(decided, jury)


def _part(out: Path) -> Path:
    """Return what stands beside a file until it is whole."""
    return out.with_name(f"{out.name}.part")


@contextmanager
def _written(out: Path) -> Iterator[Callable[[bytes], object]]:
    """Give what writes to a file. An earlier one is replaced at the end; until then `.part` stands beside it."""
    if out.exists() and not out.is_file():
        with out.open("wb") as stream:  # a terminal, a pipe
            yield stream.write
        return
    part = _part(out)
    with part.open("wb") as file:
        yield file.write
    part.replace(out)


def _nowhere(_line: bytes) -> None:
    """Write nothing: no file was asked for."""


def _summary(tried: _Tried, of: str = "", *, as_json: bool) -> None:
    """Write how many decisions there are, and how good they were; `of` names the configuration where there are two."""
    from streams.comparing import tally

    counted = tally(tried.decisions)
    if as_json:
        typer.echo(to_json({"configuration": of, "decisions": counted} if of else {"decisions": counted}))
    else:
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items())) or "no decisions"
        typer.echo(f"{of}: {told}" if of else told)
    if tried.jury is not None:
        show(_rows(tried.jury), "no labels", as_json=as_json)
        for label in tried.jury.outside():
            typer.echo(f"{label.mailbox} ({label.kind}): the logs tell nothing of that time; left out", err=True)


def _rows(jury: "Jury") -> Iterator[dict[str, object]]:
    for verdict in jury.verdicts():
        row = {name: getattr(verdict, name) for name in verdict.__struct_fields__}
        yield {name: "" if value is None else value for name, value in row.items()}
