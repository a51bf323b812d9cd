"""`relaywarden report`: who gets which report when, how one reads, and one to oneself."""

from pathlib import Path
from typing import Annotated

import typer

from embedded.terminal import DEFAULT_CONFIG, Config, Json, printable, show, tell, to_json
from schemas.settings import load

report_app = typer.Typer(
    help="Reports that come by mail: list them, see one, send one to yourself.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name in the configuration.")]
Customer = Annotated[str, typer.Option("--customer", metavar="NAME", help="Whose, of a report for customers.")]
Period = Annotated[
    str, typer.Option("--period", metavar="PERIOD", help="2026-11-28, 2026-W47 or 2026-11, if not the newest.")
]


@report_app.command("list")
def report_list(config: Config = DEFAULT_CONFIG, *, as_json: Json = False) -> None:
    """Show who gets which report, at which hours, and who cannot be written to."""
    from streams.operating import now
    from streams.report_preview import rows

    show(list(rows(load(config), now())), "no report is configured: add a table [report.NAME]", as_json=as_json)


@report_app.command("preview")
def report_preview(
    name: Name,
    customer: Customer = "",
    period: Period = "",
    *,
    text: Annotated[bool, typer.Option("--text", help="Write the text (so it is without any of these).")] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the HTML there.")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", metavar="FILE", help="Write the PDF there.")] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show a report as it would go now; nothing is sent."""
    from embedded.running import live
    from streams.operating import now, warehouse
    from streams.report_preview import Wish, as_html, as_pdf, as_text, shown, wanted

    settings, at = live(load(config)), now()
    wish = wanted(settings, name, Wish(customer=customer, period=period), at)
    with warehouse(settings) as client:
        found = shown(settings, client, wish, at)
    for fault in found.faults:
        typer.echo(f"relaywarden: {printable(fault)}", err=True)
    if html is not None:
        html.write_text(as_html(found), encoding="utf-8")
    if pdf is not None:
        pdf.write_bytes(as_pdf(found, wish.batch.period.due))
    if as_json:
        typer.echo(to_json({"to": found.to, "period": wish.batch.period.name, "document": found.document}))
    elif text or (html is None and pdf is None):
        typer.echo(f"To: {found.to or 'nobody'}\nSubject: {found.document.subject}\n\n{as_text(found)}", nl=False)


@report_app.command("send")
def report_send(
    name: Name,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="Your own address.")],
    customer: Customer = "",
    period: Period = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write the report and send nothing.")] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Send a report, marked as a test, to an address of yours; what is due goes by `relaywarden desk`."""
    from embedded.running import live
    from streams.letters.heads import recipient_of
    from streams.operating import now, warehouse
    from streams.report_preview import Wish, send_test, shown, wanted

    settings, at = live(load(config)), now()
    address = recipient_of(to)
    wish = wanted(settings, name, Wish(customer=customer, period=period), at)
    with warehouse(settings) as client:
        found = shown(settings, client, wish, at)
    for fault in found.faults:
        typer.echo(f"relaywarden: {printable(fault)}", err=True)
    if dry_run:
        told = {"to": address, "subject": found.document.subject, "sent": False}
        tell(told, f"would be sent to {address}: {found.document.subject}", as_json=as_json)
        return
    done = send_test(found, address, at)
    tell(done, f"sent to {done['to']}: {printable(done['reply'])}", as_json=as_json)
