"""`relaywarden dnsbl`: ask the lists now, and say how many of their answers are none."""

from pathlib import Path
from typing import Annotated

import typer

from embedded.terminal import Json
from schemas.settings import Settings, load


def dnsbl(
    ips: Annotated[list[str] | None, typer.Argument(metavar="IP…", show_default=False)] = None,
    lists: Annotated[list[str] | None, typer.Option("--list", help="Ask only this list; may be given again.")] = None,
    resolver: Annotated[
        list[str] | None, typer.Option(metavar="IP[:PORT]", help="Ask this name server; may be given again.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="Takes lists and resolvers from there.")] = None,
    *,
    catalogue: Annotated[bool, typer.Option("--catalogue", help="Show what is known of every list; ask none.")] = False,
    as_json: Json = False,
) -> None:
    """Ask the lists now, with each list's health; exit status 0 whatever they say."""
    if catalogue:
        _catalogue(as_json=as_json)
        return
    if not ips:
        raise ValueError("say which IPs to ask about, or --catalogue")
    from rich.console import Console

    from collectors import ask
    from collectors.resolvers import asking
    from embedded.terminal import to_json

    settings = load(config) if config else Settings()
    if not (lists or settings.dnsbl.lists or settings.dnsbl.own):
        typer.echo("relaywarden: no list is configured: asking all that are known; --list chooses", err=True)
    settings = settings.model_copy(update={"dnsbl": asking(settings.dnsbl, resolver or [])})
    found = ask.rows(ips, lists or [], settings)
    if as_json:
        for row in found:
            typer.echo(to_json(row))
    else:
        Console().print(ask.table(found))
    unknown = sum(row.answer == "unknown" for row in found)
    if unknown:
        typer.echo(f"relaywarden: {unknown} of {len(found)} answers are unknown: neither listed nor clean", err=True)


def _catalogue(*, as_json: bool) -> None:
    import msgspec

    from collectors.catalogue import entries, shown
    from embedded.terminal import show

    show((msgspec.structs.asdict(each) if as_json else shown(each) for each in entries()), "no list", as_json=as_json)
