"""`relaywarden pool`: see the pools and overrule them; each order is an event with a name and a reason."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from embedded.terminal import DEFAULT_CONFIG, Config, Json, show, tell
from schemas.settings import load

if TYPE_CHECKING:
    from schemas.observations import ListAction
    from streams.operating import Action

pool_app = typer.Typer(help="See the pool, and overrule it.", no_args_is_help=True)
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the decision.")]
Lasts = Annotated[str, typer.Option("--for", metavar="TIME", help="How long the order counts: 30m, 2h, 7d.")]
Provider = Annotated[
    str, typer.Option("--provider", help="Only what it sends to this one: google, microsoft, gmail.com, example.org.")
]
Operator = Annotated[str, typer.Option("--operator", help="Who orders it, if not the login's name.")]


@pool_app.command("list")
def pool_list(config: Config = DEFAULT_CONFIG, *, as_json: Json = False) -> None:
    """Show each IP with its state."""
    from embedded.running import live
    from streams.operating import rows, warehouse

    settings = live(load(config))
    with warehouse(settings) as client:
        show(rows(client, settings), "no pool is configured", as_json=as_json)


@pool_app.command("history")
def pool_history(
    ip: Annotated[str, typer.Argument(help="Only of this IP.")] = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Show the decisions with their evidence, newest first."""
    from embedded.running import live
    from streams.operating import address, history, warehouse

    wanted = address(ip) if ip else ""
    with warehouse(live(load(config))) as client:
        show(history(client, wanted), "no decisions yet", as_json=as_json)


@pool_app.command("withdraw")
def pool_withdraw(
    ip: str,
    reason: Reason,
    lasts: Lasts = "",
    provider: Provider = "",
    operator: Operator = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Take an IP out of the pool by hand, until it is restored by hand; with --for, for that long at least."""
    _order(config, "withdraw", ip, reason, lasts, operator, provider, as_json=as_json)


@pool_app.command("restore")
def pool_restore(
    ip: str,
    reason: Reason,
    lasts: Lasts = "",
    provider: Provider = "",
    operator: Operator = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Put an IP back by hand; with --for the lists cannot take it out again for that long."""
    _order(config, "restore", ip, reason, lasts, operator, provider, as_json=as_json)


@pool_app.command("pin")
def pool_pin(
    ip: str,
    reason: Reason,
    lasts: Lasts = "",
    operator: Operator = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Keep an IP as it is, in or out, whatever the lists say, until it is unpinned."""
    _order(config, "pin", ip, reason, lasts, operator, "", as_json=as_json)


@pool_app.command("unpin")
def pool_unpin(
    ip: str, reason: Reason, operator: Operator = "", config: Config = DEFAULT_CONFIG, *, as_json: Json = False
) -> None:
    """Let the lists decide about an IP again."""
    _order(config, "unpin", ip, reason, "", operator, "", as_json=as_json)


PoolName = Annotated[str, typer.Option("--pool", help="In this pool only, if not in all.")]
ListName = Annotated[str, typer.Argument(metavar="LIST", help="As \\[dnsbl] names it.")]


def _about_list(action: "ListAction", words: str) -> Callable[..., None]:
    """Return the command of an order about a list; all have the same options."""

    def order(
        name: ListName,
        reason: Reason,
        lasts: Lasts = "",
        pool: PoolName = "",
        operator: Operator = "",
        config: Config = DEFAULT_CONFIG,
        *,
        as_json: Json = False,
    ) -> None:
        from embedded.running import live
        from schemas.list_orders import list_order
        from streams.operating import publish

        settings = live(load(config))
        event = list_order(settings, action, name, reason, pool=pool, lasts=lasts, operator=operator)
        publish(settings, event)
        where = f"pool {pool}" if pool else "all pools"
        tell(event, f"ordered: {action} {name} in {where}: {reason} (relaywarden pool history)", as_json=as_json)

    order.__doc__ = words
    return order


_ABOUT_LISTS: dict["ListAction", str] = {
    "distrust": "Take a list's vote away, whatever its tests say; what it alone withdrew may come back.",
    "trust": "Give a list its vote, although it fails its tests or names most of the pool.",
    "leave": "Leave a list to its tests again: no order about it counts any more.",
}
for _action, _words in _ABOUT_LISTS.items():
    pool_app.command(_action)(_about_list(_action, _words))


def _order(
    config: Path,
    action: "Action",
    ip: str,
    reason: str,
    lasts: str,
    operator: str,
    provider: str,
    *,
    as_json: bool,
) -> None:
    from embedded.running import live
    from streams.operating import order, told

    settings = live(load(config))
    event = order(settings, action, ip, reason, lasts=lasts, operator=operator, provider=provider)
    tell(event, told(event), as_json=as_json)
