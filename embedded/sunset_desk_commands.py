"""`relaywarden sunset status`, `plan-letters`, `exempt` and the like: where it stands, what goes, who is left out."""

from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import asdict

from embedded.sunset_app import Sunset, chosen
from embedded.terminal import DEFAULT_CONFIG, Config, Json, printable, show, steps, tell
from schemas.settings import Settings, load

if TYPE_CHECKING:
    from streams.sunset.ledger import Ledger

Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help="A mailbox, @domain or customer.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]
Operator = Annotated[str, typer.Option("--operator", help="Who says so, if not the login.")]


def sunset_status(
    sunset: Sunset = "",
    *,
    weeks: Annotated[bool, typer.Option("--weeks", help="Each week and language of one.")] = False,
    responses: Annotated[bool, typer.Option("--responses", help="What each letter of one brought.")] = False,
    unwritten: Annotated[bool, typer.Option("--unwritten", help="Who is in no letter of this week, and why.")] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show where each sunset stands, and the day when nothing is left by the last four weeks."""
    from embedded.running import live
    from streams.operating import now, warehouse
    from streams.sunset_silence import silent
    from streams.sunset_status import answers, rows
    from streams.sunset_status import weeks as burndown

    settings = live(load(config))
    if weeks or responses or unwritten or sunset:
        name = chosen(settings, sunset)
    with warehouse(settings) as client:
        if weeks:
            show(burndown(client, name), "it was never counted", as_json=as_json)
        elif responses:
            show(answers(client, name), "no letter was decided", as_json=as_json)
        elif unwritten:
            with steps("what was decided, and who uses it") as advance:
                told = silent(settings, name, client, now(), advance)
            show(told, "all who use it are in a letter", as_json=as_json)
        else:
            found = rows(client, settings, now())
            told = [row for row in found if sunset in {"", row["sunset"]}]
            show(told, "no sunset is configured", as_json=as_json)


def sunset_plan_letters(sunset: Sunset = "", config: Config = DEFAULT_CONFIG, *, as_json: Json = False) -> None:
    """Show which letters would go this week (or the next, when they went), to whom and when; nothing is sent."""
    from embedded.running import live
    from streams.letter_room import too_many
    from streams.operating import now, warehouse
    from streams.sunset_status import letter_row, planned

    settings = live(load(config))
    name = chosen(settings, sunset)
    with warehouse(settings) as client, steps("what was decided, and who uses it") as advance:
        found = planned(settings, name, client, now(), advance)
    if said := too_many(name, settings.sunset[name], found, now()):
        typer.echo(f"relaywarden: {said}", err=True)
    show(map(letter_row, found), "no letter would go", as_json=as_json)


def sunset_send(
    sunset: Sunset = "",
    config: Config = DEFAULT_CONFIG,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would go, as plan-letters does.")] = False,
    as_json: Json = False,
) -> None:
    """Do once what the desk does: decide about all sunsets, hand over what is due; for a timer, where no desk runs."""
    if dry_run:
        sunset_plan_letters(sunset, config, as_json=as_json)
        return
    from embedded.running import live
    from streams.sending import once

    settings = live(load(config))
    if sunset:
        raise ValueError("--sunset goes with --dry-run: what is due of all sunsets is handed over")
    chosen(settings, next(iter(settings.sunset), ""))
    with steps("handing over") as advance:
        done = once(settings, advance)
    sentence = f"{done.sent} letters sent, {done.refused} refused, {done.left} left"
    tell(done._asdict(), sentence, as_json=as_json)


def sunset_exempt(
    subject: Subject,
    reason: Reason,
    until: Annotated[str, typer.Option("--until", metavar="DAY", help="The last day; if not till it ends.")] = "",
    sunset: Sunset = "",
    operator: Operator = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Exempt a mailbox, a domain or a customer: it stands in no letter and is not counted as open."""
    from embedded.running import live
    from streams.operating import now, publish
    from streams.sunset_exempting import Order, accounts_of, addresses, covered, exempted, told
    from streams.switches import unwritten

    settings = live(load(config))
    name = chosen(settings, sunset)
    done = exempted(settings, Order(name, subject, reason, operator, now(), until))
    ledger, accounts = _ledger(settings, name), accounts_of(settings)
    covers = covered(ledger, accounts, done.subject)
    publish(settings, done)
    tell(asdict(done) | {"covers": covers}, printable(told(done, covers)), as_json=as_json)
    for words in unwritten(settings.sunset[name].switch, addresses(ledger, accounts, done.subject)):
        typer.echo(printable(words), err=True)


def sunset_unexempt(
    subject: Subject,
    reason: Reason,
    sunset: Sunset = "",
    operator: Operator = "",
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """End an exemption; status 2 where there is none."""
    from embedded.running import live
    from streams.operating import now, publish
    from streams.sunset_exempting import Order, ended, told

    settings = live(load(config))
    name = chosen(settings, sunset)
    done = ended(Order(name, subject, reason, operator, now()), _ledger(settings, name))
    publish(settings, done)
    tell(done, printable(told(done, 0)), as_json=as_json)


def sunset_exemptions(sunset: Sunset = "", config: Config = DEFAULT_CONFIG, *, as_json: Json = False) -> None:
    """Show what is exempt, until when, and how many mailboxes found so far that covers."""
    from embedded.running import live
    from streams.sunset_exempting import accounts_of, exemptions

    settings = live(load(config))
    name = chosen(settings, sunset)
    show(exemptions(_ledger(settings, name), accounts_of(settings)), "nothing is exempt", as_json=as_json)


def _ledger(settings: Settings, name: str) -> "Ledger":
    from streams.sunset.ledger import Ledger
    from streams.sunset_status import known

    with steps("reading what was decided") as advance:
        return known(settings, advance).get(name, Ledger())
