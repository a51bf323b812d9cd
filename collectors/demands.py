"""What stands in the way of asking the lists as configured: too much, too soon, without a key, of a list not asked."""

from collections.abc import Iterator, Sequence

from collectors import allowances, domains, polite
from collectors.allowances import Demand
from collectors.dnsbl import Dnsbl
from collectors.keys import key_of
from collectors.lanes import way_of
from collectors.lists import chosen, chosen_domains
from schemas.dnsbl_settings import Dnsbl as Settings
from schemas.names import derived_id
from schemas.settings import Settings as Configuration

_HOUR_SECONDS = 3600


def demands(settings: Configuration) -> Iterator[str]:
    """Yield a sentence for each thing that stands in the way. ValueError names lists that cannot be asked at all."""
    of_ips, of_domains = chosen(settings.dnsbl), chosen_domains(settings.dnsbl)
    ips = [ip for pool in settings.pool.values() for ip in pool.ips]
    yield from polite.unknown_places((*of_ips, *of_domains), settings.dnsbl)
    yield from polite.too_soon(of_ips, settings.dnsbl)
    for each in of_domains:
        if polite.own_of(each.name, settings.dnsbl).interval_seconds is not None:
            place = f"dnsbl.list.{each.name}.interval_seconds"
            yield f"{place}: a list of domains is asked every dnsbl.domains_interval_hours"
    yield from unaskable((*of_ips, *of_domains), settings.dnsbl)
    yield from allowances.exceeded(_all(of_ips, of_domains, ips, domains.questions(settings), settings.dnsbl))
    yield from domains.unfit(settings)


def unaskable(lists: Sequence[Dnsbl], settings: Settings) -> Iterator[str]:
    """Yield a sentence for each list whose key is missing or of no use, or whose zone is too long."""
    for each in lists:
        try:
            way_of(each, settings, key_of(each, settings))
        except ValueError as error:
            yield str(error)


def _all(
    of_ips: Sequence[Dnsbl], of_domains: Sequence[Dnsbl], ips: Sequence[str], names: int, settings: Settings
) -> Iterator[Demand]:
    for each in of_ips:
        yield allowances.of_ips(each, _account(each, settings), ips, polite.interval(each, settings))
    for each in of_domains:
        yield allowances.of_names(
            each, _account(each, settings), names, settings.domains_interval_hours * _HOUR_SECONDS
        )


def _account(dnsbl: Dnsbl, settings: Settings) -> str:
    """Return what stands for the key by which an operator knows the asker; a missing one has a sentence of its own."""
    try:
        return derived_id("key", key_of(dnsbl, settings))
    except ValueError:
        return ""
