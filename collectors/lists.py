"""Which DNSBLs the configuration asks: lists of the catalogue and lists of your own; dead ones are refused."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Literal

from collectors import dead_lists, dnsbl
from collectors.dead_lists import refusal
from collectors.dnsbl import Dnsbl
from collectors.keys import told_key
from schemas.dnsbl_settings import Dnsbl as Settings
from schemas.dnsbl_settings import OwnList

Kind = Literal["ip", "domain"]
OWN = "own"
_INSIDE = IPv4Network("127.0.0.0/8")
_REFUSALS = IPv4Network("127.255.255.0/24")
_PARTS = {f"{part}.spamhaus.org": "spamhaus_zen" for part in ("sbl", "css", "xbl", "pbl", "sbl-xbl")}
_PARTS |= {f"{{key}}.{part}.dq.spamhaus.net": "spamhaus_zen_dqs" for part in ("sbl", "css", "xbl", "pbl", "sbl-xbl")}
"""Zones that are part of a list of the catalogue, by its name."""
_ZONE = re.compile(r"(?=.{1,200}$)(\{key\}|[a-z0-9_-]{1,63})(\.[a-z0-9_-]{1,63})+")


def own(name: str, given: OwnList) -> Dnsbl:
    """Return a list of your own. ValueError names what is wrong with it.

    A meaning that begins with `good:` or `error:` says that the code is no listing, or that the list refuses;
    without codes, every code says listed. A zone with `{key}` has its key in the variable that `key_env` names.
    """
    place = f"dnsbl.own.{name}"
    zone = _own_zone(f"{place}.zone", given.zone)
    if given.key_env and "{key}" not in zone:
        raise ValueError(f"{place}.key_env: {zone!r} has no {{key}} in which a key would go")
    listed, good, errors = _meanings(f"{place}.codes", given.codes)
    return Dnsbl(
        name=name,
        zone=zone,
        operator=OWN,
        weight=given.weight,
        scope=given.scope,
        listed=listed,
        good=good,
        errors=errors,
        other="" if given.codes else "listed",
        ipv6=given.ipv6,
        removal=given.removal,
        key_env=given.key_env,
    )


def _own_zone(place: str, given: str) -> str:
    zone = given.lower().rstrip(".")
    if under := told_key(zone):
        raise ValueError(f"{place}: under {under} a name holds a key: write {{key}}, and name its variable in key_env")
    if not _ZONE.fullmatch(zone):
        raise ValueError(f"{place}: {given!r} is no DNS name")
    if why := refusal(zone):
        raise ValueError(f"{place}: {given!r} must not be asked: {why}")
    if any(each.zone == zone and each.kind == "domain" for each in map(dnsbl.load, dnsbl.names())):
        raise ValueError(f"{place}: {given!r} is a list of domains, and a list of your own is asked about IPs")
    return zone


def _meanings(place: str, codes: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Return the codes that say listed, those that say not, and those that refuse, each with its meaning."""
    tables: dict[str, dict[str, str]] = {"listed": {}, "good": {}, "error": {}}
    for code, text in codes.items():
        try:
            network = dnsbl.network(code)
        except ValueError as error:
            raise ValueError(f"{place}: {code!r} is no return code and no network of them") from error
        if not network.subnet_of(_INSIDE):
            raise ValueError(f"{place}: {code!r} is outside 127.0.0.0/8, where all return codes are")
        kind, colon, meaning = text.partition(":")
        if colon and kind not in ("good", "error") and kind.strip().lower() in ("good", "error"):
            raise ValueError(f"{place}: {text!r}: write {kind.strip().lower()}: in small letters")
        plain = not colon or kind not in ("good", "error")
        if network.subnet_of(_REFUSALS) and kind != "error":
            raise ValueError(f"{place}: {code!r} says of every list that it refuses: write error: before its meaning")
        tables["listed" if plain else kind][code] = text if plain else meaning.strip()
    return tables["listed"], tables["good"], tables["error"]


