"""`relaywarden directory`: whose the mailboxes are, what is wrong with the source, and who is in it no more."""

from typing import TYPE_CHECKING, Annotated

import typer

from embedded.terminal import DEFAULT_CONFIG, Config, Json, show, steps, tell
from schemas.settings import load as settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.settings import Settings
    from streams.directory import Problem
    from streams.directory.found import Directory

directory_app = typer.Typer(help="Whose mailboxes, aliases and domains are: \\[directory].", no_args_is_help=True)


@directory_app.command("find")
def directory_find(
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS…", help="Mailboxes, aliases or @domains.")],
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Show whose each address is; exit status 1 where one is nobody's."""
    directory, _ = _loaded(settings_of(config))
    rows = [_row(directory, address) for address in addresses]
    show(rows, "", as_json=as_json)
    if not all(row["customer"] for row in rows):
        raise typer.Exit(1)


@directory_app.command("check")
def directory_check(
    *,
    stale_days: Annotated[
        int,
        typer.Option("--stale-days", min=0, max=3650, help="Also ask the log who was not seen for so long; 0: not."),
    ] = 0,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Read the whole source and show what is wrong with it; exit status 1 where a row is left out."""
    settings = settings_of(config)
    directory, problems = _loaded(settings)
    found = [{"place": each.place, "problem": each.text, "left_out": each.left_out} for each in problems]
    if stale_days:
        found += _stale(settings, directory, stale_days)
    show(found, "nothing is wrong", as_json=as_json)
    count = {"addresses": len(directory), "customers": sum(1 for _ in directory.accounts()), "problems": len(found)}
    unwritable = sum(1 for account in directory.accounts() if not account.contact)
    sentence = (
        f"{len(directory)} addresses and domains of {count['customers']} customers; {unwritable} without a contact"
    )
    tell(count | {"without_contact": unwritable}, sentence, as_json=as_json)
    if any(each.left_out for each in problems):
        raise typer.Exit(1)


def _loaded(settings: "Settings") -> "tuple[Directory, list[Problem]]":
    """Return the directory and what is wrong with it. ValueError where the source cannot be read."""
    from streams.directory import DirectoryError
    from streams.directory.kept import load

    problems: list[Problem] = []
    try:
        with steps("reading the directory") as advance:
            return load(settings, problems.append, advance), problems
    except DirectoryError as error:
        raise ValueError(str(error)) from error


def _row(directory: "Directory", address: str) -> dict[str, object]:
    account = directory.of(address)
    mailbox = directory.mailbox(address)
    return {
        "address": address,
        "mailbox": mailbox,
        "customer": account.customer if account else "",
        "name": account.name if account else "",
        "contact": account.contact if account else "",
        "language": account.language if account else "",
        "tariff": account.tariff if account else "",
        "flags": " ".join(account.flags) if account else "",
        "aliases": " ".join(directory.aliases(mailbox)),
    }


def _stale(settings: "Settings", directory: "Directory", days: int) -> "Iterator[dict[str, object]]":
    """Yield the mailboxes that nobody used for so long, and those in use that the source does not know.

    ValueError where the log does not reach back so far: nobody could be told apart then.
    """
    from embedded.running import live
    from streams.directory import staleness
    from streams.operating import now, warehouse

    with warehouse(live(settings)) as client:
        seen = staleness.seen(client, now(), days)
    for mailbox in staleness.stale(directory, seen):
        yield {"place": mailbox, "problem": f"was not seen for {days} days", "left_out": False}
    for mailbox in staleness.unknown(directory, seen):
        yield {"place": mailbox, "problem": "is in use and stands in no row", "left_out": False}
