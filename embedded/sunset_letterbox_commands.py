"""`relaywarden sunset letters` and `settle`: what became of each letter, and what an operator says of one unknown."""

from itertools import islice
from typing import Annotated

import typer

from embedded.sunset_app import Sunset, chosen
from embedded.terminal import DEFAULT_CONFIG, Config, Json, printable, show, steps, tell
from schemas.settings import load

_DAY = 86_400_000_000
_MOST_ROWS = 1000  # a table of all of them would need gigabytes


def sunset_letters(
    sunset: Sunset = "",
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Only what reached nobody.")] = False,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How far back.")] = 60,
    limit: Annotated[int | None, typer.Option(min=1, help="How many at most: 1000, with --json all.")] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show each letter, and what became of it: waiting, sent, delivered, refused, bounced, or nobody to write to."""
    from embedded.running import live
    from streams.letterlist import letters
    from streams.operating import now, warehouse

    settings = live(load(config))
    name = chosen(settings, sunset)
    with warehouse(settings) as client:
        most = limit or (0 if as_json else _MOST_ROWS)
        rows = letters(client, name, now() - days * _DAY, failed=failed, most=most and most + 1)
        shown = islice(rows, most or None)
        show(shown, "every letter reached somebody" if failed else "no letter was decided", as_json=as_json)
        if most and next(rows, None) is not None:
            typer.echo(f"relaywarden: there are more than {most}: --limit and --json show them", err=True)


def sunset_settle(
    message_id: Annotated[str, typer.Argument(metavar="MESSAGE_ID", help="As `sunset letters` shows it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")],
    sunset: Sunset = "",
    operator: Annotated[str, typer.Option("--operator", help="Who says so, if not the login.")] = "",
    config: Config = DEFAULT_CONFIG,
    *,
    again: Annotated[bool, typer.Option("--again", help="Hand it over again; it may come twice.")] = False,
    sent: Annotated[bool, typer.Option("--sent", help="The server took it: it is done.")] = False,
    refused: Annotated[bool, typer.Option("--refused", help="Give it up: customer care calls.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would say; write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Decide about a letter of which nobody knows whether your server took it; the desk follows when it runs."""
    from embedded.running import live
    from schemas.sunset_events import LetterSettled
    from streams.letter_settling import bracketed, outcome, said, settled, words
    from streams.operating import now, publish

    status = outcome(again=again, sent=sent, refused=refused)
    settings = live(load(config))
    name, identity = chosen(settings, sunset), bracketed(message_id)
    with steps("reading what was decided") as advance:
        known = said(settings, name, identity, advance)
    given = LetterSettled(
        id="", at=now(), sunset=name, message_id=identity, status=status, operator=operator, reason=reason
    )
    done = settled(known, given)
    if not dry_run:
        publish(settings, done)
    tell(done, printable(f"{'would be written' if dry_run else 'written'}: {identity}: {words(done)}"), as_json=as_json)
