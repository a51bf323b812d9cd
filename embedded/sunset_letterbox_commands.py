"""`relaywarden sunset letters`: what became of each letter, for customer care."""

from typing import Annotated

import typer

from embedded.sunset_app import Sunset, chosen
from embedded.terminal import DEFAULT_CONFIG, Config, Json, show
from schemas.settings import load

_DAY = 86_400_000_000


def sunset_letters(
    sunset: Sunset = "",
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Only what reached nobody.")] = False,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How far back.")] = 60,
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
        rows = list(letters(client, name, now() - days * _DAY, failed=failed))
    show(rows, "every letter reached somebody" if failed else "no letter was decided", as_json=as_json)
