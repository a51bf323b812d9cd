"""Performs `NftMap`: one transaction of nft(8), and what the map holds afterwards."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from streams.deeds import NftMap
from streams.effects import EffectError, run


class _Map(msgspec.Struct):
    """One map as nft tells it: pairs of a slot and an address."""

    name: str
    elem: list[tuple[int, str]] = []


class _Item(msgspec.Struct):
    """One thing of a listing: a map, or (None) another."""

    map: _Map | None = None


class _Listing(msgspec.Struct):
    """What `nft --json list map` writes."""

    nftables: list[_Item]


def bring(effect: NftMap) -> None:
    """Replace the map. EffectError says why it is not as it should be afterwards."""
    run((*effect.command, "-f", "-"), effect.timeout_seconds, effect.script)
    found = differs(effect)
    if found:
        raise EffectError(f"{effect.command[0]}: {found}")


def check(effect: NftMap) -> None:
    """Have the transaction looked at without taking it. EffectError says why it would not be."""
    run((*effect.command, "-c", "-f", "-"), effect.timeout_seconds, effect.script)


def differs(effect: NftMap) -> str:
    """Return in words what the map holds instead, or "". EffectError where it cannot be asked, or is not there."""
    place = (effect.family, effect.table, effect.name)
    told = run((*effect.command, "--json", "list", "map", *place), effect.timeout_seconds)
    try:
        listing = msgspec.json.decode(told, type=_Listing)
    except msgspec.DecodeError as error:
        raise EffectError(f"{effect.command[0]}: no listing of the map {' '.join(place)}: {error}") from error
    slots = next((item.map.elem for item in listing.nftables if item.map is not None), [])
    if dict(slots) == dict(enumerate(effect.slots)):
        return ""
    held, wanted = (_counted(ips) for ips in ((ip for _, ip in slots), effect.slots))
    return f"the map {' '.join(place)} holds {held or 'nothing'} instead of {wanted}"


def _counted(ips: Iterable[str]) -> str:
    return ", ".join(f"{count} x {ip}" for ip, count in sorted(Counter(ips).items()))
