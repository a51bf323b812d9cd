"""Ask the lists once, for a person or a script: `relaywarden dnsbl IP… [--list NAME] [--json]`."""

from collections.abc import Sequence

import msgspec
from rich.markup import escape
from rich.table import Table

from collectors.lists import askable, chosen
from collectors.resolve import ask
from schemas.facts import Answer, ListFault, Scope
from schemas.names import canonical_ip
from schemas.observations import ListHealthObserved, ListingObserved
from schemas.settings import Settings

_COLOURS = {"listed": "red", "not_listed": "green", "unknown": "yellow"}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What one list says about one IP, with the list's health (`fault` and its kind are "" for a sound one)."""

    ip: str
    list: str
    zone: str
    answer: Answer
    codes: tuple[str, ...]
    reason: str
    scope: Scope
    weight: float
    healthy: bool
    fault: str
    removal: str
    fault_kind: ListFault = ""


def rows(ips: Sequence[str], only: Sequence[str], settings: Settings) -> list[Row]:
    """Return what each list says about each IP, IP by IP.

    Asked are the lists named by `only`, else those configured, else all of the catalogue without a key. A list that
    cannot be asked about an IP's version has no row. ValueError names an IP that is none, or a list that there is not.
    """
    asked = list(dict.fromkeys(_ip(ip) for ip in ips))
    configured = settings.dnsbl.lists or settings.dnsbl.own
    lists = {each.name: each for each in chosen(settings.dnsbl, only or (() if configured else askable("ip")))}
    events = ask(asked, tuple(lists.values()), settings.dnsbl)
    health = {event.list: event for event in events if isinstance(event, ListHealthObserved)}
    found = [event for event in events if isinstance(event, ListingObserved)]
    return [
        Row(
            ip=event.ip,
            list=event.list,
            zone=lists[event.list].zone,
            answer=event.answer,
            codes=event.codes,
            reason=event.reason,
            scope=event.scope,
            weight=event.weight,
            healthy=health[event.list].healthy,
            fault=health[event.list].reason,
            removal=lists[event.list].removal if event.answer == "listed" else "",
            fault_kind=health[event.list].fault,
        )
        for event in sorted(found, key=lambda event: asked.index(event.ip))
    ]


def _ip(text: str) -> str:
    try:
        return canonical_ip(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no IP address") from error


def table(found: Sequence[Row]) -> Table:
    """Return the rows as a table for a terminal."""
    drawn = Table("IP", "list", "answer", "weight", "health", "reason", box=None, header_style="bold")
    for row in found:
        answer = row.answer.replace("_", " ")
        reason = f"{row.reason} (removal: {row.removal})" if row.removal else row.reason
        drawn.add_row(
            row.ip,
            row.list if row.scope == "ip" else f"{row.list} ({row.scope})",
            f"[{_COLOURS[row.answer]}]{answer}[/]",
            f"{row.weight:g}",
            "sound" if row.healthy else f"[yellow]no vote ({row.fault_kind.replace('_', ' ')})[/]",
            escape(reason),
        )
    return drawn
