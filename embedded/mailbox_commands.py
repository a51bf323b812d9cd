"""`relaywarden mailbox`: who is flagged and why, orders about single mailboxes, and that one has a new password."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from embedded.pool_commands import Lasts, Operator, Reason
from embedded.terminal import DEFAULT_CONFIG, Config, Json, printable, show, tell, to_json
from schemas.settings import load

if TYPE_CHECKING:
    from schemas.mailbox_events import PasswordChanged
    from schemas.observations import OperatorActed
    from schemas.settings import Settings
    from streams.operating_mailboxes import Action

mailbox_app = typer.Typer(help="See what is known of mailboxes, and decide about one.", no_args_is_help=True)
Mailbox = Annotated[str, typer.Argument(metavar="MAILBOX", help="The login or address.")]


@mailbox_app.command("list")
def mailbox_list(
    step: Annotated[str, typer.Option("--step", help="Only watch, flag, throttle or suspend.")] = "",
    customer: Annotated[str, typer.Option("--customer", help="Only this customer's: a name, or a domain.")] = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Show who is watched, flagged, throttled or suspended, the highest score first, and why."""
    from embedded.running import live
    from streams.helpdesk import listed
    from streams.operating import warehouse

    settings = live(load(config))
    with warehouse(settings) as client:
        show(listed(client, settings, step, customer), "no mailbox is watched or worse", as_json=as_json)


@mailbox_app.command("show")
def mailbox_show(mailbox: Mailbox, config: Config = DEFAULT_CONFIG, *, as_json: Json = False) -> None:
    """Show one mailbox in words: its step, who holds it, its score and why, what is usual for it."""
    from embedded.running import live
    from streams.helpdesk import shown
    from streams.operating import now, warehouse
    from streams.operating_mailboxes import named

    settings = live(load(config))
    with warehouse(settings) as client:
        found = shown(client, settings, named(mailbox), now())
    if as_json:
        typer.echo(to_json(found))
        return
    for name, value in found.items():
        lines = [str(each) for each in value] if isinstance(value, list) else [str(value)]
        if name == "decisions":
            lines = [": ".join(filter(None, map(str, (row["time"], row["what"], row["evidence"])))) for row in value]  # type: ignore[attr-defined]  # the one list of rows
        for number, line in enumerate(lines or ["none"]):
            typer.echo(f"{name.replace('_', ' ') if not number else '':<12} {printable(line)}".rstrip())


@mailbox_app.command("history")
def mailbox_history(
    mailbox: Annotated[str, typer.Argument(metavar="[MAILBOX]", help="Only of this mailbox.")] = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Show what was ordered, decided and done, newest first."""
    from embedded.running import live
    from streams.helpdesk import history
    from streams.operating import warehouse
    from streams.operating_mailboxes import named

    wanted = named(mailbox) if mailbox else ""
    with warehouse(live(load(config))) as client:
        show(history(client, wanted), "nothing was decided yet", as_json=as_json)


@mailbox_app.command("watch")
def mailbox_watch(
    mailbox: Mailbox,
    reason: Reason,
    lasts: Lasts = "",
    operator: Operator = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Keep an eye on a mailbox, whatever its score, until it is released or --for is over; ends an exemption."""
    _order(config, "watch", mailbox, reason, lasts, operator, as_json=as_json)


@mailbox_app.command("throttle")
def mailbox_throttle(
    mailbox: Mailbox,
    reason: Reason,
    lasts: Lasts = "",
    operator: Operator = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Hold a mailbox to a few recipients an hour until it is released, or --for is over."""
    _order(config, "throttle", mailbox, reason, lasts, operator, as_json=as_json)


@mailbox_app.command("suspend")
def mailbox_suspend(
    mailbox: Mailbox,
    reason: Reason,
    lasts: Lasts = "",
    operator: Operator = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Bar a mailbox from sending until it is released, or --for is over; no new password ends this."""
    _order(config, "suspend", mailbox, reason, lasts, operator, as_json=as_json)


@mailbox_app.command("release")
def mailbox_release(
    mailbox: Mailbox,
    reason: Reason,
    lasts: Lasts = "",
    operator: Operator = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Let a mailbox send again; with --for the rules can only flag it for that long."""
    _order(config, "release", mailbox, reason, lasts, operator, as_json=as_json)


@mailbox_app.command("password-changed")
def mailbox_password_changed(
    mailbox: Mailbox,
    reason: Annotated[str, typer.Option("--reason", help="Who or what changed it; kept with the decision.")] = "",
    operator: Operator = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Tell that a mailbox has a new password: ends what the rules did. For the control panel, or a script of yours."""
    from embedded.running import live
    from streams.operating_mailboxes import password_changed

    settings = live(load(config))
    _told(settings, password_changed(settings, mailbox, reason, operator=operator), as_json=as_json)


def _order(
    config: Path, action: "Action", mailbox: str, reason: str, lasts: str, operator: str, *, as_json: bool
) -> None:
    from embedded.running import live
    from streams.operating_mailboxes import order

    settings = live(load(config))
    _told(settings, order(settings, action, mailbox, reason, lasts=lasts, operator=operator), as_json=as_json)


def _told(settings: "Settings", event: "OperatorActed | PasswordChanged", *, as_json: bool) -> None:
    """Say what was published, and on standard error what whoever ordered it should know."""
    from streams.operating_mailboxes import notes, told

    tell(event, printable(told(event)), as_json=as_json)
    for note in notes(settings, event):
        typer.echo(f"relaywarden: {printable(note)}", err=True)
