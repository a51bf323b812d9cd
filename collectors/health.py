"""Whether a list can be believed: from its test points, and from what it answers about the pool. Pure."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network

import msgspec

from collectors.dnsbl import Dnsbl, Reply, fault, network, reading
from collectors.dnswire import Said
from schemas.facts import ListFault

_INSIDE = IPv4Network("127.0.0.0/8")
_REFUSALS = IPv4Network("127.255.255.0/24")
_LEAST = 4


class Health(msgspec.Struct, frozen=True):
    """What is wrong with a list, in a word and a sentence; both "" if nothing is.

    `version` is 4 or 6 where that is so for one IP version alone, and the list keeps its vote for the other.
    """

    fault: ListFault = ""
    reason: str = ""
    version: int = 0


SOUND = Health()


def of_tests(must: Said, must_not: Said, version: int, dnsbl: Dnsbl) -> Health:
    """Return a list's health by what it says about its two test points."""
    reason = fault(_reply(must), _reply(must_not), version, dnsbl)
    if not reason:
        return SOUND
    for said in (must, must_not):
        if kind := said.fault or strange(said.values, dnsbl):
            return Health(kind, reason)
    named = must.values and must_not.values
    return Health("lists_most" if named else "test_points", reason)


def _reply(said: Said) -> Reply:
    return Reply(addresses=said.values, ttl_seconds=said.ttl_seconds, failure=said.failure)


def strange(addresses: Sequence[str], dnsbl: Dnsbl) -> ListFault:
    """Return what addresses say against the list itself: that it refuses, or that they are no return codes."""
    codes = [IPv4Address(each) for each in addresses]
    if any(code not in _INSIDE for code in codes):
        return "outside_127"
    refusals = (_REFUSALS, *map(network, dnsbl.errors))
    return "refused" if any(code in each for code in codes for each in refusals) else ""


def of_answers(said: Mapping[str, Said], dnsbl: Dnsbl) -> Health:
    """Return a list's health by what it says about IPs: one refusal or strange address, or no answer at all, tells."""
    failed: list[Said] = []
    for ip, each in said.items():
        if each.fault:
            failed.append(each)
        elif each.values and (kind := strange(each.values, dnsbl)):
            return Health(kind, f"{ip}: {reading(each.values, dnsbl).reason}")
    if len(failed) == len(said) >= _LEAST:
        reasons = "; ".join(sorted({each.failure for each in failed}))
        return Health(failed[0].fault, f"none of {len(failed)} questions was answered: {reasons}")
    return SOUND


def of_domains(said: Mapping[str, Said], dnsbl: Dnsbl) -> Health:
    """Return the health of a list of domains by what it says about names: as of IPs, and not most may be listed.

    Names below one domain count as one, as they are listed together.
    """
    found = of_answers(said, dnsbl)
    if found.fault:
        return found
    listed: dict[str, bool] = {}
    for name, each in said.items():
        above = ".".join(name.split(".")[-2:])
        listed[above] = listed.get(above, False) or reading(each.values, dnsbl).answer == "listed"
    if len(listed) >= _LEAST and 2 * sum(listed.values()) > len(listed):
        return Health("lists_most", f"it names {sum(listed.values())} of {len(listed)} domains: it lists the world")
    return SOUND


def of_all(by_version: Mapping[int, Health]) -> Health:
    """Return a list's health by that for each IP version; its fault is that of the first where there are several."""
    wrong = {version: each for version, each in by_version.items() if each.fault}
    if not wrong:
        return SOUND
    reason = "; ".join(f"IPv{version}: {each.reason}" for version, each in wrong.items())
    first, fault = next((version, each.fault) for version, each in wrong.items())
    return Health(fault, reason, 0 if len(wrong) == len(by_version) else first)
