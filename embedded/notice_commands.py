"""`relaywarden notice`: the mails to customers; how one reads, a test, and what was sent."""

from typing import Annotated

import typer

from embedded.terminal import DEFAULT_CONFIG, Config, Json, printable, show, tell, to_json
from schemas.settings import load

notice_app = typer.Typer(help="Mails to customers: see one, try one, list what was sent.", no_args_is_help=True)
Template = Annotated[str, typer.Option("--template", help="suspended, throttled or released.")]
Language = Annotated[str, typer.Option("--language", help="de, fr, it or en, if not the customer's.")]


@notice_app.command("preview")
def notice_preview(
    mailbox: Annotated[str, typer.Argument(metavar="MAILBOX", help="The login or address.")],
    template: Template = "suspended",
    language: Language = "",
    config: Config = DEFAULT_CONFIG,
    *,
    html: Annotated[bool, typer.Option("--html", help="Show the HTML part.")] = False,
    as_json: Json = False,
) -> None:
    """Show a mail about a mailbox with made-up reasons, and to whom it would go; nothing is sent."""
    from streams.notice_desk import preview
    from streams.operating_mailboxes import named

    found = preview(load(config), named(mailbox), template, language)
    if as_json:
        typer.echo(to_json(found))
        return
    if html:
        typer.echo(found["html"])
        return
    typer.echo(f"To: {found['to'] or 'nobody'}{' (' + printable(found['problem']) + ')' if found['problem'] else ''}")
    typer.echo(f"Subject: {found['subject']}\n\n{found['text']}", nl=False)


@notice_app.command("test")
def notice_test(
    to: Annotated[str, typer.Argument(metavar="TO", help="Your own address.")],
    template: Template = "suspended",
    language: Language = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Send one example to an address of yours, over the configured server."""
    from streams.notice_desk import send_example

    done = send_example(load(config), to, template, language)
    tell(done, f"sent to {done['to']}: {printable(done['reply'])}", as_json=as_json)


@notice_app.command("list")
def notice_list(
    mailbox: Annotated[str, typer.Argument(metavar="MAILBOX", help="Only about this one.")] = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Show the mails to customers, newest first: intended, then sent or refused, in the server's words."""
    from embedded.running import live
    from streams.notice_desk import sent
    from streams.operating import warehouse
    from streams.operating_mailboxes import named

    wanted = named(mailbox) if mailbox else ""
    with warehouse(live(load(config))) as client:
        show(sent(client, wanted), "no mail to a customer yet", as_json=as_json)
