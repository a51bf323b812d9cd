"""`relaywarden sunset stages` and `sunset stage`: the plan, its steps, and the operator's hand on them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from embedded.sunset_app import Sunset, chosen
from embedded.terminal import DEFAULT_CONFIG, Config, Json, printable, show, steps, tell, to_json
from schemas.settings import Settings, load

if TYPE_CHECKING:
    from streams.stage_orders import Action, Book
    from streams.switches import Effect

stage_app = typer.Typer(help="Plan the stages of a sunset, and take them in hand.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="Which stage.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]
Operator = Annotated[str, typer.Option("--operator", help="Who says so, if not the login.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what it would do; write nothing.")]


def sunset_stages(sunset: Sunset = "", config: Config = DEFAULT_CONFIG, *, as_json: Json = False) -> None:
    """Show each stage: its mailboxes, its step, what comes next, the hosts that have it otherwise, and the load."""
    from embedded.running import live
    from streams.operating import now
    from streams.stage_load import sentence
    from streams.stage_orders import opened

    settings = live(load(config))
    with steps("reading what was decided") as advance, opened(settings, chosen(settings, sunset), advance) as (book, _):
        pass
    at = now()
    _show(book, at, sentence(settings, book.name, book.ledger, at), as_json=as_json)


def _show(book: "Book", at: int, load: str = "", *, as_json: bool) -> None:
    """Show the stages; with each, or behind all, who planned them, and the load in words."""
    from streams.stage_orders import origin, rows

    told = origin(book.plan) if book.plan is not None else ""
    found = rows(book, book.ledger.stages, at)
    whole = ({**row, "planned": told, "load": load} for row in found)
    show(whole if as_json else found, "no stages are planned", as_json=as_json)
    for words in filter(None, () if as_json else (told, load)):
        typer.echo(printable(words))


@stage_app.command("plan")
def stage_plan(
    reason: Annotated[str, typer.Option("--reason", help="Why, where it replaces a plan; it is kept.")] = "",
    sunset: Sunset = "",
    operator: Operator = "",
    config: Config = DEFAULT_CONFIG,
    *,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Plan the stages by who uses it now; what is closed or rolled back keeps its cuts and its step."""
    from embedded.running import live
    from streams.operating import now
    from streams.stage_orders import cut_short, opened, planned

    settings, at = live(load(config)), now()
    with steps("reading what was decided") as advance, opened(settings, chosen(settings, sunset), advance) as opening:
        book, journal = opening
        event = planned(book, at, operator=operator, reason=reason)
        over = cut_short(book, event, at)
        if not dry_run:
            journal.append([event])
    book.take(event)
    _show(book, at, as_json=as_json)
    for number in over:
        typer.echo(f"the brown-out of stage {number} is over with this plan", err=True)
    if dry_run:
        typer.echo("nothing is written: without --dry-run this is the plan", err=True)


@stage_app.command("effects")
def stage_effects(
    off: Annotated[list[int] | None, typer.Option("--off", help="As if this were off; may be given again.")] = None,
    sunset: Sunset = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Show what the switches of a relay host write now, or would write; nothing is changed."""
    from embedded.running import live
    from streams.directory.kept import load as directory_of
    from streams.operating import now
    from streams.stage_orders import effects_of, opened, state_with
    from streams.switches import unwritten

    settings = live(load(config))
    with steps("reading what was decided") as advance, opened(settings, chosen(settings, sunset), advance) as (book, _):
        pass
    people = directory_of(settings, lambda _: None) if book.ledger.exemptions else None
    state, switches = state_with(book, off or (), people, now()), book.sunset.switch
    for switch, effect in effects_of(switches, state):
        if as_json:
            typer.echo(to_json({"switch": switch, "effect": effect}))
        else:
            typer.echo(f"# {switch}: {_shown(effect)}")
    for words in unwritten(switches, state.exempt, filter(state.refuses, state.known)):
        typer.echo(printable(words), err=True)


def _shown(effect: "Effect") -> str:
    from streams.asking import place_of
    from streams.deeds import HttpCall, Run, RunWith, WriteFile

    match effect:
        case WriteFile(path=path, content=content):
            return f"{path}\n{content}"
        case Run(command=command) | RunWith(command=command):
            return f"runs {' '.join(command)}"
        case HttpCall(url=url, body=body):
            return f"tells {place_of(url)}\n{body}"
        case _:
            return "the policy server answers by the same stages"


def _ordering(action: "Action", words: str) -> Callable[..., None]:
    """Return the command of an order; all have the same options."""

    def order(
        number: Number,
        reason: Reason,
        sunset: Sunset = "",
        operator: Operator = "",
        config: Config = DEFAULT_CONFIG,
        *,
        dry_run: DryRun = False,
        as_json: Json = False,
    ) -> None:
        _order(action, number, reason, sunset, operator, load(config), dry_run=dry_run, as_json=as_json)

    order.__doc__ = words
    return order


_ORDERS: dict["Action", str] = {
    "open": "End the brown-out of a stage now; the plan goes on.",
    "close": "Close a stage now, whatever the plan says.",
    "pause": "Open a stage again, and let no other go off until it is resumed.",
    "resume": "Let a stage go on that was paused or rolled back; one that had closed is closed again at once.",
    "rollback": "Open a stage again until it is resumed; the others go on.",
}
for _action, _words in _ORDERS.items():
    stage_app.command(_action)(_ordering(_action, _words))


def _order(
    action: "Action",
    number: int,
    reason: str,
    sunset: str,
    operator: str,
    given: Settings,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    from embedded.running import live
    from streams.operating import now
    from streams.stage_orders import opened, ordered

    settings, at = live(given), now()
    with steps("reading what was decided") as advance, opened(settings, chosen(settings, sunset), advance) as opening:
        book, journal = opening
        events = ordered(book, action, number, at, reason=reason, operator=operator)
        if not dry_run:
            journal.append(events)
    concerned = _effect(settings, book, number, at)
    done = "would be done" if dry_run else "ordered"
    tell(events[-1], printable(f"{done}: {action} {concerned}: {reason}"), as_json=as_json)


def _effect(settings: Settings, book: "Book", number: int, at: int) -> str:
    from streams.operating import warehouse
    from streams.stage_orders import effect
    from streams.warehouse_client import SOON_SECONDS

    try:
        with warehouse(settings, answer_seconds=SOON_SECONDS) as client:
            return effect(book, number, at, client)
    except OSError:
        return effect(book, number, at, None)  # the order counts without ClickHouse, too
