"""The figures of a report with those of the domains, which have a list and a desk of their own."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.domain_events import CustomerDomainChecked
from schemas.domain_file import domains as listed_domains
from schemas.domain_list import Listed
from schemas.settings import Settings
from streams import domain_desk
from streams.directory.found import Directory
from streams.reports.asking import ALL, Question, figures
from streams.reports.figures import Checked, Domains, Figures

_CHUNK = 200


def told(client: Client, asked: Question, directory: Directory | None, now: int) -> dict[str, Figures]:
    """Return the figures by customer, or of the whole under ALL; domains as they were last seen `now`.

    ClickHouseError where the warehouse does not answer, ValueError where the file of the domains cannot be read.
    """
    found = figures(client, asked, now)
    if "domains" not in asked.parts or not asked.settings.domains.enabled:
        return found
    listed = listed_domains(asked.settings)
    own = {ALL: listed} if directory is None else _by_customer(listed, directory, asked)
    seen = domain_desk.seen(client, asked.settings, now)
    looks = {} if directory is None else _looks(client, asked.settings, own, now)
    return {
        customer: msgspec.structs.replace(each, domains=_domains(own.get(customer, []), seen, looks))
        for customer, each in found.items()
    }


def owner_of(directory: Directory, listed: Listed) -> str:
    """Return whose a domain is: by the directory where it has it, else by the list of the domains; "" is nobody's."""
    address = f"@{listed.domain}"
    account = directory.of(address) if directory.knows(address) else directory.account(listed.customer)
    return account.customer if account else ""


def _by_customer(listed: Sequence[Listed], directory: Directory, asked: Question) -> dict[str, list[Listed]]:
    found: dict[str, list[Listed]] = {customer: [] for customer in asked.customers}
    for each in listed:
        owner = owner_of(directory, each)
        if owner in found:
            found[owner].append(each)
    return found


def _looks(
    client: Client, settings: Settings, own: Mapping[str, list[Listed]], now: int
) -> dict[str, CustomerDomainChecked]:
    names = [each.domain for listed in own.values() for each in listed]
    return {
        name: look for chunk in _chunks(names) for name, look in domain_desk.looks(client, settings, chunk, now).items()
    }


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[at : at + _CHUNK] for at in range(0, len(names), _CHUNK))


def _domains(
    listed: Sequence[Listed], seen: Mapping[str, domain_desk.Seen], looks: Mapping[str, CustomerDomainChecked]
) -> Domains:
    names = [each.domain for each in listed]
    return Domains(
        seen=tuple(
            Checked(name, one.outcome, one.mx, one.spf, one.dkim, one.dmarc)
            for name in names
            if (one := seen.get(name)) is not None
        ),
        looks=tuple(looks[name] for name in names if name in looks),
        unseen=tuple(name for name in names if name not in seen),
    )
