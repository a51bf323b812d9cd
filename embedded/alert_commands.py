"""`relaywarden alert`: what is alerted, an operator's word on it, the channels and the rules."""

from typing import Annotated

import typer

from embedded.terminal import DEFAULT_CONFIG, Config, Json, printable, show, steps, tell
from schemas.settings import load

alert_app = typer.Typer(help="See alerts, acknowledge them, try the channels.", no_args_is_help=True)


@alert_app.command("list")
def alert_list(
    *,
    every: Annotated[bool, typer.Option("--all", help="Those that ended within a week, too.")] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show the open alerts, the newest first, and who was told."""
    from embedded.running import live
    from streams.alert_status import alerting, known, listed

    settings = live(load(config))
    link = alerting(settings).dashboard_url
    with steps("reading the log") as advance:
        book = known(settings, advance)
    show(listed(book, link, every=every), "no alert within a week" if every else "no alert is open", as_json=as_json)


@alert_app.command("acknowledge")
def alert_acknowledge(
    alert: Annotated[str, typer.Argument(metavar="ID", help="As the message or `alert list` shows it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")],
    operator: Annotated[str, typer.Option("--operator", help="Who says so, if not the login.")] = "",
    config: Config = DEFAULT_CONFIG,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Take it back: it is repeated and escalated again.")] = False,
    as_json: Json = False,
) -> None:
    """Say that you know of an alert: it is neither repeated nor escalated any more, unless it gets worse."""
    from embedded.running import live
    from streams.alert_status import acknowledgement, alerting, known
    from streams.operating import publish

    settings = live(load(config))
    alerting(settings)
    with steps("reading the log") as advance:
        book = known(settings, advance)
    event = acknowledgement(book, alert, reason, operator, undo=undo)
    publish(settings, event)
    text = book.alerts[event.alert].newest.text
    done = "not acknowledged any more, taken back" if undo else "acknowledged"
    tell(event, printable(f"{done} by {event.operator}: {text}"), as_json=as_json)


@alert_app.command("test")
def alert_test(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="A channel of \\[alert.channel].")],
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Send a message to a channel, and say what its server answered; exit status 1 where it was not taken."""
    from streams.alert_status import alerting, tried

    settings = alerting(load(config))
    answer = tried(settings, channel, settings.dashboard_url)
    word = "taken" if answer.taken else "not taken"
    row = {"channel": channel, "taken": answer.taken, "answer": answer.words}
    tell(row, printable(f"{channel}: {word}: {answer.words}"), as_json=as_json)
    raise typer.Exit(0 if answer.taken else 1)


@alert_app.command("rules")
def alert_rules(config: Config = DEFAULT_CONFIG, *, as_json: Json = False) -> None:
    """Show the rules, as they are configured."""
    from streams.alert_status import alerting, configured

    show(configured(alerting(load(config))), "no rule", as_json=as_json)
