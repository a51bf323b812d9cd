"""`relaywarden complaints`: which came, whose mail they are about, how sure that is, and which name nobody."""

import re
from typing import Annotated

import typer

from embedded.terminal import DEFAULT_CONFIG, Config, Json, show
from schemas.settings import load

complaints_app = typer.Typer(help="See the complaints.", no_args_is_help=True)
_SPAN = re.compile(r"([1-9][0-9]{0,5})([mhd])")
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60}
_MOST = 10_000


@complaints_app.command("list")
def complaints_list(
    config: Config = DEFAULT_CONFIG,
    *,
    unattributed: Annotated[bool, typer.Option("--unattributed", help="Only those without a sender.")] = False,
    since: Annotated[str, typer.Option(metavar="TIME", help="How far back: 30m, 24h, 7d, or an RFC 3339 time.")] = "7d",
    as_json: Json = False,
) -> None:
    """Show the complaints, newest first, each with its sender, by what that is known, and how sure it is."""
    import time

    from dashboards.queries_complaints import listed
    from dashboards.span import Span
    from embedded.running import live
    from streams.operating import warehouse

    now = time.time_ns() // 1000  # noqa: TID251 the command looks back from now
    span = Span(_start(since, now), now)
    with warehouse(live(load(config))) as client:
        found = listed(client, span, unattributed, _MOST)
    rows = [_row({str(name): value for name, value in each.items()}) for each in found.to_dict("records")]
    if len(rows) < (total := int(found["total"].max()) if rows else 0):
        typer.echo(f"relaywarden: the newest {len(rows)} of {total}; --since chooses a shorter time", err=True)
    kind = "unattributed complaints" if unattributed else "complaints"
    show(rows, f"no {kind} since {since}", as_json=as_json)


def _start(text: str, now: int) -> int:
    """Return where a time begins: so long before `now`, or at an RFC 3339 time. ValueError where it is neither."""
    from datetime import datetime

    from schemas.moments import epoch_microseconds

    found = _SPAN.fullmatch(text)
    if found is not None:
        return now - int(found[1]) * _MINUTES[found[2]] * 60_000_000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"--since {text!r}: say 30m, 24h, 7d, or a time such as 2026-03-01T12:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"--since {text!r}: say the time zone too, as in {text}Z")
    return epoch_microseconds(moment)


def _row(given: dict[str, object]) -> dict[str, object]:
    """Return a complaint as it is shown."""
    return {
        "time": f"{given['time']:%Y-%m-%dT%H:%M:%SZ}",
        "sender": given["sender"],
        "attribution": given["attribution"] or "unattributed",
        "confidence": given["confidence"],
        "reason": given["reason"],
        "ip": given["ip"],
        "kind": given["feedback_type"],
        "failure": given["failure"],
        "reporter": given["reporter"],
        "recipient": given["recipient"],
        "report_url": given["report_url"],
        "message_id": given["message_id"],
        "queue_id": given["queue_id"],
    }