def chosen(settings: Settings, only: Iterable[str] = ()) -> tuple[Dnsbl, ...]:
    """Return the lists of IPs to ask: those configured, or those named by `only` (configured or not).

    ValueError names every list that cannot be asked, with the reason or the choices.
    """
    return tuple(each for each in _found(settings, only) if _fits(each, "ip", only))


def chosen_domains(settings: Settings, only: Iterable[str] = ()) -> tuple[Dnsbl, ...]:
    """Return the lists of domains to ask: those configured, or those named by `only`. ValueError as in `chosen`."""
    return tuple(each for each in _found(settings, only) if _fits(each, "domain", only))


def askable(kind: Kind) -> tuple[str, ...]:
    """Return the names of the catalogue's lists of a kind that can be asked without a key, each listing once."""
    lists = [each for each in map(dnsbl.load, dnsbl.names()) if each.kind == kind and not each.key_env]
    included = {name for each in lists for name in each.includes}
    return tuple(each.name for each in lists if each.name not in included)


def _found(settings: Settings, only: Iterable[str]) -> list[Dnsbl]:
    found: list[Dnsbl] = []
    wrong: list[str] = []
    for name in dict.fromkeys(tuple(only) or (*settings.lists, *settings.own)):
        try:
            found.append(_list(name, settings))
        except ValueError as error:
            wrong.append(str(error))
    if not only:
        wrong += _twice(found)
    if wrong:
        raise ValueError("; ".join(wrong))
    return found


def _twice(lists: Iterable[Dnsbl]) -> list[str]:
    """Name the lists whose entries stand in another one that is asked, too: each listing would count twice."""
    lists = list(lists)
    names = {each.name for each in lists}
    wrong = [
        f"dnsbl.own.{each.name}.zone: {each.zone!r} is the same list as {other!r}, or part of it, and each listing "
        "would count twice"
        for each in lists
        if each.operator == OWN
        for other in _same(each, lists)
    ]
    return wrong + [
        f"dnsbl.lists: {name!r} is part of {each.name!r}, and each listing would count twice; name one of them"
        for each in lists
        for name in each.includes
        if name in names
    ]


def _same(mine: Dnsbl, lists: Sequence[Dnsbl]) -> Iterator[str]:
    """Yield the names of the other lists that are asked, too, and hold what a list of your own holds."""
    known = {dnsbl.load(name).zone: name for name in dnsbl.names()}
    alike = _PARTS.get(mine.zone) or known.get(mine.zone, "")
    for each in lists:
        if each.name == mine.name:
            continue
        earlier = each.operator != OWN or each.name < mine.name
        if (each.zone == mine.zone and earlier) or alike in {each.name, *each.includes} - {""}:
            yield each.name


def _fits(dnsbl: Dnsbl, kind: Kind, only: Iterable[str]) -> bool:
    """Tell whether a list is of this kind. ValueError where one of the other kind was named on purpose."""
    if dnsbl.kind != kind and only:
        asked = "domains" if dnsbl.kind == "domain" else "IPs"
        raise ValueError(f"{dnsbl.name!r} is a list of {asked}")
    return dnsbl.kind == kind


def _list(name: str, settings: Settings) -> Dnsbl:
    if name in settings.own:
        if name in dnsbl.names():
            raise ValueError(f"dnsbl.own.{name}: {name!r} is the name of a list of the catalogue; choose another")
        return own(name, settings.own[name])
    if dead := dead_lists.NAMES.get(name):
        raise ValueError(f"dnsbl.lists: {name!r} must not be asked: {dead_lists.NO_LISTS[dead]}")
    if name not in dnsbl.names():
        choices = ", ".join((*dnsbl.names(), *settings.own))
        raise ValueError(f"dnsbl.lists: no DNSBL {name!r}; there are {choices}")
    return dnsbl.load(name)
