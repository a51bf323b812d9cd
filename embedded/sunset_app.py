"""The group of commands `relaywarden sunset`, and which sunset a command is about."""

from typing import Annotated

import typer

from schemas.settings import Settings

sunset_app = typer.Typer(
    help="End SMTP-after-POP, logins in the clear or old TLS: who uses it, letters, stages.", no_args_is_help=True
)
Sunset = Annotated[str, typer.Option("--sunset", metavar="NAME", help="Which one, where there are several.")]


def chosen(settings: Settings, name: str) -> str:
    """Return the name of the sunset that a command is about. ValueError where it is none, or must be said."""
    there = ", ".join(settings.sunset)
    if not there:
        raise ValueError("no sunset is configured: add a table [sunset.NAME] (docs/sunset.md)")
    if name and name not in settings.sunset:
        raise ValueError(f"--sunset {name!r}: there is {there}")
    if not name and len(settings.sunset) > 1:
        raise ValueError(f"--sunset must say which: {there}")
    return name or there
