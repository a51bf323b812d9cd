"""What a customer's domain publishes for mail in its name through our pool: MX, SPF, DKIM, DMARC. Pure.

It is given what asks the DNS. Each sort of check is a module with `checks(domain, wanted, inquiry)`; what could not be
asked is unknown, and never passes nor fails.
"""

from collectors.customerdomain import dkim, dmarc, mx, spfrecord
from collectors.customerdomain.finding import check
from collectors.customerdomain.inquiry import Ask, Inquiry
from collectors.customerdomain.wanted import Wanted
from schemas.domain_events import CustomerDomainChecked, DomainCheck, DomainCheckName, DomainOutcome, worst
from schemas.domain_list import Listed
from schemas.names import derived_id


async def look(listed: Listed, wanted: Wanted, ask: Ask, at: int) -> CustomerDomainChecked:
    """Return what a domain publishes at the time `at` (µs); of one that there is not, nothing else is asked."""
    inquiry = Inquiry(ask)
    found: list[DomainCheck] = []
    if (await inquiry(listed.domain, "MX")).missing:
        found.append(check("domain", "fail", "no_such_domain", listed.domain))
    else:
        for sort in (mx, spfrecord, dkim, dmarc):
            found += await sort.checks(listed, wanted, inquiry)

    def of(name: DomainCheckName) -> DomainOutcome:
        return worst(tuple(each.outcome for each in found if each.name == name))

    return CustomerDomainChecked(
        id=derived_id("customer domain", listed.domain, at, *((each.code, each.outcome) for each in found)),
        at=at,
        domain=listed.domain,
        customer=listed.customer,
        outcome=worst(tuple(each.outcome for each in found)),
        mx=of("mx"),
        spf=of("spf"),
        dkim=of("dkim"),
        dmarc=of("dmarc"),
        checks=tuple(found),
        questions=inquiry.questions,
    )
