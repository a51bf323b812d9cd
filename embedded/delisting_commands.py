"""`relaywarden delisting`: each listing as a case, with what to tell the list, what was done, and how long it took."""

from pathlib import Path
from typing import Annotated

import typer

from embedded.terminal import DEFAULT_CONFIG, Config, Json, printable, show, tell, to_json
from schemas.settings import Settings, load

delisting_app = typer.Typer(help="See the listings of our IPs and domains, and get out of them.", no_args_is_help=True)
Case = Annotated[str, typer.Argument(help="The case's number, or its IP or domain where it has only one.")]
Operator = Annotated[str, typer.Option("--operator", "--by", help="Who does it, if not the login's name.")]
Note = Annotated[str, typer.Option("--note", help="What else is to be known; kept with the case.")]
_SEEN = "(relaywarden delisting show"


@delisting_app.command("list")
def delisting_list(
    *,
    every: Annotated[bool, typer.Option("--all", help="The closed ones, too.")] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show the open delistings, the newest first."""
    from embedded.running import live
    from streams.delisting_files import listed
    from streams.operating import warehouse

    with warehouse(live(load(config))) as client:
        show(listed(client, closed=every), "no delisting" if every else "no delisting is open", as_json=as_json)


@delisting_app.command("show")
def delisting_show(case: Case, config: Config = DEFAULT_CONFIG, *, as_json: Json = False) -> None:
    """Show a case: whether to ask for removal now, where, what happened, and a text for the list's form."""
    from embedded.running import live
    from streams.delisting_bundle import advice, form, lines
    from streams.delisting_files import shown
    from streams.operating import warehouse

    settings = live(load(config))
    with warehouse(settings) as client:
        found = shown(client, settings, case)
    if as_json:
        typer.echo(to_json({"case": found, "advice": advice(found), "form": list(form(found))}))
        return
    for line in lines(found):
        indent = "  " if line.startswith("  ") else ""
        typer.echo(indent + printable(line))
    typer.echo("\n--- for the list's form ---")
    for line in form(found):
        typer.echo(printable(line))


@delisting_app.command("requested")
def delisting_requested(
    case: Case,
    operator: Operator = "",
    how: Annotated[str, typer.Option("--how", help="By what: form, mail, phone.")] = "",
    reference: Annotated[str, typer.Option("--reference", help="The list's ticket number.")] = "",
    note: Note = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Write down that removal was asked for."""
    from streams.delisting_files import handled

    settings, number = _open(config, case)
    event = handled(settings, number, "requested", operator=operator, how=how, reference=reference, note=note)
    tell(event, f"written down: {event.operator} asked for removal {_SEEN} {number})", as_json=as_json)


@delisting_app.command("note")
def delisting_note(
    case: Case,
    text: Annotated[str, typer.Argument(help="It stands in the text for the form, too.")],
    operator: Operator = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Write something into a case."""
    from streams.delisting_files import handled

    settings, number = _open(config, case)
    event = handled(settings, number, "noted", operator=operator, note=text)
    tell(event, f"written down by {event.operator} {_SEEN} {number})", as_json=as_json)


@delisting_app.command("close")
def delisting_close(
    case: Case,
    outcome: Annotated[str, typer.Option("--outcome", help="delisted, expired or given-up.")],
    operator: Operator = "",
    note: Note = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Close a case by hand; it opens again at a new listing only."""
    from streams.delisting_files import handled

    settings, number = _open(config, case)
    event = handled(settings, number, "closed", operator=operator, outcome=outcome, note=note)
    tell(event, f"closed by {event.operator}: {event.outcome.replace('_', ' ')} {_SEEN} {number})", as_json=as_json)


@delisting_app.command("undo")
def delisting_undo(
    case: Case,
    operator: Operator = "",
    note: Note = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Take back what an operator did about a case last; one closed by hand is open again while it is still listed."""
    from embedded.running import live
    from streams.delisting_files import handled, last_deed
    from streams.operating import warehouse

    settings = live(load(config))
    with warehouse(settings) as client:
        number, identity, deed = last_deed(client, settings, case)
    event = handled(settings, number, "taken_back", operator=operator, note=note, takes_back=identity)
    tell(event, f"taken back by {event.operator}: what was {deed} {_SEEN} {number})", as_json=as_json)


@delisting_app.command("stats")
def delisting_stats(config: Config = DEFAULT_CONFIG, *, as_json: Json = False) -> None:
    """Show for each list how many listings there were, how they ended, and the median times to delist."""
    from embedded.running import live
    from streams.delisting_files import stats
    from streams.operating import warehouse

    with warehouse(live(load(config))) as client:
        show(stats(client), "no delisting yet", as_json=as_json)


def _open(config: Path, case: str) -> tuple[Settings, str]:
    """Return the settings, and the number of an open case. ValueError where there is none, or it is closed."""
    from embedded.running import live
    from streams.delisting_files import still_open
    from streams.operating import warehouse

    settings = live(load(config))
    with warehouse(settings) as client:
        return settings, still_open(client, settings, case).opened.case
