"""What stands in the way of asking the lists as configured: too much, too soon, too seldom, without a key, unasked."""

from collections.abc import Iterator, Sequence
from math import ceil

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
_MINUTE_SECONDS = 60


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
    yield from _outlived(of_ips, settings)


def unaskable(lists: Sequence[Dnsbl], settings: Settings) -> Iterator[str]:
    """Yield a sentence for each list whose key is missing or of no use, or whose zone is too long."""
    for each in lists:
        try:
            way_of(each, settings, key_of(each, settings))
        except ValueError as error:
            yield str(error)


def _outlived(lists: Sequence[Dnsbl], settings: Configuration) -> Iterator[str]:
    """Yield a sentence for each pool that would forget a list's answer before its next, so that no weights add up.

    A list that withdraws an IP alone needs no other's answer beside its own.
    """
    every = {each.name: polite.interval(each, settings.dnsbl) for each in lists}
    for name, pool in settings.pool.items():
        adding = [each.name for each in lists if each.scope != "ip" or 0 < each.weight < pool.threshold]
        late = [one for one in adding if polite.latest(every[one]) > pool.stale_minutes * _MINUTE_SECONDS]
        if late:
            told = ", ".join(f"{one} (every {every[one]:g} s)" for one in late)
            enough = ceil(max(polite.latest(every[one]) for one in late) / _MINUTE_SECONDS)
            yield (
                f"pool.{name}.stale_minutes: {pool.stale_minutes:g}: answers would be older before the next come from "
                f"{told}, so their weights would not add up with others': {enough} or more would do"
            )


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
