"""`relaywarden dnsbl`: ask the lists now, and say how many of their answers are none."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from embedded.terminal import Json
from schemas.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from collectors.ask import Row
    from collectors.askdomains import DomainRow


def dnsbl(
    subjects: Annotated[list[str] | None, typer.Argument(metavar="IP|DOMAIN…", show_default=False)] = None,
    lists: Annotated[list[str] | None, typer.Option("--list", help="Ask only this list; may be given again.")] = None,
    resolver: Annotated[
        list[str] | None, typer.Option(metavar="IP[:PORT]", help="Ask this name server; may be given again.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="Takes lists and resolvers from there.")] = None,
    *,
    catalogue: Annotated[bool, typer.Option("--catalogue", help="Show what is known of every list; ask none.")] = False,
    as_json: Json = False,
) -> None:
    """Ask the lists about IPs, or those of domains about domains, with each list's health.

    Exit status 0 whatever they say, 2 where nothing could be asked.
    """
    if catalogue:
        _catalogue(as_json=as_json)
        return
    if not subjects:
        raise ValueError("say which IPs or domains to ask about, or --catalogue")
    from collectors import ask, askdomains
    from collectors.resolvers import asking

    ips, names = askdomains.parted(subjects)
    settings = load(config) if config else Settings()
    if not lists:
        _say_if_all(settings, ips, names)
    settings = settings.model_copy(update={"dnsbl": asking(settings.dnsbl, resolver or [])})
    of_ips = ask.rows(ips, lists or [], settings) if ips else []
    of_names = askdomains.rows(names, lists or [], settings) if names else []
    tables = [ask.table(of_ips)] * bool(of_ips) + [askdomains.table(of_names)] * bool(of_names)
    _tell((*of_ips, *of_names), tables, as_json=as_json)
    for sentence in ask.unanswered(ips, lists or [], settings):
        typer.echo(f"relaywarden: {sentence}", err=True)


def _say_if_all(settings: Settings, ips: "Sequence[str]", names: "Sequence[str]") -> None:
    """Say where all lists of the catalogue are asked, because none of the kind is configured."""
    from collectors.lists import chosen, chosen_domains

    some = settings.dnsbl.lists or settings.dnsbl.own
    for kind, asked, there in (
        ("IPs", ips, chosen(settings.dnsbl)),
        ("domains", names, chosen_domains(settings.dnsbl)),
    ):
        if asked and not there:
            none = f"no list of {kind}" if some else "no list"
            typer.echo(f"relaywarden: {none} is configured: asking all that are known; --list chooses", err=True)
            if not some:
                return


def _tell(found: "Sequence[Row | DomainRow]", tables: "Sequence[Table]", *, as_json: bool) -> None:
    from rich.console import Console

    from embedded.terminal import to_json

    if as_json:
        for row in found:
            typer.echo(to_json(row))
    else:
        Console().print(*tables)
    unknown = sum(row.answer == "unknown" for row in found)
    if unknown:
        typer.echo(f"relaywarden: {unknown} of {len(found)} answers are unknown: neither listed nor clean", err=True)


def _catalogue(*, as_json: bool) -> None:
    import msgspec

    from collectors.catalogue import entries, shown
    from embedded.terminal import show

    show((msgspec.structs.asdict(each) if as_json else shown(each) for each in entries()), "no list", as_json=as_json)
