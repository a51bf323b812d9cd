"""`relaywarden sunset find`: who uses what is going away, by ClickHouse or straight out of log files."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from embedded.sunset_app import Sunset, chosen
from embedded.terminal import DEFAULT_CONFIG, Config, Json, printable, progress, show
from schemas.moments import rfc3339
from schemas.settings import Settings, load
from schemas.sunset_settings import Sunset as Ending
from schemas.sunset_settings import SunsetKind

if TYPE_CHECKING:
    from schemas.sunset_events import Use

_DAY = 86_400_000_000
_WEEK = 7
_OLD_TLS = cast("frozenset[str]", Ending.model_fields["old_tls"].default)


def sunset_find(
    sunset: Sunset = "",
    *,
    days: Annotated[
        int | None, typer.Option(min=1, max=400, help="How far back: 7, of log files all, if not said.")
    ] = None,
    log: Annotated[
        list[str] | None, typer.Option(metavar="FORMAT=FILE", help="Read this log, no server; may be given again.")
    ] = None,
    kind: Annotated[str, typer.Option(help="With --log, without a sunset: what to look for.")] = "",
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show each mailbox that uses what is going away: how sure that is, its client and program, first and last use."""
    if kind and not log:
        raise ValueError("--kind belongs to --log; the kind of a sunset is in the configuration")
    settings = _settings(config, anyway=bool(log) and not sunset)
    if log:
        name = chosen(settings, sunset) if sunset else ""
        found = _in_files(settings, log, settings.sunset[name] if name else None, kind, days or 0)
    else:
        found = _in_clickhouse(settings, chosen(settings, sunset), days or _WEEK)
    customer = _customers(settings)
    rows = (_whole(use, customer) if as_json else _row(use, customer) for use in found)
    show(rows, "nobody uses it, as far as the logs tell", as_json=as_json)


def _settings(config: Path, *, anyway: bool) -> Settings:
    """Return what is configured; log files can be read `anyway`, where there is no configuration."""
    return Settings() if anyway and config == DEFAULT_CONFIG and not config.exists() else load(config)


def _in_clickhouse(settings: Settings, name: str, days: int) -> "Iterator[Use]":
    from embedded.running import live
    from streams.operating import now, warehouse
    from streams.sunset.uses import untold, uses

    until = now()
    with warehouse(live(settings)) as client:
        _warn(untold(client, settings.sunset[name], until - days * _DAY, until))
        yield from uses(client, settings.sunset[name], until - days * _DAY, until)


def _in_files(settings: Settings, logs: Sequence[str], ending: Ending | None, kind: str, days: int) -> "Iterator[Use]":
    from collectors.history import Past, events, named_log
    from streams.sunset.finding import Finding

    kinds = get_args(SunsetKind)
    if kind not in {"", *kinds}:
        raise ValueError(f"--kind {kind!r}: there are {', '.join(kinds)}")
    if kind and ending is not None:
        raise ValueError("--kind and --sunset: say one of them")
    wanted = cast("SunsetKind", kind or (ending.kind if ending is not None else kinds[0]))
    past = Past(tuple(map(named_log, logs)))
    finding = Finding(wanted, frozenset(ending.old_tls if ending is not None else _OLD_TLS))
    files = [str(path) for _, path in past.logs]
    with progress(f"reading {', '.join(files)}", *files) as advance:
        for event in events(past, settings, advance):
            finding.add(event)
    for place, counts in past.counts.items():
        typer.echo(f"{place}: {counts.summary()}", err=True)
    _warn(finding.untold())
    yield from finding.uses(days)


def _warn(hosts: Sequence[str]) -> None:
    """Tell of which hosts nothing is known: that nobody is found there says nothing."""
    for host in hosts:
        known = "its log has logins, but tells of none what is looked for: who uses it there is not known"
        typer.echo(f"relaywarden: {printable(host) or 'a log without host names'}: {known}", err=True)


def _customers(settings: Settings) -> Callable[[str], str]:
    """Return what tells the customer of a mailbox, "" where nobody knows him. ValueError: it cannot be read."""
    from streams.directory import DirectoryError
    from streams.directory.kept import load as directory_of

    try:
        directory = directory_of(settings, lambda _: None)
    except DirectoryError as error:
        raise ValueError(str(error)) from error

    def customer(mailbox: str) -> str:
        account = directory.of(mailbox)
        return account.customer if account is not None else ""

    return customer


def _row(use: "Use", customer: Callable[[str], str]) -> Mapping[str, object]:
    """Return a use as a line of the table: of its clients the newest."""
    newest, others = use.clients[0], len(use.clients) - 1
    return {
        "mailbox": use.mailbox,
        "customer": customer(use.mailbox),
        "confidence": f"{use.confidence:.2f}",
        "client": f"{newest.ip} and {others} more" if others else newest.ip,
        "ehlo": newest.helo,
        "message_id_host": newest.message_host,
        "program": newest.program,
        "messages": use.messages,
        "first": rfc3339(use.first),
        "last": rfc3339(use.last),
        "switched": rfc3339(use.switched) if use.switched else "",
    }


def _whole(use: "Use", customer: Callable[[str], str]) -> Mapping[str, object]:
    """Return a use with all its clients."""
    clients: Iterable[Mapping[str, object]] = (
        {
            "ip": each.ip,
            "ehlo": each.helo,
            "message_id_host": each.message_host,
            "program": each.program,
            "messages": each.messages,
            "first": rfc3339(each.first),
            "last": rfc3339(each.last),
        }
        for each in use.clients
    )
    return {
        "mailbox": use.mailbox,
        "customer": customer(use.mailbox),
        "confidence": use.confidence,
        "messages": use.messages,
        "first": rfc3339(use.first),
        "last": rfc3339(use.last),
        "switched": rfc3339(use.switched) if use.switched else None,
        "hosts": list(use.hosts),
        "clients": list(clients),
    }
