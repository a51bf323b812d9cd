"""`relaywarden queue`: mail that waits in this host's Postfix; see it, hold it, let it go, drop it."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from embedded.pool_commands import Operator, Reason
from embedded.terminal import DEFAULT_CONFIG, Config, Json, printable, show, tell
from schemas.settings import load

if TYPE_CHECKING:
    from streams.queue_orders import Order

queue_app = typer.Typer(help="See queued mail on this host, hold it, let it go, drop it.", no_args_is_help=True)
Mailbox = Annotated[str, typer.Argument(metavar="MAILBOX", help="The login, the network's name or the sender.")]
_DONE = {"hold": "put on hold", "release": "let go", "drop": "dropped"}
_DOMAINS = 10


@queue_app.command("list")
def queue_list(
    mailbox: Annotated[str, typer.Argument(metavar="MAILBOX", help="Only this one's.")] = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Show whose mail is queued here: held by us, waiting, held by others, since when, to which domains."""
    from embedded.running import live
    from streams.operating_mailboxes import named
    from streams.queue_orders import Desk

    desk = Desk(live(load(config)))
    show(desk.rows(named(mailbox) if mailbox else ""), "nothing of a mailbox is queued here", as_json=as_json)


@queue_app.command("hold")
def queue_hold(
    mailbox: Mailbox, reason: Reason, operator: Operator = "", config: Config = DEFAULT_CONFIG, *, as_json: Json = False
) -> None:
    """Put what waits of a mailbox on hold, until somebody lets it go or drops it; what it hands in later is not."""
    _order(config, "hold", mailbox, reason, operator, as_json=as_json)


@queue_app.command("release")
def queue_release(
    mailbox: Mailbox, reason: Reason, operator: Operator = "", config: Config = DEFAULT_CONFIG, *, as_json: Json = False
) -> None:
    """Let go what we hold of a mailbox; what an administrator put on hold himself stays."""
    _order(config, "release", mailbox, reason, operator, as_json=as_json)


@queue_app.command("drop")
def queue_drop(
    mailbox: Mailbox,
    reason: Reason,
    operator: Operator = "",
    config: Config = DEFAULT_CONFIG,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete what we hold of a mailbox, for good; asks first."""
    from embedded.running import live
    from streams.operating_mailboxes import named
    from streams.queue_orders import Desk

    concerned = Desk(live(load(config))).concerned("drop", named(mailbox))
    if concerned and not yes:
        _confirm(named(mailbox), concerned)
    _order(config, "drop", mailbox, reason, operator, only=frozenset(concerned), as_json=as_json)


def _confirm(mailbox: str, concerned: dict[str, tuple[str, ...]]) -> None:
    """Have the number of messages typed in. ValueError where it is not, or nobody can be asked."""
    domains = Counter(domain for each in concerned.values() for domain in each)
    shown = ", ".join(f"{printable(domain)} ({number})" for domain, number in domains.most_common(_DOMAINS))
    if not sys.stdin.isatty():
        raise ValueError(f"{len(concerned)} messages of {mailbox} would be dropped for good: say --yes")
    typer.echo(f"{len(concerned)} messages of {printable(mailbox)} to {shown} will be dropped for good.", err=True)
    given = typer.prompt("Type their number to go on", default="", show_default=False, err=True)
    if given.strip() != str(len(concerned)):
        raise ValueError("nothing was dropped")


def _order(
    config: Path,
    order: "Order",
    mailbox: str,
    reason: str,
    operator: str,
    *,
    only: frozenset[str] | None = None,
    as_json: bool,
) -> None:
    from embedded.running import live
    from schemas.kafka_clients import knock
    from streams.operating import publish
    from streams.operating_mailboxes import named
    from streams.queue_orders import Desk

    settings = live(load(config))
    knock(
        settings.kafka.bootstrap
    )  # who could not take the event down is asked before: what is dropped does not return
    done = Desk(settings).obey(order, named(mailbox), reason, operator, only)
    if done is None:
        tell(
            {"mailbox": named(mailbox), "messages": 0}, f"nothing of {named(mailbox)} to {order} here", as_json=as_json
        )
        return
    publish(settings, done.event)
    show(
        [{"queue_id": each.queue_id, "to": ", ".join(each.domains), "done": _DONE[order]} for each in done.messages],
        "",
        as_json=as_json,
    )
    event = done.event
    word = "message" if event.messages == 1 else "messages"
    said = f"{event.messages} {word} of {event.mailbox} on {event.host}, by {event.operator}: {event.reason}"
    tell(event, f"{_DONE[order]}: {said}", as_json=as_json)
