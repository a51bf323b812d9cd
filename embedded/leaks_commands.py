"""`relaywarden leaks`: take in lists of stolen identities, and see which lists there are."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from embedded.terminal import DEFAULT_CONFIG, Config, Json, progress, show, tell
from schemas.settings import load

if TYPE_CHECKING:
    from collectors.leaked import Identity

leaks_app = typer.Typer(help="Take in lists of stolen identities.", no_args_is_help=True)
Domain = Annotated[str, typer.Option(help="The domain of names without one (an export of one domain).")]


@leaks_app.command("import")
def leaks_import(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="Addresses, CSV or a Have I Been Pwned export; gz, xz, zst and bz2.")
    ],
    source: Annotated[
        str, typer.Option(help="The list's name, where the file tells none.  \\[default: the file's]")
    ] = "",
    leaked_at: Annotated[str, typer.Option(metavar="DATE", help="When it was stolen, where the file tells not.")] = "",
    domain: Domain = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Note which of our identities stand in a list: hashed with our key, no password, nobody else's address."""
    from collectors.leaked import when
    from embedded.running import live
    from streams import leak_key, leak_lists
    from streams.leaks import leaked
    from streams.operating import now, warehouse

    settings = live(load(config))
    fallback = when(leaked_at) if leaked_at else 0
    with warehouse(settings) as client:
        ours = leak_lists.ours(client, settings)
    key, at, name = leak_key.made(settings.data), now(), source or _name(file)
    counts = {"leaks": 0, "identities": 0, "foreign": 0, "unreadable": 0}
    found: dict[str, list[Identity]] = {}
    with progress(f"reading {file}", file) as advance:
        counts["foreign"], counts["unreadable"] = read(file, domain, advance, ours.has, found)
    events = {
        event.id: event
        for mailbox, its in found.items()
        for one in its
        for event in (
            leaked(
                mailbox,
                key,
                partitions=settings.kafka.partitions,
                at=at,
                source=one.source or name,
                leaked_at=one.leaked_at or fallback,
                passwords=one.passwords,
            ),
        )
    }
    leak_lists.publish(settings, list(events.values()))
    counts["leaks"], counts["identities"] = len(events), len(found)
    tell(
        counts,
        f"{file}: {counts['leaks']} leaks of {counts['identities']} identities of ours; {counts['foreign']} of others, "
        f"{counts['unreadable']} lines without an address",
        as_json=as_json,
    )


def read(
    file: str,
    domain: str,
    advance: Callable[[int], None],
    wanted: Callable[[str], bool],
    found: "dict[str, list[Identity]]",
) -> tuple[int, int]:
    """Add a list's wanted identities to `found`; return how many were not wanted, and how many lines had none.

    ValueError where there is no address at all in it.
    """
    from collectors.leaked import identities
    from collectors.packed import opened

    foreign = unreadable = 0
    with opened(file, progress=advance) as (lines, _):
        try:
            for one in identities(lines, domain):
                if one is None:
                    unreadable += 1
                elif wanted(one.mailbox):
                    found.setdefault(one.mailbox, []).append(one)
                else:
                    foreign += 1
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from error
    if not (found or foreign):
        raise ValueError(f"{file}: there is no address in it")
    return foreign, unreadable


@leaks_app.command("list")
def leaks_list(config: Config = DEFAULT_CONFIG, *, as_json: Json = False) -> None:
    """Show the lists, the newest import first: how many of our identities each holds; nobody's address."""
    from embedded.running import live
    from streams.leak_lists import listed
    from streams.operating import warehouse

    settings = live(load(config))
    with warehouse(settings) as client:
        show(listed(client, settings.kafka.partitions), "no list was imported", as_json=as_json)


def _name(file: str) -> str:
    """Return the list's name as the file's tells it: "stealer-logs" of stealer-logs.csv.gz."""
    return "standard input" if file == "-" else Path(file).name.partition(".")[0].strip() or "list"
