"""Whether a domain's SPF record (RFC 7208) permits each IP of the pools, and is one that receivers accept."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from collectors import spf
from collectors.customerdomain import spftree, zonefile
from collectors.customerdomain.finding import check
from collectors.customerdomain.inquiry import Inquiry
from collectors.customerdomain.spftree import Tree
from collectors.customerdomain.wanted import Wanted
from collectors.spf import Verdict
from schemas.domain_events import DomainCheck, DomainOutcome
from schemas.domain_list import Listed

_DENIED = frozenset(("fail", "softfail", "neutral", "none"))
_UNSURE = frozenset(("temperror", "unknown"))


def ours(wanted: Wanted) -> tuple[str, ...]:
    """Return the terms that permit our IPs: the include that customers are told, else each IP."""
    if wanted.spf_include:
        return (f"include:{wanted.spf_include}",)
    return tuple(f"ip{ip_address(ip).version}:{ip}" for ip in wanted.ips)


async def checks(listed: Listed, wanted: Wanted, inquiry: Inquiry) -> list[DomainCheck]:
    """Return what is found of the record: that it is one, whom it permits, what it asks, how it ends."""
    domain = listed.domain
    found = await inquiry(domain, "TXT")
    if found.failure:
        return [check("spf", "unknown", "spf_unknown", found.failure)]
    records = spftree.records_of(found.values)
    own = ours(wanted)
    fresh = zonefile.spf(domain, own, records) if own else ""
    if not records:
        return [check("spf", "absent", "spf_absent", publish=fresh)]
    if len(records) > 1:
        told = " | ".join(records)
        return [check("spf", "fail", "spf_several", str(len(records)), record=told, publish=fresh)]
    verdicts = {ip: await spf.check(ip, domain, inquiry.found) for ip in wanted.ips}
    kind: spf.Kind = "AAAA" if wanted.ips and all(":" in ip for ip in wanted.ips) else "A"
    tree = await spftree.walk(domain, inquiry, kind)
    record = records[0]
    broken = [one.reason for one in verdicts.values() if one.result == "permerror"]
    if broken and not tree.too_much:
        return [check("spf", "fail", "spf_error", broken[0], record=record)]
    return [
        *_permits(verdicts, tree, wanted, record, fresh),
        *_include(verdicts, tree, wanted, record, fresh),
        *_asks(tree, record),
        *_ends(tree, record, fresh),
    ]


def _of(verdicts: dict[str, Verdict], *results: str) -> str:
    return ", ".join(ip for ip, one in verdicts.items() if one.result in results)


def _permits(
    verdicts: dict[str, Verdict], tree: Tree, wanted: Wanted, record: str, fresh: str
) -> Iterator[DomainCheck]:
    denied = _of(verdicts, *_DENIED)
    unsure = [one.reason for one in verdicts.values() if one.result in _UNSURE]
    if denied and wanted.spf_include in tree.includes:
        yield check("spf", "fail", "spf_include_denies", wanted.spf_include, denied, record=record)
    elif denied:
        yield check("spf", "fail", "spf_denies", denied, record=record, publish="" if tree.too_much else fresh)
    if unsure:
        yield check("spf", "unknown", "spf_ips_unknown", _of(verdicts, *_UNSURE), unsure[0], record=record)
    if verdicts and all(one.result == "pass" for one in verdicts.values()):
        yield check("spf", "pass", "spf_permits", str(len(verdicts)), record=record)


def _include(
    verdicts: dict[str, Verdict], tree: Tree, wanted: Wanted, record: str, fresh: str
) -> Iterator[DomainCheck]:
    include = wanted.spf_include
    if not include or tree.failure or tree.too_much:
        return
    if include in tree.includes:
        yield check("spf", "pass", "spf_includes", include)
    elif all(one.result == "pass" for one in verdicts.values()) and verdicts:
        yield check("spf", "advice", "spf_without_include", include, record=record, publish=fresh)
    else:  # where it cannot be told whom the record permits, it may permit ours
        denied = bool(_of(verdicts, *_DENIED)) or not verdicts
        outcome: DomainOutcome = "fail" if denied else "advice"
        yield check("spf", outcome, "spf_lacks_include", include, record=record, publish=fresh)


def _asks(tree: Tree, record: str) -> Iterator[DomainCheck]:
    if tree.lookups > spftree.MOST_LOOKUPS:
        yield check("spf", "fail", "spf_too_many", record=record)
    elif tree.voids > spftree.MOST_VOID:
        yield check("spf", "fail", "spf_void", record=record)
    elif tree.failure:
        yield check("spf", "unknown", "spf_unknown", tree.failure, record=record)
    else:
        yield check("spf", "pass", "spf_lookups", str(tree.lookups))


def _ends(tree: Tree, record: str, fresh: str) -> Sequence[DomainCheck]:
    if tree.too_much or (tree.failure and not tree.ends):
        return ()
    if tree.ends in {"-", "~"}:
        return (check("spf", "pass", "spf_all", f"{tree.ends}all"),)
    if tree.ends == "+":
        return (check("spf", "fail", "spf_plus_all", record=record, publish=fresh),)
    return (check("spf", "advice", "spf_neutral_all", record=record, publish=fresh),)
