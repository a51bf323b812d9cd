"""`relaywarden domains`: what customers' domains publish for our mail, as last seen or asked now, and whom to tell."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from embedded.terminal import DEFAULT_CONFIG, Config, Json, show, to_json
from schemas.settings import load

if TYPE_CHECKING:
    from schemas.domain_events import CustomerDomainChecked
    from schemas.domain_list import Listed
    from schemas.settings import Settings

domains_app = typer.Typer(
    help="See whether customers' domains publish what our mail in their name needs.", no_args_is_help=True
)
Customer = Annotated[str, typer.Option("--customer", help="Only this customer's domains.")]
Failing = Annotated[bool, typer.Option("--failing", help="Only what fails, or lacks a record.")]


@domains_app.command("list")
def domains_list(
    customer: Customer = "", *, failing: Failing = False, config: Config = DEFAULT_CONFIG, as_json: Json = False
) -> None:
    """Show each domain as it was last seen; one that was never looked at is named so."""
    from embedded.running import live
    from schemas.domain_events import FAILING
    from streams.domain_desk import rows, seen
    from streams.operating import now, warehouse

    settings = _looking(live(load(config)))
    listed = _of(settings, customer)
    with warehouse(settings) as client:
        found = rows(listed, seen(client, settings, now()))
    wanted = [row for row in found if row["outcome"] in FAILING] if failing else found
    show(wanted, "none fails" if failing and found else "no domain is configured", as_json=as_json)


@domains_app.command("check")
def domains_check(
    names: Annotated[list[str] | None, typer.Argument(metavar="DOMAIN…", help="If not all.")] = None,
    customer: Customer = "",
    *,
    failing: Failing = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Ask the DNS now; exit status 1 where something fails, is absent or could not be asked."""
    from collectors.domainwatch.ask import ask
    from embedded.terminal import stepwise

    settings = load(config)
    listed = _named(settings, names or [], customer)
    outcomes: set[str] = set()

    def asked(advance: Callable[[int], None]) -> Iterator[dict[str, object]]:
        for event in ask(listed, settings):
            advance(1)
            outcomes.add(event.outcome)
            yield from _findings(event, failing=failing)

    show(stepwise("asking", len(listed), asked), "none fails" if listed else "no domain is configured", as_json=as_json)
    if outcomes & {"fail", "absent", "unknown"}:
        raise typer.Exit(1)


@domains_app.command("report")
def domains_report(
    customer: Annotated[str, typer.Option("--customer", help="Whose domains it is about.")],
    language: Annotated[str, typer.Option("--lang", help="de, fr, it or en, if not the customer's.")] = "",
    *,
    html: Annotated[bool, typer.Option("--html/--text", help="As HTML.")] = False,
    anew: Annotated[bool, typer.Option("--now", help="Ask the DNS now, in place of what was last seen.")] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Write what a customer's administrator must publish, with the records to copy, in his language."""
    from collectors.domainwatch.ask import ask
    from embedded.running import live
    from streams import domain_desk
    from streams.operating import now, warehouse

    settings = live(load(config))
    listed = _of(settings, customer)
    if anew:
        looks = {event.domain: event for event in ask(listed, settings)}
    else:
        with warehouse(_looking(settings)) as client:
            looks = domain_desk.looks(client, settings, [each.domain for each in listed], now())
    said = domain_desk.report(settings, customer, listed, looks, language)
    if as_json:
        typer.echo(to_json(said))
    else:
        typer.echo(said.html if html else f"{said.subject}\n\n{said.text}", nl=False)


def _looking(settings: "Settings") -> "Settings":
    """Return the settings. ValueError where they look at no domain: what was last seen would be old."""
    if not settings.domains.enabled:
        raise ValueError("domains.enabled = false: no domain is looked at; `relaywarden domains check` asks now")
    return settings


def _of(settings: "Settings", customer: str) -> "Sequence[Listed]":
    """Return the domains of a customer, or all. ValueError where he has none."""
    from schemas import domain_file

    listed = domain_file.domains(settings)
    own = [each for each in listed if customer in {"", each.customer}]
    if customer and not own:
        raise ValueError(f"--customer {customer!r}: no domain is his, by [customers] or the file of [domains]")
    return own


def _named(settings: "Settings", names: Iterable[str], customer: str) -> "Sequence[Listed]":
    """Return the domains that were named, as they are configured where they are; all of them where none was named."""
    from schemas.checked import domain
    from schemas.domain_list import Listed

    known = {each.domain: each for each in _of(settings, customer)}
    wanted = dict.fromkeys(map(domain, names))
    if customer and (others := sorted(set(wanted) - set(known))):
        raise ValueError(f"{others[0]!r} is no domain of the customer {customer}")
    return [known.get(name, Listed(name)) for name in wanted] or list(known.values())


def _findings(event: "CustomerDomainChecked", *, failing: bool) -> Iterator[dict[str, object]]:
    from schemas.domain_events import FAILING

    for check in event.checks:
        if not failing or check.outcome in FAILING:
            yield {
                "domain": event.domain,
                "customer": event.customer,
                "check": check.name,
                "outcome": check.outcome,
                "found": check.text,
                "publish": check.publish,
            }
