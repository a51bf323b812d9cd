"""`relaywarden bounces`: which mails came back, why, whether for ever, and whose they were."""

from typing import Annotated

import typer

from embedded.terminal import DEFAULT_CONFIG, Config, Json, show
from schemas.settings import load

bounces_app = typer.Typer(help="See the bounces that came by mail.", no_args_is_help=True)
_MOST = 10_000
_YEARS = 10 * 366 * 24


@bounces_app.command("list")
def bounces_list(
    config: Config = DEFAULT_CONFIG,
    mailbox: Annotated[str, typer.Option(metavar="M", help="Only those of this sender's mail.")] = "",
    domain: Annotated[str, typer.Option(metavar="D", help="Only those of recipients in this domain.")] = "",
    reason: Annotated[
        str, typer.Option(metavar="R", help="Only those of this reason; `relaywarden reasons` lists them.")
    ] = "",
    hours: Annotated[int, typer.Option(metavar="N", help="How far back.")] = 168,
    *,
    as_json: Json = False,
) -> None:
    """Show the bounces, newest first, each with its reason, the server's words, and the sender, if one is known."""
    import time

    from dashboards.queries_bounces import Chosen, listed
    from dashboards.span import Span, words
    from embedded.running import live
    from schemas.reasons import NAMES
    from streams.operating import warehouse

    if reason and reason not in NAMES:
        raise ValueError(f"--reason {reason!r} is none; there are {', '.join(NAMES)}")
    if not 0 < hours <= _YEARS:
        raise ValueError(f"--hours {hours}: say 1 to {_YEARS}")
    if "@" in domain:
        raise ValueError(f"--domain {domain!r}: say what stands behind the @")
    span = Span.last(hours, time.time_ns() // 1000)  # noqa: TID251 the command looks back from now
    with warehouse(live(load(config))) as client:
        found = listed(client, span, _MOST, Chosen(mailbox, domain, reason))
    rows = [_row({str(name): value for name, value in each.items()}) for each in found.to_dict("records")]
    if len(rows) < (total := int(found["total"].max()) if rows else 0):
        typer.echo(f"relaywarden: the newest {len(rows)} of {total}; --hours chooses a shorter time", err=True)
    show(rows, f"no such bounces in {words(hours)}", as_json=as_json)


def _row(given: dict[str, object]) -> dict[str, object]:
    """Return a bounce as it is shown."""
    return {
        "time": f"{given['time']:%Y-%m-%dT%H:%M:%SZ}",
        "sender": given["sender"],
        "confidence": given["confidence"],
        "doubt": given["doubt"],
        "action": given["action"],
        "recipient": given["recipient"],
        "reason": given["reason"],
        "permanent": bool(given["permanent"]),
        "reply": given["reply"],
        "reporting_mta": given["reporting_mta"],
        "ip": given["ip"],
        "message_id": given["message_id"],
    }
