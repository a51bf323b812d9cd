"""Ask the lists of domains once, for a person or a script: `relaywarden dnsbl example.net [--list NAME] [--json]`."""

from collections.abc import Sequence

import msgspec
from rich.markup import escape
from rich.table import Table

from collectors import domains
from collectors.ask import public_ip
from collectors.lists import askable, chosen_domains
from schemas.checked import domain
from schemas.facts import Answer
from schemas.names import canonical_ip
from schemas.observations import ListHealthObserved
from schemas.own_observations import DomainListingObserved
from schemas.settings import Settings

COLOURS = {"listed": "red", "not_listed": "green", "unknown": "yellow"}


class DomainRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one list says about one domain, with the list's health (`fault` is "" for a sound one)."""

    domain: str
    list: str
    zone: str
    answer: Answer
    codes: tuple[str, ...]
    reason: str
    healthy: bool
    fault: str
    removal: str


def parted(subjects: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the IPs and the domains among what was given. ValueError names what is neither, or no world-wide IP."""
    ips: list[str] = []
    names: list[str] = []
    for subject in subjects:
        if _is_ip(subject):
            ips.append(public_ip(subject))
        else:
            try:
                names.append(domain(subject))
            except ValueError as error:
                told = str(error).partition(" is no domain")[2]
                raise ValueError(f"{subject!r} is no IP address and no domain{told}") from None
    return ips, names


def _is_ip(text: str) -> bool:
    try:
        canonical_ip(text)
    except ValueError:
        return False
    return True


def rows(names: Sequence[str], only: Sequence[str], settings: Settings) -> list[DomainRow]:
    """Return what each list says about each domain, domain by domain.

    Asked are the lists named by `only`, else those configured, else all of the catalogue without a key. ValueError
    names a list that there is not, or one of IPs.
    """
    names = list(dict.fromkeys(names))
    chosen = chosen_domains(settings.dnsbl, only) or chosen_domains(settings.dnsbl, askable("domain"))
    lists = {each.name: each for each in chosen}
    events = domains.ask(dict.fromkeys(names, ()), chosen, settings.dnsbl)
    health = {event.list: event for event in events if isinstance(event, ListHealthObserved)}
    found = [event for event in events if isinstance(event, DomainListingObserved)]
    return [
        DomainRow(
            domain=event.domain,
            list=event.list,
            zone=lists[event.list].zone,
            answer=event.answer,
            codes=event.codes,
            reason=event.reason,
            healthy=health[event.list].healthy,
            fault=health[event.list].reason,
            removal=lists[event.list].removal if event.answer == "listed" else "",
        )
        for event in sorted(found, key=lambda event: names.index(event.domain))
    ]


def table(found: Sequence[DomainRow]) -> Table:
    """Return the rows as a table for a terminal."""
    drawn = Table("domain", "list", "answer", "health", "reason", box=None, header_style="bold")
    for row in found:
        reason = f"{row.reason} (removal: {row.removal})" if row.removal else row.reason
        drawn.add_row(
            row.domain,
            row.list,
            f"[{COLOURS[row.answer]}]{row.answer.replace('_', ' ')}[/]",
            "sound" if row.healthy else "[yellow]no vote[/]",
            escape(reason),
        )
    return drawn
