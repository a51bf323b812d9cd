"""`relaywarden replies`: what the table of replies makes of a text, and which replies no row of it knows."""

from typing import Annotated

import typer

from embedded.terminal import DEFAULT_CONFIG, Config, Json, show
from schemas.settings import load

replies_app = typer.Typer(help="See what remote servers say, and what is made of it.", no_args_is_help=True)
_MOST = 10_000


@replies_app.command("unknown")
def replies_unknown(config: Config = DEFAULT_CONFIG, *, as_json: Json = False) -> None:
    """Show the replies of seven days that no row knows, those first that grew most within the last day."""
    import time

    from dashboards.queries_providers import unknown
    from dashboards.span import Span
    from embedded.running import live
    from streams.operating import warehouse

    span = Span.last(168, time.time_ns() // 1000)  # noqa: TID251 the command looks back from now
    with warehouse(live(load(config))) as client:
        found = unknown(client, span, _MOST)
    rows = [_row({str(name): value for name, value in each.items()}) for each in found.to_dict("records")]
    show(rows, "each reply of seven days is known to the table", as_json=as_json)


def _row(given: dict[str, object]) -> dict[str, object]:
    """Return a kind of unknown replies as it is shown."""
    return {
        "provider": given["provider"],
        "last_day": given["today"],
        "six_days_before": given["before"],
        "first": f"{given['first']:%Y-%m-%dT%H:%M:%SZ}",
        "last": f"{given['last']:%Y-%m-%dT%H:%M:%SZ}",
        "text": "(too many to be told apart: their words were not kept)" if given["further"] else given["text"],
        "further": bool(given["further"]),
    }


@replies_app.command("test")
def replies_test(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A reply, with or without Postfix's words around it.")],
    config: Annotated[str, typer.Option("--config", "-c", help="Also asks the patterns of this configuration.")] = "",
    status: Annotated[str, typer.Option(help="The enhanced status (dsn=), where the text has none.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Show which rows know a reply, the first of which counts, and how the text is compared."""
    from pathlib import Path

    from schemas.reasons.plain import fingerprint
    from schemas.reply_settings import suggested
    from streams.replies.table import SIGNS, Table, own

    table = Table(own(load(Path(config)).replies.own)) if config else Table()
    bare, fitting = table.fitting(status, text)
    rows = [
        {
            "counts": number == 0,
            "pattern": row.name,
            "kind": found.kind,
            "named": found.named,
            "against_the_ip": found.kind in SIGNS,
            "compared": f"{bare.code} {bare.status} | {bare.words}",
            "fits": row.pattern,
            "source": row.source,
        }
        for number, (row, found) in enumerate(fitting)
    ]
    show(rows, f"no row knows it. A row to begin with:\n\n{suggested(fingerprint(bare))}", as_json=as_json)
