"""`relaywarden dead-letters`: what could not be read, and to have it read again by the parsers of today."""

from typing import Annotated

import typer

from embedded.terminal import DEFAULT_CONFIG, Config, Json, show, tell
from schemas.settings import load

dead_letters_app = typer.Typer(help="See what could not be read, and try it again.", no_args_is_help=True)
Log = Annotated[str, typer.Option("--log", help="Only of this log or Maildir, by its name in the configuration.")]
Search = Annotated[str, typer.Option("--search", help="Only with this text in reason, line or place.")]
Days = Annotated[float, typer.Option("--days", min=0.01, max=36_500, help="Only of so many days.")]


@dead_letters_app.command("list")
def dead_letters_list(
    log: Log = "",
    search: Search = "",
    days: Days = 7.0,
    *,
    every: Annotated[bool, typer.Option("--all", help="Those that were recovered, too.")] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show the dead letters, the newest first, at most a thousand, each with its line and the reason."""
    from embedded.running import live
    from streams.operating import warehouse
    from streams.unread import Filter, listed

    with warehouse(live(load(config))) as client:
        show(listed(client, Filter(days, log, search), every=every), "no dead letter", as_json=as_json)


@dead_letters_app.command("retry")
def dead_letters_retry(
    letters: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Those of the list.")] = None,
    log: Log = "",
    search: Search = "",
    days: Days = 7.0,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the order.")] = "",
    operator: Annotated[str, typer.Option("--operator", "--by", help="Who does it, if not the login's name.")] = "",
    *,
    preview: Annotated[bool, typer.Option("--preview", help="Only tell what it would give.")] = False,
    wait: Annotated[float, typer.Option("--wait", min=0, max=3600, help="Seconds to wait for the answers.")] = 30.0,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Have dead letters read again by who has their log or Maildir: these, or all of a filter, 500 at most."""
    from embedded.running import live
    from schemas.retrying import order_retry
    from streams.operating import warehouse
    from streams.unread import Filter, answers, chosen

    if not letters and not log and not search:
        raise ValueError("say which: ids, --log or --search")
    settings = live(load(config))
    with warehouse(settings) as client:
        ids, since, until = chosen(client, Filter(days, log, search), letters or ())
        event = order_retry(settings, ids, reason, since=since, until=until, preview=preview, operator=operator)
        rows = answers(client, event, wait)
    show(rows, "no answer yet", as_json=as_json)
    missing = len(event.letters) - len(rows)
    if missing and not as_json:
        tell(event, f"{missing} of {len(event.letters)} have no answer: the order {event.id} stands", as_json=False)
