"""`relaywarden case`: the customers of whom several mailboxes are under attack at once."""

from typing import Annotated

import typer

from embedded.terminal import DEFAULT_CONFIG, Config, Json, printable, show, to_json
from schemas.settings import load

case_app = typer.Typer(help="See the customers under attack.", no_args_is_help=True)


@case_app.command("list")
def case_list(
    *,
    every: Annotated[bool, typer.Option("--all", help="The closed ones, too.")] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show the open cases, the newest first."""
    from embedded.running import live
    from streams.case_files import listed
    from streams.operating import warehouse

    with warehouse(live(load(config))) as client:
        show(listed(client, closed=every), "no case" if every else "no case is open", as_json=as_json)


@case_app.command("show")
def case_show(
    case: Annotated[str, typer.Argument(help="The case, or a customer: then the newest of his.")],
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Show what happened in a case, and its mailboxes."""
    from embedded.running import live
    from streams.case_files import shown
    from streams.operating import warehouse

    with warehouse(live(load(config))) as client:
        found = shown(client, case)
    if as_json:
        typer.echo(to_json(found))
        return
    typer.echo(printable(f"case {found['case']} of {found['customer']}: {found['state']}"))
    for row in found["events"]:
        typer.echo(printable(f"{row['time']} {row['event']}"))
        for text in row["evidence"]:
            typer.echo(printable(f"  {text}"))
