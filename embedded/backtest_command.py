"""`relaywarden backtest`: history through the live rules, and how good they were."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from embedded.terminal import Json, progress, show, to_json
from schemas.settings import Settings, load

if TYPE_CHECKING:
    from collectors.history import Past
    from collectors.leaked import Identity
    from streams.backtest import Decision
    from streams.judging import Jury
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
    from streams.judging import Jury, differences, flags_of, labels_of

    past = Past(tuple(map(named_log, log or [])), complaints, listings)
    if not past.logs:
        raise ValueError("--log: name at least one, as in --log postfix=/var/log/mail.log")
    jury = Jury(labels_of(labels)) if labels else None
    stolen = _leaks(leaks)
    decisions = _decide(past, load(config), jury, out, stolen)
    for place, counts in past.counts.items():
        typer.echo(f"{place}: {counts.summary()}", err=True)
    if against is not None:
        other = _decide(Past(past.logs, complaints, listings), load(against), None, None, stolen)
        rows = differences(flags_of(decisions), flags_of(other))
        same = f"{config} and {against} flag the same mailboxes at the same times"
        show(({name: getattr(row, name) for name in row.__struct_fields__} for row in rows), same, as_json=as_json)
    _summary(decisions, jury, as_json=as_json)


def _leaks(file: str) -> "Leaks":
    """Return the identities of a list; hashed here with a key that nobody keeps."""
    from embedded.leaks_commands import read
    from streams.leaks import Leaks, leaked

    known = Leaks(b"backtest")
    found: dict[str, list[Identity]] = {}
    if file:
        with progress(f"reading {file}") as advance:
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


def _decide(
    past: "Past", settings: Settings, jury: "Jury | None", out: Path | None, leaks: "Leaks"
) -> list["Decision"]:
    """Return all decisions; each goes to the file as it is made."""
    from collectors.history import events
    from schemas.mailbox_events import MailboxDecision
    from streams.backtest import Backtest, line
    from streams.steps import known_rules

    known_rules(settings.mailboxes)
    run = Backtest(settings, with_pool=past.listings is not None, leaks=leaks)
    decided: list[Decision] = []
    with ExitStack() as stack:
        advance = stack.enter_context(progress(f"replaying {', '.join(str(path) for _, path in past.logs)}"))
        write: Callable[[bytes], object] = stack.enter_context(out.open("wb")).write if out else _nowhere
        history = events(past, settings, advance)
        for decision in run.run(jury.heard(history) if jury else history):
            write(line(decision))
            decided.append(decision)
            if jury is not None and isinstance(decision, MailboxDecision):
                jury.decided(decision)
    return decided


def _nowhere(_line: bytes) -> None:
    """Write nothing: no file was asked for."""


def _summary(decisions: Iterable["Decision"], jury: "Jury | None", *, as_json: bool) -> None:
    from streams.judging import tally

    counted = tally(decisions)
    if as_json:
        typer.echo(to_json({"decisions": dict(counted)}))
    else:
        typer.echo(", ".join(f"{count} {kind}" for kind, count in sorted(counted.items())) or "no decisions")
    if jury is not None:
        show(_rows(jury), "no labels", as_json=as_json)


def _rows(jury: "Jury") -> Iterator[dict[str, object]]:
    for verdict in jury.verdicts():
        row = {name: getattr(verdict, name) for name in verdict.__struct_fields__}
        yield {name: "" if value is None else value for name, value in row.items()}
