"""Whether a domain has a DMARC policy (RFC 7489, RFC 9989), whether reports arrive, and whether SPF could align."""

from collections.abc import Iterator

from collectors.customerdomain import dmarcrecord, treewalk, zonefile
from collectors.customerdomain.dmarcrecord import Record
from collectors.customerdomain.finding import check
from collectors.customerdomain.inquiry import Inquiry
from collectors.customerdomain.treewalk import Step
from collectors.customerdomain.wanted import Wanted
from schemas.domain_events import DomainCheck
from schemas.domain_list import Listed

_FRESH = "v=DMARC1; p=none"
_MOST_HOSTS = 2
_MOST_WRONG = 5


async def checks(listed: Listed, wanted: Wanted, inquiry: Inquiry) -> list[DomainCheck]:
    """Return what is found of the policy that holds for the domain."""
    domain = listed.domain
    steps = await treewalk.walk(domain, inquiry)
    name = f"_dmarc.{domain}"
    own = steps[0]
    if len(own.records) > 1:
        told = " | ".join(own.records)
        return [check("dmarc", "fail", "dmarc_several", str(len(own.records)), record=told)]
    holds = treewalk.policy(steps)
    if why := own.failure or ("" if own.record else next((step.failure for step in steps if step.failure), "")):
        return [check("dmarc", "unknown", "dmarc_unknown", why)]
    if holds is None or holds.record is None:
        return [check("dmarc", "absent", "dmarc_absent", publish=zonefile.txt(name, _FRESH))]
    organization = treewalk.organizational(steps)
    if not f".{holds.name}".endswith(f".{organization}"):  # a registry's: receivers of RFC 7489 do not look at it
        asked, publish = holds.record.value("sp") or holds.record.value("p"), zonefile.txt(name, _FRESH)
        return [
            check("dmarc", "advice", "dmarc_inherited", holds.name, asked, record=holds.records[0], publish=publish)
        ]
    return [
        *_policy(holds, holds.record, domain),
        *await _reports(holds, holds.record, organization, inquiry),
        *await _alignment(steps, holds.record, wanted, inquiry),
    ]


def _policy(holds: Step, record: Record, domain: str) -> Iterator[DomainCheck]:
    text = holds.records[0]
    inherited = holds.name != domain
    asked = (record.value("sp") if inherited else "") or record.value("p")
    for part in record.wrong[:_MOST_WRONG]:
        yield check("dmarc", "fail", "dmarc_error", part, record=text)
    if asked and inherited:
        yield check("dmarc", "pass", "dmarc_inherited", holds.name, asked, record=text)
    elif asked:
        yield check("dmarc", "pass", "dmarc_policy", asked, record=text)
    elif "p" not in record.tags and not record.wrong:
        yield check("dmarc", "advice", "dmarc_no_policy", record=text)
    if not inherited and (others := _subdomains(record)):
        yield check("dmarc", "pass", "dmarc_subdomains", others)
    if record.value("t") == "y":
        yield check("dmarc", "advice", "dmarc_testing", "t=y", record=text)
    if (percent := record.value("pct")) and int(percent) < 100:  # noqa: PLR2004 a percentage
        yield check("dmarc", "advice", "dmarc_testing", f"pct={percent}", record=text)


def _subdomains(record: Record) -> str:
    return ", ".join(f"{name}={record.value(name)}" for name in ("sp", "np") if record.value(name))


async def _reports(holds: Step, record: Record, organization: str, inquiry: Inquiry) -> list[DomainCheck]:
    """Return whether the aggregate reports would be sent where the record wants them (RFC 7489, 7.1)."""
    text = holds.records[0]
    if not record.tags.get("rua"):
        return [check("dmarc", "advice", "dmarc_no_rua", record=text)]
    there, wrong = dmarcrecord.addresses(record.tags["rua"])
    found = [check("dmarc", "fail", "dmarc_rua_bad", part, record=text) for part in wrong[:_MOST_WRONG]]
    hosts = {each.host: each.address for each in reversed(there)}
    outside = [host for host in hosts if host != organization and not host.endswith(f".{organization}")]
    for host in outside[:_MOST_HOSTS]:
        name = f"{holds.name}._report._dmarc.{host}"
        answer = await inquiry(name, "TXT")
        if answer.failure:
            found.append(check("dmarc", "unknown", "dmarc_rua_unknown", hosts[host], answer.failure))
        elif not dmarcrecord.records_of(answer.values):
            publish = zonefile.txt(name, "v=DMARC1")
            found.append(check("dmarc", "advice", "dmarc_rua_refused", hosts[host], host, publish=publish))
    if there and not found:
        found.append(check("dmarc", "pass", "dmarc_rua", ", ".join(each.address for each in there[:_MOST_WRONG])))
    return found


async def _alignment(steps: list[Step], record: Record, wanted: Wanted, inquiry: Inquiry) -> list[DomainCheck]:
    """Return whether what SPF passes could count for DMARC: our envelope sender must be of the same organization."""
    domain, path = steps[0].name, wanted.return_path
    if path in {"", domain}:
        return [check("dmarc", "pass", "dmarc_aligned")]
    if record.value("aspf") == "s":
        return [check("dmarc", "advice", "dmarc_unaligned", path)]
    theirs = await treewalk.walk(path, inquiry)
    if why := next((step.failure for step in (*steps, *theirs) if step.failure), ""):
        return [check("dmarc", "unknown", "dmarc_alignment_unknown", path, why)]
    if treewalk.organizational(theirs) == treewalk.organizational(steps):
        return [check("dmarc", "pass", "dmarc_aligned")]
    return [check("dmarc", "advice", "dmarc_unaligned", path)]
