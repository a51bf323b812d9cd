"""Ask the lists once, for a person or a script: `relaywarden dnsbl IP… [--list NAME] [--json]`."""

from collections.abc import Sequence
from ipaddress import ip_address

import msgspec
from rich.markup import escape
from rich.table import Table

from collectors.dnsbl import Dnsbl, supports
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

    A list that cannot be asked about an IP's version has no row: `unanswered` names it. ValueError names an IP that is
    none, a list that there is not, or the IPs where no list answers about any of them.
    """
    asked = list(dict.fromkeys(map(public_ip, ips)))
    lists = {each.name: each for each in _lists(only, settings)}
    if not any(supports(ip, each) for ip in asked for each in lists.values()):
        raise ValueError("; ".join(unanswered(ips, only, settings)))
    events = ask(asked, tuple(lists.values()), settings.dnsbl)
    health = {event.list: event for event in events if isinstance(event, ListHealthObserved)}
    found = [event for event in events if isinstance(event, ListingObserved)]
    return [
        _row(event, health[event.list], lists[event.list])
        for event in sorted(found, key=lambda event: asked.index(event.ip))
    ]


def _lists(only: Sequence[str], settings: Settings) -> tuple[Dnsbl, ...]:
    """Return the lists named by `only`, else those of IPs configured, else all of the catalogue without a key."""
    return chosen(settings.dnsbl, only) or chosen(settings.dnsbl, askable("ip"))


def _row(event: ListingObserved, health: ListHealthObserved, dnsbl: Dnsbl) -> Row:
    concerned = health.ip_version in {0, ip_address(event.ip).version}
    fault = health.fault if concerned else ""
    return Row(
        ip=event.ip,
        list=event.list,
        zone=dnsbl.zone,
        answer=event.answer,
        codes=event.codes,
        reason=event.reason,
        scope=event.scope,
        weight=event.weight,
        healthy=not fault,
        fault=health.reason if fault else "",
        removal=dnsbl.removal if event.answer == "listed" else "",
        fault_kind=fault,
    )


def unanswered(ips: Sequence[str], only: Sequence[str], settings: Settings) -> list[str]:
    """Return a sentence for each IP version about which lists that were named or configured do not answer."""
    told: list[str] = []
    for version in (4, 6) if ips else ():
        asked = [ip for ip in dict.fromkeys(map(public_ip, ips)) if ip_address(ip).version == version]
        silent = [each.name for each in chosen(settings.dnsbl, only) if asked and not supports(asked[0], each)]
        if silent:
            told.append(f"{', '.join(asked)}: about IPv{version} there is no answer from {', '.join(silent)}")
    return told


def public_ip(text: str) -> str:
    """Return the one spelling of an IP. ValueError where it is none, or means something on one machine's link alone."""
    try:
        ip = canonical_ip(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no IP address") from error
    if "%" in ip:
        raise ValueError(f"{text!r} is an address on one network of this machine: no list knows it")
    return ip


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
