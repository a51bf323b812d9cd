"""`relaywarden sunset preview` and `test`: how a letter reads, and one to oneself."""

from enum import StrEnum
from typing import Annotated

import typer

from embedded.sunset_app import Sunset, chosen
from embedded.terminal import DEFAULT_CONFIG, Config, Json, printable, tell, to_json
from schemas.settings import load

Language = Annotated[str, typer.Option("--language", help="de, fr, it or en, if not the letter's.")]
Kind = Annotated[str, typer.Option("--kind", help="letter or thanks.")]
Number = Annotated[int, typer.Option("--number", min=0, help="The first letter, the second …")]


class Part(StrEnum):
    """What of a letter is written: its text, its HTML, or all of it as it goes."""

    TEXT = "text"
    HTML = "html"
    EML = "eml"


def sunset_preview(
    sunset: Sunset = "",
    customer: Annotated[
        str, typer.Option("--customer", metavar="NAME", help="Whose newest letter; 'example': a made-up one.")
    ] = "example",
    language: Language = "",
    kind: Kind = "",
    number: Number = 0,
    *,
    text: Annotated[bool, typer.Option("--text", help="Write the text part (so it is without any of these).")] = False,
    html: Annotated[bool, typer.Option("--html", help="Write the HTML part.")] = False,
    eml: Annotated[bool, typer.Option("--eml", help="Write the whole mail.")] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show a letter: an example, or the newest that was decided for a customer; nothing is sent."""
    from embedded.running import live
    from streams.letter_desk import EXAMPLE, Wish, made_up, mail_of, newest, shown
    from streams.operating import warehouse

    part = _part(text=text, html=html, eml=eml)
    settings = load(config)
    name, wish = chosen(settings, sunset), Wish(language=language, kind=kind, number=number)
    mail_of(settings, name)
    if customer == EXAMPLE:
        due = made_up(settings, name, wish)
    else:
        with warehouse(live(settings)) as client:
            due = newest(client, name, customer, wish)
    found = shown(settings, name, due)
    _warn(found.faults)
    if as_json:
        typer.echo(to_json(found))
    elif part is Part.TEXT:
        typer.echo(f"To: {found.to or f'nobody ({printable(found.problem)})'}")
        typer.echo(f"Subject: {found.subject}\n\n{found.text}", nl=False)
    else:
        typer.echo(found.html if part is Part.HTML else found.eml, nl=False)


def _warn(faults: list[str]) -> None:
    for fault in faults:
        typer.echo(f"relaywarden: {printable(fault)}", err=True)


def _part(*, text: bool, html: bool, eml: bool) -> Part:
    wanted = [part for part, said in ((Part.TEXT, text), (Part.HTML, html), (Part.EML, eml)) if said]
    if len(wanted) > 1:
        raise ValueError(f"{' and '.join(f'--{part}' for part in wanted)}: say one of them")
    return wanted[0] if wanted else Part.TEXT


def sunset_test(
    to: Annotated[str, typer.Argument(metavar="ADDRESS", help="Your own address.")],
    sunset: Sunset = "",
    language: Language = "",
    kind: Kind = "",
    number: Number = 0,
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Send one made-up letter, marked as a test, to an address of yours, over the configured server."""
    from streams.letter_desk import Wish, made_up, send_test
    from streams.operating import now

    settings = load(config)
    name = chosen(settings, sunset)
    due = made_up(settings, name, Wish(language=language, kind=kind, number=number), to)
    done, faults = send_test(settings, name, due, now())
    _warn(faults)
    tell(done, f"sent to {done['to']}: {printable(done['reply'])}", as_json=as_json)
