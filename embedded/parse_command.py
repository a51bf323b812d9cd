"""`relaywarden parse`: what a log, a mail or a report says, as events, without any server."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from embedded.terminal import progress, to_json
from schemas.settings import load


def parse(
    format_name: Annotated[str, typer.Argument(metavar="FORMAT", help="auto, or what it is: postfix, dovecot, arf …")],
    file: Annotated[
        str,
        typer.Argument(metavar="FILE|-", help="A log or a mail; gz, xz, zst and bz2 are unpacked, whatever its name."),
    ],
    config: Annotated[Path | None, typer.Option("--config", "-c", help="Takes pool and networks from there.")] = None,
    master_cf: Annotated[Path | None, typer.Option(help="Takes the outbound IPs from a Postfix master.cf.")] = None,
    transport: Annotated[list[str] | None, typer.Option(metavar="NAME=IP", help="A transport's outbound IP.")] = None,
    zone: Annotated[str, typer.Option(help="The time zone of stamps that name none.")] = "UTC",
    host: Annotated[str, typer.Option(help="The host, where the lines name none.")] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write the counts as JSON, too.")] = False,
) -> None:
    """Read a log, a mail or a report and write its events as JSON lines; the counts go to standard error.

    The format auto is told by the content, and the counts say what the file was taken for, and why; a log that several
    programs write to is read by all their formats; a file that no format knows is an error. All formats are in
    docs/formats.md. Of a damaged archive the lines before the damage are read, then it is an error; of one that holds a
    report nothing is. Where a format was named and nothing at all was read the counts say what the file seems to be;
    the exit status stays 0.
    """
    from msgspec.structs import asdict

    from collectors.outbound import known_zone, outbound_ips
    from collectors.parsing import parse_file

    settings = load(config) if config else None
    told = outbound_ips(master_cf, transport or [])
    with progress(f"reading {file}", file) as advance:
        counts = parse_file(
            format_name,
            file,
            sys.stdout.buffer,
            settings=settings,
            transports=told.ips,
            zone=known_zone(zone),
            host=host,
            progress=advance,
        )
    if as_json:
        typer.echo(to_json({**asdict(counts), "unresolved": told.unresolved}), err=True)
        return
    for service, why in told.unresolved.items():
        typer.echo(f"relaywarden: {master_cf}: {service}: {why}", err=True)
    typer.echo(f"{file}: {counts.summary()}", err=True)
